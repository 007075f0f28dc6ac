package io.fairlead.insight;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * What is usual among the nodes of a service: the share of requests at which a signal is seen.
 *
 * <p>Median and median deviation, and the pooled share of the better half, do not move however bad
 * the worse half is; mean and standard deviation do, which is why a rule by them finds nothing once
 * a fifth of the nodes is bad. Of the deviation counts what is more than chance makes at so many
 * requests of a node, since the test that follows allows for chance, too. To that is added what
 * chance does to the figure itself.
 *
 * @param middle the median of the nodes' shares; of an even number the lower one
 * @param better the share over all requests of the better half
 * @param bound what a node that is like the others may have
 */
record Baseline(double middle, double better, double bound) {
  /** A node with fewer requests says nothing of what is usual. */
  private static final int LEAST = 5;

  /** Nor do all together, with fewer. */
  private static final int LEAST_OF_HALF = 20;

  /**
   * What is usual among these nodes; null if there are not two to compare.
   *
   * @param counts of nodes, as far as they have any
   */
  static @Nullable Baseline of(@Nullable Counts[] counts, Signal signal, int window) {
    long[] byShare = new long[counts.length];
    int found = 0;
    for (int i = 0; i < counts.length; i++) {
      Counts one = counts[i];
      int requests = one == null ? 0 : one.requests(signal, window);
      if (one != null && requests >= LEAST) {
        float share = (float) one.hits(signal, window) / requests;
        byShare[found++] = ((long) Float.floatToIntBits(share) << 32) | i;
      }
    }
    if (found < 2) {
      return null;
    }
    Arrays.sort(byShare, 0, found); // shares are not negative: their bits are in their order
    int half = (found + 1) / 2;
    double middle = share(byShare[half - 1]);
    long hits = 0;
    long requests = 0;
    for (int i = 0; i < half; i++) {
      Counts one = counts[(int) byShare[i]];
      if (one != null) {
        hits += one.hits(signal, window);
        requests += one.requests(signal, window);
      }
    }
    if (requests < LEAST_OF_HALF) {
      return null;
    }
    double[] deviations = new double[found];
    for (int i = 0; i < found; i++) {
      deviations[i] = Math.abs(share(byShare[i]) - middle);
    }
    Arrays.sort(deviations);
    double better = (double) hits / requests;
    double usual = Math.max(middle, better);
    double ofAll = 1.4826 * deviations[half - 1];
    double byChance = usual * (1 - usual) * half / requests;
    double deviation = Math.sqrt(Math.max(0, ofAll * ofAll - byChance));
    return new Baseline(middle, better, bound(usual, deviation, requests));
  }

  /** What may be where so much is usual, measured at so many requests. */
  private static double bound(double share, double deviation, long requests) {
    return share + deviation + 2 * Math.sqrt(share * (1 - share) / requests) + 1.0 / requests;
  }

  double usual() {
    return Math.max(middle, better);
  }

  private static double share(long packed) {
    return Float.intBitsToFloat((int) (packed >>> 32));
  }
}
