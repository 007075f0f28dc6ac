package io.fairlead.insight.incident;

/**
 * What time is usual on each route, and from when on it counts as slow: longer than 99 of 100. A
 * count per bucket, eight to each power of two. What came while the route was slow does not become
 * usual.
 */
final class RouteTimes {
  private static final int BUCKETS = 160;
  private static final int SHIFT = 6;

  /** Fewer say nothing about one in a hundred. */
  private static final int ENOUGH = 100;

  /** Turns after which what came before is forgotten: a process that has just started is slow. */
  private static final int PROVISIONAL = 3;

  /** Beyond, half of what is old is forgotten with each turn. */
  private static final int MUCH = 40_000;

  private final int[][] current;
  private final int[][] usual;
  private final int[] limit;
  private final byte[] turns;
  private final int noticed;

  /**
   * @param noticed microseconds; by less nobody notices
   */
  RouteTimes(int routes, int noticed) {
    this.noticed = noticed;
    current = new int[routes][];
    usual = new int[routes][];
    limit = new int[routes];
    turns = new byte[routes];
    java.util.Arrays.fill(limit, Integer.MAX_VALUE);
  }

  /** Counts one, and says whether it is slow. */
  boolean add(int route, int micros) {
    int[] counts = current[route];
    if (counts == null) {
      counts = new int[BUCKETS];
      current[route] = counts;
    }
    counts[bucket(micros)]++;
    return micros > limit[route];
  }

  static int bucket(int micros) {
    if (micros < 1 << SHIFT) {
      return 0;
    }
    int exponent = 31 - Integer.numberOfLeadingZeros(micros);
    return Math.min(BUCKETS - 1, 1 + ((exponent - SHIFT) << 3) + ((micros >>> (exponent - 3)) & 7));
  }

  static int upperBound(int bucket) {
    if (bucket == 0) {
      return (1 << SHIFT) - 1;
    }
    int exponent = ((bucket - 1) >>> 3) + SHIFT;
    return (int) Math.min(Integer.MAX_VALUE, ((8L + ((bucket - 1) & 7) + 1) << (exponent - 3)) - 1);
  }

  /** A turn ends: what came becomes usual, or is forgotten. */
  void turn(int route, boolean keep) {
    int[] counts = current[route];
    if (counts == null) {
      return;
    }
    if (keep) {
      int[] base = usual[route];
      if (base == null || turns[route] < PROVISIONAL) {
        base = new int[BUCKETS];
        usual[route] = base;
        turns[route]++;
      }
      long sum = 0;
      for (int i = 0; i < BUCKETS; i++) {
        sum += base[i];
      }
      int shift = sum > MUCH ? 1 : 0;
      sum = 0;
      for (int i = 0; i < BUCKETS; i++) {
        base[i] = (base[i] >> shift) + counts[i];
        sum += base[i];
      }
      limit[route] = sum < ENOUGH ? Integer.MAX_VALUE : quantile(base, sum, 0.99) + noticed;
    }
    java.util.Arrays.fill(counts, 0);
  }

  private static int quantile(int[] counts, long sum, double share) {
    long rank = (long) Math.ceil(sum * share);
    long seen = 0;
    for (int i = 0; i < BUCKETS; i++) {
      seen += counts[i];
      if (seen >= rank) {
        return upperBound(i);
      }
    }
    return upperBound(BUCKETS - 1);
  }

  /** What half of the requests of all routes do not exceed, in microseconds; 0: not known. */
  int usualMedian() {
    int[] all = new int[BUCKETS];
    long sum = 0;
    for (int[] counts : usual) {
      for (int i = 0; counts != null && i < BUCKETS; i++) {
        all[i] += counts[i];
        sum += counts[i];
      }
    }
    return sum == 0 ? 0 : quantile(all, sum, 0.5);
  }
}
