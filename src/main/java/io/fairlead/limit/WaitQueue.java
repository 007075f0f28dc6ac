package io.fairlead.limit;

import org.jspecify.annotations.Nullable;

/**
 * Who waits for room, of one event loop: the important first, of those the first first.
 *
 * <p>How long one may wait depends on how long there has been a queue at all. One that comes and
 * goes absorbs a burst, and there the whole patience is right. One that has not been empty for that
 * long absorbs nothing: everybody in it waits as long as the queue is, and the nodes do no more for
 * it. Then a {@value #STANDING_SHARE}th of the patience is all that is given, {@value
 * #LEAST_MILLIS} ms or more (controlled delay [1]); who has waited longer when the turn comes is
 * turned away at once, and whoever is served is served soon.
 *
 * <p>Whoever waits is in a list that is linked through itself, so that leaving from the middle
 * costs nothing. Belongs to one thread.
 *
 * <p>[1] K. Nichols, V. Jacobson, Controlling Queue Delay, ACM Queue 10(5), 2012; B. Maurer, Fail
 * at Scale, ACM Queue 13(8), 2015.
 */
public final class WaitQueue {
  /** The key of an empty queue: behind everybody. */
  public static final long NOBODY = Long.MAX_VALUE;

  static final int STANDING_SHARE = 40;
  static final int LEAST_MILLIS = 20;

  /** Bits of the time in a key; 2^60 ns are 36 years. */
  private static final int TIME_BITS = 60;

  /** Somebody who waits. Used again. */
  public abstract static class Waiter {
    private @Nullable Waiter previous;
    private @Nullable Waiter next;
    private int importance = -1;
    private long since;
    private long patience;

    /** Whether it is in a queue. */
    public final boolean isWaiting() {
      return importance >= 0;
    }

    /** When it began to wait. */
    public final long since() {
      return since;
    }
  }

  private final @Nullable Waiter[] first;
  private final @Nullable Waiter[] last;
  private int size;
  private long filledSince;

  /**
   * @param classes of importance, at most 8
   */
  public WaitQueue(int classes) {
    first = new Waiter[classes];
    last = new Waiter[classes];
  }

  public int size() {
    return size;
  }

  /**
   * Puts somebody at the end of a class.
   *
   * @param importance 0 is the most important
   * @param patience how long it may wait at most, nanoseconds
   */
  public void add(Waiter waiter, int importance, long now, long patience) {
    if (waiter.importance >= 0) {
      throw new IllegalStateException("waits already");
    }
    if (size++ == 0) {
      filledSince = now;
    }
    waiter.importance = importance;
    waiter.since = now;
    waiter.patience = patience;
    Waiter end = last[importance];
    waiter.previous = end;
    last[importance] = waiter;
    if (end == null) {
      first[importance] = waiter;
    } else {
      end.next = waiter;
    }
  }

  /** Takes somebody out, wherever it stands. */
  public void remove(Waiter waiter) {
    int importance = waiter.importance;
    if (importance < 0) {
      return;
    }
    Waiter before = waiter.previous;
    Waiter after = waiter.next;
    if (before == null) {
      first[importance] = after;
    } else {
      before.next = after;
    }
    if (after == null) {
      last[importance] = before;
    } else {
      after.previous = before;
    }
    waiter.previous = null;
    waiter.next = null;
    waiter.importance = -1;
    size--;
  }

  /** Whose turn it is, or null. */
  public @Nullable Waiter peek() {
    for (Waiter each : first) {
      if (each != null) {
        return each;
      }
    }
    return null;
  }

  /** Who came last of the least important, if less important than that; to make room. */
  public @Nullable Waiter lesser(int importance) {
    for (int i = last.length - 1; i > importance; i--) {
      if (last[i] != null) {
        return last[i];
      }
    }
    return null;
  }

  /** Whether it has waited for too long to be served now. */
  public boolean isLate(Waiter waiter, long now) {
    long waited = now - waiter.since;
    return waited >= waiter.patience || waited > patience(waiter.patience, now);
  }

  private long patience(long whole, long now) {
    return now - filledSince < whole ? whole : standing(whole);
  }

  /** What is given of that patience where there is always a queue. */
  static long standing(long whole) {
    return Math.min(whole, Math.max(whole / STANDING_SHARE, LEAST_MILLIS * 1_000_000L));
  }

  /** Whether there has been a queue for so long that it absorbs nothing any more. */
  public boolean isStanding(long now, long whole) {
    return size > 0 && now - filledSince >= whole;
  }

  /** Whose turn comes first among several queues: the smaller key. Of two alike, either. */
  public long key() {
    for (int i = 0; i < first.length; i++) {
      Waiter waiter = first[i];
      if (waiter != null) {
        return (long) i << TIME_BITS | waiter.since & (1L << TIME_BITS) - 1;
      }
    }
    return NOBODY;
  }
}
