package io.fairlead.insight;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What came of a node's requests in each of the last {@value #SECONDS} seconds, and the sums over
 * the windows that are judged.
 */
final class Counts {
  static final int SECONDS = 60;

  /** Seconds of each window. */
  static final int[] WINDOWS = {2, 5, 10, 25, SECONDS};

  /** Which of them has ten seconds. */
  static final int TEN = 2;

  /** Good answers. */
  private static final int GOOD = 0;

  private static final int ERRORS = 1;
  private static final int SLOW = 2;
  private static final int TAIL = 3;
  private static final int KINDS = 4;

  /** More are of no use, and several of these do not overflow. */
  private static final long MOST_IN_A_SUM = 1 << 28;

  private final int[] ring;
  private final int[][] sums = new int[WINDOWS.length][KINDS];
  private int at;

  Counts() {
    this(new int[SECONDS * KINDS]);
  }

  private Counts(int[] ring) {
    this.ring = ring;
  }

  /** What all of them have now, to be read and not to be gone on with; null: there are none. */
  static @Nullable Counts sum(List<Counts> all) {
    if (all.isEmpty()) {
      return null;
    }
    Counts sum = new Counts(new int[0]);
    for (Counts one : all) {
      for (int w = 0; w < WINDOWS.length; w++) {
        for (int kind = 0; kind < KINDS; kind++) {
          sum.sums[w][kind] =
              (int) Math.min(MOST_IN_A_SUM, (long) sum.sums[w][kind] + one.sums[w][kind]);
        }
      }
    }
    return sum;
  }

  /** Another second begins; what has left a window is taken from its sum. */
  void next() {
    if (sums[WINDOWS.length - 1][GOOD] == 0 && sums[WINDOWS.length - 1][ERRORS] == 0) {
      return; // an empty ring may stand still
    }
    at = at + 1 == SECONDS ? 0 : at + 1;
    for (int w = 0; w < WINDOWS.length; w++) {
      int leaves = at - WINDOWS[w];
      int from = (leaves < 0 ? leaves + SECONDS : leaves) * KINDS;
      for (int kind = 0; kind < KINDS; kind++) {
        sums[w][kind] -= ring[from + kind];
      }
    }
    Arrays.fill(ring, at * KINDS, (at + 1) * KINDS, 0);
  }

  /** Adds to this second. */
  void add(int good, int errors, int slow, int tail) {
    add(GOOD, good);
    add(ERRORS, errors);
    add(SLOW, slow);
    add(TAIL, tail);
  }

  private void add(int kind, int count) {
    ring[at * KINDS + kind] += count;
    for (int[] sum : sums) {
      sum[kind] += count;
    }
  }

  void clear() {
    Arrays.fill(ring, 0);
    for (int[] sum : sums) {
      Arrays.fill(sum, 0);
    }
  }

  /** Requests in that window that the signal could have been seen at. */
  int requests(Signal signal, int window) {
    int[] sum = sums[window];
    return signal == Signal.ERRORS ? sum[GOOD] + sum[ERRORS] : sum[GOOD];
  }

  /** Those among them at which it was. */
  int hits(Signal signal, int window) {
    int[] sum = sums[window];
    return switch (signal) {
      case ERRORS -> sum[ERRORS];
      case SLOW -> Math.min(sum[SLOW], sum[GOOD]);
      case TAIL -> Math.min(sum[TAIL], sum[GOOD]);
    };
  }

  int requestsOfSecond() {
    return ring[at * KINDS + GOOD] + ring[at * KINDS + ERRORS];
  }

  /** All requests in that window. */
  int requests(int window) {
    return sums[window][GOOD] + sums[window][ERRORS];
  }
}
