package io.fairlead.config;

import java.time.Duration;

/**
 * How nodes are judged by the answers they give to real requests.
 *
 * @param enabled whether they are
 * @param maxEjected percent of a service's nodes that may be taken out at once
 * @param ejectionTime how long a first ejection takes; each further one in a row twice as long as
 *     the one before, up to 32 times
 */
public record OutlierConfig(boolean enabled, int maxEjected, Duration ejectionTime) {
  static final Range<Integer> MAX_EJECTED = Range.counts(1, 90);
  static final Range<Duration> EJECTION_TIMES =
      Range.durations(Duration.ofSeconds(1), Duration.ofHours(1));

  public static final OutlierConfig DEFAULT = new OutlierConfig(true, 50, Duration.ofSeconds(10));

  public static final OutlierConfig OFF = new OutlierConfig(false, 50, Duration.ofSeconds(10));

  public OutlierConfig {
    new Require()
        .within(MAX_EJECTED, "max-ejected", maxEjected)
        .within(EJECTION_TIMES, "ejection-time", ejectionTime)
        .orRefuse();
  }
}
