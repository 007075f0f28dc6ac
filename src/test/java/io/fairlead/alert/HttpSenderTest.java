package io.fairlead.alert;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.AlertRuleConfig.Level;
import io.fairlead.config.Secret;
import io.fairlead.insight.alert.Alert;
import io.fairlead.insight.alert.Message;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Real HTTP over loopback: whatever a receiver does, it ends in time and with a verdict. */
@Timeout(30)
final class HttpSenderTest {
  static final Message MESSAGE =
      new Message(
          "m-1",
          "chat",
          false,
          1_795_000_000_000L,
          Map.of("service", "shop"),
          List.of(
              new Alert(
                  "a1",
                  "errors",
                  Alert.State.FIRING,
                  Level.BAD,
                  "service shop: größer \"und\" schlimmer",
                  "node b",
                  1_795_000_000_000L,
                  0,
                  Map.of("service", "shop"),
                  0.5)),
          List.of());

  private static HttpSender sender(String url) {
    return new HttpSender(
        new Secret(url),
        Map.of("authorization", new Secret("Bearer very-secret")),
        List.of(),
        () -> 1_795_000_000_000L,
        message -> MessageJson.webhook(message, "edge-1"),
        Duration.ofSeconds(2));
  }

  @Test
  void aMessageIsJsonThatChatsCanShow() throws Exception {
    try (Mailbox mailbox = new Mailbox();
        HttpSender sender = sender(mailbox.url())) {
      String[] field = new String[1];
      mailbox.setManner(exchange -> {
        field[0] = exchange.getRequestHeaders().getFirst("authorization");
        exchange.sendResponseHeaders(200, -1);
      });
      assertThat(sender.send(MESSAGE)).isEqualTo(new Delivery.Done());
      JsonNode json = new JsonMapper().readTree(mailbox.next());
      assertThat(field[0]).isEqualTo("Bearer very-secret");
      assertThat(json.get("id").stringValue()).isEqualTo("m-1");
      assertThat(json.get("state").stringValue()).isEqualTo("firing");
      assertThat(json.get("instance").stringValue()).isEqualTo("edge-1");
      assertThat(json.get("text").stringValue())
          .isEqualTo(
              """
              Firing: service shop: größer "und" schlimmer
              BAD  service shop: größer "und" schlimmer
                  most likely cause: node b
              """);
      assertThat(json.get("alerts").get(0).get("labels").get("service").stringValue())
          .isEqualTo("shop");
      assertThat(json.get("alerts").get(0).get("since").stringValue())
          .isEqualTo("2026-11-18T11:06:40Z");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "200, Done",
    "204, Done",
    "302, Refused",
    "400, Refused",
    "401, Refused",
    "404, Refused",
    "408, Later",
    "429, Later",
    "500, Later",
    "503, Later"
  })
  void theStatusDecides(int status, String verdict) throws Exception {
    try (Mailbox mailbox = new Mailbox();
        HttpSender sender = sender(mailbox.url())) {
      mailbox.setManner(exchange -> {
        exchange.getResponseHeaders().add("location", "http://127.0.0.1:1/");
        exchange.sendResponseHeaders(status, -1);
      });
      assertThat(sender.send(MESSAGE).getClass().getSimpleName()).isEqualTo(verdict);
      assertThat(mailbox.all()).hasSize(1);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "7 | 7",
        "0 | 0",
        "Wed, 18 Nov 2026 11:07:40 GMT | 60",
        "Wed, 18 Nov 2020 09:47:40 GMT | 0",
        "100000000 | 3600",
        "soon | 0",
        "-5 | 0"
      })
  void aReceiverMaySayWhen(String field, long seconds) {
    assertThat(sender("http://a.example/").pause(Optional.of(field)))
        .isEqualTo(Duration.ofSeconds(seconds));
  }

  /** After the head nothing matters, not even an answer that never ends. */
  @Test
  void anAnswerThatDoesNotEndIsAnAnswer() throws Exception {
    try (Mailbox mailbox = new Mailbox();
        HttpSender sender = sender(mailbox.url())) {
      CountDownLatch over = new CountDownLatch(1);
      mailbox.setManner(exchange -> {
        exchange.sendResponseHeaders(200, 0);
        exchange.getResponseBody().write("x".getBytes(StandardCharsets.UTF_8));
        exchange.getResponseBody().flush();
        over.await();
      });
      assertThat(sender.send(MESSAGE)).isEqualTo(new Delivery.Done());
      over.countDown();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "garbage\r\n\r\n", "HTTP/1.1 2xx ok\r\n\r\n", "HTTP/1.1 200 OK\r\nx: "})
  void whoeverDoesNotSpeakHttpIsAskedAgain(String answer) throws Exception {
    try (ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        HttpSender sender = sender("http://127.0.0.1:" + server.getLocalPort() + "/secret")) {
      Thread talk = Thread.ofVirtual().start(() -> talk(server, answer, true));
      assertThat(sender.send(MESSAGE)).isInstanceOf(Delivery.Later.class);
      talk.join();
    }
  }

  @Test
  void whoeverDoesNotAnswerIsLeftInTime() throws Exception {
    try (ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        HttpSender sender = sender("http://127.0.0.1:" + server.getLocalPort() + "/secret")) {
      assertThat(sender.send(MESSAGE)).isEqualTo(new Delivery.Later("no answer within 2 s"));
    }
  }

  @Test
  void whatIsSecretIsInNoReason() throws Exception {
    int closed;
    try (ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      closed = server.getLocalPort();
    }
    for (String url :
        List.of(
            "http://127.0.0.1:" + closed + "/very-secret",
            "https://127.0.0.1:" + closed + "/very-secret",
            "http://host.invalid/very-secret",
            "http://127.0.0.1:99999/very-secret")) {
      try (HttpSender sender = sender(url)) {
        Delivery delivery = sender.send(MESSAGE);
        assertThat(delivery).isInstanceOf(Delivery.Later.class);
        assertThat(delivery.toString()).doesNotContain("very-secret");
      }
    }
  }

  private static void talk(ServerSocket server, String answer, boolean close) {
    try (Socket socket = server.accept()) {
      byte[] _ = socket.getInputStream().readNBytes(20);
      OutputStream out = socket.getOutputStream();
      out.write(answer.getBytes(StandardCharsets.US_ASCII));
      out.flush();
      if (!close) {
        int _ = socket.getInputStream().read();
      }
    } catch (IOException _) {
      // The other side has had enough.
    }
  }
}
