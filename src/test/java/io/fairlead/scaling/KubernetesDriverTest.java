package io.fairlead.scaling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.config.ClusterConfig;
import io.fairlead.config.HostPort;
import io.fairlead.config.ScaleDriver;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Pods of a Deployment, by a scripted API server. */
@Timeout(60)
class KubernetesDriverTest {
  private static final Duration GRACE = Duration.ofSeconds(20);

  @TempDir private Path folder;
  private FakeCluster cluster;

  @BeforeEach
  void start() throws IOException {
    Files.writeString(folder.resolve("token"), "secret\n");
    cluster =
        new FakeCluster(
            new FakeCluster.Machine() {
              @Override
              public void begin(String ip) {}

              @Override
              public void end(String ip) {}
            });
  }

  @AfterEach
  void end() {
    cluster.close();
  }

  private KubernetesDriver driver() {
    return driver("mark", Duration.ofSeconds(20));
  }

  private KubernetesDriver driver(String mark, Duration startTimeout) {
    return new KubernetesDriver(
        mark,
        "shop",
        new ScaleDriver.Kubernetes(
            new ClusterConfig(
                cluster.url(), "prod", Optional.of(folder.resolve("token")), List.of()),
            "shop",
            8080),
        startTimeout);
  }

  private static Started pod(String name, int number) {
    return new Started(
        name, new HostPort("127.0.1." + number, 8080), "pod shop-" + number + " on machine-1");
  }

  @Test
  void podsComeAndTheOneThatIsMeantGoes() throws IOException {
    KubernetesDriver driver = driver();
    assertThat(driver.find()).isEmpty();
    Started first = driver.start("a");
    assertThat(first).isEqualTo(pod("a", 1));
    assertThat(driver.start("a")).as("asked for twice").isEqualTo(first);
    Started second = driver.start("b");
    Started third = driver.start("c");
    assertThat(driver().find()).containsExactly(first, second, third);
    driver.stop(second, GRACE);
    driver.stop(second, GRACE);
    assertThat(driver().find()).containsExactly(first, third);
    assertThat(cluster.changes())
        .containsExactly(
            "replicas 1",
            "shop-1 {controller.kubernetes.io/pod-deletion-cost=1000, fairlead/node=mark-shop.a}",
            "replicas 2",
            "shop-2 {controller.kubernetes.io/pod-deletion-cost=1000, fairlead/node=mark-shop.b}",
            "replicas 3",
            "shop-3 {controller.kubernetes.io/pod-deletion-cost=1000, fairlead/node=mark-shop.c}",
            "shop-2 {controller.kubernetes.io/pod-deletion-cost=-1000, fairlead/node=mark-shop.b}",
            "replicas 2");
    driver.stop(first, GRACE);
    driver.stop(third, GRACE);
    assertThat(cluster.replicas).isZero();
    assertThat(driver.start("d")).as("from none").isEqualTo(pod("d", 4));
  }

  @Test
  void manyAtOnceAreAsManyPods() {
    KubernetesDriver driver = driver();
    List<CompletableFuture<Started>> starts =
        List.of("a", "b", "c", "d", "e", "f").stream()
            .map(name ->
                CompletableFuture.supplyAsync(
                    () -> {
                      try {
                        return driver.start(name);
                      } catch (IOException e) {
                        throw new IllegalStateException(e);
                      }
                    },
                    task -> Thread.ofVirtual().start(task)))
            .toList();
    assertThat(starts.stream().map(CompletableFuture::join).map(Started::address))
        .doesNotHaveDuplicates()
        .hasSize(6);
    assertThat(cluster.replicas).isEqualTo(6);
  }

  @Test
  void aStartThatWasCutOffIsFoundAgain() throws IOException {
    cluster.replicas = 1; // by a process that was killed before it knew which pod it would be
    assertThat(driver().start("a")).isEqualTo(pod("a", 1));
    assertThat(cluster.replicas).isEqualTo(1);
  }

