package io.fairlead.balance;

import io.fairlead.config.BalanceConfig;
import io.fairlead.service.Node;
import io.fairlead.service.NodeSet;
import org.jspecify.annotations.Nullable;

/** Which kind of balancer a configuration and a set of nodes ask for. */
final class Kinds {
  private Kinds() {}

  /** Tiers and zones, if there are any. */
  static Balancer layered(
      BalanceConfig config, NodeSet nodes, long epochMillis, @Nullable Balancer previous) {
    return nodes.available().length > 0 && Layered.isNeeded(nodes, config.zone())
        ? Layered.of(config, nodes, epochMillis, previous)
        : flat(config, nodes, epochMillis, previous);
  }

  /** Any node is as good as any other but for its weight and what it does. */
  static Balancer flat(
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
