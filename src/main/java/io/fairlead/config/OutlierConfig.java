package io.fairlead.config;

import java.time.Duration;

/**
 * How nodes are judged by the answers they give to real requests.
 *
 * @param enabled whether they are
 * @param maxEjected the share of a service's nodes that may be taken out at once, above 0, up to 0.9
 * @param ejectionTime how long a first ejection takes; each further one in a row twice as long as
 *     the one before, up to 32 times
 */
public record OutlierConfig(boolean enabled, double maxEjected, Duration ejectionTime) {
  static final Range<Duration> EJECTION_TIMES =
      Range.durations(Duration.ofSeconds(1), Duration.ofHours(1));

  /** For services of HTTP, of which nothing else is said. */
  public static final OutlierConfig DEFAULT =
      new OutlierConfig(true, 0.5, Duration.ofSeconds(10));

  public static final OutlierConfig OFF = new OutlierConfig(false, 0.5, Duration.ofSeconds(10));

  public OutlierConfig {
    new Require()
        .that(
            maxEjected > 0 && maxEjected <= 0.9,
            "max-ejected",
            maxEjected,
            "must be above 0 % and at most 90 %")
        .within(EJECTION_TIMES, "ejection-time", ejectionTime)
        .orRefuse();
  }
}
