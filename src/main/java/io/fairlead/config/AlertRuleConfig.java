package io.fairlead.config;

import io.fairlead.config.AlertScope.Part;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * One thing that somebody wants to be told of.
 *
 * @param name appears in alerts
 * @param when the condition
 * @param until when a threshold that was passed counts as over; absent: when it is not passed
 * @param scope what is looked at
 * @param each one alert for each of them within the scope; absent: one for all together
 * @param over span of time that is looked at, up to now
 * @param pending how long the condition has to hold before anybody is told
 * @param clear how long it must not hold before it is over
 * @param minRequests with fewer requests in the span shares and quantiles say nothing
 * @param level how much it matters
 * @param to receivers; empty: all
 */
public record AlertRuleConfig(
    String name,
    AlertCondition when,
    Optional<AlertCondition.Threshold> until,
    AlertScope scope,
    Optional<Part> each,
    Duration over,
    Duration pending,
    Duration clear,
    int minRequests,
    Level level,
    List<String> to) {
  static final Range<Duration> OVER = Range.durations(Duration.ofSeconds(10), Duration.ofDays(7));
  static final Range<Duration> WAIT = Range.durations(Duration.ZERO, Duration.ofHours(24));
  static final Range<Integer> MIN_REQUESTS = Range.counts(1, 1_000_000);

  public static final Duration DEFAULT_OVER = Duration.ofMinutes(1);
  static final Duration DEFAULT_CLEAR = Duration.ofMinutes(1);
  static final int DEFAULT_MIN_REQUESTS = 20;

  /** How much an alert matters. */
  public enum Level {
    /** Users notice. */
    BAD,
    /** They may soon. */
    WARN;

    public String word() {
      return Units.word(this);
    }
  }

  public AlertRuleConfig {
    to = List.copyOf(to);
    boolean traffic =
        switch (when) {
          case AlertCondition.NoRequests _, AlertCondition.Burn _ -> true;
          case AlertCondition.Threshold(AlertMeasure measure, _, _, _, _) ->
              measure != AlertMeasure.RECORDS_DROPPED && measure != AlertMeasure.CERTIFICATE_DAYS;
          case AlertCondition.Incident _, AlertCondition.ConfigRefused _ -> false;
        };
    boolean nodes =
        when instanceof AlertCondition.Threshold threshold
            && (threshold.measure() == AlertMeasure.HEALTHY_NODES
                || threshold.measure() == AlertMeasure.HEALTHY_SHARE);
    new Require()
        .unless(Syntax.name(name), List.of("name"), name)
        .within(OVER, "over", over)
        .within(WAIT, "for", pending)
        .within(WAIT, "clear-for", clear)
        .within(MIN_REQUESTS, "min-requests", minRequests)
        .that(
            until.map(value -> isOf(when, value.measure())).orElse(true),
            List.of("until"),
            until.map(AlertCondition::text).orElse(""),
            "must compare the measure that when compares",
            List.of(List.of("when")))
        .that(
            each.isEmpty() || traffic,
            List.of("each"),
            each.map(Units::word).orElse(""),
            "must not be given for what has no parts",
            List.of(List.of("when")))
        .that(
            each.isEmpty() || !nodes || each.get() == Part.SERVICE,
            List.of("each"),
            each.map(Units::word).orElse(""),
            "must be service: that is what has nodes",
            List.of(List.of("when")))
        .orRefuse();
  }

  private static boolean isOf(AlertCondition when, AlertMeasure measure) {
    return when instanceof AlertCondition.Threshold threshold && threshold.measure() == measure;
  }

  /** What it says, for people. */
  public String text() {
    String words = scope.words();
    return when.text()
        + (words.isEmpty() ? "" : " of " + words)
        + each.map(part -> " for each " + part.word()).orElse("")
        + (isOfTraffic() && !(when instanceof AlertCondition.Burn)
            ? " over " + Units.duration(over)
            : "")
        + (pending.isZero() ? "" : " for " + Units.duration(pending));
  }

  /** Has a condition that kept data can tell of. */
  public boolean isOfTraffic() {
    return switch (when) {
      case AlertCondition.NoRequests _, AlertCondition.Burn _ -> true;
      case AlertCondition.Threshold threshold ->
          !threshold.measure().isOfNow() && threshold.measure() != AlertMeasure.RECORDS_DROPPED;
      case AlertCondition.Incident _, AlertCondition.ConfigRefused _ -> false;
    };
  }
}
