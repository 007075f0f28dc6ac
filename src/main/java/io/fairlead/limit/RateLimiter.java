package io.fairlead.limit;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.function.LongConsumer;

/**
 * Lets in so many requests of each key: {@code burst} at once, and one more in each interval. In
 * any span of time t no key is let in more than burst + t / interval times, to within a {@value
 * #UNITS}th of an interval, whichever and however many event loops ask.
 *
 * <p>The generic cell rate algorithm [1]: all that is kept of a key is when its next request would
 * be on time if they came evenly (its theoretical arrival time). A request may be early by burst -
 * 1 intervals. A key whose time lies in the past is as good as one never seen, so it can be
 * forgotten without anybody noticing.
 *
 * <p>The table has a fixed size. A key belongs to one bucket of {@value #WAYS} places, and each
 * place is one number, changed by compare-and-set only: a mark of the key in the upper {@value
 * #MARK_BITS} bits, its time in the lower ones. A key that is not there takes a place that is free
 * or forgotten; where there is none, that of the key which has the least time ahead of it, and so
 * loses least: whoever uses all it may have stays, and it takes {@value #WAYS} such keys in one
 * bucket before one of them is forgotten early, which buckets chosen by a secret leave to chance.
 * Requests that are refused change nothing and so cost no place.
 *
 * <p>No key may be in a bucket twice, or it would be let in twice as often. So only the loop that
 * holds a bucket's mark of entry puts keys in; it has looked whether the key is there while nobody
 * else could put it in. The mark is held for as long as it takes to look at eight numbers. Who does
 * not get it, since the system has stopped that loop right there, gives up and is refused: never
 * more than is promised, and nobody waits.
 *
 * <p>Two keys of one bucket with the same mark are counted together: one pair in 2^{@value
 * #MARK_BITS}. A time is kept modulo 2^{@value #TIME_BITS} units, of which an interval has {@value
 * #UNITS}; a key that was not seen for very nearly a multiple of that (for 100 a second 497 days,
 * for 10,000 a second 5 days) may be taken for one that has used up its burst, for a moment.
 *
 * <p>Several instances may count together: each tells what it has let in ({@link #drain}) and is
 * told what others have ({@link #charge}). In between they decide by themselves, and so may let in
 * more than is meant; that is a debt, which their keys pay before they are let in again. So in the
 * long run no key gets more than its rate from all of them together, and at most a burst from each
 * at once. Debts end at {@value #DEBTS} bursts and {@value #DEBTS} seconds.
 *
 * <p>[1] ITU-T Recommendation I.371, annex A, virtual scheduling.
 */
public final class RateLimiter {
  private static final VarHandle CELL = MethodHandles.arrayElementVarHandle(long[].class);

  /** Places of a bucket; with the word for entry one line of a processor's cache. */
  private static final int WAYS = 7;

  private static final int STRIDE = WAYS + 1;
  private static final int MARK_BITS = 24;
  private static final int TIME_BITS = 64 - MARK_BITS;
  private static final long TIME_MASK = (1L << TIME_BITS) - 1;

  /** Parts into which an interval is cut, if it has as many nanoseconds. */
  private static final int UNITS = 256;

  /** By which the time of one event loop may be behind that of another. */
  private static final long MAX_LAG_NANOS = 1_000_000_000;

  /** Bursts, and seconds, that a key may owe where others count, too. */
  private static final int DEBTS = 8;

  /** Looks at a bucket that somebody else puts a key in before giving up. */
  private static final int MAX_LOOKS = 1000;

  private final long[] cells;
  private final int buckets;
  private final long secret;
  private final long intervalNanos;
  private final int burst;

  /** Nanoseconds. */
  private final long unit;

  /** In units. */
  private final long interval;

  /** How far a time may lie ahead for somebody to be let in, in units. */
  private final long most;

  /** How far it may lie ahead at all: further where others count, too. */
  private final long horizon;

  /** What was let in, by event loop; empty: nobody is told. */
  private final AdmissionRing[] rings;

