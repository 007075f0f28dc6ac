package io.fairlead.config;

import java.time.Duration;

/** When a rule wants somebody's attention. */
public sealed interface AlertCondition {
  /** As it is written in the configuration. */
  String text();

  /** How a measure is compared with a value. */
  enum Comparison {
    OVER(">", "more than"),
    AT_LEAST(">=", "at least"),
    UNDER("<", "less than"),
    AT_MOST("<=", "at most");

    private final String sign;
    private final String words;

    Comparison(String sign, String words) {
      this.sign = sign;
      this.words = words;
    }

    String sign() {
      return sign;
    }

    public String words() {
      return words;
    }

    public boolean holds(double value, double bound) {
      return switch (this) {
        case OVER -> value > bound;
        case AT_LEAST -> value >= bound;
        case UNDER -> value < bound;
        case AT_MOST -> value <= bound;
      };
    }
  }

  /**
   * A measure passes a value.
   *
   * @param value in the unit of the measure
   * @param perSecond the value is a rate: what was counted is divided by the seconds of the span
   * @param written the value as it was written
   */
  record Threshold(
      AlertMeasure measure, Comparison comparison, double value, boolean perSecond, String written)
      implements AlertCondition {
    public boolean holds(double seen) {
      return comparison.holds(seen, value);
    }

    @Override
    public String text() {
      return Units.word(measure) + " " + comparison.sign + " " + written;
    }
  }

  /** Nothing has come. */
  record NoRequests() implements AlertCondition {
    @Override
    public String text() {
      return "no requests";
    }
  }

  /** An incident is open. */
  record Incident() implements AlertCondition {
    @Override
    public String text() {
      return "incident";
    }
  }

  /** The last configuration offered was refused. */
  record ConfigRefused() implements AlertCondition {
    @Override
    public String text() {
      return "config refused";
    }
  }

  /**
   * The budget of errors that an objective leaves is being spent too fast [1]: 14.4 times as fast
   * as it may be in the last hour and in the last five minutes (2 % of a month's budget in an
   * hour), or 6 times in the last six hours and in the last 30 minutes (5 %). The long span says
   * that it matters, the short one that it goes on.
   *
   * <p>[1] B. Beyer and others, The Site Reliability Workbook, O'Reilly 2018, chapter 5: Alerting
   * on SLOs, section 6, multiwindow, multi-burn-rate alerts.
   *
   * @param objective share of requests that must be good, above 0.5 and below 1
   * @param slowerThan requests that took longer count as bad, too; zero: time does not matter
   */
  record Burn(double objective, Duration slowerThan) implements AlertCondition {
    static final Range<Duration> SLOWER_THAN =
        Range.durations(Duration.ofMillis(1), Duration.ofMinutes(5));

    public Burn {
      new Require()
          .that(
              objective >= 0.5 && objective <= 0.99999,
              "objective",
              null,
              "must be from 50% to 99.999%")
          .orRefuse();
    }

    @Override
    public String text() {
      return "slo "
          + Units.percent(objective)
          + (slowerThan.isZero() ? "" : " within " + Units.duration(slowerThan));
    }
  }
}
