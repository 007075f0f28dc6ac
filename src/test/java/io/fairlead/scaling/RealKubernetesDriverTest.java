package io.fairlead.scaling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.RealCluster;
import io.fairlead.config.ClusterConfig;
import io.fairlead.config.ScaleDriver;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
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
 * Pods of a Deployment by the real API server and its real controllers, with the rights that
 * docs/scaling.md says and no other: {@code make test-kubernetes}. Its version does not mind
 * deletion costs yet, as newer ones do; so whatever goes through {@link Between} has a pod with a
 * low one not ready, and those are the first that Kubernetes takes.
 */
@EnabledIfSystemProperty(named = "fairlead.kubernetes", matches = ".+")
@Timeout(120)
class RealKubernetesDriverTest {
  private static final Duration GRACE = Duration.ofSeconds(20);

  @TempDir private static Path folder;
  private static RealCluster cluster;

  private String namespace = "";
  private Path token = Path.of("");
  private Between between;

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
  void start() throws IOException {
    namespace = cluster.namespace(RealCluster.rules("scaling.md"));
    token = folder.resolve("token-" + namespace);
    Files.writeString(token, cluster.token(namespace, "first"));
    cluster.deploy(namespace, 0);
    between = new Between(cluster);
    between.meanwhile(this::mindCost);
  }

  @AfterEach
  void end() {
    cluster.kubelet().noRoom("");
    between.close();
  }

  private void mindCost(String question, String body) throws IOException {
    if (question.startsWith("PATCH ") && body.contains("\"-1000\"")) {
      String pod = question.substring(question.lastIndexOf('/') + 1);
      cluster.kubelet().ready(namespace, pod, false);
    }
  }

  private KubernetesDriver driver(String url, Duration startTimeout) {
    return new KubernetesDriver(
        "mark",
        "shop",
        new ScaleDriver.Kubernetes(
            new ClusterConfig(url, namespace, Optional.of(token), List.of(cluster.ca())),
            "shop",
            8080),
        startTimeout);
  }

  private KubernetesDriver driver() {
    return driver(between.url(), Duration.ofSeconds(20));
  }

  private KubernetesDriver direct() {
    return driver(cluster.url(), Duration.ofSeconds(20));
  }

  private List<String> pods() throws IOException {
    return cluster.kubelet().pods(namespace);
  }

  private static String podOf(Started node) {
    return node.id().replaceFirst("pod (.*) on machine-1", "$1");
  }

  @Test
  void podsComeAndTheOneThatIsMeantGoesDownToNoneAndUpAgain() throws IOException {
    KubernetesDriver driver = driver();
    assertThat(driver.find()).isEmpty();
    Started first = driver.start("a");
    assertThat(first.address().toString()).matches("10\\.9\\.0\\.[0-9]+:8080");
    assertThat(driver.start("a")).as("asked for twice").isEqualTo(first);
    Started second = driver.start("b");
    Started third = driver.start("c");
    assertThat(cluster.size(namespace)).isEqualTo(3);
    assertThat(direct().find()).containsExactlyInAnyOrder(first, second, third);
    driver.stop(second, GRACE);
    assertThat(cluster.size(namespace)).isEqualTo(2);
    assertThat(direct().find()).containsExactlyInAnyOrder(first, third);
    assertThat(pods()).containsExactlyInAnyOrder(podOf(first), podOf(third));
    driver.stop(first, GRACE);
    driver.stop(third, GRACE);
    assertThat(cluster.size(namespace)).isZero();
    assertThat(pods()).isEmpty();
    Started fourth = driver.start("d");
    assertThat(cluster.size(namespace)).isEqualTo(1);
    assertThat(driver.find()).containsExactly(fourth);
  }

