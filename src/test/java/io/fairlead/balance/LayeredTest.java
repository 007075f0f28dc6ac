package io.fairlead.balance;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.BalanceConfig;
import io.fairlead.config.BalanceMethod;
import io.fairlead.config.HostPort;
import io.fairlead.service.Node;
import io.fairlead.service.NodeSpec;
import io.fairlead.service.Service;
import io.fairlead.telemetry.EventLog;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Predicate;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Tiers and zones. */
class LayeredTest {
  private static final long SECOND = 1_000_000_000L;

  private final long seed = System.nanoTime();
  private final SplittableRandom random = new SplittableRandom(seed);
  private final Service service = new Service("shop", 1, new EventLog(() -> 0), () -> 0);
  private BalanceConfig config = new BalanceConfig(BalanceMethod.ADAPTIVE);
  private Balancer balancer = new NoNode();
  private long now;

  /** Each {@code TIER ZONE}. */
  private void nodes(String... places) {
    List<NodeSpec> specs = new ArrayList<>();
    for (String place : places) {
      int index = specs.size();
      specs.add(
          new NodeSpec(
              new HostPort("127.1.0." + (1 + index), 80),
              "n" + index,
              1,
              place.substring(2),
              place.charAt(0) - '0',
              Map.of(),
              "file"));
    }
    service.setMembers(specs);
    changed();
  }

  private void changed() {
    balancer = Balancer.of(config, service.nodes(), 0, balancer);
  }

  private void down(int... nodes) {
    for (int node : nodes) {
      service.setUp(service.nodes().all()[node], false, "test");
    }
    changed();
  }

  private void up(int... nodes) {
    for (int node : nodes) {
      service.setUp(service.nodes().all()[node], true, "test");
    }
    changed();
  }

  private Node pick(@Nullable Node avoid) {
    Node node = balancer.pick(random.nextInt(), avoid, random);
    if (node == null) {
      throw new AssertionError("no node, seed " + seed);
    }
    return node;
  }

  private double share(Predicate<Node> of) {
    int hits = 0;
    for (int i = 0; i < 10_000; i++) {
      hits += of.test(pick(null)) ? 1 : 0;
    }
    return hits / 10_000.0;
  }

  private double ofTier(int tier) {
    return share(node -> node.facts().tier() == tier);
  }

  private double ofZone(String zone) {
    return share(node -> node.facts().zone().equals(zone));
  }

  /** The first tier has four nodes, the second two. */
  @ParameterizedTest
  @CsvSource({
    "0, 1.0", // all are there
    "1, 1.0", // 3 of 4, times 1.4, are more than enough
    "2, 0.7", // 2 of 4: 0.7 of the requests
    "3, 0.35", "4, 0.0",
  })
  void theNextTierGetsWhatTheFirstHasNoRoomFor(int lost, double share) {
    nodes("0 ", "0 ", "0 ", "0 ", "1 ", "1 ");
    int[] first = java.util.stream.IntStream.range(0, lost).toArray();
    down(first);
    // Six standard deviations of a binomial count of 10,000.
    assertThat(ofTier(0)).as("seed %s", seed).isBetween(share - 0.03, share + 0.03);
    up(first);
    assertThat(ofTier(0)).as("and back, seed %s", seed).isEqualTo(1);
  }

  @Test
  void whatNoTierHasRoomForAllShare() {
    nodes("0 ", "0 ", "0 ", "0 ", "1 ", "1 ", "1 ", "1 ");
    down(0, 1, 2, 4, 5, 6);
    // 0.35 of the first; of the 0.65 left 0.35 of the second: together less than all.
    double first = 0.35 / (0.35 + 0.65 * 0.35);
    assertThat(ofTier(0)).as("seed %s", seed).isBetween(first - 0.03, first + 0.03);
  }

  @Test
  void aNodeThatDrainsIsNotMissing() {
    nodes("0 ", "0 ", "1 ");
    service.setDraining(service.nodes().all()[0], true, "test");
    changed();
    assertThat(ofTier(0)).as("seed %s", seed).isEqualTo(1);
  }

  @Test
  void aFailedTryGoesToTheNextTierIfThereIsNoOther() {
    nodes("0 ", "1 ");
    assertThat(pick(service.nodes().all()[0]).name()).as("seed %s", seed).isEqualTo("n1");
  }

