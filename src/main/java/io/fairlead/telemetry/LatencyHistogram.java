package io.fairlead.telemetry;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Durations, counted in buckets that grow with the duration: sixteen to each power of two, each
 * 2^(1/16) times as wide as the one before, so that a quantile is read at most 4.5 % too high. One
 * set of buckets per event loop, made when the loop records its first value; a node that never gets
 * a request costs nothing.
 *
 * <p>The bounds are powers of 2^(1/16) in <em>seconds</em>: those of Prometheus' native histograms
 * and OpenTelemetry's exponential ones at scale 4, and, two buckets taken together, at scale
 * {@value #SCALE}. So what monitoring systems get has lost nothing on the way ({@link
 * Distribution#exponential}).
 *
 * <p>Microseconds from 0, which is counted by itself, to about 68 minutes; longer counts as that.
 */
public final class LatencyHistogram {
  private static final VarHandle BUCKET = MethodHandles.arrayElementVarHandle(long[].class);

  /** Buckets to each power of two. */
  private static final int PER_OCTAVE = 16;

  /** The upper bound of bucket b is 2^((b + FIRST_POWER - 1) / 16) seconds; bucket 1 holds 1 µs. */
  private static final int FIRST_POWER = -318;

  /** How many buckets there are; the last bound is 2^12 seconds. */
  public static final int BUCKETS = 12 * PER_OCTAVE - FIRST_POWER + 2;

  /** The scale of {@link Distribution#exponential}: 2^3 buckets to each power of two. */
  public static final int SCALE = 3;

  /** What is shorter, in seconds, counts as nothing: 2^-20, the power of two below 1 µs. */
  public static final double ZERO_SECONDS = 0x1p-20;

  /** The longest duration of each bucket; the last takes all that are longer, too. */
  private static final long[] LAST = new long[BUCKETS];

  /**
   * Cells of a simpler kind, in which a value's place is found by shifts: 32 of equal width to each
   * power of two, narrower than any bucket, so that each has at most one bound in it.
   */
  private static final int CELL_BITS = 5;

  private static final int CELLS = 1 << CELL_BITS;
  private static final int MAX_EXPONENT = 32;

  /** The bucket of the smallest value of each cell. */
  private static final short[] FIRST = new short[(MAX_EXPONENT - CELL_BITS + 1) * CELLS];

  static {
    for (int bucket = 1; bucket < BUCKETS; bucket++) {
      double power = (double) (bucket + FIRST_POWER - 1) / PER_OCTAVE;
      LAST[bucket] = (long) Math.floor(1e6 * Math.pow(2, power));
    }
    LAST[BUCKETS - 1] = (1L << MAX_EXPONENT) - 1;
    int bucket = 0;
    for (int cell = 0; cell < FIRST.length; cell++) {
      while (bucket < BUCKETS - 1 && LAST[bucket] < smallest(cell)) {
        bucket++;
      }
      FIRST[cell] = (short) bucket;
    }
  }

  private final @Nullable Cells[] loops;

  private static final class Cells {
    final long[] counts = new long[BUCKETS];
    final long[] sum = new long[1];
  }

  public LatencyHistogram(int loops) {
    this.loops = new Cells[loops];
  }

  /** Counts one duration; called by the loop with that index only. */
  public void record(int loop, long micros) {
    Cells own = loops[loop];
    if (own == null) {
      own = new Cells();
      loops[loop] = own;
    }
    int bucket = bucketOf(micros);
    BUCKET.setOpaque(own.counts, bucket, own.counts[bucket] + 1);
    BUCKET.setOpaque(own.sum, 0, own.sum[0] + micros);
  }

  /** Adds what has been counted so far to the given distribution. */
  public void addTo(Distribution distribution) {
    for (Cells own : loops) {
      if (own != null) {
        for (int i = 0; i < BUCKETS; i++) {
          long count = (long) BUCKET.getOpaque(own.counts, i);
          distribution.counts[i] += count;
          distribution.count += count;
        }
        distribution.sumMicros += (long) BUCKET.getOpaque(own.sum, 0);
      }
    }
  }

  static int bucketOf(long micros) {
    if (micros < CELLS) {
      return FIRST[(int) Math.max(0, micros)];
    }
    int exponent = 63 - Long.numberOfLeadingZeros(micros);
    if (exponent >= MAX_EXPONENT) {
      return BUCKETS - 1;
    }
    int shift = exponent - CELL_BITS;
    int bucket = FIRST[((shift + 1) << CELL_BITS) + (int) ((micros >>> shift) & (CELLS - 1))];
    return bucket + (int) ((LAST[bucket] - micros) >>> 63); // the next, if it is beyond the bound
  }

  private static long smallest(int cell) {
    if (cell < CELLS) {
      return cell;
    }
    int shift = (cell >>> CELL_BITS) - 1;
    return (long) (CELLS + (cell & (CELLS - 1))) << shift;
  }

  /** The largest value that falls into the bucket, in microseconds. */
  static long upperBound(int bucket) {
    return LAST[bucket];
  }

  /** A copy of some histograms' buckets, added up; subtract an earlier one to see a window. */
  public static final class Distribution {
    private final long[] counts = new long[BUCKETS];
    private long count;
    private long sumMicros;

    public long count() {
      return count;
    }

    public long sumMicros() {
      return sumMicros;
    }

    /** 0 if nothing was counted. */
    public long meanNanos() {
      return count == 0 ? 0 : sumMicros * 1000 / count;
    }

    /** How many values were at most this long, to the resolution of the buckets. */
    public long countUpTo(long micros) {
      int last = bucketOf(micros);
      long below = 0;
      for (int i = 0; i <= last; i++) {
        below += counts[i];
      }
      return below;
    }

    /**
     * The value that the given share of all values does not exceed, in microseconds; 0 if there is
     * none.
     *
     * @param share 0 to 1
     */
    public long quantileMicros(double share) {
      long rank = Math.max(1, (long) Math.ceil(share * count));
      long seen = 0;
      for (int i = 0; i < BUCKETS; i++) {
        seen += counts[i];
        if (seen >= rank && counts[i] > 0) {
          return upperBound(i);
        }
      }
      return 0;
    }

    /**
     * The counts at scale {@value #SCALE}: that of bucket i stands at {@code i - from}, where
     * bucket i holds what is longer than 2^((i-1)/8) seconds and not longer than 2^(i/8).
     */
    public Exponential exponential() {
      int first = 1;
      int last = BUCKETS - 1;
      while (first <= last && counts[first] == 0) {
        first++;
      }
      while (last > first && counts[last] == 0) {
        last--;
      }
      if (first > last) {
        return new Exponential(counts[0], 0, List.of());
      }
      int from = exponentialIndex(first);
      long[] merged = new long[exponentialIndex(last) - from + 1];
      for (int bucket = first; bucket <= last; bucket++) {
        merged[exponentialIndex(bucket) - from] += counts[bucket];
      }
      return new Exponential(counts[0], from, Arrays.stream(merged).boxed().toList());
    }

    /** Half of the power of 2^(1/16) that bounds the bucket, rounded up. */
    private static int exponentialIndex(int bucket) {
      return (bucket + FIRST_POWER) >> 1;
    }

    /** Adds what another distribution has counted. */
    public void add(Distribution other) {
      for (int i = 0; i < BUCKETS; i++) {
        counts[i] += other.counts[i];
      }
      count += other.count;
      sumMicros += other.sumMicros;
    }

    /** What has been counted since {@code earlier}. */
    public Distribution since(Distribution earlier) {
      Distribution difference = new Distribution();
      for (int i = 0; i < BUCKETS; i++) {
        difference.counts[i] = counts[i] - earlier.counts[i];
      }
      difference.count = count - earlier.count;
      difference.sumMicros = sumMicros - earlier.sumMicros;
      return difference;
    }
  }

  /**
   * Counts as exponential histograms have them.
   *
   * @param zero values shorter than {@link #ZERO_SECONDS}
   * @param from the index of the first bucket
   * @param counts of that bucket and those behind it; neither the first nor the last is 0
   */
  public record Exponential(long zero, int from, List<Long> counts) {}
}
