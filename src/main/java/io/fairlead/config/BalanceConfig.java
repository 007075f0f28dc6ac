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
 */
public record BalanceConfig(
    BalanceMethod method, boolean chosen, HashKey hash, Duration slowStart) {
  static final Range<Duration> SLOW_START = Range.durations(Duration.ZERO, Duration.ofHours(1));

  /** For services that get requests. */
  public static final BalanceConfig DEFAULT =
      new BalanceConfig(BalanceMethod.ADAPTIVE, false, HashKey.CLIENT_IP, Duration.ZERO);

  /** What is meant where nobody chose and a service gets connections, or datagrams. */
  static final BalanceMethod OF_CONNECTIONS = BalanceMethod.LEAST_CONNECTIONS;

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
    this(method, true, HashKey.CLIENT_IP, Duration.ZERO);
  }

  /** The same for a service that gets connections. */
  BalanceConfig ofConnections() {
    return chosen ? this : new BalanceConfig(OF_CONNECTIONS, false, hash, slowStart);
  }
}
