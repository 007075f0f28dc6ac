package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.Loopback.Client;
import io.fairlead.alert.Mailbox;
import io.fairlead.demo.Behaviour;
import io.fairlead.demo.TestNode;
import io.fairlead.telemetry.Event;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.http.HttpResponse;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** From a failing node to whoever is to be told: real requests, a real receiver, real processes. */
@Timeout(90)
class AlertsTest {
  private static final JsonMapper JSON = new JsonMapper();

  @TempDir private Path folder;
  private final List<Process> started = new ArrayList<>();

  @AfterEach
  void end() throws Exception {
    for (Process process : started) {
      process.destroyForcibly().waitFor();
    }
  }

  private String config(int node, String receivers) {
    return """
    admin: { bind: "127.0.0.1:0" }
    data: %s
    runtime: { event-loops: 1 }
    alerts:
      receivers:
    %s
      built-in: []
      group-wait: 0s
      group-interval: 1s
      rules:
        - { name: errors, when: "errors >= 5", service: shop, over: 10s, clear-for: 0s }
        - { name: down, when: "healthy-nodes < 1", each: service, clear-for: 0s, level: warn }
    listeners: { web: { bind: "127.0.0.1:0", routes: { service: shop } } }
    services: { shop: { nodes: "127.0.0.1:%d", health: none, outlier: off } }
    """
        .formatted(folder.resolve("data"), receivers.indent(4).stripTrailing(), node);
  }

  private static String receiver(String name, Mailbox mailbox) {
    return name + ": { webhook: \"" + mailbox.url() + "\" }\n";
  }

  private static void ask(Fairlead fairlead, int times) throws Exception {
    try (Client client = new Client(Loopback.port(fairlead, "web"))) {
      for (int i = 0; i < times; i++) {
        assertThat(client.get("/").status()).isPositive();
      }
    }
  }

  private static JsonNode alerts(Fairlead fairlead) {
    return JSON.readTree(Loopback.door(fairlead, "GET", "/api/v1/alerts", "").body());
  }

  @Test
  void errorsAreToldAndTheirEnd() throws Exception {
    try (TestNode node = Loopback.node("a");
        Mailbox chat = new Mailbox();
        Mailbox hanging = new Mailbox()) {
      CountDownLatch over = new CountDownLatch(1);
      hanging.setManner(exchange -> over.await());
      node.setBehaviour(Behaviour.PLAIN.withErrorRate(1));
      String yaml = config(node.port(), receiver("hanging", hanging) + receiver("chat", chat));
      try (Fairlead fairlead = Loopback.startRecording(yaml)) {
        ask(fairlead, 20);
        JsonNode firing = JSON.readTree(chat.next());
        assertThat(firing.get("state").stringValue()).isEqualTo("firing");
        assertThat(firing.get("alerts").get(0).get("rule").stringValue()).isEqualTo("errors");
        assertThat(firing.get("alerts").get(0).get("value").doubleValue()).isEqualTo(20);
        JsonNode shown = alerts(fairlead);
        assertThat(shown.get("alerts").get(0).get("state").stringValue()).isEqualTo("firing");
        assertThat(shown.get("rules").get(0).get("state").stringValue()).isEqualTo("firing");
        // One that does not answer keeps nobody waiting.
        JsonNode resolved = JSON.readTree(chat.next());
        assertThat(resolved.get("state").stringValue()).isEqualTo("resolved");
        assertThat(chat.all()).hasSize(2);
        Loopback.await( // which counts when it has got the answer
            "the sender knows",
            () -> alerts(fairlead).get("receivers").get(1).get("sent").intValue() == 2);
        assertThat(metrics(fairlead))
            .contains("fairlead_alert_messages_total{receiver=\"chat\",outcome=\"sent\"} 2");
      } finally {
        over.countDown();
      }
    }
  }

