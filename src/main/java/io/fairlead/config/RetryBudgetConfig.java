package io.fairlead.config;

/**
 * How many requests may be repeated, of those that a service got in the last ten seconds: a share
 * of them, and so many a second beside. When all of a service fails, repeating everything would
 * double what it has to do just then.
 *
 * @param share percent
 * @param perSecond so that repeats are possible where there are few requests
 */
public record RetryBudgetConfig(int share, int perSecond) {
  static final Range<Integer> SHARE = Range.counts(0, 100);
  static final Range<Integer> PER_SECOND = Range.counts(0, 100_000);
  static final int DEFAULT_SHARE = 20;
  static final int DEFAULT_PER_SECOND = 10;
  public static final RetryBudgetConfig DEFAULT =
      new RetryBudgetConfig(DEFAULT_SHARE, DEFAULT_PER_SECOND);

  public RetryBudgetConfig {
    new Require()
        .within(SHARE, "share", share)
        .within(PER_SECOND, "per-second", perSecond)
        .orRefuse();
  }
}
