package io.fairlead.balance;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.BalanceConfig;
import io.fairlead.config.BalanceMethod;
import io.fairlead.service.Node;
import io.fairlead.service.NodeSet;
import io.fairlead.service.Service;
import io.fairlead.service.Standing;
import io.fairlead.telemetry.EventLog;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Nodes that get less than their weight says: they are not trusted, or have just started. */
class PartialSharesTest {
  private static final int PICKS = 60_000;

  private final long seed = System.nanoTime();
  private final SplittableRandom random = new SplittableRandom(seed);
  private long clock;

  private Service service(int nodes) {
    int[] weights = new int[nodes];
    java.util.Arrays.fill(weights, 2);
    Service service = new Service("shop", 1, new EventLog(() -> 0), () -> clock);
    service.setMembers(BalancerTest.specs(weights));
    return service;
  }

  /** Of the first node, all requests staying in flight. */
  private double shareOfFirst(BalanceConfig config, Service service) {
    NodeSet nodes = service.nodes();
    Balancer balancer = Balancer.of(config, nodes, clock, null);
    Map<Node, Integer> counts = new HashMap<>();
    for (int i = 0; i < PICKS; i++) {
      Node node = balancer.pick(random.nextInt(), null, random);
      if (node == null) {
        throw new AssertionError("no node, seed " + seed);
      }
      counts.merge(node, 1, Integer::sum);
      node.requestStarted();
      node.connectionOpened();
    }
    for (Node node : nodes.all()) { // for the next look
      for (int i = counts.getOrDefault(node, 0); i > 0; i--) {
        node.requestFinished();
        node.connectionClosed();
      }
    }
    return counts.getOrDefault(nodes.all()[0], 0) / (double) PICKS;
  }

  /** Of a share s among n where one has a part of it: s' = part / (n - 1 + part). */
  private static double due(double part, int nodes) {
    return part / (nodes - 1 + part);
  }

  @ParameterizedTest
  @EnumSource
  void aNodeOnProbationGetsThatPartOfItsShare(BalanceMethod method) {
    for (int size : new int[] {4, 20}) {
      Service service = service(size);
      Node first = service.nodes().all()[0];
      for (double part : new double[] {0.01, 0.05, 0.25}) {
        service.setStanding(first, new Standing(Standing.State.PROBATION, part, "test"));
        double due = due(part, size);
        // Six standard deviations of a binomial count, and what a hash table is off by.
        double bound = 6 * Math.sqrt(due * (1 - due) / PICKS) + due * 0.1 + 1e-3;
        assertThat(shareOfFirst(new BalanceConfig(method), service))
            .as("%s, %s of %s nodes, seed %s", method, part, size, seed)
            .isBetween(due - bound, due + bound);
      }
      service.setStanding(first, new Standing(Standing.State.EJECTED, 0, "test"));
      assertThat(shareOfFirst(new BalanceConfig(method), service)).isZero();
    }
  }

  @ParameterizedTest
  @EnumSource
  void aNodeThatHasJustComeStartsSlowly(BalanceMethod method) {
    BalanceConfig config = new BalanceConfig(method).withSlowStart(Duration.ofSeconds(30));
    Service service = service(4);
    clock = 100_000;
    Node first = service.nodes().all()[0];
    service.setUp(first, false, "test");
    service.setUp(first, true, "test");
    Map<Long, Double> ramp = Map.of(0L, 0.1, 1500L, 0.1, 15_000L, 0.5, 27_000L, 0.9, 30_000L, 1.0);
    ramp.forEach((millis, part) -> {
      clock = 100_000 + millis;
      assertThat(shareOfFirst(config, service))
          .as("%s after %s ms, seed %s", method, millis, seed)
          .isBetween(due(part, 4) - 0.015, due(part, 4) + 0.015);
    });
  }

  @ParameterizedTest
  @EnumSource
  void whereAllHaveJustComeAllGetTheSame(BalanceMethod method) {
    BalanceConfig config = new BalanceConfig(method).withSlowStart(Duration.ofSeconds(30));
    Service service = service(4);
    clock = 3000;
    assertThat(shareOfFirst(config, service)).as("seed %s", seed).isBetween(0.235, 0.265);
  }
}
