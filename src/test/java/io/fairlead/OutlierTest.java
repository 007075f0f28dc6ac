package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.fairlead.Loopback.Client;
import io.fairlead.config.ConfigReader;
import io.fairlead.demo.Behaviour;
import io.fairlead.demo.TestNode;
import io.fairlead.service.Node;
import io.fairlead.service.Standing;
import io.fairlead.takeover.HandedService;
import io.fairlead.telemetry.Event;
import io.fairlead.telemetry.NodeCounter;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Real nodes that turn bad under requests, and what becomes of them. */
@Timeout(120)
final class OutlierTest {
  private static final int NODES = 4;

  /** Each waits for its answer and then ten milliseconds. */
  private static final int CLIENTS = 8;

  private final List<TestNode> nodes = new ArrayList<>();
  private final AtomicBoolean asking = new AtomicBoolean(true);
  private final AtomicInteger failed = new AtomicInteger();
  private final List<Thread> clients = new ArrayList<>();

  @BeforeEach
  void startNodes() throws IOException {
    for (int i = 0; i < NODES; i++) {
      nodes.add(
          TestNode.start(
              "127.0.0.1", 0, "n" + i, Behaviour.PLAIN.with("latency", "uniform:4ms:8ms")));
    }
  }

  @AfterEach
  void end() throws InterruptedException {
    asking.set(false);
    for (Thread client : clients) {
      client.join();
    }
    nodes.forEach(TestNode::close);
  }

  private String yaml(String outlier) {
    StringBuilder list = new StringBuilder();
    nodes.forEach(node ->
        list.append("{ address: \"127.0.0.1:")
            .append(node.port())
            .append("\", name: ")
            .append(node.name())
            .append(" }, "));
    return """
    admin: { bind: "127.0.0.1:0" }
    listeners:
      web:
        bind: "127.0.0.1:0"
        routes: [ { service: shop, retry: { attempts: 0 }, timeout: 2s } ]
    services:
      shop:
        nodes: [ %s ]
        health: { http: "/healthz", interval: 500ms }
        outlier: %s
        balance: round-robin
    """
        .formatted(list, outlier);
  }

  private void ask(Fairlead fairlead) {
    int port = Loopback.port(fairlead, "web");
    for (int i = 0; i < CLIENTS; i++) {
      clients.add(
          Thread.ofVirtual()
              .start(() -> {
                while (asking.get()) {
                  try (Client client = new Client(port)) {
                    while (asking.get()) {
                      if (client.get("/").status() >= 500) {
                        failed.incrementAndGet();
                      }
                      Thread.sleep(10);
                    }
                  } catch (IOException | InterruptedException _) {
                    failed.incrementAndGet();
                  }
                }
              }));
    }
  }

  private static Standing standing(Fairlead fairlead, int node) {
    return Loopback.nodes(fairlead, "shop")[node].facts().standing();
  }

  private static boolean isOut(Fairlead fairlead, int node) {
    return standing(fairlead, node).state() == Standing.State.EJECTED;
  }

  private static long ejections(Fairlead fairlead) {
    return fairlead.events().since(0).stream()
        .filter(entry -> entry.event() instanceof Event.NodeEjected)
        .count();
  }

  private static void awaitTraffic(Fairlead fairlead) throws InterruptedException {
    Loopback.await(
        "enough requests to compare nodes by",
        () -> {
          for (Node node : Loopback.nodes(fairlead, "shop")) {
            if (node.answers().get(0, io.fairlead.telemetry.NodeAnswers.GOOD) < 200) {
              return false;
            }
          }
          return true;
        });
  }

  @ParameterizedTest
  @CsvSource({
    "error-rate, 0.2, errors ",
    "latency, uniform:60ms:80ms, slow: ",
    "hang, true, ''" // eight clients soon all wait: by slowness or by time-outs
  })
  void aNodeThatTurnsBadIsEjectedAndComesBackWhenItIsWell(String key, String value, String why)
      throws Exception {
    try (Fairlead fairlead = Loopback.start(yaml("{ ejection-time: 1s }"))) {
      ask(fairlead);
      awaitTraffic(fairlead);
      assertThat(ejections(fairlead)).isZero();
      nodes.getFirst().setBehaviour(nodes.getFirst().behaviour().with(key, value));
      long from = System.nanoTime();
      Loopback.await("n0 is ejected", () -> isOut(fairlead, 0));
      assertThat(Duration.ofNanos(System.nanoTime() - from)).isLessThan(Duration.ofSeconds(5));
      assertThat(standing(fairlead, 0).reason()).startsWith(why);
      assertThat(standing(fairlead, 0).untilMillis()).isPositive();
      String table = Loopback.door(fairlead, "GET", "/api/v1/services/shop/nodes", "").body();
      assertThat(table).contains("\"state\":\"ejected\"", why, "\"ejectedUntil\":1");
      String metrics = Loopback.door(fairlead, "GET", "/metrics", "").body();
      assertThat(metrics)
          .contains(
              "fairlead_node_share{service=\"shop\",node=\"127.0.0.1:"
                  + nodes.getFirst().port()
                  + "\"} 0\n")
          .contains(
              "fairlead_node_ejections_total{service=\"shop\",node=\"127.0.0.1:"
                  + nodes.getFirst().port()
                  + "\"} 1\n");
      assertThat(Loopback.door(fairlead, "GET", "/api/v1/explain?method=GET&url=/", "").body())
          .contains("node n0 is ejected: " + why);
      Loopback.await(
          "the ejection is told",
          () ->
              fairlead.events().since(0).stream()
                  .anyMatch(entry -> entry.event().text().startsWith("shop/n0 is ejected for ")));
      nodes.getFirst().setBehaviour(nodes.get(1).behaviour());
      Loopback.await(
          "n0 has its whole share again",
          Duration.ofSeconds(60),
          () -> standing(fairlead, 0).equals(Standing.GOOD));
      Loopback.await(
          "which is told", // behind the standing, not with it
          () ->
              fairlead.events().since(0).stream()
                  .anyMatch(entry -> entry.event() instanceof Event.NodeReinstated));
      for (int i = 1; i < NODES; i++) {
        assertThat(Loopback.nodes(fairlead, "shop")[i].ejections()).isZero();
      }
    }
  }

