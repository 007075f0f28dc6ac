package io.fairlead.simulate;

import io.fairlead.limit.AdaptiveLimit;
import io.fairlead.limit.AdmissionLevel;
import io.fairlead.limit.RetryBudget;
import io.fairlead.limit.WaitQueue;
import io.fairlead.telemetry.LatencyHistogram;
import io.fairlead.telemetry.LatencyHistogram.Distribution;
import org.jspecify.annotations.Nullable;

/**
 * Who is let in at one instance, and who may be tried again: the adaptive limit with its queue and
 * level, and the budget of retries. While anybody is turned away, and for a second after, nothing
 * is tried twice. All requests are equally important.
 */
final class Entrance {
  /** How often production looks at the limit. */
  static final long TICK = 100_000_000L;

  /** How long one may wait to be let in. */
  static final long PATIENCE = 1_000_000_000L;

  private static final int MAX_WAITING = 1000;

  /** The importance of all, as by default. */
  private static final int IMPORTANCE = 2;

  /** How many ticks a window of the level has, and what is long to wait. */
  private static final int LEVEL_TICKS = 5;

  private static final long LONG_WAIT = 20_000_000;
  private static final long SHEDDING_LASTS = 1_000_000_000L;

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
  private final WaitQueue queue = new WaitQueue(IMPORTANCE + 1);
  private final AdmissionLevel level = new AdmissionLevel(IMPORTANCE + 1, 1);
  private final RetryBudget budget = new RetryBudget(1);
  private LatencyHistogram window = new LatencyHistogram(1);
  private int inFlight;
  private int peak;
  private boolean limited;
  private int ticks;
  private boolean waited;
  private long refused;
  private boolean wasHalfFull;
  private long waitSum;
  private long waitCount;
  private long shedUntil = Long.MIN_VALUE;

  /**
   * @param share percent of requests that may be tried again; negative: all
   */
  Entrance(boolean limits, int share) {
    this.limits = limits;
    this.share = share;
  }

  /** Whether it is not even asked for room, since there is too much to do. */
  boolean refuses(int client) {
    return limits && !level.isOpen() && !level.admits(0, AdmissionLevel.rank(IMPORTANCE, client));
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
    waited = true;
    queue.add(guest, IMPORTANCE, now, PATIENCE, level.isOpen());
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
    return queue.lesser(IMPORTANCE) instanceof Guest guest ? guest : null;
  }

  void leaves(Guest guest, long now) {
    queue.remove(guest, now);
  }

  /** It has waited in vain, or there was no place to wait. */
  void turnedAway(long now) {
    refused++;
    shed(now);
  }

  /** It is turned away. */
  void shed(long now) {
    shedUntil = now + SHEDDING_LASTS;
  }

  /** Its turn has come. */
  void letIn(Guest guest, long now) {
    waitSum += now - guest.since();
    waitCount++;
    leaves(guest, now);
    started(now);
  }

  /** Whether somebody has been turned away lately; then nothing is tried twice. */
  boolean isShedding(long now) {
    return limits && now < shedUntil;
  }

  boolean mayTryAgain(long now) {
    return !isShedding(now) && (share < 0 || budget.grant(now, share, PER_SECOND));
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
                seen.meanNanos(),
                peak,
                limited,
                !level.isOpen()));
    window = new LatencyHistogram(1);
    peak = inFlight;
    limited = false;
    wasHalfFull |= 2 * inFlight >= limit.limit();
    if (++ticks % LEVEL_TICKS == 0) {
      closeLevel();
    }
  }

  private void closeLevel() {
    boolean overloaded =
        (level.isOpen() && WaitQueue.isNewestFirst(queue.key()))
            || (waitCount > 0 && waitSum / waitCount > LONG_WAIT);
    level.close(
        overloaded
            ? AdmissionLevel.Window.OVERLOADED
            : waited
                ? AdmissionLevel.Window.BUSY
                : wasHalfFull ? AdmissionLevel.Window.CALM : AdmissionLevel.Window.IDLE,
        refused);
    refused = 0;
    waited = false;
    wasHalfFull = false;
    waitSum = 0;
    waitCount = 0;
  }
}
