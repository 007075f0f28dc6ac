package io.fairlead.config;

import java.time.Duration;
import java.util.List;

/** What is said about new versions of a service. */
final class DeployLanguage {
  private static final DeployConfig USUAL = DeployConfig.DEFAULT;
  private static final Scalar<Double> SHARE = Scalar.parsed("share", Portion::share);

  private static final Key<String> VERSION =
      Key.of(
          "version",
          Scalar.text("text", null, _ -> null),
          "",
          "none",
          "The version that the service is to have; another one is a deploy. It stands for"
              + " `{version}` in `command` and `image` of `scale`, and is the label `version` of"
              + " nodes.",
          "\"7\"");
  private static final Key<List<Double>> STEPS =
      Key.of(
          "steps",
          new ListOf<>("shares", SHARE),
          USUAL.steps(),
          "[0.5%, 5%, 25%, 50%, 100%]",
          "Shares of all requests that the new version gets, one after another.",
          "[1%, 10%, 50%]");
  private static final Key<Duration> HOLD =
      Key.of(
          "hold",
          Scalar.duration(DeployConfig.HOLDS),
          USUAL.hold(),
          "Time that each step takes at least; the old version stays for as long after the last.",
          "2m");
  private static final Key<Duration> PATIENCE =
      Key.of(
          "patience",
          Scalar.duration(DeployConfig.PATIENCES),
          USUAL.patience(),
          "After so long a step is taken although too few requests came to know enough.",
          "1h");
  private static final Key<Double> EXPOSURE =
      Key.of(
          "exposure",
          SHARE,
          USUAL.exposure(),
          "0.5%",
          "Share of all requests that the next step may spoil, for all that is known of the new"
              + " version; a step is not taken before.",
          "1%");
  private static final Key<Double> ERRORS =
      Key.of(
          "errors",
          SHARE,
          USUAL.errors(),
          "1%",
          "Share of requests of a route that may fail beyond those of the old version.",
          "0.2%");
  private static final Key<Double> SLOWER =
      Key.of(
          "slower",
          SHARE,
          USUAL.slower(),
          "30%",
          "By how much longer answers of a route may take in the middle.",
          "10%");
  private static final Key<Duration> WARM_UP =
      Key.of(
          "warm-up",
          Scalar.duration(DeployConfig.WARM_UPS),
          USUAL.warmUp(),
          "As long as a node of the new version is younger than that, it is not looked at how slow the"
              + " new version is.",
          "2m");

  static final Obj<DeployConfig> DEPLOY =
      new Obj<>(
          "deploy",
          "How a service gets a new version: step by step, and back by itself if that is worse. See"
              + " [deploys.md](deploys.md).",
          List.of(VERSION, STEPS, HOLD, PATIENCE, EXPOSURE, ERRORS, SLOWER, WARM_UP),
          List.of(),
          null,
          (values, _) ->
              new DeployConfig(
                  values.get(VERSION),
                  values.get(STEPS),
                  values.get(HOLD),
                  values.get(PATIENCE),
                  values.get(EXPOSURE),
                  values.get(ERRORS),
                  values.get(SLOWER),
                  values.get(WARM_UP)));

  static final Key<DeployConfig> OF_SERVICE =
      Key.of(
          "deploy",
          DEPLOY,
          DeployConfig.DEFAULT,
          "see below",
          "How the service gets a new version.",
          "{ version: \"7\", hold: 2m }");

  private DeployLanguage() {}
}