  /** How much further it may seem to lie to a loop whose time is behind, in units. */
  private final long lag;

  /**
   * What became of a request. Belongs to one event loop and is used again.
   *
   * <p>Times are in nanoseconds.
   */
  public static final class Verdict {
    private final int loop;
    private long remaining;
    private long waitNanos;
    private long fullNanos;

    /** For one who is on no event loop, or the first of them. */
    public Verdict() {
      this(0);
    }

    /**
     * @param loop the number of the event loop
     */
    public Verdict(int loop) {
      this.loop = loop;
    }

    /** How many more would be let in right now. */
    public long remaining() {
      return remaining;
    }

    /** Until one more is let in; 0 if that is now. */
    public long waitNanos() {
      return waitNanos;
    }

    /** Until a whole burst is let in again. */
    public long fullNanos() {
      return fullNanos;
    }
  }

  /**
   * @param intervalNanos between two requests on average, 1 to an hour
   * @param burst 1 to 1,000,000
   * @param keys how many are told apart at the same time; the table has twice as many places, or
   *     more, so that hardly one in a hundred finds its bucket full
   * @param secret by which nobody outside can find keys of one bucket
   */
  public RateLimiter(long intervalNanos, int burst, int keys, long secret) {
    this(intervalNanos, burst, keys, secret, 0);
  }

  /**
   * As above, counting together with others.
   *
   * @param loops event loops that ask; 0: nobody else counts
   */
  public RateLimiter(long intervalNanos, int burst, int keys, long secret, int loops) {
    this.intervalNanos = intervalNanos;
    this.burst = burst;
    this.secret = secret;
    long units = Math.min(UNITS, intervalNanos);
    this.unit = (intervalNanos + units - 1) / units;
    this.interval = (intervalNanos + unit - 1) / unit;
    this.most = interval * burst; // 2^28 at most
    this.lag = Math.min(MAX_LAG_NANOS / unit + 1, 1L << (TIME_BITS - 2));
    this.buckets = Integer.highestOneBit(Math.max(1, (2 * keys + WAYS - 1) / WAYS) * 2 - 1);
    this.cells = new long[buckets * STRIDE];
    this.horizon = loops == 0 ? most : DEBTS * (most + 1_000_000_000 / unit);
    this.rings = new AdmissionRing[loops];
    Arrays.setAll(rings, _ -> new AdmissionRing());
  }

  /** Whether others count, too. */
  public boolean isShared() {
    return rings.length > 0;
  }

  /** Between two requests on average. */
  public long intervalNanos() {
    return intervalNanos;
  }

  public int burst() {
    return burst;
  }

  /**
   * Asks for one request, and counts it if it is let in.
   *
   * @param key who asks; any 64 bits
   * @param nanos the time; may differ a little between event loops
   * @param verdict is filled
   * @return whether it is let in
   */
  public boolean admit(long key, long nanos, Verdict verdict) {
    long hash = mix(key ^ secret);
    // Never 0: that is a place nobody has had.
    long mark = Math.max(hash >>> TIME_BITS, 1) << TIME_BITS;
    int bucket = (int) (hash & (buckets - 1)) * STRIDE;
    long now = (nanos / unit) & TIME_MASK;
    for (int look = 0; look < MAX_LOOKS; look++) {
      int at = find(bucket, mark);
      if (at < 0) {
        // Nobody: the first request is always let in, if there is somebody to put it down.
        int entered = enter(bucket, mark, now, interval);
        if (entered == ENTERED) {
          tell(verdict, key);
          report(verdict, interval);
          return true;
        }
        if (entered == BUSY) {
          Thread.onSpinWait();
        }
        continue;
      }
      long cell = (long) CELL.getOpaque(cells, at);
      if ((cell & ~TIME_MASK) != mark) {
        continue; // it was there a moment ago
      }
      long ahead = ahead(cell, now) + interval;
      if (ahead > most) {
        report(verdict, ahead - interval);
        return false;
      }
      if (CELL.compareAndSet(cells, at, cell, mark | ((now + ahead) & TIME_MASK))) {
        tell(verdict, key);
        report(verdict, ahead);
        return true;
      }
    }
    report(verdict, most);
    return false;
  }

