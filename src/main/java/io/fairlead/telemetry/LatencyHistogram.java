package io.fairlead.telemetry;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * Durations, counted in buckets that grow with the duration: sixteen to each power of two, so that
 * a quantile is read with at most 1/16 relative error, as in HdrHistogram with one significant
 * digit and a half. One set of buckets per event loop, made when the loop records its first value;
 * a node that never gets a request costs nothing.
 *
 * <p>Microseconds from 0 to about 71 minutes; longer counts as that.
 */
public final class LatencyHistogram {
  private static final VarHandle BUCKET = MethodHandles.arrayElementVarHandle(long[].class);
  private static final int SUB_BITS = 4;
  private static final int SUB = 1 << SUB_BITS;
  private static final int MAX_EXPONENT = 32;

  /** How many buckets there are. */
  public static final int BUCKETS = (MAX_EXPONENT - SUB_BITS + 1) * SUB;

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
    if (micros < SUB) {
      return (int) Math.max(0, micros);
    }
    int exponent = 63 - Long.numberOfLeadingZeros(micros);
    if (exponent >= MAX_EXPONENT) {
      return BUCKETS - 1;
    }
    int shift = exponent - SUB_BITS;
    return ((shift + 1) << SUB_BITS) + (int) ((micros >>> shift) & (SUB - 1));
  }

  /** The largest value that falls into the bucket, in microseconds. */
  static long upperBound(int bucket) {
    if (bucket < SUB) {
      return bucket;
    }
    int shift = (bucket >>> SUB_BITS) - 1;
    return ((long) (SUB + (bucket & (SUB - 1)) + 1) << shift) - 1;
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
}