  /** The API server refuses what was meant for another version. */
  @Test
  void somebodyElseMayWriteMeanwhile() throws IOException {
    AtomicInteger turns = new AtomicInteger(2);
    between.meanwhile((question, _) -> {
      if (question.startsWith("PUT ") && turns.getAndDecrement() > 0) {
        annotateDeployment(turns.get());
      }
    });
    Started first = driver().start("a");
    assertThat(between.answers().stream().filter(one -> one.startsWith("PUT ")))
        .hasSizeGreaterThanOrEqualTo(3) // controllers write as well
        .endsWith("PUT " + RealCluster.deployment(namespace) + "/scale 200")
        .filteredOn(one -> one.endsWith("/scale 409"))
        .hasSizeGreaterThanOrEqualTo(2);
    between.meanwhile((question, _) -> {
      if (question.startsWith("PUT ")) {
        annotateDeployment(turns.getAndDecrement());
      }
    });
    assertThatThrownBy(() -> driver().start("b"))
        .hasMessage("the number of replicas of shop is changed by others all the time");
    assertThat(driver().find()).containsExactly(first);
    assertThat(cluster.size(namespace)).isEqualTo(1);
  }

  /** While the controllers say of the Deployment, too, how far they are. */
  @Test
  void manyAtOnceAreAsManyPods() throws IOException {
    KubernetesDriver driver = driver();
    List<CompletableFuture<Started>> starts =
        IntStream.range(0, 16).mapToObj(i -> begin(() -> driver.start("n" + i))).toList();
    List<Started> nodes = starts.stream().map(CompletableFuture::join).toList();
    assertThat(nodes.stream().map(Started::address)).doesNotHaveDuplicates().hasSize(16);
    assertThat(cluster.size(namespace)).isEqualTo(16);
    System.out.println(
        "conflicts: " + between.answers().stream().filter(one -> one.endsWith(" 409")).count());
  }

  private interface Work {
    Started go() throws IOException;
  }