  @Test
  void whenAllTurnBadNobodyIsEjectedAndAnAlarmSaysSo() throws Exception {
    try (Fairlead fairlead = Loopback.start(yaml("{}"))) {
      ask(fairlead);
      long begun = System.nanoTime();
      awaitTraffic(fairlead);
      Loopback.await(
          "what is usual is known",
          Duration.ofSeconds(30),
          () -> System.nanoTime() - begun > 12_000_000_000L);
      nodes.forEach(node -> node.setBehaviour(node.behaviour().with("error-rate", "0.5")));
      Loopback.await(
          "an alarm",
          () ->
              fairlead.events().since(0).stream()
                  .anyMatch(entry -> entry.event() instanceof Event.ServiceAlarm));
      assertThat(fairlead.state().services().values().iterator().next().service().alarms())
          .anyMatch(alarm -> alarm.startsWith("most nodes fail alike: "));
      assertThat(ejections(fairlead)).isZero();
    }
  }

  @Test
  void aReloadKeepsWhatIsKnownAndOffForgetsIt() throws Exception {
    try (Fairlead fairlead = Loopback.start(yaml("{ ejection-time: 60s }"))) {
      ask(fairlead);
      awaitTraffic(fairlead);
      nodes.get(2).setBehaviour(nodes.get(2).behaviour().withErrorRate(1));
      Loopback.await("n2 is ejected", () -> isOut(fairlead, 2));
      assertThat(apply(fairlead, yaml("{ ejection-time: 50s, max-ejected: 30% }"))).isTrue();
      assertThat(isOut(fairlead, 2)).isTrue();
      assertThat(apply(fairlead, yaml("off"))).isTrue();
      assertThat(standing(fairlead, 2)).isEqualTo(Standing.GOOD);
      int before = failed.get();
      Loopback.await("n2 gets requests again", () -> failed.get() > before + 20);
      assertThat(standing(fairlead, 2)).isEqualTo(Standing.GOOD);
    }
  }

  private static boolean apply(Fairlead fairlead, String yaml) {
    ConfigReader.Result read = Loopback.read(yaml);
    return fairlead.apply(read, "test") instanceof Fairlead.Applied.Done;
  }

  @Test
  void aSuccessorSendsNothingToWhatIsOut() throws Exception {
    try (Fairlead old = Loopback.start(yaml("{ ejection-time: 60s }"));
        Fairlead next = Loopback.start(yaml("{ ejection-time: 60s }"))) {
      ask(old);
      awaitTraffic(old);
      nodes.getFirst().setBehaviour(nodes.getFirst().behaviour().with("error-rate", "0.5"));
      Loopback.await("n0 is ejected", () -> isOut(old, 0));
      Standing found = standing(old, 0);
      List<HandedService> handed = new Handover(old, new CompletableFuture<>()).letGo();
      assertThat(isOut(next, 0)).isFalse();
      Succession.learn(next, handed);
      assertThat(isOut(next, 0)).isTrue();
      assertThat(standing(next, 0).reason()).isEqualTo(found.reason());
      assertThat(standing(next, 0).untilMillis()).isCloseTo(found.untilMillis(), within(5000L));
      assertThat(Loopback.nodes(next, "shop")[0].facts().sinceMillis())
          .isEqualTo(Loopback.nodes(old, "shop")[0].facts().sinceMillis());
      ask(next);
      Loopback.await(
          "the others are asked",
          () -> Loopback.nodes(next, "shop")[1].counters().get(NodeCounter.REQUESTS) > 50);
      assertThat(Loopback.nodes(next, "shop")[0].counters().get(NodeCounter.REQUESTS)).isZero();
      assertThat(isOut(next, 0)).isTrue();
      for (int i = 1; i < NODES; i++) {
        assertThat(standing(next, i)).isEqualTo(Standing.GOOD);
      }
    }
  }
}
