package io.fairlead.insight.rollup;

import java.util.Arrays;

/** What is counted of requests of one key in one span, or a part of it that is to be added. */
final class Cell {
  private static final long[] NONE = {};

  long requests;
  long errors;
  long bytesIn;
  long bytesOut;

  /** Beyond the first of each request. */
  long moreTries;

  /** By the number of the reason, see {@link Reasons}. */
  long[] reasons = NONE;

  final Histogram times = new Histogram();

  void reason(int number, long count) {
    if (number >= reasons.length) {
      reasons = Arrays.copyOf(reasons, number + 8);
    }
    reasons[number] += count;
  }

  void add(Cell other) {
    requests += other.requests;
    errors += other.errors;
    bytesIn += other.bytesIn;
    bytesOut += other.bytesOut;
    moreTries += other.moreTries;
    for (int i = 0; i < other.reasons.length; i++) {
      if (other.reasons[i] != 0) {
        reason(i, other.reasons[i]);
      }
    }
    times.add(other.times);
  }

  void clear() {
    requests = 0;
    errors = 0;
    bytesIn = 0;
    bytesOut = 0;
    moreTries = 0;
    Arrays.fill(reasons, 0);
    times.clear();
  }
}