  private static String metrics(Fairlead fairlead) {
    return Loopback.door(fairlead, "GET", "/metrics", "").body();
  }

  @Test
  void whatAReceiverRefusesIsAnEvent() throws Exception {
    try (TestNode node = Loopback.node("a");
        Mailbox chat = new Mailbox()) {
      chat.status(400);
      node.setBehaviour(Behaviour.PLAIN.withErrorRate(1));
      try (Fairlead fairlead =
          Loopback.startRecording(config(node.port(), receiver("chat", chat)))) {
        ask(fairlead, 10);
        String _ = chat.next();
        Loopback.await(
            "an event",
            () ->
                fairlead.events().since(0).stream()
                    .anyMatch(entry -> entry.event() instanceof Event.AlertUndelivered));
        assertThat(alerts(fairlead).get("receivers").get(0).get("lastError").stringValue())
            .isEqualTo("answered 400");
        assertThat(metrics(fairlead))
            .contains("fairlead_alert_messages_total{receiver=\"chat\",outcome=\"lost\"} 1");
      }
    }
  }

  @Test
  void silencesAndTestsByTheDoor() throws Exception {
    try (TestNode node = Loopback.node("a");
        Mailbox chat = new Mailbox()) {
      String yaml = config(node.port(), receiver("chat", chat));
      try (Fairlead fairlead = Loopback.startRecording(yaml)) {
        HttpResponse<String> made =
            Loopback.door(
                fairlead,
                "POST",
                "/api/v1/alerts/silences",
                "{\"labels\": {\"rule\": \"err*\"}, \"duration\": \"1h\", \"why\": \"test\"}");
        assertThat(made.statusCode()).as(made.body()).isEqualTo(200);
        node.setBehaviour(Behaviour.PLAIN.withErrorRate(1));
        ask(fairlead, 20);
        Loopback.await(
            "a silenced alert",
            () ->
                alerts(fairlead).get("alerts").size() == 1
                    && alerts(fairlead)
                        .get("alerts")
                        .get(0)
                        .get("state")
                        .stringValue()
                        .equals("silenced"));
        assertThat(chat.all()).isEmpty();
        HttpResponse<String> tested =
            Loopback.door(
                fairlead,
                "POST",
                "/api/v1/alerts/test?from=5m",
                "{ name: x, when: \"error-share > 50%\", each: service, over: 10s, min-requests: 1 }");
        assertThat(tested.statusCode()).as(tested.body()).isEqualTo(200);
        JsonNode firings = JSON.readTree(tested.body()).get("firings");
        assertThat(firings.size()).as(tested.body()).isEqualTo(1);
        assertThat(firings.get(0).get("labels").get("service").stringValue()).isEqualTo("shop");
        String id = JSON.readTree(made.body()).get("id").stringValue();
        assertThat(
                Loopback.door(fairlead, "DELETE", "/api/v1/alerts/silences/" + id, "").statusCode())
            .isEqualTo(200);
        assertThat(JSON.readTree(chat.next()).get("state").stringValue()).isEqualTo("firing");
      }
    }
  }

