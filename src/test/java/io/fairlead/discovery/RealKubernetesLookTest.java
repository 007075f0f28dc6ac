package io.fairlead.discovery;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.RealCluster;
import io.fairlead.config.ClusterConfig;
import io.fairlead.config.DiscoverSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/**
 * Nodes of a service by the real API server and its real controllers, with the rights that
 * docs/discovery.md says and no other: {@code make test-kubernetes}.
 */
@EnabledIfSystemProperty(named = "fairlead.kubernetes", matches = ".+")
@Timeout(120)
class RealKubernetesLookTest {
  @TempDir private static Path folder;
  private static RealCluster cluster;

  private String namespace = "";
  private Path token = Path.of("");
  private Duration patience = Duration.ofSeconds(20);
  private Watched watched;

  @BeforeAll
  static void startCluster() throws Exception {
    cluster = new RealCluster(folder);
  }

  @AfterAll
  static void stopCluster() throws Exception {
    if (cluster != null) {
      cluster.close();
    }
  }

  @BeforeEach
  void start() throws Exception {
    namespace = cluster.namespace(RealCluster.rules("discovery.md"));
    token = folder.resolve("token-" + namespace);
    Files.writeString(token, cluster.token(namespace, "first"));
    JsonNode _ =
        cluster.ask(
            "POST",
            RealCluster.core(namespace) + "/services",
            RealCluster.named(
                "shop",
                Map.of(
                    "spec",
                    Map.of(
                        "selector",
                        Map.of("app", "shop"),
                        "ports",
                        List.of(Map.of("name", "http", "port", 80, "targetPort", 8080))))));
    cluster.deploy(namespace, 2);
    watched = watched("shop", "http", Duration.ofSeconds(1));
  }

  @AfterEach
  void end() {
    watched.close();
  }

  /** Watches that last so long end one after the other while a test waits. */
  private Watched watched(Duration watchFor) throws Exception {
    RealCluster.await("both pods", () -> listed().size() == 2);
    watched = watched("shop", "http", watchFor);
    watched.step();
    assertThat(watched.nodes()).containsExactlyElementsOf(listed());
    return watched;
  }

  private Watched watched(String service, String port, Duration watchFor) {
    return Watched.byStep(
        new DiscoverSource.Kubernetes(
            new ClusterConfig(cluster.url(), namespace, Optional.of(token), List.of(cluster.ca())),
            service,
            port),
        one -> new KubernetesLook(one, _ -> null, watchFor, patience));
  }

  /** Addresses that a list has, asked for by nobody of Fairlead. */
  private List<String> listed() {
    try {
      java.util.TreeSet<String> found = new java.util.TreeSet<>();
      for (JsonNode slice : cluster.ask("GET", slices(), null).path("items")) {
        for (JsonNode endpoint : slice.path("endpoints")) {
          if (endpoint.at("/conditions/ready").asBoolean(false)) {
            found.add(endpoint.at("/addresses/0").stringValue() + ":8080");
          }
        }
      }
      return List.copyOf(found);
    } catch (IOException e) {
      return List.of(e.toString());
    }
  }

  private String slices() {
    return "/apis/discovery.k8s.io/v1beta1/namespaces/" + namespace + "/endpointslices";
  }

  private void until(String what, Predicate<List<String>> nodes) throws InterruptedException {
    RealCluster.await(
        what,
        () -> {
          watched.step();
          return nodes.test(watched.nodes());
        });
  }

  private void goesOn() throws Exception {
    List<String> before = listed();
    int now = before.size() + 1;
    cluster.resize(namespace, now);
    until("one more", nodes -> nodes.size() == now && nodes.containsAll(before));
    assertThat(watched.nodes()).containsExactlyInAnyOrderElementsOf(listed());
  }

  @Test
  void podsAreNodesAsTheyComeDrainAndGo() throws Exception {
    assertThat(cluster.ask("GET", "/apis/discovery.k8s.io", null).findValuesAsString("version"))
        .as("this server has the old form only")
        .doesNotContain("v1");
    watched(Duration.ofSeconds(5));
    assertThat(watched.node(watched.nodes().getFirst()).name())
        .isIn(cluster.kubelet().pods(namespace));
    assertThat(watched.node(watched.nodes().getFirst()).facts().zone()).isEqualTo("z1");
    assertThat(watched.node(watched.nodes().getFirst()).facts().labels())
        .isEqualTo(Map.of("host", "machine-1"));
    goesOn();
    String newest = cluster.kubelet().pods(namespace).getLast();
    cluster.kubelet().ready(namespace, newest, false);
    until("that it is not ready", nodes -> nodes.size() == 2);
    cluster.kubelet().ready(namespace, newest, true);
    until("that it is", nodes -> nodes.size() == 3);
    cluster.kubelet().linger(newest);
    cluster.resize(namespace, 2);
    until(
        "that it drains",
        nodes ->
            nodes.size() == 3
                && nodes.stream().filter(one -> one.endsWith(" draining")).count() == 1);
    cluster.kubelet().end(newest);
    until("that it is gone", nodes -> nodes.size() == 2);
    assertThat(watched.nodes()).containsExactlyInAnyOrderElementsOf(listed());
    assertThat(watched.told()).isEmpty();
    cluster.resize(namespace, 0);
    until("that there are none", _ -> !watched.told().isEmpty());
    assertThat(watched.told()).hasSize(1).first().asString().endsWith("those that are up stay");
    assertThat(watched.nodes()).isNotEmpty(); // less those that have ended one after the other
    for (String node : watched.nodes()) {
      watched.takeDown(node.replace(" draining", ""));
    }
    until("that those go that are down", List::isEmpty);
  }

