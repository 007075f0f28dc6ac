package io.fairlead.insight.rollup;

import java.util.Arrays;

/** A cell as it is read from a block: of its buckets those that are not empty. */
final class Seen {
  private static final int FEW = 16;

  long requests;
  long errors;
  long bytesIn;
  long bytesOut;
  long moreTries;
  int kinds;
  int[] reasons = new int[FEW];
  long[] reasonCounts = new long[FEW];
  int times;
  int[] buckets = new int[FEW];
  long[] counts = new long[FEW];

  void reason(int reason, long count) {
    if (kinds == reasons.length) {
      reasons = Arrays.copyOf(reasons, 2 * kinds);
      reasonCounts = Arrays.copyOf(reasonCounts, 2 * kinds);
    }
    reasons[kinds] = reason;
    reasonCounts[kinds++] = count;
  }

  void time(int bucket, long count) {
    if (times == buckets.length) {
      buckets = Arrays.copyOf(buckets, 2 * times);
      counts = Arrays.copyOf(counts, 2 * times);
    }
    buckets[times] = bucket;
    counts[times++] = count;
  }

  void addTo(Cell cell) {
    cell.requests += requests;
    cell.errors += errors;
    cell.bytesIn += bytesIn;
    cell.bytesOut += bytesOut;
    cell.moreTries += moreTries;
    for (int i = 0; i < kinds; i++) {
      cell.reason(reasons[i], reasonCounts[i]);
    }
    for (int i = 0; i < times; i++) {
      cell.times.add(buckets[i], counts[i]);
    }
  }
}
