package io.fairlead.insight.rollup;

/**
 * Durations in buckets that grow with them: eight to an octave, each 2^(1/8) as wide as the one
 * before, so that a value that is said for a bucket is wrong by less than 4.5 %. Bounds are powers
 * of two of a second, as those of native histograms of Prometheus of schema 3 [1]. From a
 * microsecond to 12 days; shorter and longer counts as that.
 *
 * <p>[1] Prometheus, Native Histograms, "Schema": bucket i reaches to 2^(i * 2^-3), bound included.
 */
final class Buckets {
  /** Of one octave. */
  static final int OCTAVE = 8;

  /** Bucket 0 reaches to 2^-20 seconds, less than a microsecond; the last one to 2^20. */
  static final int COUNT = 2 * 20 * OCTAVE + 1;

  /** The bucket that ends with one second. */
  static final int SECOND = 20 * OCTAVE;

  private static final int FINE = 4;

  /** The longest whole microseconds in each. */
  private static final long[] BOUNDS = new long[COUNT];

  /** By the highest bit and the four below it: the bucket of the shortest value like that. */
  private static final short[] FIRST = new short[64 << FINE];

  static {
    for (int i = 0; i < COUNT; i++) {
      BOUNDS[i] = (long) Math.floor(1e6 * Math.pow(2, (i - SECOND) / (double) OCTAVE));
    }
    int bucket = 0;
    for (int at = FINE << FINE; at < 63 << FINE; at++) {
      int bit = at >>> FINE;
      long shortest = (1L << bit) + ((long) (at & 15) << bit >> FINE);
      while (bucket < COUNT - 1 && BOUNDS[bucket] < shortest) {
        bucket++;
      }
      FIRST[at] = (short) bucket;
    }
  }

  private Buckets() {}

  /** Where a duration is counted. */
  static int of(long micros) {
    int bucket = 0;
    if (micros >= 1 << FINE) {
      int bit = 63 - Long.numberOfLeadingZeros(micros);
      bucket = FIRST[bit << FINE | ((int) (micros >>> (bit - FINE)) & 15)];
    }
    while (bucket < COUNT - 1 && BOUNDS[bucket] < micros) {
      bucket++;
    }
    return bucket;
  }

  /** The longest whole microseconds that count there. */
  static long bound(int bucket) {
    return BOUNDS[bucket];
  }

  /** What is said for a value of which the bucket is known: the geometric middle. */
  static long middle(int bucket) {
    return bucket == 0
        ? 0
        : Math.round(1e6 * Math.pow(2, (bucket - SECOND - 0.5) / (double) OCTAVE));
  }
}
