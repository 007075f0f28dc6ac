package io.fairlead.config;

import java.time.Duration;

/**
 * Which node of a service gets the next request.
 *
 * @param method the rule
 * @param chosen whether somebody said so; if not it follows from what is balanced
 * @param hash what hashing methods look at
 * @param slowStart in which a node that has come, or come back, gets its share step by step; zero:
 *     at once
 * @param subset which part of the nodes is used
 * @param zone where the balancer stands; nodes there come first; empty: no zone does
 * @param loadMetrics what becomes of fields in which nodes say how loaded they are
 */
public record BalanceConfig(
    BalanceMethod method,
    boolean chosen,
    HashKey hash,
    Duration slowStart,
    SubsetConfig subset,
    String zone,
    LoadMetrics loadMetrics) {
  static final Range<Duration> SLOW_START = Range.durations(Duration.ZERO, Duration.ofHours(1));

  /** For services that get requests. */
  public static final BalanceConfig DEFAULT =
      new BalanceConfig(
          BalanceMethod.ADAPTIVE,
          false,
          HashKey.CLIENT_IP,
          Duration.ZERO,
          SubsetConfig.NONE,
          "",
          LoadMetrics.STRIP);

  /** What becomes of {@code endpoint-load-metrics} in answers, once it has been read. */
  public enum LoadMetrics {
    /** Clients do not get it. */
    STRIP,
    PASS
  }

  public BalanceConfig {
    new Require()
        .within(SLOW_START, "slow-start", slowStart)
        .that(
            hash.equals(HashKey.CLIENT_IP)
                || method == BalanceMethod.HASH
                || method == BalanceMethod.MAGLEV,
            "hash",
            hash,
            "needs balance: hash")
        .orRefuse();
  }

  /** Everything else as usual. */
  public BalanceConfig(BalanceMethod method) {
    this(method, true, HashKey.CLIENT_IP, Duration.ZERO, SubsetConfig.NONE, "", LoadMetrics.STRIP);
  }

  /** The same by another method. */
  public BalanceConfig withMethod(BalanceMethod other) {
    return new BalanceConfig(other, chosen, hash, slowStart, subset, zone, loadMetrics);
  }

  /** The same with nodes starting slowly. */
  public BalanceConfig withSlowStart(Duration window) {
    return new BalanceConfig(method, chosen, hash, window, subset, zone, loadMetrics);
  }

  /** The same for one of several instances. */
  public BalanceConfig withSubset(SubsetConfig part) {
    return new BalanceConfig(method, chosen, hash, slowStart, part, zone, loadMetrics);
  }

  /** The same for a balancer that stands there. */
  public BalanceConfig withZone(String place) {
    return new BalanceConfig(method, chosen, hash, slowStart, subset, place, loadMetrics);
  }

  /** The same for a service that gets connections. */
  BalanceConfig ofConnections() {
    return chosen ? this : withMethod(BalanceMethod.LEAST_CONNECTIONS);
  }
}
