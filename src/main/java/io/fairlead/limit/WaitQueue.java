package io.fairlead.limit;

import org.jspecify.annotations.Nullable;

/**
 * Who waits for room, of one event loop: the important first. Of those, and how long one may wait,
 * depends on how long there has been a queue at all; that it was empty for less than a {@value
 * #MOMENT_SHARE}th of the patience does not count.
 *
 * <ul>
 *   <li>At first the first is first: a queue that comes and goes absorbs a burst.
 *   <li>After a {@value #MOMENT_SHARE}th of the patience the <i>last</i> is first. If there is too
 *       much to do, not all can be served, and in order of coming all of them would wait as long as
 *       the queue is; so most are served at once, and the others are those who have waited already.
 *       If it was a burst, or nodes that stood still for a moment, they get their turn within their
 *       patience.
 *   <li>After the whole patience the queue absorbs nothing any more. Then a {@value
 *       #STANDING_SHARE}th of it is all that is given, {@value #LEAST_MILLIS} ms or more
 *       (controlled delay [1]), and the others are turned away soon; but for the most important,
 *       whom nobody but their equals keeps waiting.
 * </ul>
 *
 * <p>Where it is known that too much comes, the last is the state of the queue from the beginning.
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
  static final int MOMENT_SHARE = 10;

  /** Bits of the time in a key; 2^59 ns are 18 years. */
  private static final int TIME_BITS = 59;

  private static final long TIME = (1L << TIME_BITS) - 1;

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
  private long emptySince;
  private boolean used;
  private boolean newestFirst;

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
   * @param absorbs false: it is known that too much comes
   */
  public void add(Waiter waiter, int importance, long now, long patience, boolean absorbs) {
    if (waiter.importance >= 0) {
      throw new IllegalStateException("waits already");
    }
    if (size++ == 0 && (!used || now - emptySince >= patience / MOMENT_SHARE)) {
      filledSince = now;
      used = true;
    }
    if (!absorbs) {
      filledSince = Math.min(filledSince, now - patience);
    }
    newestFirst = now - filledSince >= patience / MOMENT_SHARE;
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
  public void remove(Waiter waiter, long now) {
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
    if (--size == 0) {
      emptySince = now;
    }
  }

  /** Whose turn it is, or null. */
  public @Nullable Waiter peek() {
    for (Waiter each : newestFirst ? last : first) {
      if (each != null) {
        return each;
      }
    }
    return null;
  }

  /** Whether the last is first. */
  public boolean isNewestFirst() {
    return newestFirst;
  }

  /** Somebody who has waited for too long to be served now, or null. */
  public @Nullable Waiter late(long now) {
    for (Waiter each : first) {
      if (each != null && isLate(each, now)) {
        return each;
      }
    }
    return null;
  }

  /** The least important class of which somebody waits; -1: nobody does. */
  public int least() {
    for (int i = last.length - 1; i >= 0; i--) {
      if (last[i] != null) {
        return i;
      }
    }
    return -1;
  }

  /**
   * Who makes room for somebody so important: of the least important the one whose turn would come
   * last, if less important; if the last is first, also if equally so.
   */
  public @Nullable Waiter lesser(int importance) {
    for (int i = last.length - 1; i >= importance; i--) {
      Waiter lesser = newestFirst ? first[i] : i > importance ? last[i] : null;
      if (lesser != null) {
        return lesser;
      }
    }
    return null;
  }

  /** Whether it has waited for too long to be served now. */
  public boolean isLate(Waiter waiter, long now) {
    long waited = now - waiter.since;
    return waited >= waiter.patience
        || (waiter.importance > 0 && waited > patience(waiter.patience, now));
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

  /**
   * Whose turn comes first among several queues: the smaller key. Of two alike, either. A queue
   * that has just begun comes before those that absorb nothing any more.
   */
  public long key() {
    for (int i = 0; i < first.length; i++) {
      Waiter waiter = newestFirst ? last[i] : first[i];
      if (waiter != null) {
        long time = waiter.since & TIME;
        long order = newestFirst ? 1 : 0;
        return ((2L * i + order) << TIME_BITS) | (newestFirst ? TIME - time : time);
      }
    }
    return NOBODY;
  }

  /** Whether in the queue with that key the last is first. */
  public static boolean isNewestFirst(long key) {
    return key != NOBODY && (key >>> TIME_BITS & 1) != 0;
  }
}
