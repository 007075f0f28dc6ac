package io.fairlead.insight.incident;

/** How surprising a count is. */
final class Chance {
  private Chance() {}

  /**
   * By how many standard deviations {@code k} of {@code n} are more than a share {@code p} lets
   * expect; 0 if they are not more. From the ratio of likelihoods, which also holds where few are
   * expected and the usual quotient promises too much.
   *
   * @param spread how much more than by chance counts vary: 1 for chance alone
   * @param known of how many requests {@code p} is known
   */
  static double above(double k, double n, double p, double spread, double known) {
    if (k <= n * p || n <= 0) {
      return 0;
    }
    double deviance = k * Math.log(k / (n * p));
    if (k < n) {
      deviance += (n - k) * Math.log((n - k) / (n * (1 - p)));
    }
    return Math.sqrt(Math.max(0, 2 * deviance / spread / (1 + n / known)));
  }

  /** The same for a count of which {@code expected} were to be expected. */
  static double aboveCount(double k, double expected, double spread) {
    if (k <= expected || expected <= 0) {
      return 0;
    }
    return Math.sqrt(2 * (k * Math.log(k / expected) - k + expected) / spread);
  }

  /** By how many it is less. */
  static double belowCount(double k, double expected, double spread) {
    if (k >= expected) {
      return 0;
    }
    double log = k == 0 ? 0 : k * Math.log(k / expected);
    return Math.sqrt(2 * (log - k + expected) / spread);
  }

  /**
   * What knowing whether a request is in a slice tells about whether it is bad, in nats: their
   * mutual information.
   *
   * @param all requests
   * @param bad of them
   * @param in the slice
   * @param both bad and in the slice
   */
  static double information(double all, double bad, double in, double both) {
    double sum = part(all, bad, in, both);
    sum += part(all, bad, all - in, bad - both);
    sum += part(all, all - bad, in, in - both);
    return sum + part(all, all - bad, all - in, all - bad - in + both);
  }

  private static double part(double all, double a, double b, double both) {
    return both <= 0 || a <= 0 || b <= 0 ? 0 : both / all * Math.log(both * all / (a * b));
  }

  /** What there is to know. */
  static double entropy(double all, double bad) {
    double p = bad / all;
    return p <= 0 || p >= 1 ? 0 : -p * Math.log(p) - (1 - p) * Math.log(1 - p);
  }
}
