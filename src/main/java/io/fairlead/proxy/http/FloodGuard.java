package io.fairlead.proxy.http;

import java.util.concurrent.TimeUnit;

/**
 * Counts what costs the sender nothing and the receiver something: a peer may do so much of it at
 * once and so much per second, and every byte of a body that we send it earns it a little more,
 * since window updates come in answer to those. Rapid reset (CVE-2023-44487) and the floods of
 * PING, SETTINGS, PRIORITY and empty frames (CVE-2019-9511 to 9518) all end here.
 */
final class FloodGuard {
  /** Of a frame that is answered or looked at, and forgotten. */
  static final int CONTROL = 4;

  /** Of a request that is taken back: it may have cost a connection to a node. */
  static final int RESET = 10;

  /** Of a window update. */
  static final int WINDOW = 1;

  private static final int PER_DATA_FRAME = 2;

  private final int most;
  private final int perSecond;
  private long budget;
  private long since;

  /**
   * @param most that may be spent at once, in the units above
   * @param perSecond that come back
   */
  FloodGuard(int most, int perSecond, long now) {
    this.most = most;
    this.perSecond = perSecond;
    this.budget = most;
    this.since = now;
  }

  /** Spends; true if there is not so much left. */
  boolean isTooMuch(int cost, long now) {
    budget -= cost;
    if (budget >= 0) {
      return false;
    }
    long back = (now - since) * perSecond / TimeUnit.SECONDS.toNanos(1);
    since = now;
    budget = Math.min(most, budget + back);
    return budget < 0;
  }

  /** A frame of data goes out. */
  void earned() {
    budget = Math.min(most, budget + PER_DATA_FRAME);
  }
}
