package io.fairlead.alert;

import java.time.Duration;
import java.util.random.RandomGenerator;

/** When to try again: later and later, and not at the same time as everybody else. */
final class Backoff {
  private static final long FIRST = 1000;
  private static final long LONGEST = 5 * 60_000;
  private static final int MAX_DOUBLINGS = 20;

  private Backoff() {}

  /**
   * Milliseconds until the next try: twice as long after each, half of it by chance.
   *
   * @param tries so far, 1 or more
   * @param wanted what the receiver asked for
   */
  static long pause(int tries, Duration wanted, RandomGenerator random) {
    long whole = Math.min(LONGEST, FIRST << Math.min(tries - 1, MAX_DOUBLINGS));
    return Math.max(wanted.toMillis(), whole / 2 + random.nextLong(whole / 2 + 1));
  }
}
