package io.fairlead.insight.deploy;

/**
 * Whether something befalls requests to the new version more often than those to the old one. Of
 * those that it befell within the same second a share was sent to the new version; if versions are
 * alike, each of them was so with the chance that any request had. What befalls both alike, because
 * something behind them fails, therefore says nothing.
 *
 * <p>Without replacement the number is less spread than by the binomial law that is used [1], so
 * chance wins the bet even less often than promised.
 *
 * <p>[1] W. Hoeffding, Probability Inequalities for Sums of Bounded Random Variables, 1963, section
 * 6.
 */
final class Counting {
  /** So many times as often as at the old version. */
  private static final double[] TIMES = {2, 4, 16, 64, 256, 1024};

  /** Beyond the normal law's hundredth on one side. */
  private static final double HUNDREDTH = 2.33;

  private final Wager wager = new Wager(TIMES.length);
  private long oldHits;
  private long oldAll;
  private long newHits;
  private long newAll;

  /** What was within a second. */
  void see(int oldHit, int oldCount, int newHit, int newCount) {
    oldHits += oldHit;
    oldAll += oldCount;
    newHits += newHit;
    newAll += newCount;
    wager.look();
    int hits = oldHit + newHit;
    if (hits == 0 || oldCount == 0 || newCount == 0) {
      return;
    }
    double part = (double) newCount / (oldCount + newCount);
    for (int i = 0; i < TIMES.length; i++) {
      wager.multiply(i, newHit * Math.log(TIMES[i]) - hits * Math.log(1 - part + part * TIMES[i]));
    }
  }

  double evidence() {
    return wager.value();
  }

  long hits() {
    return newHits;
  }

  long requests() {
    return newAll;
  }

  double share() {
    return newAll == 0 ? 0 : (double) newHits / newAll;
  }

  double usual() {
    return oldAll == 0 ? 0 : (double) oldHits / oldAll;
  }

  /** By how much more it befalls the new version. */
  double excess() {
    return share() - usual();
  }

  /**
   * By how much more it may befall the new version for all that is known, but for one chance in
   * 100.
   */
  double possible() {
    if (newAll == 0) {
      return 1;
    }
    double square = HUNDREDTH * HUNDREDTH;
    double middle = newHits + square / 2;
    double spread =
        HUNDREDTH * Math.sqrt(newHits * (double) (newAll - newHits) / newAll + square / 4);
    return Math.clamp((middle + spread) / (newAll + square) - usual(), 0, 1);
  }
}
