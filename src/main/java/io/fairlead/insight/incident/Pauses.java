package io.fairlead.insight.incident;

import io.fairlead.insight.incident.RecentRequests.Which;

/** Tells whether bad requests come in bursts at even distances. */
final class Pauses {
  private static final int BURSTS = 64;
  private static final int LEAST = 4;
  private static final double EVEN = 0.2;

  /** Bursts are shorter than that part of the distance between them. */
  private static final double SHORT = 0.35;

  private static final int GAP_MILLIS = 400;

  private Pauses() {}

  /** Milliseconds from one burst to the next; 0: they are not even. */
  static long period(RecentRequests recent, Which which, long from, Measure measure) {
    int[] begins = new int[BURSTS];
    int[] ends = new int[BURSTS];
    int[] sizes = new int[BURSTS];
    int bursts = 0;
    for (long row = from; row < recent.written && bursts < BURSTS; row++) {
      int at = RecentRequests.at(row);
      if ((recent.bad[at] & measure.bit()) == 0 || !which.takes(recent, at)) {
        continue;
      }
      int millis = recent.millis[at];
      if (bursts == 0 || millis > ends[bursts - 1] + GAP_MILLIS) {
        begins[bursts] = millis;
        ends[bursts] = millis;
        sizes[bursts++] = 0;
      }
      ends[bursts - 1] = Math.max(ends[bursts - 1], millis);
      sizes[bursts - 1]++;
    }
    int kept = 0;
    int most = 0;
    for (int i = 0; i < bursts; i++) {
      most = Math.max(most, sizes[i]);
    }
    for (int i = 0; i < bursts; i++) {
      if (sizes[i] >= Math.max(2, most / 4)) { // a slow one between two bursts is none
        begins[kept] = begins[i];
        ends[kept++] = ends[i];
      }
    }
    return kept < LEAST ? 0 : even(begins, ends, kept);
  }

  private static long even(int[] begins, int[] ends, int count) {
    double mean = (double) (begins[count - 1] - begins[0]) / (count - 1);
    double square = 0;
    double longest = 0;
    for (int i = 0; i < count; i++) {
      longest = Math.max(longest, ends[i] - begins[i]);
      if (i > 0) {
        double off = begins[i] - begins[i - 1] - mean;
        square += off * off;
      }
    }
    boolean even = Math.sqrt(square / (count - 1)) <= EVEN * mean;
    return even && longest <= SHORT * mean ? Math.round(mean) : 0;
  }
}
