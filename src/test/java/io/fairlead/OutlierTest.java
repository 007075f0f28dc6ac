package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.fairlead.Loopback.Client;
import io.fairlead.config.ConfigReader;
import io.fairlead.demo.Behaviour;
import io.fairlead.demo.TestNode;
import io.fairlead.service.Node;
import io.fairlead.service.Standing;
import io.fairlead.takeover.HandedState;
import io.fairlead.telemetry.Event;
import io.fairlead.telemetry.NodeCounter;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Real nodes that turn bad under requests, and what becomes of them. */
@Timeout(120)
final class OutlierTest {
  private static final int NODES = 4;

  /** Each waits for its answer and then ten milliseconds. */
  private static final int CLIENTS = 8;

  /** Of each service, by its name. */
  private final Map<String, List<TestNode>> nodes = new LinkedHashMap<>();

  private final AtomicBoolean asking = new AtomicBoolean(true);
  private final AtomicInteger failed = new AtomicInteger();
  private final List<Thread> clients = new ArrayList<>();

  private Fairlead start(String outlier, String... services) throws IOException {
    for (String service : services) {
      List<TestNode> its = new ArrayList<>();
      for (int i = 0; i < NODES; i++) {
        its.add(
            TestNode.start(
                "127.0.0.1", 0, "n" + i, Behaviour.PLAIN.with("latency", "uniform:4ms:8ms")));
      }
      nodes.put(service, its);
    }
    return Loopback.start(yaml(outlier));
  }

  @AfterEach
  void end() throws InterruptedException {
    asking.set(false);
    for (Thread client : clients) {
      client.join();
    }
    nodes.values().forEach(its -> its.forEach(TestNode::close));
  }

  private List<TestNode> nodes(String service) {
    return Objects.requireNonNull(nodes.get(service));
  }

  /** A listener for each service. */
  private String yaml(String outlier) {
    StringBuilder listeners = new StringBuilder();
    StringBuilder services = new StringBuilder();
    nodes.forEach((service, its) -> {
      listeners.append(
          """
            %1$s:
              bind: "127.0.0.1:0"
              routes: [ { service: %1$s, retry: { attempts: 0 }, timeout: 2s } ]
          """
              .formatted(service));
      StringBuilder list = new StringBuilder();
      its.forEach(node ->
          list.append("{ address: \"127.0.0.1:")
              .append(node.port())
              .append("\", name: ")
              .append(node.name())
              .append(" }, "));
      services.append(
          """
            %s:
              nodes: [ %s ]
              health: { http: "/healthz", interval: 500ms }
              outlier: %s
              balance: round-robin
          """
              .formatted(service, list, outlier));
    });
    return "admin: { bind: \"127.0.0.1:0\" }\nlisteners:\n" + listeners + "services:\n" + services;
  }

