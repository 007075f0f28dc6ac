package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.cli.Cli;
import io.fairlead.demo.Behaviour;
import io.fairlead.demo.LatencyDistribution;
import io.fairlead.demo.TestNode;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A fault of a real node shows as an incident at the door, with its cause, within seconds. */
@Timeout(90)
class IncidentTest {
  private static final Duration LOUD = Duration.ofSeconds(5);
  private static final int CLIENTS = 4;
  private static final long PACE_MILLIS = 8;

  @TempDir private Path data;
  private volatile boolean stopped;
  private String last = "";

  @Test
  void aNodeThatFailsAndAnotherThatIsSlowAreNamed() throws Exception {
    List<TestNode> nodes = new ArrayList<>();
    for (String name : List.of("a", "b", "c", "d")) {
      nodes.add(
          TestNode.start(
              "127.0.0.1", 0, name, Behaviour.of(LatencyDistribution.parse("2ms"), 0, true)));
    }
    String config =
        """
        admin: { bind: "127.0.0.1:0" }
        data: %s
        listeners:
          web: { bind: "127.0.0.1:0", routes: { service: shop } }
        services:
          shop:
            outlier: off
            balance: round-robin
            nodes:
              - { address: "127.0.0.1:%d", name: a, labels: { version: "1" } }
              - { address: "127.0.0.1:%d", name: b, labels: { version: "1" } }
              - { address: "127.0.0.1:%d", name: c, labels: { version: "1" } }
              - { address: "127.0.0.1:%d", name: d, labels: { version: "1" } }
        """
            .formatted(
                data,
                nodes.get(0).port(),
                nodes.get(1).port(),
                nodes.get(2).port(),
                nodes.get(3).port());
    List<Thread> clients = new ArrayList<>();
    String id;
    try (Fairlead fairlead = Loopback.startRecording(config)) {
      int port = Loopback.port(fairlead, "web");
      for (int i = 0; i < CLIENTS; i++) {
        clients.add(Thread.ofVirtual().start(() -> ask(port)));
      }
      Loopback.await(
          "enough", Duration.ofSeconds(40), () -> incidents(fairlead).contains("\"enough\":true"));

      nodes.get(1).setBehaviour(nodes.get(1).behaviour().withErrorRate(0.3));
      Loopback.await(
          "errors of b",
          LOUD,
          () ->
              incidents(fairlead)
                  .matches(
                      ".*\"kind\":\"errors\".*\"causes\":\\[\\{\"fields\":\\{\"node\":\"b\"}.*"));
      String found = incidents(fairlead);
      id = found.replaceAll(".*\"id\":\"([^\"]+)\".*", "$1");
      assertThat(found)
          .contains("\"scope\":{", "\"service\":\"shop\"", "of failing requests hit node b");
      assertThat(Loopback.door(fairlead, "GET", "/api/v1/incidents/" + id, "").body())
          .contains("\"state\":\"open\"", "\"where\":\"node=\\\"b\\\"\"");

      assertThat(Loopback.door(fairlead, "GET", "/api/v1/why?from=5s", "").body())
          .contains("\"source\":\"memory\"", "100 % have node b");
      String[] words = {
        "why", "--admin", "http://127.0.0.1:" + fairlead.adminAddress().getPort(), "--since", "10s"
      };
      assertThat(Cli.main(words, new Launch())).isZero();

      nodes.get(2).setBehaviour(Behaviour.of(LatencyDistribution.parse("60ms"), 0, true));
      Loopback.await(
          "slowness of c",
          LOUD,
          () ->
              incidents(fairlead)
                  .matches(
                      ".*\"kind\":\"slow\".*\"causes\":\\[\\{\"fields\":\\{\"node\":\"c\"}.*"));
      assertThat(Loopback.door(fairlead, "GET", "/api/v1/markers?from=5m", "").body())
          .contains("\"kind\":\"incident\"", "\"kind\":\"config\"");
      stopped = true;
      for (Thread client : clients) {
        client.join();
      }
    } catch (AssertionError e) {
      throw new AssertionError("incidents at the end: " + last, e);
    } finally {
      stopped = true;
      nodes.forEach(TestNode::close);
    }
    // Another process knows what this one has found.
    try (Fairlead next = Loopback.startRecording(config)) {
      assertThat(Loopback.door(next, "GET", "/api/v1/incidents/" + id, "").body())
          .contains("\"state\":\"over\"", "of failing requests hit node b");
    }
  }

  private String incidents(Fairlead fairlead) {
    last = Loopback.door(fairlead, "GET", "/api/v1/incidents", "").body();
    return last;
  }

  private void ask(int port) {
    try (Loopback.Client client = new Loopback.Client(port)) {
      while (!stopped) {
        client.get("/bytes/100");
        Thread.sleep(PACE_MILLIS);
      }
    } catch (IOException | InterruptedException e) {
      // The instance has ended.
    }
  }
}
