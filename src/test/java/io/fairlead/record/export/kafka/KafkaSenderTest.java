package io.fairlead.record.export.kafka;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import io.fairlead.FreePort;
import io.fairlead.TestCertificates;
import io.fairlead.config.ExportConfig;
import io.fairlead.config.ExportConfig.Sasl;
import io.fairlead.config.HostPort;
import io.fairlead.config.Secret;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import javax.net.ssl.SSLContext;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.errors.NotEnoughReplicasException;
import org.apache.kafka.common.errors.SaslAuthenticationException;
import org.apache.kafka.common.security.JaasContext;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What Kafka's client is told, and what is made of its answers; KafkaTest has a real broker. */
@Timeout(30)
class KafkaSenderTest {
  private static final byte[] ROWS =
      "{\"id\":\"a\",\"n\":1}\n{\"id\":\"b\"}\n{\"n\":2}\n".getBytes(UTF_8);

  @TempDir private Path folder;

  private final List<MockProducer<byte[], byte[]>> made = new ArrayList<>();

  private static ExportConfig.Kafka config(int port, boolean tls, List<Path> ca, String password) {
    return new ExportConfig.Kafka(
        List.of(new HostPort("127.0.0.1", port)),
        "edge",
        tls,
        ca,
        Sasl.SCRAM_SHA_256,
        password.isEmpty() ? "" : "me",
        new Secret(password));
  }

  private Producer<byte[], byte[]> mock(boolean answers) {
    MockProducer<byte[], byte[]> next =
        new MockProducer<>(answers, null, new ByteArraySerializer(), new ByteArraySerializer());
    made.add(next);
    return next;
  }

  @Test
  void aRowIsAMessageAndItsIdTheKey() throws Exception {
    try (KafkaSender sender = new KafkaSender(config(1, false, List.of(), ""), () -> mock(true))) {
      sender.send("events", ROWS, 3);
      sender.send("events", ROWS, 3);
    }
    assertThat(made).hasSize(1);
    assertThat(made.getFirst().closed()).isTrue();
    assertThat(made.getFirst().history().subList(0, 3))
        .extracting(
            each -> each.topic(),
            each -> each.key() == null ? null : new String(each.key(), UTF_8),
            each -> new String(each.value(), UTF_8))
        .containsExactly(
            tuple("edge-events", "a", "{\"id\":\"a\",\"n\":1}"),
            tuple("edge-events", "b", "{\"id\":\"b\"}"),
            tuple("edge-events", null, "{\"n\":2}"));
  }

  @Test
  void whereAMessageIsNotTakenNoneIsAndTheNextClientTriesAgain() throws Exception {
    try (KafkaSender sender =
        new KafkaSender(
            config(1, false, List.of(), "pass"),
            () -> {
              Producer<byte[], byte[]> next = mock(made.size() == 2);
              if (made.size() == 1) {
                made.getFirst().sendException = new NotEnoughReplicasException("2 of 3");
              } else if (made.size() == 2) {
                made.get(1).sendException = new SaslAuthenticationException("pass is wrong\nx");
              }
              return next;
            })) {
      assertThatThrownBy(() -> sender.send("events", ROWS, 3))
          .isInstanceOf(IOException.class)
          .hasMessage("2 of 3");
      assertThatThrownBy(() -> sender.send("events", ROWS, 3)).hasMessage("*** is wrong");
      sender.send("events", ROWS, 3);
    }
    assertThat(made).hasSize(3).allMatch(MockProducer::closed);
  }

  private static void send(ExportConfig.Kafka config, int patienceMillis) throws Exception {
    Map<String, Object> settings = KafkaSettings.of(config);
    settings.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, patienceMillis);
    try (KafkaSender sender = new KafkaSender(config, () -> KafkaSender.client(settings))) {
      sender.send("events", ROWS, 3);
    }
  }

  @Test
  void whereNobodyListensNobodyAnswers() throws IOException {
    int port = FreePort.any();
    assertThatThrownBy(() -> send(config(port, false, List.of(), ""), 300))
        .isInstanceOf(IOException.class)
        .hasMessage("no connection");
  }

  @Test
  void whoIsNoBrokerIsToldApart() throws Exception {
    try (ServerSocket server = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
      Thread.ofVirtual().start(() -> serve(server));
      assertThatThrownBy(() -> send(config(server.getLocalPort(), false, List.of(), ""), 300))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("edge-events not present in metadata");
    }
  }

  /** Who has a certificate of somebody else's authority. */
  @Test
  void whoCannotProveWhoItIsGetsNothing() throws Exception {
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(
        TestCertificates.builder("127.0.0.1")
            .buildIssuedBy(TestCertificates.authority("Somebody"))
            .toKeyManagerFactory()
            .getKeyManagers(),
        null,
        null);
    Path ca = new TestCertificates(folder).ca();
    try (ServerSocket server =
        context
            .getServerSocketFactory()
            .createServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
      Thread.ofVirtual().start(() -> serve(server));
      assertThatThrownBy(() -> send(config(server.getLocalPort(), true, List.of(ca), ""), 20_000))
          .isInstanceOf(IOException.class)
          .hasMessageStartingWith("TLS: ")
          .hasMessageContaining("ca.pem");
    }
  }

  private static void serve(ServerSocket server) {
    while (true) {
      try (Socket socket = server.accept()) {
        int _ = socket.getInputStream().read();
        socket.getOutputStream().write("HTTP/1.1 400 Bad Request\r\n\r\n".getBytes(UTF_8));
      } catch (IOException e) {
        if (server.isClosed()) {
          return;
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"simple", "with \"quotes\" and \\", "a\tb\nc", "ends\\", ";'= $x", "ü\u20ac"})
  void aPasswordArrivesAsItIs(String password) {
    Map<String, Object> settings = KafkaSettings.of(config(1, true, List.of(), password));
    assertThat(JaasContext.loadClientContext(settings).configurationEntries())
        .singleElement()
        .satisfies(entry ->
            assertThat(entry.getOptions())
                .isEqualTo(Map.of("username", "me", "password", password)));
    assertThat(settings)
        .containsEntry("security.protocol", "SASL_SSL")
        .containsEntry("sasl.mechanism", "SCRAM-SHA-256");
    assertThat(settings.toString()).doesNotContain(password);
  }
}
