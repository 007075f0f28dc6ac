package io.fairlead.config;

/** Which node gets the next request. */
public enum BalanceMethod {
  /** Each in turn, in proportion to weight. */
  ROUND_ROBIN,
  /** Fewest requests in flight per weight, counted over all event loops. */
  LEAST_REQUESTS,
  /** Fewest open connections per weight, counted over all event loops. */
  LEAST_CONNECTIONS,
  /** Any, in proportion to weight. */
  RANDOM,
  /** The same client address keeps its node as long as membership stays. */
  IP_HASH
}
