package io.fairlead.insight.pattern;

import java.util.Arrays;

/** How many there were in each ten seconds of the last hour. */
final class TenSeconds {
  static final long MILLIS = 10_000;

  /** Of them in the hour that is held. */
  static final int HELD = 360;

  private final int[] counts = new int[HELD];
  private long last = Long.MIN_VALUE;

  /** The one that contains that time. */
  static long at(long millis) {
    return Math.floorDiv(millis, MILLIS);
  }

  /** One more; what is longer ago than the hour does not count. */
  void add(long ten) {
    if (last == Long.MIN_VALUE) {
      last = ten;
    }
    if (ten <= last - HELD) {
      return;
    }
    if (ten - last >= HELD) {
      Arrays.fill(counts, 0);
      last = ten;
    }
    while (last < ten) {
      last++;
      counts[place(last)] = 0;
    }
    counts[place(ten)]++;
  }

  /** From that one to that one, this excluded. */
  long sum(long from, long to) {
    long sum = 0;
    for (long ten = Math.max(from, last - HELD + 1); ten < to && ten <= last; ten++) {
      sum += counts[place(ten)];
    }
    return last == Long.MIN_VALUE ? 0 : sum;
  }

  private static int place(long ten) {
    return (int) Math.floorMod(ten, (long) HELD);
  }
}
