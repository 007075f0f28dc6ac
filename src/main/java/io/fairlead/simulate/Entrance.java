package io.fairlead.simulate;

import io.fairlead.limit.AdaptiveLimit;
import io.fairlead.limit.RetryBudget;
import io.fairlead.limit.WaitQueue;
import io.fairlead.telemetry.LatencyHistogram;
import io.fairlead.telemetry.LatencyHistogram.Distribution;
import org.jspecify.annotations.Nullable;

/**
 * Who is let in at one instance, and who may be tried again: the adaptive limit with its queue, and
 * the budget of retries. While anybody is turned away nothing is tried twice.
 */
final class Entrance {
  /** How often production looks at the limit. */
  static final long TICK = 100_000_000L;

  /** How long one may wait to be let in. */
  static final long PATIENCE = 1_000_000_000L;

  private static final int MAX_WAITING = 1000;

  /** Retries granted each second beside the share; the default of the product. */
  private static final int PER_SECOND = 10;

  /** A request that waits. */
  static final class Guest extends WaitQueue.Waiter {
    final int row;

    Guest(int row) {
      this.row = row;
    }
  }

  private final boolean limits;
  private final int share;
  private final AdaptiveLimit limit = new AdaptiveLimit(1, 1_000_000);
  private final WaitQueue queue = new WaitQueue(1);
  private final RetryBudget budget = new RetryBudget(1);
  private LatencyHistogram window = new LatencyHistogram(1);
  private int inFlight;
  private int peak;
  private boolean limited;
  private long shedUntil = Long.MIN_VALUE;

  /**
   * @param share percent of requests that may be tried again; negative: all
   */
  Entrance(boolean limits, int share) {
    this.limits = limits;
    this.share = share;
  }

  /** Whether the request is let in now; if not it waits, or {@link #isFull} said so. */
  boolean enters() {
    if (!limits || (queue.size() == 0 && inFlight < limit.limit())) {
      return true;
    }
    limited = true;
    return false;
  }

  boolean isFull() {
    return queue.size() >= MAX_WAITING;
  }

  Guest waits(int row, long now) {
    Guest guest = new Guest(row);
    queue.add(guest, 0, now, PATIENCE);
    return guest;
  }

  /** It has gone to a node. */
  void started(long now) {
    inFlight++;
    peak = Math.max(peak, inFlight);
    budget.request(0, now);
  }

  /** It is over, with all its tries. */
  void ended() {
    inFlight--;
  }

  /** One try has been answered. */
  void answered(long took) {
    window.record(0, took / 1000);
  }

  /** Who is next to be let in; null: nobody, or there is no room. */
  @Nullable Guest next() {
    if (inFlight >= limit.limit() || !(queue.peek() instanceof Guest guest)) {
      return null;
    }
    return guest;
  }

  /** Who has waited for too long to be let in; null: nobody. */
  @Nullable Guest late(long now) {
    return queue.late(now) instanceof Guest guest ? guest : null;
  }

  /** Who makes room in a full queue for one who comes; null: nobody. */
  @Nullable Guest lesser() {
    return queue.lesser(0) instanceof Guest guest ? guest : null;
  }

  void leaves(Guest guest, long now) {
    queue.remove(guest, now);
  }

  void turnedAway(long now) {
    shedUntil = now + TICK;
  }

  boolean mayTryAgain(long now) {
    return (!limits || now >= shedUntil) && (share < 0 || budget.grant(now, share, PER_SECOND));
  }

  void tick() {
    Distribution seen = new Distribution();
    window.addTo(seen);
    int _ =
        limit.update(
            new AdaptiveLimit.Window(
                TICK,
                seen.count(),
                seen.quantileMicros(0.5) * 1000,
                seen.count() == 0 ? 0 : seen.sumMicros() * 1000 / seen.count(),
                peak,
                limited,
                false));
    window = new LatencyHistogram(1);
    peak = inFlight;
    limited = false;
  }
}
