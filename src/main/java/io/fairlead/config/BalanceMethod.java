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
  IP_HASH,
  /**
   * The same key keeps its node as long as membership stays, unless that has a quarter more to do
   * than its share.
   */
  HASH,
  /** Another word for the same. */
  MAGLEV,
  /** The one with fewer requests in flight per weight of two drawn by weight. */
  POWER_OF_TWO,
  /** The same with requests times a mean of latencies that follows peaks. */
  PEAK_EWMA,
  /** The one where a request is thought to be answered soonest. */
  ADAPTIVE;

  /** Whether requests of one kind keep their node. */
  public boolean isHashing() {
    return this == IP_HASH || this == HASH || this == MAGLEV;
  }
}
