package io.fairlead.balance;

/**
 * How far the differences between nodes can be chance: 1 if nodes that are all alike would differ
 * as much, 0 if hardly ever. With few answers estimates differ a great deal, and the node that
 * happens to have the lowest would get all requests for as long as that is remembered.
 *
 * <p>The sum of the squared differences, each through what chance makes of it, is about as large as
 * the number of nodes where there is nothing but chance (chi squared), give or take the root of
 * twice that number. One of many that is slow hardly shows in a sum, so each is also looked at by
 * itself. A difference of {@value #TOLERATED}, or of {@value #TOLERATED_SECONDS} s, is not worth a
 * preference, and does not count: where answers take less than that, caches, wake-ups and the
 * network decide who is faster, and whoever is asked more often is. What is remembered of answers
 * tells of a node that is avoided since it was slow, what is waited for tells of one that hangs: of
 * the two, that which says more counts.
 *
 * <p>Where nodes have requests in flight, these tell nodes apart, and waiting is worth knowing
 * however uncertain: likeness ends at {@value #BUSY} requests per node.
 */
final class Likeness {
  private static final double TOLERATED = 0.1;
  private static final double TOLERATED_SECONDS = 0.0005;
  private static final double BUSY = 0.5;

  /** Of the squares, where there is nothing but chance: less than 1 for what is tolerated. */
  private static final double BY_CHANCE = 0.6;

  /** Standard deviations of the sum. */
  private static final double USUAL = 1.9;

  private static final double RARE = 4.4;

  /** The same of one node, beyond what the slowest of all usually shows. */
  private static final double USUAL_FOR_ONE = 1.5;

  private static final double RARE_FOR_ONE = 3;

  /** Of the times of single requests, through the square of their mean; exponential ones have 1. */
  private static final double LEAST_VARIANCE = 1;

  private static final double MOST_VARIANCE = 2;

  private final double variance;
  private final double most;
  private final double tolerated;
  private int count;
  private double squares;

  /**
   * @param nodes how many there are
   * @param variance of the times that single requests take, through the square of their mean
   * @param mean time that requests take, in seconds
   */
  Likeness(int nodes, double variance, double mean) {
    this.tolerated = Math.max(TOLERATED, TOLERATED_SECONDS / mean);
    this.most = Math.sqrt(2 * Math.log(nodes));
    this.variance = Math.clamp(variance, LEAST_VARIANCE, MOST_VARIANCE);
  }

  /**
   * Two views of one node, each as a part of what is usual.
   *
   * @param waited by what requests are thought to take
   * @param waitedCertainty 1 through what chance makes of it if the variance is 1
   * @param answered by what answers took
   * @param answeredCertainty the same of that
   * @return how far the node by itself can be like the others, 0 to 1
   */
  double add(double waited, double waitedCertainty, double answered, double answeredCertainty) {
    double one = beyond(waited) * waitedCertainty;
    double other = beyond(answered) * answeredCertainty;
    squares += Math.max(one * one, other * other) / variance;
    count++;
    double slow = Math.max(one, other) / Math.sqrt(variance) - most;
    return Math.clamp((RARE_FOR_ONE - slow) / (RARE_FOR_ONE - USUAL_FOR_ONE), 0, 1);
  }

  private double beyond(double part) {
    double difference = part - 1;
    return Math.signum(difference) * Math.max(0, Math.abs(difference) - tolerated);
  }

  /**
   * All of them together.
   *
   * @param inFlight requests per node
   */
  double ofAll(double inFlight) {
    if (count < 2) {
      return 0;
    }
    double free = count - 1;
    double beyond = (squares / free - BY_CHANCE) / Math.sqrt(2 / free);
    return Math.clamp((RARE - beyond) / (RARE - USUAL), 0, 1)
        * Math.clamp(1 - inFlight / BUSY, 0, 1);
  }
}
