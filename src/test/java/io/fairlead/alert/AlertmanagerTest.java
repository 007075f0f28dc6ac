package io.fairlead.alert;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.FreePort;
import io.fairlead.config.ReceiverConfig;
import io.fairlead.config.Secret;
import io.fairlead.insight.alert.Alert;
import io.fairlead.insight.alert.Message;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A real Alertmanager gets an alert, hears of it again, and hears that it is over. */
@Timeout(60)
final class AlertmanagerTest {
  @TempDir private Path folder;
  private Process process;
  private String url;
  private final HttpClient client = HttpClient.newHttpClient();

  @BeforeEach
  void start() throws Exception {
    int port = FreePort.any();
    url = "http://127.0.0.1:" + port;
    Files.writeString(
        folder.resolve("am.yml"), "route: { receiver: none }\nreceivers: [ { name: none } ]\n");
    process =
        new ProcessBuilder(
                "prometheus-alertmanager",
                "--config.file=" + folder.resolve("am.yml"),
                "--storage.path=" + folder.resolve("am"),
                "--web.listen-address=127.0.0.1:" + port,
                "--cluster.listen-address=")
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("output").toFile())
            .start();
    long deadline = System.nanoTime() + 20_000_000_000L;
    while (!isReady()) {
      assertThat(System.nanoTime())
          .as(Files.readString(folder.resolve("output")))
          .isLessThan(deadline);
      Thread.sleep(20);
    }
  }

  @AfterEach
  void stop() throws InterruptedException {
    process.destroyForcibly().waitFor();
    client.close();
  }

  private boolean isReady() throws InterruptedException {
    try {
      return get("/-/ready").statusCode() == 200;
    } catch (IOException _) {
      return false;
    }
  }

  private HttpResponse<String> get(String path) throws IOException, InterruptedException {
    return client.send(
        HttpRequest.newBuilder(URI.create(url + path)).build(),
        HttpResponse.BodyHandlers.ofString());
  }

  private JsonNode active() throws IOException, InterruptedException {
    return new JsonMapper().readTree(get("/api/v2/alerts?active=true").body());
  }

  @Test
  void getsAnAlertAndItsEnd() throws Exception {
    long now = System.currentTimeMillis();
    try (Sender sender =
        Sender.of(
            new ReceiverConfig.Alertmanager(new Secret(url + "/"), Map.of(), List.of()),
            "edge-1",
            System::currentTimeMillis)) {
      assertThat(sender.send(message(now, Alert.State.FIRING, 0))).isEqualTo(new Delivery.Done());
      JsonNode alerts = active();
      assertThat(alerts.size()).isEqualTo(1);
      JsonNode alert = alerts.get(0);
      assertThat(alert.get("labels").get("alertname").stringValue()).isEqualTo("errors");
      assertThat(alert.get("labels").get("service").stringValue()).isEqualTo("shop");
      assertThat(alert.get("labels").get("severity").stringValue()).isEqualTo("critical");
      assertThat(alert.get("labels").get("instance").stringValue()).isEqualTo("edge-1");
      assertThat(alert.get("annotations").get("summary").stringValue())
          .isEqualTo("service shop: größer \"und\" schlimmer");
      assertThat(alert.get("annotations").get("description").stringValue())
          .isEqualTo("Most likely cause: node b");
      // Again: it is the same one.
      assertThat(sender.send(message(now, Alert.State.FIRING, 0))).isEqualTo(new Delivery.Done());
      assertThat(active().size()).isEqualTo(1);
      assertThat(sender.send(message(now, Alert.State.RESOLVED, now - 10)))
          .isEqualTo(new Delivery.Done());
      assertThat(active().size()).isZero();
    }
  }

  private static Message message(long now, Alert.State state, long until) {
    Alert alert = HttpSenderTest.MESSAGE.alerts().getFirst();
    return new Message(
        "m-1",
        "am",
        false,
        now,
        Map.of(),
        List.of(
            new Alert(
                alert.id(),
                alert.rule(),
                state,
                alert.level(),
                alert.text(),
                alert.cause(),
                now - 60_000,
                until,
                alert.labels(),
                alert.value())),
        List.of());
  }
}
