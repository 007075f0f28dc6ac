package io.fairlead.balance;

import io.fairlead.config.BalanceConfig;
import io.fairlead.config.BalanceMethod;
import io.fairlead.service.Division;
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
    permits NoNode,
        RoundRobin,
        RandomChoice,
        LeastLoaded,
        PowerOfTwo,
        RendezvousHash,
        KeyedHash,
        MaglevHash,
        Layered,
        Divided,
        InSubset {
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

  /** Whether requests may go to the node, should it be available. Any thread. */
  default boolean uses(Node node) {
    return true;
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
    if (previous instanceof Divided before) {
      return of(config, nodes, epochMillis, before.larger());
    }
    return config.subset().size() < nodes.all().length
        ? InSubset.of(config, nodes, epochMillis, previous)
        : Kinds.layered(
            config,
            nodes,
            epochMillis,
            previous instanceof InSubset before ? before.balancer() : previous);
  }

  /**
   * The same, of which a new version gets a share.
   *
   * @param division null: there is none
   */
  static Balancer of(
      BalanceConfig config,
      NodeSet nodes,
      @Nullable Division division,
      long epochMillis,
      @Nullable Balancer previous) {
    return division == null
        ? of(config, nodes, epochMillis, previous)
        : Divided.of(config, nodes, division, epochMillis, previous);
  }
}
