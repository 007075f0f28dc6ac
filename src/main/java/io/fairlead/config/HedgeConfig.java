package io.fairlead.config;

import java.time.Duration;

/**
 * A second try before the first has failed: the first answer counts, the other try is cancelled.
 * Only for GET and HEAD without a body.
 *
 * @param percentile hedge what is slower than so many percent of the requests of the service lately
 *     were; 0: {@code after} says when
 * @param after how long the first node has; zero: {@code percentile} says when
 * @param budget percent of the requests that may be hedged
 */
public record HedgeConfig(int percentile, Duration after, int budget) {
  static final Range<Integer> PERCENTILE = Range.counts(50, 99);
  static final Range<Duration> AFTER = Range.durations(Duration.ofMillis(1), Duration.ofMinutes(1));
  static final Range<Integer> BUDGET = Range.counts(1, 100);
  static final int DEFAULT_BUDGET = 3;
  public static final HedgeConfig NONE = new HedgeConfig(0, Duration.ZERO, 0);

  public HedgeConfig {
    Require require = new Require();
    if (percentile != 0) {
      require.within(PERCENTILE, "after", percentile);
    }
    if (!after.isZero()) {
      require.within(AFTER, "after", after);
    }
    if (percentile != 0 || !after.isZero()) {
      require.within(BUDGET, "budget", budget);
    }
    require.orRefuse();
  }

  public boolean isWanted() {
    return percentile != 0 || !after.isZero();
  }

  /**
   * The percentile after which a second node is asked; 0: {@code after} says when. Never one that
   * the budget cannot pay for: three percent of the requests are slower than 97 percent of them. If
   * more asked, chance would say who of them is granted it, and the slowest would go without as
   * often as those who were nearly done.
   */
  public int payablePercentile() {
    return percentile == 0 ? 0 : Math.min(PERCENTILE.max(), Math.max(percentile, 100 - budget));
  }

  /** When a second try is made. */
  record After(int percentile, Duration time) {
    /** Reads {@code p95} or {@code 50ms}. */
    static After parse(String text) {
      if (text.matches("p[0-9]{2}")) {
        int percentile = Integer.parseInt(text.substring(1));
        if (!PERCENTILE.contains(percentile)) {
          throw Require.refusal("must be from p50 to p99");
        }
        return new After(percentile, Duration.ZERO);
      }
      if (text.startsWith("p")) {
        throw Require.refusal("must be from p50 to p99");
      }
      Duration time = Units.parseDuration(text);
      if (!AFTER.contains(time)) {
        throw Require.refusal(AFTER.rule());
      }
      return new After(0, time);
    }
  }
}
