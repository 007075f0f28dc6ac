package io.fairlead.insight.deploy;

/**
 * Evidence that grows while it is watched. A bet against chance begins with 1 and is multiplied
 * with each observation, by a number whose mean is 1 if nothing but chance is at work; so it
 * exceeds 100,000 at any time, however often it is looked at, with a probability of at most 1 in
 * 100,000 [1]. Several bets, one for each size of what may be wrong, share the stake.
 *
 * <p>Half of the stake is bet at once, the rest bit by bit: what is good for an hour and bad then
 * is not forgiven for having been good, and costs {@value #LATER} looks' worth of patience more.
 *
 * <p>[1] Ville's inequality; see A. Ramdas and others, Game-Theoretic Statistics and Safe
 * Anytime-Valid Inference, Statistical Science 38(4), 2023.
 */
final class Wager {
  /** Looks over which the second half of the stake is bet. */
  static final int LATER = 600;

  private final double[] won;
  private int looks;

  /**
   * @param bets how many share the stake
   */
  Wager(int bets) {
    won = new double[bets];
  }

  /** Another look begins. */
  void look() {
    double stake = looks == 0 ? 0.5 : looks <= LATER ? 0.5 / LATER : 0;
    looks++;
    for (int i = 0; i < won.length; i++) {
      won[i] += stake / won.length;
    }
  }

  /** What the look has brought for one of the bets. */
  void multiply(int bet, double logarithm) {
    won[bet] = Math.min(1e200, won[bet] * Math.exp(logarithm));
  }

  /** What has become of a stake of 1. */
  double value() {
    double sum = 0;
    for (double each : won) {
      sum += each;
    }
    return sum;
  }

  int bets() {
    return won.length;
  }
}
