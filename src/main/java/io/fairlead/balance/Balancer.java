package io.fairlead.balance;

import io.fairlead.config.BalanceConfig;
import io.fairlead.config.BalanceMethod;
import io.fairlead.service.Node;
import io.fairlead.service.NodeSet;
import java.time.Duration;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Chooses among the available nodes of one published set. Any number of event loops may call one
 * balancer at the same time; picking neither locks nor allocates.
 */
public sealed interface Balancer
    permits NoNode, RoundRobin, RandomChoice, LeastLoaded, PowerOfTwo, RendezvousHash, MaglevHash {
  /** How often {@link #tick} wants to be called while there is traffic. */
  Duration TICK = Duration.ofMillis(20);

  /** The same while there is none. */
  Duration IDLE_TICK = Duration.ofMillis(100);

  /**
   * The node for the next request.
   *
   * @param hash of what the configuration says to hash; others than hashing methods do not look
   * @param avoid a node that has just failed this request, chosen only if there is no other
   * @param random the calling loop's own chance
   * @return null if no node is available
   */
  @Nullable Node pick(int hash, @Nullable Node avoid, RandomGenerator random);

  /**
   * Looks at what the nodes have done since the last call, and publishes what is now thought of
   * them. One thread only, the control thread; costs next to nothing while nothing is picked.
   *
   * @param now the time by which loops count, in nanoseconds
   * @return whether there is traffic: call again after {@link #TICK}, or else {@link #IDLE_TICK}
   */
  default boolean tick(long now) {
    return false;
  }

  /** What is thought of the node; null: nothing but its weight. The same thread. */
  default @Nullable NodeEstimate estimateOf(Node node) {
    return null;
  }

  /** By the method alone, all else being usual. */
  static Balancer of(BalanceMethod method, NodeSet nodes, @Nullable Balancer previous) {
    return of(new BalanceConfig(method), nodes, 0, previous);
  }

  /**
   * A balancer for the given set.
   *
   * @param epochMillis now, by the clock that says since when nodes are up
   * @param previous the one it replaces, if any: what it has learned is kept, round robin goes on
   *     where that one stands, and hashing keeps its table as long as the membership is the same
   */
  static Balancer of(
      BalanceConfig config, NodeSet nodes, long epochMillis, @Nullable Balancer previous) {
    Node[] available = nodes.available();
    if (available.length == 0) {
      return new NoNode();
    }
    SlowStart start = new SlowStart(config.slowStart().toMillis(), epochMillis);
    float[] weights = Weights.of(available, start);
    return switch (config.method()) {
      case ROUND_ROBIN -> RoundRobin.of(available, weights, previous);
      case RANDOM -> new RandomChoice(available, weights);
      case LEAST_REQUESTS -> LeastLoaded.byCount(LeastLoaded.Load.REQUESTS, available, weights);
      case LEAST_CONNECTIONS ->
          LeastLoaded.byCount(LeastLoaded.Load.CONNECTIONS, available, weights);
      case POWER_OF_TWO -> new PowerOfTwo(available, weights, new Estimates.ByWeight(weights));
      case PEAK_EWMA ->
          new PowerOfTwo(
              available,
              weights,
              PeakEwma.of(nodes.all(), available, weights, estimates(previous)));
      case ADAPTIVE ->
          LeastLoaded.byTime(
              available,
              weights,
              LeastTime.of(nodes.all(), available, weights, estimates(previous)));
      case IP_HASH ->
          nodes.all().length <= RendezvousHash.MAX_MEMBERS
              ? new RendezvousHash(available, weights)
              : MaglevHash.of(nodes, start, 0, previous);
      case HASH, MAGLEV -> MaglevHash.of(nodes, start, MaglevHash.BOUND, previous);
    };
  }

  private static @Nullable Estimates estimates(@Nullable Balancer balancer) {
    return switch (balancer) {
      case LeastLoaded known -> known.estimates();
      case PowerOfTwo known -> known.estimates();
      case null, default -> null;
    };
  }
}