  private void tell(Verdict verdict, long key) {
    if (rings.length > 0) {
      rings[verdict.loop].add(key);
    }
  }

  /**
   * Counts what was let in elsewhere.
   *
   * @param requests at least one
   * @param nanos the time
   */
  public void charge(long key, int requests, long nanos) {
    long hash = mix(key ^ secret);
    long mark = Math.max(hash >>> TIME_BITS, 1) << TIME_BITS;
    int bucket = (int) (hash & (buckets - 1)) * STRIDE;
    long now = (nanos / unit) & TIME_MASK;
    long more = Math.min(horizon, requests * interval);
    for (int look = 0; look < MAX_LOOKS; look++) {
      int at = find(bucket, mark);
      if (at < 0) {
        int entered = enter(bucket, mark, now, more);
        if (entered == ENTERED) {
          return;
        }
        if (entered == BUSY) {
          Thread.onSpinWait();
        }
        continue;
      }
      long cell = (long) CELL.getOpaque(cells, at);
      long ahead = Math.min(horizon, ahead(cell, now) + more);
      if ((cell & ~TIME_MASK) == mark
          && CELL.compareAndSet(cells, at, cell, mark | ((now + ahead) & TIME_MASK))) {
        return;
      }
    }
  }

  /** Hands over the keys that were let in since the last time. One thread at a time asks. */
  public void drain(LongConsumer taker) {
    for (AdmissionRing ring : rings) {
      ring.drain(taker);
    }
  }

  /** How many were let in that nobody can be told of, as they were too many at once. */
  public long untold() {
    long all = 0;
    for (AdmissionRing ring : rings) {
      all += ring.lost();
    }
    return all;
  }

  private void report(Verdict verdict, long ahead) {
    verdict.remaining = Math.max(0, most - ahead) / interval;
    verdict.waitNanos = Math.max(0, ahead + interval - most) * unit;
    verdict.fullNanos = ahead * unit;
  }

  /** How far the time of a cell lies ahead, in units; 0 if it has passed. */
  private long ahead(long cell, long now) {
    long distance = (cell - now) & TIME_MASK;
    return distance > horizon + lag ? 0 : Math.min(distance, horizon);
  }

  /** The place of that key, or -1. */
  private int find(int bucket, long mark) {
    for (int at = bucket + 1; at <= bucket + WAYS; at++) {
      long cell = (long) CELL.getOpaque(cells, at);
      if ((cell & ~TIME_MASK) == mark) {
        return at;
      }
    }
    return -1;
  }

  private static final int ENTERED = 0;
  private static final int THERE = 1;
  private static final int BUSY = 2;

  /** Puts the key in with a time that lies so far ahead. */
  private int enter(int bucket, long mark, long now, long by) {
    if (!CELL.compareAndSet(cells, bucket, 0L, 1L)) {
      return BUSY;
    }
    try {
      if (find(bucket, mark) >= 0) {
        return THERE;
      }
      while (true) {
        int poorest = bucket + 1;
        long least = Long.MAX_VALUE;
        long seen = 0;
        for (int at = bucket + 1; at <= bucket + WAYS && least > 0; at++) {
          long cell = (long) CELL.getOpaque(cells, at);
          long ahead = ahead(cell, now);
          if (ahead < least) {
            least = ahead;
            poorest = at;
            seen = cell;
          }
        }
        if (CELL.compareAndSet(cells, poorest, seen, mark | ((now + by) & TIME_MASK))) {
          return ENTERED;
        }
      }
    } finally {
      CELL.setRelease(cells, bucket, 0L);
    }
  }

  /** The finaliser of SplittableRandom: every bit of the key changes half of the others. */
  private static long mix(long value) {
    long h = value;
    h = (h ^ (h >>> 30)) * 0xbf58476d1ce4e5b9L;
    h = (h ^ (h >>> 27)) * 0x94d049bb133111ebL;
    return h ^ (h >>> 31);
  }
}
