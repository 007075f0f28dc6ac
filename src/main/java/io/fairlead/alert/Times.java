package io.fairlead.alert;

import io.fairlead.insight.rollup.Heatmap;
import java.util.List;

/** How many requests took how long, in the rows of a heat map. */
final class Times {
  private final List<Long> bounds;
  private final long[] counts;

  private Times(List<Long> bounds, long[] counts) {
    this.bounds = bounds;
    this.counts = counts;
  }

  /** Of its columns from the first on, up to and without the last. */
  static Times of(Heatmap map, int first, int last) {
    long[] counts = new long[map.bounds().size() + 1];
    for (int column = Math.max(0, first); column < Math.min(last, map.counts().size()); column++) {
      List<Long> rows = map.counts().get(column);
      for (int row = 0; row < counts.length; row++) {
        counts[row] += rows.get(row);
      }
    }
    return new Times(map.bounds(), counts);
  }

  /** Within a row durations are taken to be spread evenly; the longest row goes on for ever. */
  long slowerThan(long micros) {
    double slower = 0;
    for (int row = 0; row < counts.length; row++) {
      long low = row == 0 ? 0 : bounds.get(row - 1);
      if (low >= micros) {
        slower += counts[row];
      } else if (row < bounds.size() && bounds.get(row) > micros) {
        long high = bounds.get(row);
        slower += counts[row] * (double) (high - micros) / (high - low);
      }
    }
    return Math.round(slower);
  }

  /** The same the other way round; below 0: there is none. */
  long quantileMicros(double share) {
    long total = 0;
    for (long count : counts) {
      total += count;
    }
    if (total == 0) {
      return -1;
    }
    double rank = share * total;
    double passed = 0;
    for (int row = 0; row < bounds.size(); row++) {
      if (counts[row] > 0 && passed + counts[row] >= rank) {
        long low = row == 0 ? 0 : bounds.get(row - 1);
        return Math.round(low + (bounds.get(row) - low) * (rank - passed) / counts[row]);
      }
      passed += counts[row];
    }
    return bounds.getLast();
  }
}
