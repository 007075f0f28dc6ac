package io.fairlead.insight;

/** How likely it is to see so many when each has the same small chance. */
final class Binomial {
  private static final double[] SMALL = smallFactorials();

  private Binomial() {}

  private static double[] smallFactorials() {
    double[] logs = new double[64];
    for (int i = 1; i < logs.length; i++) {
      logs[i] = logs[i - 1] + Math.log(i);
    }
    return logs;
  }

  /**
   * The chance of at least {@code x} among {@code n} of chance {@code p} each. The first term is
   * computed by logarithms, each further one from the one before; they soon vanish, since only
   * {@code x} above the mean is of interest.
   */
  static double tail(int x, int n, double p) {
    if (x <= 0 || p >= 1) {
      return 1;
    }
    if (x > n || p <= 0) {
      return 0;
    }
    double odds = p / (1 - p);
    if (x <= n * p) {
      return 1 - below(x, n, odds, p);
    }
    double term = Math.exp(logChance(x, n, p));
    double sum = 0;
    for (int k = x; k <= n && term > sum * 1e-16; k++) {
      sum += term;
      term *= (double) (n - k) / (k + 1) * odds;
    }
    return Math.min(1, sum);
  }

  /** The chance of fewer than x, where x is at most the mean: from there down. */
  private static double below(int x, int n, double odds, double p) {
    double term = Math.exp(logChance(x - 1, n, p));
    double sum = 0;
    for (int k = x - 1; k >= 0 && term > sum * 1e-16; k--) {
      sum += term;
      term *= k / ((n - k + 1) * odds);
    }
    return Math.min(1, sum);
  }

  private static double logChance(int k, int n, double p) {
    return logFactorial(n)
        - logFactorial(k)
        - logFactorial(n - k)
        + k * Math.log(p)
        + (n - k) * Math.log1p(-p);
  }

  /** By Stirling's series, whose fourth term is below 1e-15 from 64 on. */
  private static double logFactorial(int n) {
    if (n < SMALL.length) {
      return SMALL[n];
    }
    double m = n;
    double inverse = 1 / m;
    double square = inverse * inverse;
    return (m + 0.5) * Math.log(m)
        - m
        + 0.5 * Math.log(2 * Math.PI)
        + inverse * (1.0 / 12 - square * (1.0 / 360 - square / 1260));
  }
}