  @Test
  void nodesOfOurZoneComeFirstAndOthersWhenTheyAreMissing() {
    config = config.withZone("z1");
    nodes("0 z1", "0 z1", "0 z1", "0 z1", "0 z2", "0 z2", "0 z3", "0 ");
    assertThat(ofZone("z1")).as("seed %s", seed).isEqualTo(1);
    down(0, 1);
    assertThat(ofZone("z1")).as("seed %s", seed).isBetween(0.67, 0.73);
    down(2, 3);
    assertThat(ofZone("z1")).as("seed %s", seed).isZero();
    up(0, 1, 2, 3);
    assertThat(ofZone("z1")).as("seed %s", seed).isEqualTo(1);
  }

  @Test
  void whereWeStandInNoZoneOrAloneInOursZonesDoNotMatter() {
    nodes("0 z1", "0 z2");
    assertThat(ofZone("z1")).as("seed %s", seed).isBetween(0.45, 0.55);
    config = config.withZone("z9");
    changed();
    assertThat(ofZone("z1")).as("seed %s", seed).isBetween(0.45, 0.55);
  }

  /** Requests one after the other, a thousand a second. */
  private double run(int seconds, ToDoubleFunction<Node> latency) {
    int local = 0;
    for (int i = 0; i < 1000 * seconds; i++) {
      Node node = pick(null);
      local += node.facts().zone().equals("z1") ? 1 : 0;
      long nanos = (long) (latency.applyAsDouble(node) * SECOND);
      node.requestStarted(0, now);
      node.requestAnswered(0, now + nanos, nanos, false);
      node.requestFinished();
      now += SECOND / 1000;
      if (i % 20 == 0) {
        balancer.tick(now);
      }
    }
    return local / (1000.0 * seconds);
  }

  @Test
  void aZoneThatHasBecomeSlowIsLeftStepByStepAndReturnedTo() {
    config = config.withZone("z1");
    nodes("0 z1", "0 z1", "0 z2", "0 z2");
    assertThat(run(30, node -> 0.010)).as("seed %s", seed).isEqualTo(1);
    ToDoubleFunction<Node> slow = node -> node.facts().zone().equals("z1") ? 0.050 : 0.020;
    assertThat(run(3, slow)).as("not at once, seed %s", seed).isGreaterThan(0.7);
    run(20, slow);
    assertThat(run(5, slow)).as("most of it, seed %s", seed).isLessThan(0.15);
    ToDoubleFunction<Node> well = node -> node.facts().zone().equals("z1") ? 0.010 : 0.020;
    run(40, well);
    assertThat(run(5, well)).as("seed %s", seed).isEqualTo(1);
  }

  @Test
  void aZoneAFifthFasterIsNoReasonToGo() {
    config = config.withZone("z1");
    nodes("0 z1", "0 z1", "0 z2", "0 z2");
    run(20, node -> 0.010);
    assertThat(run(20, node -> node.facts().zone().equals("z1") ? 0.0115 : 0.010))
        .as("seed %s", seed)
        .isEqualTo(1);
  }

  @ParameterizedTest
  @EnumSource
  void everyMethodKeepsToItsLayers(BalanceMethod method) {
    config = new BalanceConfig(method).withZone("z1");
    nodes("0 z1", "0 z1", "0 z2", "1 z1", "1 z2");
    Set<String> seen = new HashSet<>();
    for (int i = 0; i < 2000; i++) {
      seen.add(pick(null).name());
    }
    assertThat(seen).as("seed %s", seed).containsExactlyInAnyOrder("n0", "n1");
  }

  @Test
  void aKeyKeepsItsNodeAcrossLayers() {
    config = new BalanceConfig(BalanceMethod.HASH).withZone("z1");
    nodes("0 z1", "0 z1", "0 z2", "0 z2");
    down(0); // half of our zone: some keys go to the other
    for (int i = 0; i < 1000; i++) {
      int key = random.nextInt();
      assertThat(balancer.pick(key, null, random))
          .as("seed %s", seed)
          .isSameAs(balancer.pick(key, null, random));
    }
  }
}
