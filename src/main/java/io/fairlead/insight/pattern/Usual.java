package io.fairlead.insight.pattern;

/**
 * Whether a pattern comes more often than usual: its lines of the last minute against those of the
 * minutes before, {@value #FEWEST} to {@value #MOST} of them.
 *
 * <p>Lines come in clusters, so that a Poisson bound would be broken all the time: the variance is
 * that of the minutes, and at least the mean. What few minutes say of it is not certain, so the
 * bound is wider for few: {@value #SIGMAS} standard deviations of many minutes, twice as many of
 * ten; and the minute with most lines so far is exceeded by half. If all other lines of the service
 * have become more by some factor, so may these: a service that has more to do is no burst. A few
 * lines, or less than {@value #TIMES} times the usual, is nothing to speak of.
 *
 * <p>Six standard deviations are broken by chance in less than one of 37 minutes however minutes
 * are distributed (Cantelli), and hardly ever by what comes as lines do: a test has errors come in
 * clusters for 200 hours.
 *
 * @param perMinute what is usual
 * @param limit more are a burst
 */
record Usual(double perMinute, double limit) {
  static final int FEWEST = 10;
  static final int MOST = 54;
  static final int TEN_PER_MINUTE = 6;

  private static final double SIGMAS = 6;
  private static final double TIMES = 3;
  private static final double MOST_SO_FAR = 1.5;
  private static final int LINES = 20;

  /**
   * @param minutes lines of the pattern in each minute before the last
   * @param others lines of the service that are not of it, per minute
   * @param othersNow the same in the last minute
   */
  static Usual of(long[] minutes, double others, double othersNow) {
    double mean = 0;
    for (long minute : minutes) {
      mean += minute;
    }
    mean /= minutes.length;
    double squares = 0;
    for (long minute : minutes) {
      squares += (minute - mean) * (minute - mean);
    }
    double more = Math.max(1, (othersNow + 1) / (others + 1));
    double expected = mean * more;
    double variance = Math.max(expected, squares / (minutes.length - 1) * more * more);
    double sigmas = SIGMAS * (1 + (double) FEWEST / minutes.length);
    double limit = expected + sigmas * Math.sqrt(variance + 1);
    for (long minute : minutes) {
      limit = Math.max(limit, MOST_SO_FAR * minute * more);
    }
    return new Usual(mean, Math.max(limit, Math.max(LINES, TIMES * expected)));
  }
}