  @Test
  void aPodThatKubernetesMakesInThePlaceOfAnotherIsTheNextNode() throws IOException {
    KubernetesDriver driver = driver();
    Started first = driver.start("a");
    Started second = driver.start("b");
    cluster.lose("127.0.1.1");
    assertThat(driver.look(List.of(first, second), 1))
        .isEqualTo(Map.of(first, "pod shop-1 on machine-1 is gone, or about to go"));
    assertThat(driver.start("c")).isEqualTo(pod("c", 3));
    assertThat(cluster.replicas).isEqualTo(2);
  }

  @Test
  void whereKubernetesTakesAnotherTheStopIsTriedAgain() throws IOException {
    KubernetesDriver driver = driver();
    Started first = driver.start("a");
    Started second = driver.start("b");
    cluster.alive().getFirst().ready = false;
    assertThatThrownBy(() -> driver.stop(second, Duration.ofSeconds(-9)))
        .isInstanceOf(IOException.class)
        .hasMessage(
            "Kubernetes does not take pod shop-2 away, but has taken shop-1: not ready, or a"
                + " Kubernetes before 1.22, which does not mind"
                + " controller.kubernetes.io/pod-deletion-cost");
    assertThat(driver.look(List.of(first, second), 1)).containsOnlyKeys(first);
    driver.stop(second, GRACE);
    assertThat(cluster.replicas).isZero();
  }

  @Test
  void whatNobodyKnowsOfGoesAfterAWhileAndNodesStay() throws IOException {
    KubernetesDriver driver = driver();
    Started first = driver.start("a");
    Started forgotten = driver.start("b");
    cluster.replicas = 4; // by somebody's hand
    long second = 1_000_000_000;
    assertThat(driver.look(List.of(first), second)).isEmpty();
    assertThat(driver.look(List.of(first), 16 * second)).isEmpty();
    assertThat(cluster.replicas).isEqualTo(4);
    assertThat(driver.look(List.of(first), 17 * second)).isEmpty();
    assertThat(cluster.replicas).isEqualTo(1);
    assertThat(driver.find()).containsExactly(first).doesNotContain(forgotten);
  }

  @Test
  void whereThereIsNoRoomItIsSaidAndNothingIsLeft() throws IOException {
    Started first = driver().start("a");
    cluster.unschedulable = "0/3 nodes are available: 3 Insufficient cpu.";
    KubernetesDriver driver = driver("mark", Duration.ofSeconds(1));
    assertThatThrownBy(() -> driver.start("b"))
        .isInstanceOf(IOException.class)
        .hasMessage("no pod of shop within 1 s: 0/3 nodes are available: 3 Insufficient cpu.");
    assertThat(cluster.replicas).isEqualTo(1);
    assertThat(driver.find()).containsExactly(first);
  }

  @Test
  void somebodyElseMayWriteMeanwhile() throws IOException {
    cluster.conflicts = 3;
    assertThat(driver().start("a")).isEqualTo(pod("a", 1));
    cluster.conflicts = 100;
    assertThatThrownBy(() -> driver().start("b"))
        .isInstanceOf(IOException.class)
        .hasMessage("the number of replicas of shop is changed by others all the time");
  }

  @Test
  void nodesOfAnotherAreNotTouched() throws IOException {
    driver().start("a");
    assertThatThrownBy(() -> driver("other", Duration.ofSeconds(20)).start("a"))
        .isInstanceOf(IOException.class)
        .hasMessage(
            "pods of shop are nodes of another Fairlead (annotation fairlead/node of shop-1);"
                + " where it is gone for good, take the annotation away");
    assertThat(driver("other", Duration.ofSeconds(20)).find()).isEmpty();
    assertThat(cluster.replicas).isEqualTo(1);
  }

  @Test
  void whatIsWrongIsSaid() throws IOException {
    cluster.status = 403;
    assertThatThrownBy(() -> driver().find()).hasMessage("does not let us ask (status 403)");
    cluster.status = 200;
    Files.writeString(folder.resolve("token"), "another");
    assertThatThrownBy(() -> driver().find()).hasMessage("does not let us ask (status 401)");
    Files.delete(folder.resolve("token"));
    assertThatThrownBy(() -> driver().find())
        .hasMessage(folder.resolve("token") + " cannot be read");
    cluster.close();
    Files.writeString(folder.resolve("token"), "secret");
    assertThatThrownBy(() -> driver().find()).hasMessage("no connection");
  }
}
