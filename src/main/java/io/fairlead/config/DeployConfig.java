package io.fairlead.config;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * How a service gets a new version.
 *
 * @param version that it is to have; empty: nothing is said
 * @param steps shares of all requests that the new version gets, rising, the last is 1; 1 to
 *     {@value #MOST_STEPS}
 * @param hold that each step takes at least, 100 ms to 24 h
 * @param patience after which a step is taken though too few requests came to know enough, 1 s to
 *     24 h
 * @param exposure share of all requests that may be at stake as far as nothing is known, above 0,
 *     at most 1
 * @param errors share of requests that may fail beyond those of the old version, 0 to 1
 * @param slower by how much longer answers may take in the middle, as a share, 0 to 1
 * @param warmUp for so long after a node begins to serve it is not looked at how slow it is, 0 s to
 *     1 h
 */
public record DeployConfig(
    String version,
    List<Double> steps,
    Duration hold,
    Duration patience,
    double exposure,
    double errors,
    double slower,
    Duration warmUp) {
  static final int MOST_STEPS = 20;
  static final Range<Duration> HOLDS =
      Range.durations(Duration.ofMillis(100), Duration.ofHours(24));
  static final Range<Duration> PATIENCES =
      Range.durations(Duration.ofSeconds(1), Duration.ofHours(24));
  static final Range<Duration> WARM_UPS = Range.durations(Duration.ZERO, Duration.ofHours(1));

  public static final DeployConfig DEFAULT =
      new DeployConfig(
          "",
          List.of(0.005, 0.05, 0.25, 0.5, 1.0),
          Duration.ofSeconds(30),
          Duration.ofMinutes(15),
          0.005,
          0.01,
          0.3,
          Duration.ofSeconds(30));

  /** What may stand for {@code {version}}, also in a path. */
  public static boolean isVersion(String text) {
    return text.matches("[A-Za-z0-9][A-Za-z0-9._-]{0,63}");
  }

  public DeployConfig {
    steps = List.copyOf(steps);
    Require require =
        new Require()
            .that(
                version.isEmpty() || isVersion(version),
                "version",
                version,
                "must be up to 64 letters, digits, dots, dashes and underscores")
            .within(HOLDS, "hold", hold)
            .within(PATIENCES, "patience", patience)
            .that(
                exposure > 0 && exposure <= 1, "exposure", exposure, "must be above 0, up to 100%")
            .that(errors >= 0 && errors <= 1, "errors", errors, "must be from 0% to 100%")
            .that(slower >= 0 && slower <= 1, "slower", slower, "must be from 0% to 100%")
            .within(WARM_UPS, "warm-up", warmUp)
            .that(
                !steps.isEmpty() && steps.size() <= MOST_STEPS,
                "steps",
                null,
                "must be 1 to " + MOST_STEPS);
    for (int i = 0; i < steps.size(); i++) {
      double step = steps.get(i);
      require.that(
          step > (i == 0 ? 0 : steps.get(i - 1)) && step <= 1,
          List.of("steps", "[" + i + "]"),
          step * 100 + "%",
          "must rise, from above 0% to 100%",
          List.of());
    }
    if (!steps.isEmpty() && steps.size() < MOST_STEPS && steps.getLast() < 1) {
      List<Double> whole = new ArrayList<>(steps);
      whole.add(1.0);
      steps = List.copyOf(whole);
    }
    require.orRefuse();
  }
}