  private static CompletableFuture<Started> begin(Work work) {
    return CompletableFuture.supplyAsync(
        () -> {
          try {
            return work.go();
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        },
        task -> Thread.ofVirtual().start(task));
  }

  /** What they want is not undone by what was wanted before. */
  @Test
  void somebodyElseMayResizeMeanwhile() throws IOException {
    AtomicInteger turns = new AtomicInteger(1);
    between.meanwhile((question, _) -> {
      if (question.startsWith("PUT ") && turns.getAndDecrement() > 0) {
        cluster.resize(namespace, 3);
      }
    });
    Started first = driver().start("a");
    assertThat(between.answers())
        .contains("PUT " + RealCluster.deployment(namespace) + "/scale 409");
    assertThat(cluster.size(namespace)).isEqualTo(3);
    long second = 1_000_000_000;
    KubernetesDriver driver = direct();
    assertThat(driver.look(List.of(first), second)).isEmpty();
    assertThat(driver.look(List.of(first), 17 * second)).isEmpty();
    assertThat(cluster.size(namespace)).as("nobody's go later").isEqualTo(1);
  }

  private static void annotateDeployment(int text, String namespace) throws IOException {
    JsonNode _ =
        cluster.ask(
            "PATCH",
            RealCluster.deployment(namespace),
            Map.of("metadata", Map.of("annotations", Map.of("by", "somebody " + text))));
  }

  private void annotateDeployment(int text) throws IOException {
    annotateDeployment(text, namespace);
  }

  @Test
  void aPodThatIsLostIsReplacedByTheNextNode() throws Exception {
    KubernetesDriver driver = driver();
    Started first = driver.start("a");
    Started second = driver.start("b");
    JsonNode _ = cluster.ask("DELETE", RealCluster.core(namespace) + "/pods/" + podOf(first), null);
    assertThat(driver.look(List.of(first, second), 1))
        .isEqualTo(Map.of(first, first.id() + " is gone, or about to go"));
    Started third = driver.start("c");
    assertThat(podOf(third)).isNotEqualTo(podOf(first));
    assertThat(cluster.size(namespace)).isEqualTo(2);
    assertThat(driver.find()).containsExactlyInAnyOrder(second, third);
  }

  /** As it is before 1.22, and later where another pod is not ready. */
  @Test
  void whereKubernetesTakesAnotherTheStopIsTriedAgain() throws Exception {
    KubernetesDriver driver = direct();
    Started first = driver.start("a");
    Started second = driver.start("b");
    assertThatThrownBy(() -> driver.stop(first, Duration.ofSeconds(-9)))
        .hasMessage(
            "Kubernetes does not take pod "
                + podOf(first)
                + " away, but has taken "
                + podOf(second)
                + ": not ready, or a Kubernetes before 1.22, which does not mind "
                + KubernetesDriver.COST);
    RealCluster.await(
        "that the other one has gone", () -> ended(driver, first, second).equals(List.of("b")));
    driver.stop(first, GRACE);
    assertThat(cluster.size(namespace)).isZero();
  }

  private static List<String> ended(KubernetesDriver driver, Started... nodes) {
    try {
      return driver.look(List.of(nodes), 1).keySet().stream().map(Started::name).toList();
    } catch (IOException e) {
      return List.of(e.toString());
    }
  }

  @Test
  void whereThereIsNoRoomItIsSaidAndNothingIsLeft() throws IOException {
    cluster.kubelet().noRoom("0/1 nodes are available: 1 Insufficient cpu.");
    KubernetesDriver driver = driver(between.url(), Duration.ofSeconds(3));
    assertThatThrownBy(() -> driver.start("a"))
        .hasMessage("no pod of shop within 3 s: 0/1 nodes are available: 1 Insufficient cpu.");
    assertThat(cluster.size(namespace)).isZero();
  }

  /** One by one: without any of them it is said which one is missing. */
  @Test
  void eachOfTheRightsIsNeededAndNamedWhereItIsMissing() throws IOException {
    KubernetesDriver driver = direct();
    Started first = driver.start("a");
    Map<String, String> said = new LinkedHashMap<>();
    List<RealCluster.Rule> all = RealCluster.rules("scaling.md");
    for (RealCluster.Rule rule : all) {
      for (String verb : rule.verbs()) {
        cluster.allow(
            namespace,
            all.stream()
                .map(one -> one.equals(rule) ? one.without(verb) : one)
                .filter(one -> !one.verbs().isEmpty()) // no rule may have none
                .toList());
        said.put(verb + " " + rule.resources().getFirst(), failure(driver, said.size()));
      }
    }
    cluster.allow(namespace, all);
    String user = "User \"system:serviceaccount:" + namespace + ":fairlead\" cannot ";
    assertThat(said)
        .hasSize(5)
        .allSatisfy((right, words) ->
            assertThat(words)
                .startsWith("does not let us ask (status 403): ")
                .contains(user + right.replaceFirst(" ", " resource \"") + "\" in API group \""));
    assertThat(driver.find()).containsExactly(first);
  }

  /** A node is to be started until that is refused; rights take a moment to change. */
  private static String failure(KubernetesDriver driver, int number) {
    for (int i = 0; i < 50; i++) {
      try {
        Started node = driver.start("n" + number + "x" + i);
        assertThat(node).isNotNull();
      } catch (IOException e) {
        return String.valueOf(e.getMessage());
      }
    }
    return "nothing";
  }

  @Test
  void aTokenThatHoldsNoMoreIsReplacedOnDisk() throws Exception {
    KubernetesDriver driver = direct();
    Started first = driver.start("a");
    cluster.revoke(namespace, "first");
    RealCluster.await(
        "that the token is refused",
        () ->
            ended(driver, first)
                .toString()
                .endsWith("does not let us ask (status 401): Unauthorized]"));
    Files.writeString(token, cluster.token(namespace, "second"));
    assertThat(driver.find()).containsExactly(first);
    driver.stop(first, GRACE);
    assertThat(cluster.size(namespace)).isZero();
  }

  @Test
  void anApiServerThatIsGoneAndThereAgainIsAskedAgain() throws Exception {
    KubernetesDriver driver = direct();
    Started first = driver.start("a");
    cluster.kill();
    assertThatThrownBy(driver::find).hasMessage("no connection");
    assertThatThrownBy(() -> driver.start("b")).hasMessage("no connection");
    assertThatThrownBy(() -> driver.look(List.of(first), 1)).hasMessage("no connection");
    cluster.startAgain();
    assertThat(driver.find()).containsExactly(first);
    Started second = driver.start("b");
    assertThat(cluster.size(namespace)).isEqualTo(2);
    assertThat(driver.find()).containsExactlyInAnyOrder(first, second);
  }
}