  private void ask(Fairlead fairlead, String service) {
    int port = Loopback.port(fairlead, service);
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

  private static Standing standing(Fairlead fairlead, String service, int node) {
    return Loopback.nodes(fairlead, service)[node].facts().standing();
  }

  private static boolean isOut(Fairlead fairlead, String service, int node) {
    return standing(fairlead, service, node).state() == Standing.State.EJECTED;
  }

  private static long ejections(Fairlead fairlead, String service) {
    return Stream.of(Loopback.nodes(fairlead, service)).mapToLong(Node::ejections).sum();
  }

  private static boolean isTold(Fairlead fairlead, String words) {
    return fairlead.events().since(0).stream()
        .anyMatch(entry -> entry.event().text().startsWith(words));
  }

  private static void awaitTraffic(Fairlead fairlead, String service) throws InterruptedException {
    Loopback.await(
        "enough requests to compare nodes by",
        () -> {
          for (Node node : Loopback.nodes(fairlead, service)) {
            if (node.answers().get(0, io.fairlead.telemetry.NodeAnswers.GOOD) < 200) {
              return false;
            }
          }
          return true;
        });
  }

  /**
   * How a node turns bad.
   *
   * @param service whose first node does
   * @param why it is ejected then, as the reason begins
   */
  private record Bad(String service, String key, String value, String why) {}

  private static final List<Bad> BAD =
      List.of(
          new Bad("errs", "error-rate", "0.2", "errors "),
          new Bad("slow", "latency", "uniform:60ms:80ms", "slow: "),
          // Eight clients soon all wait: by slowness or by time-outs.
          new Bad("hang", "hang", "true", ""));

  /** Services beside each other: what becomes of one takes as long as with all of them. */
  @Test
  void aNodeThatTurnsBadIsEjectedAndComesBackAndWhereAllDoNobodyIs() throws Exception {
    try (Fairlead fairlead = start("{ ejection-time: 3s }", "errs", "slow", "hang", "alike")) {
      long begun = System.nanoTime();
      for (String service : nodes.keySet()) {
        ask(fairlead, service);
      }
      for (String service : nodes.keySet()) {
        awaitTraffic(fairlead, service);
        assertThat(ejections(fairlead, service)).isZero();
      }
      long from = System.nanoTime();
      for (Bad bad : BAD) {
        TestNode node = nodes(bad.service()).getFirst();
        node.setBehaviour(node.behaviour().with(bad.key(), bad.value()));
      }
      for (Bad bad : BAD) {
        Loopback.await(bad + " is ejected", () -> isOut(fairlead, bad.service(), 0));
        assertThat(Duration.ofNanos(System.nanoTime() - from)).isLessThan(Duration.ofSeconds(5));
        isShown(fairlead, bad);
      }
      for (Bad bad : BAD) {
        nodes(bad.service()).getFirst().setBehaviour(nodes(bad.service()).get(1).behaviour());
      }
      Loopback.await(
          "what is usual is known",
          Duration.ofSeconds(30),
          () -> System.nanoTime() - begun > 12_000_000_000L);
      nodes("alike").forEach(node -> node.setBehaviour(node.behaviour().with("error-rate", "0.5")));
      Loopback.await("an alarm", () -> !alarms(fairlead, "alike").isEmpty());
      assertThat(alarms(fairlead, "alike"))
          .anyMatch(alarm -> alarm.startsWith("most nodes fail alike: "));
      Loopback.await(
          "which is told",
          () ->
              fairlead.events().since(0).stream()
                  .anyMatch(entry -> entry.event() instanceof Event.ServiceAlarm));
      for (Bad bad : BAD) {
        Loopback.await(
            "n0 has its whole share again",
            Duration.ofSeconds(60),
            () -> standing(fairlead, bad.service(), 0).equals(Standing.GOOD));
        Loopback.await(
            "which is told", // behind the standing, not with it
            () ->
                fairlead.events().since(0).stream()
                    .anyMatch(entry ->
                        entry.event() instanceof Event.NodeReinstated(String service, String _)
                            && service.equals(bad.service())));
        for (int i = 1; i < NODES; i++) {
          assertThat(Loopback.nodes(fairlead, bad.service())[i].ejections()).isZero();
        }
      }
      assertThat(ejections(fairlead, "alike")).isZero();
    }
  }

  private static List<String> alarms(Fairlead fairlead, String service) {
    return Objects.requireNonNull(fairlead.state().services().get(service)).service().alarms();
  }

  private void isShown(Fairlead fairlead, Bad bad) throws InterruptedException {
    String service = bad.service();
    assertThat(standing(fairlead, service, 0).reason()).startsWith(bad.why());
    assertThat(standing(fairlead, service, 0).untilMillis()).isPositive();
    String table =
        Loopback.door(fairlead, "GET", "/api/v1/services/" + service + "/nodes", "").body();
    assertThat(table).contains("\"state\":\"ejected\"", bad.why(), "\"ejectedUntil\":1");
    String node =
        "{service=\"" + service + "\",node=\"127.0.0.1:" + nodes(service).getFirst().port() + "\"}";
    assertThat(Loopback.door(fairlead, "GET", "/metrics", "").body())
        .contains("fairlead_node_share" + node + " 0\n")
        .contains("fairlead_node_ejections_total" + node + " 1\n");
    String asked = "/api/v1/explain?url=http://a:" + Loopback.port(fairlead, service) + "/";
    assertThat(Loopback.door(fairlead, "GET", asked, "").body())
        .contains("node n0 is ejected: " + bad.why());
    Loopback.await("the ejection is told", () -> isTold(fairlead, service + "/n0 is ejected for "));
  }

  @Test
  void aReloadKeepsWhatIsKnownAndOffForgetsIt() throws Exception {
    try (Fairlead fairlead = start("{ ejection-time: 60s }", "shop")) {
      ask(fairlead, "shop");
      awaitTraffic(fairlead, "shop");
      nodes("shop").get(2).setBehaviour(nodes("shop").get(2).behaviour().withErrorRate(1));
      Loopback.await("n2 is ejected", () -> isOut(fairlead, "shop", 2));
      assertThat(apply(fairlead, yaml("{ ejection-time: 50s, max-ejected: 30% }"))).isTrue();
      assertThat(isOut(fairlead, "shop", 2)).isTrue();
      assertThat(apply(fairlead, yaml("off"))).isTrue();
      assertThat(standing(fairlead, "shop", 2)).isEqualTo(Standing.GOOD);
      int before = failed.get();
      Loopback.await("n2 gets requests again", () -> failed.get() > before + 20);
      assertThat(standing(fairlead, "shop", 2)).isEqualTo(Standing.GOOD);
    }
  }

  private static boolean apply(Fairlead fairlead, String yaml) {
    ConfigReader.Result read = Loopback.read(yaml);
    return fairlead.apply(read, "test") instanceof Fairlead.Applied.Done;
  }

  @Test
  void aSuccessorSendsNothingToWhatIsOut() throws Exception {
    try (Fairlead old = start("{ ejection-time: 60s }", "shop");
        Fairlead next = Loopback.start(yaml("{ ejection-time: 60s }"))) {
      ask(old, "shop");
      awaitTraffic(old, "shop");
      nodes("shop")
          .getFirst()
          .setBehaviour(nodes("shop").getFirst().behaviour().with("error-rate", "0.5"));
      Loopback.await("n0 is ejected", () -> isOut(old, "shop", 0));
      Standing found = standing(old, "shop", 0);
      HandedState handed = new Handover(old, new CompletableFuture<>()).letGo();
      assertThat(isOut(next, "shop", 0)).isFalse();
      Succession.learn(next, handed);
      assertThat(isOut(next, "shop", 0)).isTrue();
      assertThat(standing(next, "shop", 0).reason()).isEqualTo(found.reason());
      assertThat(standing(next, "shop", 0).untilMillis())
          .isCloseTo(found.untilMillis(), within(5000L));
      assertThat(Loopback.nodes(next, "shop")[0].facts().sinceMillis())
          .isEqualTo(Loopback.nodes(old, "shop")[0].facts().sinceMillis());
      ask(next, "shop");
      Loopback.await(
          "the others are asked",
          () -> Loopback.nodes(next, "shop")[1].counters().get(NodeCounter.REQUESTS) > 50);
      assertThat(Loopback.nodes(next, "shop")[0].counters().get(NodeCounter.REQUESTS)).isZero();
      assertThat(isOut(next, "shop", 0)).isTrue();
      for (int i = 1; i < NODES; i++) {
        assertThat(standing(next, "shop", i)).isEqualTo(Standing.GOOD);
      }
    }
  }
}
