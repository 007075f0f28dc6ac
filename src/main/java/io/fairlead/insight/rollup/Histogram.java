package io.fairlead.insight.rollup;

import java.util.Arrays;

/**
 * How many durations there were in each of {@link Buckets}. Holds those between the shortest and
 * the longest only; grows when one comes from outside, and keeps its room when it is cleared.
 */
final class Histogram {
  private static final int STEP = 16;
  private static final int FIRST = 48;
  private static final long[] NONE = {};

  /** By bucket, from {@link #base} on. */
  private long[] counts = NONE;

  private int base;

  void add(int bucket) {
    int at = bucket - base;
    if (at >= 0 && at < counts.length) {
      counts[at]++;
    } else {
      add(bucket, 1);
    }
  }

  void add(int bucket, long count) {
    int at = bucket - base;
    if (at < 0 || at >= counts.length) {
      reach(bucket);
      at = bucket - base;
    }
    counts[at] += count;
  }

  void add(Histogram other) {
    for (int i = 0; i < other.counts.length; i++) {
      if (other.counts[i] != 0) {
        add(other.base + i, other.counts[i]);
      }
    }
  }

  /** Makes room for that bucket. */
  private void reach(int bucket) {
    if (counts.length == 0) {
      base = Math.max(0, bucket / STEP * STEP - STEP);
      counts = new long[FIRST];
      return;
    }
    int low = Math.min(base, bucket / STEP * STEP);
    int high = Math.max(base + counts.length, (bucket / STEP + 1) * STEP);
    long[] wider = new long[high - low];
    System.arraycopy(counts, 0, wider, base - low, counts.length);
    counts = wider;
    base = low;
  }

  void clear() {
    Arrays.fill(counts, 0);
  }

  /** The lowest bucket that it has room for. */
  int low() {
    return base;
  }

  /** Behind the highest one. */
  int high() {
    return base + counts.length;
  }

  long count(int bucket) {
    int at = bucket - base;
    return at < 0 || at >= counts.length ? 0 : counts[at];
  }

  /** The buckets that are not empty and their counts, in turn. */
  int[] pairs() {
    int[] pairs = new int[2 * counts.length];
    int size = 0;
    for (int i = 0; i < counts.length; i++) {
      if (counts[i] != 0) {
        pairs[size++] = base + i;
        pairs[size++] = (int) Math.min(counts[i], Integer.MAX_VALUE);
      }
    }
    return Arrays.copyOf(pairs, size);
  }

  void addPairs(int[] pairs) {
    for (int i = 0; i < pairs.length; i += 2) {
      add(pairs[i], pairs[i + 1]);
    }
  }

  long total() {
    long total = 0;
    for (long count : counts) {
      total += count;
    }
    return total;
  }

  /**
   * The duration that so large a part does not exceed.
   *
   * @param part more than 0, at most 1
   * @return microseconds; -1: there is none
   */
  long quantile(double part) {
    long total = total();
    if (total == 0) {
      return -1;
    }
    long rank = Math.max(1, (long) Math.ceil(part * total));
    long passed = 0;
    for (int i = 0; i < counts.length; i++) {
      passed += counts[i];
      if (passed >= rank) {
        return Buckets.middle(base + i);
      }
    }
    throw new IllegalStateException("fewer durations than there are");
  }
}
