package io.fairlead.insight.deploy;

import io.fairlead.telemetry.NodeAnswers;

/**
 * Whether the new version takes longer. Each of its answers gets a rank, from 0 to 1, among those
 * that began within the same second: if versions are alike, all ranks are as likely, however
 * durations are spread and whatever happened in that second to all of them. Bets are on high ranks.
 *
 * <p>How much longer is told by how far durations of the new version have to be shortened until
 * their ranks among the old one's are even. That it is twice as slow, or worse, is bet against as
 * well: with durations halved, low ranks are evidence.
 */
final class Lateness {
  /** Bets on ranks whose density is a power so high. */
  private static final double[] POWERS = {1.4, 2, 4, 10, 30};

  private static final int TWICE = NodeAnswers.PER_DOUBLING;

  /** Up to so many times: 2 to the power of three. */
  private static final int SHIFTS = 3 * TWICE;

  /** What has been seen of it once in a hundred times though it is so. */
  private static final double EXCLUDED = 100;

  private final Wager slower = new Wager(POWERS.length);
  private final Wager notTwice = new Wager(POWERS.length);
  private final double[] ranks = new double[SHIFTS + 1];
  private final double[] below = new double[NodeAnswers.BUCKET_COUNT + 1];
  private long count;
  private boolean excluded;

  /** Answers of a second, by duration. */
  void see(int[] before, int[] now) {
    long olds = sum(before);
    long news = sum(now);
    slower.look();
    notTwice.look();
    if (olds == 0 || news == 0) {
      return;
    }
    bet(slower, before, now, 0, false);
    bet(notTwice, before, now, TWICE, true);
    excluded |= notTwice.value() >= EXCLUDED;
    below[0] = 0;
    for (int i = 0; i < before.length; i++) {
      below[i + 1] = below[i] + before[i];
    }
    for (int shift = 0; shift <= SHIFTS; shift++) {
      for (int i = 0; i < now.length; i++) {
        if (now[i] > 0) {
          int at = i - shift;
          ranks[shift] += at < 0 ? 0 : now[i] * (below[at] + below[at + 1]) / 2 / olds;
        }
      }
    }
    count += news;
  }

  /**
   * @param shift buckets by which the new version's durations are shortened
   * @param low whether low ranks are bet on
   */
  private static void bet(Wager wager, int[] before, int[] now, int shift, boolean low) {
    int length = before.length + shift;
    double[] pool = new double[length];
    for (int i = 0; i < before.length; i++) {
      pool[i + shift] += before[i];
      pool[i] += now[i];
    }
    double all = 0;
    for (double each : pool) {
      all += each;
    }
    for (int bet = 0; bet < POWERS.length; bet++) {
      // The mean over the second is made 1, whatever ties there are.
      double seen = 0;
      double mean = 0;
      double logs = 0;
      double news = 0;
      for (int i = 0; i < length; i++) {
        if (pool[i] > 0) {
          double rank = (seen + pool[i] / 2) / all;
          double density =
              0.02 + 0.98 * POWERS[bet] * Math.pow(low ? 1 - rank : rank, POWERS[bet] - 1);
          mean += pool[i] * density / all;
          int came = i < now.length ? now[i] : 0;
          logs += came * Math.log(density);
          news += came;
          seen += pool[i];
        }
      }
      wager.multiply(bet, logs - news * Math.log(mean));
    }
  }

  private static long sum(int[] counts) {
    long sum = 0;
    for (int each : counts) {
      sum += each;
    }
    return sum;
  }

  double evidence() {
    return slower.value();
  }

  /** It is known not to take twice as long. */
  boolean isNotTwice() {
    return excluded;
  }

  long answers() {
    return count;
  }

  /** How many times as long it takes in the middle; at most eight. */
  double times() {
    if (count == 0) {
      return 1;
    }
    for (int shift = 0; shift <= SHIFTS; shift++) {
      double here = ranks[shift] / count;
      if (here <= 0.5) {
        if (shift == 0) {
          return 1;
        }
        double before = ranks[shift - 1] / count;
        double buckets = shift - 1 + (before - 0.5) / Math.max(1e-9, before - here);
        return Math.pow(2, buckets / TWICE);
      }
    }
    return Math.pow(2, (double) SHIFTS / TWICE);
  }
}