  @Test
  void anotherWatchGoesOnWhereOneHasEnded() throws Exception {
    watched(Duration.ofSeconds(1));
    for (int i = 0; i < 3; i++) {
      watched.step(); // each of them ends by itself
    }
    goesOn();
    assertThat(watched.told()).isEmpty();
  }

  /** Changes in between are in no log of changes any more. */
  @Test
  void whereTheServerHasForgottenSlicesAreListedAnew() throws Exception {
    watched(Duration.ofSeconds(2));
    watched.step(); // the watch has ended: where it was is known
    String before =
        cluster.ask("GET", slices(), null).at("/metadata/resourceVersion").stringValue();
    cluster.kill();
    cluster.startAgain();
    cluster.resize(namespace, 4);
    RealCluster.await("four pods", () -> listed().size() == 4);
    cluster.compact();
    cluster.kill();
    cluster.startAgain();
    assertThat(cluster.firstEvent(slices() + "?watch=1&resourceVersion=" + before))
        .contains("\"ERROR\"", "\"code\":410");
    until("all four", nodes -> nodes.size() == 4);
    goesOn();
    assertThat(watched.told()).isEmpty();
  }

  @Test
  void nodesStayWhileTheServerIsGone() throws Exception {
    watched(Duration.ofSeconds(30));
    cluster.resize(namespace, 1);
    until("one fewer", nodes -> nodes.size() == 1); // a watch is open
    List<String> nodes = watched.nodes();
    cluster.kill();
    watched.step();
    watched.step();
    assertThat(watched.nodes()).isEqualTo(nodes);
    assertThat(watched.told()).hasSize(1);
    cluster.startAgain();
    watched.step();
    assertThat(watched.told()).hasSize(2).last().asString().contains(" are: ");
    goesOn();
  }

  /** Neither an answer nor the end of a watch comes, and connections stay. */
  @Test
  void nodesStayWhileTheServerIsFrozen() throws Exception {
    patience = Duration.ofSeconds(2);
    watched(Duration.ofSeconds(1));
    List<String> nodes = watched.nodes();
    cluster.freeze();
    try {
      watched.step();
      watched.step();
      assertThat(watched.nodes()).isEqualTo(nodes);
      assertThat(watched.told()).containsExactly("0 cannot be: no answer within 2 s");
    } finally {
      cluster.thaw();
    }
    goesOn();
    assertThat(watched.told()).hasSize(2);
  }

  @Test
  void aWatchOfAServerThatFreezesIsTakenForDead() throws Exception {
    patience = Duration.ofSeconds(2);
    watched(Duration.ofSeconds(4));
    List<String> nodes = watched.nodes();
    cluster.resize(namespace, 1);
    until("one fewer", found -> found.size() == 1); // a watch is open
    cluster.freeze();
    try {
      watched.step();
      assertThat(watched.nodes()).hasSize(1).isSubsetOf(nodes);
      assertThat(watched.told()).hasSize(1).first().asString().contains("the watch does not end");
    } finally {
      cluster.thaw();
    }
    goesOn();
  }

  @Test
  void aTokenThatHoldsNoMoreIsReplacedOnDisk() throws Exception {
    watched(Duration.ofSeconds(1));
    List<String> nodes = watched.nodes();
    cluster.revoke(namespace, "first");
    until("that it is refused", _ -> !watched.told().isEmpty());
    assertThat(watched.nodes()).isEqualTo(nodes);
    assertThat(watched.told())
        .hasSize(1)
        .first()
        .asString()
        .endsWith("does not let us ask (status 401): Unauthorized");
    Files.writeString(token, cluster.token(namespace, "second"));
    goesOn();
    assertThat(watched.told()).hasSize(2);
  }

  @Test
  void eachOfTheRightsIsNeededAndNamedWhereItIsMissing() throws Exception {
    watched(Duration.ofSeconds(1));
    List<String> nodes = watched.nodes();
    cluster.allow(namespace, without("watch"));
    until("that it is refused", _ -> !watched.told().isEmpty());
    assertThat(watched.told().getFirst()).contains(refused("watch"));
    assertThat(watched.nodes()).isEqualTo(nodes);
    cluster.allow(namespace, RealCluster.rules("discovery.md"));
    goesOn();
    cluster.allow(namespace, without("list"));
    RealCluster.await(
        "that it is refused",
        () -> {
          watched.close();
          watched = watched("shop", "http", Duration.ofSeconds(1));
          watched.step();
          return watched.nodes().isEmpty();
        });
    assertThat(watched.told()).hasSize(1).first().asString().contains(refused("list"));
  }

  private static List<RealCluster.Rule> without(String verb) throws IOException {
    return RealCluster.rules("discovery.md").stream().map(rule -> rule.without(verb)).toList();
  }

  private String refused(String verb) {
    return "does not let us ask (status 403): endpointslices.discovery.k8s.io is forbidden: User"
        + " \"system:serviceaccount:"
        + namespace
        + ":fairlead\" cannot "
        + verb
        + " resource \"endpointslices\" in API group \"discovery.k8s.io\"";
  }

  @Test
  void ofAServiceThatIsNotThereThereAreNoNodes() throws Exception {
    watched = watched("absent", "", Duration.ofSeconds(1));
    watched.step();
    watched.step();
    assertThat(watched.nodes()).isEmpty();
    assertThat(watched.told()).isEmpty();
  }
}