  @Test
  void rulesAndSilencesDoNotWaitForAProcessThatHasTheFolderStill() throws Exception {
    Path alerts = Files.createDirectories(folder.resolve("data/alerts"));
    try (Mailbox chat = new Mailbox();
        FileChannel other =
            FileChannel.open(
                alerts.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      FileLock lock = other.lock();
      try (Fairlead fairlead = Loopback.startRecording(config(1, receiver("chat", chat)))) {
        assertThat(alerts(fairlead).get("rules").size()).isEqualTo(2);
        HttpResponse<String> made =
            Loopback.door(
                fairlead,
                "POST",
                "/api/v1/alerts/silences",
                "{\"labels\": {\"rule\": \"down\"}, \"duration\": \"1h\", \"why\": \"test\"}");
        assertThat(made.statusCode()).as(made.body()).isEqualTo(200);
        assertThat(alerts.resolve("state.json")).doesNotExist();
        lock.release();
        String id = JSON.readTree(made.body()).get("id").stringValue();
        Loopback.await("it is kept", () -> kept(alerts.resolve("state.json")).contains(id));
      }
    }
  }

  private static String kept(Path file) {
    try {
      return Files.exists(file) ? Files.readString(file) : "";
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void theDoorSaysWhatIsWrong() throws Exception {
    try (Mailbox chat = new Mailbox();
        Fairlead fairlead = Loopback.startRecording(config(1, receiver("chat", chat)))) {
      assertThat(answer(fairlead, "silences", "{}")).contains("labels: must be an object");
      assertThat(
              answer(
                  fairlead,
                  "silences",
                  "{\"labels\":{\"a\":\"b\"},\"duration\":\"x\",\"why\":\"y\"}"))
          .contains("duration: must be a length of time");
      assertThat(answer(fairlead, "test", "{ name: x, when: \"p98 > 1\" }"))
          .contains("when: must begin with one of requests");
      assertThat(answer(fairlead, "test", "{ name: x, when: incident }"))
          .contains("Nothing is kept of what the rule looks at");
      assertThat(answer(fairlead, "test?from=1h&to=2h", "{ name: x, when: no requests }"))
          .contains("from: must be before to");
      assertThat(Loopback.door(fairlead, "DELETE", "/api/v1/alerts/silences/x", "").statusCode())
          .isEqualTo(404);
      assertThat(Loopback.door(fairlead, "GET", "/api/v1/config", "").body())
          .doesNotContain(chat.url());
    }
  }

  private static String answer(Fairlead fairlead, String path, String body) {
    HttpResponse<String> answer = Loopback.door(fairlead, "POST", "/api/v1/alerts/" + path, body);
    assertThat(answer.statusCode()).isBetween(400, 422);
    return answer.body();
  }

  /** Told once by the next process, with the id that the first one gave it. */
  @Test
  void whatAKilledProcessHadToTellIsTold() throws Exception {
    int port = FreePort.any(); // where nobody listens yet
    Path state = folder.resolve("data/alerts/state.json");
    Files.writeString(
        folder.resolve("fairlead.yaml"),
        config(1, "chat: { webhook: \"http://127.0.0.1:" + port + "/hook\" }\n")
            .replace("when: \"healthy-nodes < 1\"", "when: \"healthy-nodes < 2\""));
    Process first = run();
    Loopback.await("a message on disk", () -> Files.exists(state) && !waiting(state).isEmpty());
    first.destroyForcibly().waitFor();
    String id = waiting(state);
    try (Mailbox chat = new Mailbox(port)) {
      Process _ = run();
      JsonNode message = JSON.readTree(chat.next());
      assertThat(message.get("id").stringValue()).isEqualTo(id);
      assertThat(message.get("alerts").get(0).get("rule").stringValue()).isEqualTo("down");
      Loopback.await("nothing on its way", () -> waiting(state).isEmpty());
      Process second = started.getLast();
      second.destroy(); // in order this time; the next one knows that all has been told
      assertThat(second.waitFor()).isZero();
      Process _ = run();
      Loopback.await("another look", () -> Files.exists(state) && waiting(state).isEmpty());
      assertThat(chat.all()).hasSize(1);
    }
  }

  /** The id of the first message on its way; empty: there is none. */
  private static String waiting(Path state) {
    try {
      JsonNode chat = JSON.readTree(Files.readString(state)).get("waiting").get("chat");
      return chat == null || chat.isEmpty()
          ? ""
          : chat.get(0).get("message").get("id").stringValue();
    } catch (java.io.IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private Process run() throws java.io.IOException {
    Process process =
        FairleadProcess.run(
            folder.resolve("output-" + started.size()),
            "-c",
            folder.resolve("fairlead.yaml").toString());
    started.add(process);
    return process;
  }
}
