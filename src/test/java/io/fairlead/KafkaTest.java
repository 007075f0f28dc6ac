package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.demo.TestNode;
import io.netty.pkitesting.X509Bundle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Copies of records for a real broker. */
@Timeout(180)
class KafkaTest {
  /** How often the broker is killed while there is more to send; {@code make test-export}: 3. */
  private static final int KILLS = Integer.getInteger("fairlead.export.kills", 0);

  private static final Duration PATIENCE = Duration.ofSeconds(60);

  @TempDir private Path folder;

  private static long sent(Fairlead fairlead, String topic) {
    return fairlead.copies().stats().stream()
        .filter(each -> each.to().endsWith("/" + topic))
        .mapToLong(each -> each.sent())
        .sum();
  }

  private static String events(Fairlead fairlead) {
    return Loopback.door(fairlead, "GET", "/api/v1/events", "").body();
  }

  private Fairlead start(Kafka broker, TestNode node, Path ca) throws Exception {
    Files.writeString(folder.resolve("password"), Kafka.PASSWORD + "\n");
    return Loopback.startRecording(
        """
        admin: { bind: "127.0.0.1:0" }
        data: %1$s/data
        runtime: { event-loops: 1 }
        logs:
          ring: 4MiB
          export:
            - { kafka: { brokers: "127.0.0.1:%2$d", topic: open }, tables: requests }
            - kafka:
                brokers: "127.0.0.1:%3$d"
                topic: plain
                tls: true
                ca: %4$s
                sasl: plain
                user: %5$s
                password: "file:%1$s/password"
              tables: requests
            - kafka:
                brokers: "127.0.0.1:%3$d"
                topic: scram
                tls: true
                ca: %4$s
                user: %5$s
                password: "file:%1$s/password"
              tables: requests
        listeners: { web: { bind: "127.0.0.1:0", routes: { service: shop } } }
        services:
          shop: { nodes: [ { name: a, address: "127.0.0.1:%6$d" } ], health: none }
        """
            .formatted(folder, broker.port, broker.securePort, ca, Kafka.USER, node.port()));
  }

  @Test
  void recordsGetToABroker() throws Exception {
    Assumptions.assumeTrue(Kafka.isThere(), "make test fetches the broker");
    TestCertificates certificates = new TestCertificates(folder);
    X509Bundle bundle = certificates.make("broker", "127.0.0.1");
    try (Kafka broker =
            new Kafka(
                folder.resolve("kafka"),
                bundle.getPrivateKeyPEM() + bundle.getCertificatePathPEM());
        TestNode node = Loopback.node("a")) {
      broker.start();
      broker.awaitStart();
      try (Fairlead fairlead = start(broker, node, certificates.ca())) {
        ExportTest.ask(fairlead, 0, 100);
        Loopback.await("anybody's", PATIENCE, () -> sent(fairlead, "open") == 100);
        Loopback.await("by PLAIN", PATIENCE, () -> sent(fairlead, "plain") == 100);
        Loopback.await(
            "a refusal", PATIENCE, () -> events(fairlead).contains("invalid credentials"));
        assertThat(events(fairlead)).doesNotContain("cr\\et").doesNotContain("s3");
        broker.admit();
        Loopback.await("by SCRAM", PATIENCE, () -> sent(fairlead, "scram") == 100);
        for (String topic : List.of("open", "plain", "scram")) {
          List<ConsumerRecord<String, String>> messages = broker.read(topic + "-requests", 100);
          assertThat(messages).hasSize(100);
          assertThat(paths(messages)).isEqualTo(paths(100));
          assertThat(messages).allMatch(each -> each.key().matches("[0-9a-f]{24}"));
          assertThat(messages)
              .allMatch(each ->
                  each.value().startsWith("{\"id\":\"" + each.key() + "\",\"time\":\"20")
                      && each.value().contains("\"status\":200,"));
        }
        outlive(fairlead, broker, 100);
      }
    }
  }

  private static Set<String> paths(int count) {
    return new HashSet<>(
        IntStream.range(0, count).mapToObj(i -> "/item/" + i + "?say=%22\\\\%27").toList());
  }

  private static Set<String> paths(List<ConsumerRecord<String, String>> messages) {
    return new HashSet<>(
        messages.stream()
            .map(each -> each.value().replaceAll(".*\"path\":\"([^\"]*)\".*", "$1"))
            .toList());
  }

  /** It is killed, there is more to send meanwhile, and it comes back. */
  private static void outlive(Fairlead fairlead, Kafka broker, int already) throws Exception {
    for (int kill = 1; kill <= KILLS; kill++) {
      int before = already + 5000 * (kill - 1);
      int after = before + 5000;
      broker.kill();
      ExportTest.ask(fairlead, before, after);
      Loopback.await(
          "that it is missed", PATIENCE, () -> events(fairlead).contains("no connection"));
      broker.start();
      broker.awaitStart();
      for (String topic : List.of("open", "plain", "scram")) {
        Loopback.await(topic, PATIENCE, () -> sent(fairlead, topic) == after);
        assertThat(paths(broker.read(topic + "-requests", after))).isEqualTo(paths(after));
      }
    }
  }
}
