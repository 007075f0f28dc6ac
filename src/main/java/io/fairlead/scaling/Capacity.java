package io.fairlead.scaling;

/**
 * How many requests in flight a node can have without getting slow, learnt from what is seen: for
 * steps of a fifth in the number of requests that a node has in flight, how long requests take
 * there. The knee is the highest step where they take no more than half as long again as where they
 * take the least. While they take no more than a quarter as long again at the highest step that was
 * seen, nodes can do more than has been asked of them: ten requests at once, or half as many again
 * as the most that was seen; where they take longer, queues form already. More than ten are
 * believed only of nodes that have been seen with half of it: of those that have had too much to do
 * from the first second on nobody knows how quick they could be.
 *
 * <p>Nothing is tried out on requests for its sake. What has not been seen for an hour is
 * forgotten: requests change, and so do nodes.
 */
final class Capacity {
  private static final double STEP = Math.log(1.2);
  private static final int STEPS = 80;
  private static final int LOWEST = -10;
  private static final long FORGOTTEN = 3600;
  private static final int ENOUGH = 3;
  private static final double SLOW = 1.5;
  private static final double FLAT = 1.25;
  private static final double BELIEVED = 1.5;
  private static final double NEW_SHARE = 0.2;

  /** What a node is taken for of which little is known. */
  private static final double FIRST = 10;

  private final double[] times = new double[STEPS];
  private final int[] counts = new int[STEPS];
  private final long[] last = new long[STEPS];
  private long second;
  private double knee;
  private boolean bounded;

  /** Takes in one second; where little was answered it tells nothing. */
  void see(Seen seen) {
    second++;
    if (seen.available() == 0 || seen.answered() < 5 || seen.inFlight() <= 0) {
      return;
    }
    double each = seen.inFlight() / seen.available();
    int step = Math.clamp((int) Math.round(Math.log(each) / STEP) - LOWEST, 0, STEPS - 1);
    double time = seen.inFlight() / seen.answered();
    if (second - last[step] > FORGOTTEN) {
      counts[step] = 0;
    }
    times[step] = counts[step] == 0 ? time : times[step] + NEW_SHARE * (time - times[step]);
    counts[step]++;
    last[step] = second;
    learn();
  }

  private boolean isKnown(int step) {
    return counts[step] >= ENOUGH && second - last[step] <= FORGOTTEN;
  }

  private void learn() {
    int low = -1;
    double least = Double.POSITIVE_INFINITY;
    for (int i = 0; i < STEPS; i++) {
      if (isKnown(i)) {
        low = low < 0 ? i : low;
        least = Math.min(least, times[i]);
      }
    }
    int good = -1;
    int bad = -1; // the first above
    for (int i = 0; i < STEPS; i++) {
      if (isKnown(i)) {
        if (times[i] <= SLOW * least) {
          good = i;
          bad = -1;
        } else if (bad < 0) {
          bad = i;
        }
      }
    }
    if (good >= 0) {
      bounded = bad >= 0;
      double seen = inFlight(good);
      knee = times[good] <= FLAT * least ? Math.max(FIRST, BELIEVED * seen) : seen;
      if (bounded) {
        knee = Math.max(seen, Math.min(knee, inFlight(bad - 1)));
      }
      if (inFlight(low) > seen / 2) {
        knee = Math.min(knee, FIRST);
      }
    }
  }

  private static double inFlight(int step) {
    return Math.exp((step + LOWEST) * STEP);
  }

  /** Requests in flight at a node; 0: nothing has been learnt yet. */
  double knee() {
    return knee;
  }

  /** Whether it has been seen what is too much. */
  boolean isBounded() {
    return bounded;
  }
}
