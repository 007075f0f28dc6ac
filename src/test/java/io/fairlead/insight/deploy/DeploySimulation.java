package io.fairlead.insight.deploy;

import java.util.List;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/** A deploy in virtual seconds: requests of several routes, two versions, and what befalls both. */
final class DeploySimulation {
  static final Rollout.Terms TERMS =
      new Rollout.Terms(
          List.of(0.005, 0.05, 0.25, 0.5, 1.0), 30_000_000_000L, 900_000_000_000L, 0.005);
  static final double ERRORS_MORE = 0.01;
  static final double SLOWER = 0.3;

  /**
   * Parts of the traffic, medians in ms, spreads (of the logarithm) and errors of the old version.
   */
  enum Traffic {
    ONE(List.of(1.0), List.of(20.0), 0.5, 0.001),
    WIDE(List.of(0.9, 0.1), List.of(10.0, 200.0), 1.0, 0.002),
    SHOP(List.of(0.94, 0.05, 0.01), List.of(5.0, 40.0, 150.0), 0.7, 0.001),
    FAILING(List.of(0.94, 0.05, 0.01), List.of(8.0, 30.0, 80.0), 0.4, 0.03);

    @SuppressWarnings("ImmutableEnumChecker") // never changed
    final List<Double> parts;

    @SuppressWarnings("ImmutableEnumChecker")
    final List<Double> medians;

    final double spread;
    final double errors;

    Traffic(List<Double> parts, List<Double> medians, double spread, double errors) {
      this.parts = parts;
      this.medians = medians;
      this.spread = spread;
      this.errors = errors;
    }
  }

  /**
   * What the new version does worse.
   *
   * @param route where; negative: on all
   * @param errors share of requests that fail
   * @param times how many times as long answers take
   */
  record Flaw(int route, double errors, double times) {
    static final Flaw NONE = new Flaw(-1, 0, 1);

    boolean is(int at) {
      return route < 0 || route == at;
    }
  }

  /**
   * What has come of it.
   *
   * @param affected requests that failed, or took longer, for the flaw
   * @param all requests from the first that went to the new version to the last
   */
  record Outcome(Rollout.Phase phase, long affected, long all, int seconds, String why) {
    double share() {
      return all == 0 ? 0 : (double) affected / all;
    }
  }

  private DeploySimulation() {}

  static Outcome run(Traffic traffic, double rate, Flaw flaw, boolean hiccups, long seed) {
    RandomGenerator random = new SplittableRandom(seed);
    Rollout rollout = new Rollout(TERMS, 0);
    Judge judge = new Judge(i -> "/" + i, ERRORS_MORE, SLOWER);
    judge.setManyClients(true);
    double turn = 0;
    long affected = 0;
    long all = 0;
    int second = 0;
    int hiccup = 0; // both versions suffer alike
    double failing = 0;
    double slow = 1;
    while (rollout.phase() != Rollout.Phase.DONE
        && rollout.phase() != Rollout.Phase.ROLLED_BACK
        && second < 20_000) {
      second++;
      if (hiccup > 0 && --hiccup == 0) {
        failing = 0;
        slow = 1;
      } else if (hiccup == 0 && hiccups && random.nextInt(60) == 0) {
        hiccup = 1 + random.nextInt(15);
        failing = random.nextBoolean() ? 0.5 * random.nextDouble() : 0;
        slow = 1 + 4 * random.nextDouble();
      }
      double share = rollout.share();
      int routes = traffic.parts.size();
      Answers[] before = new Answers[routes];
      Answers[] now = new Answers[routes];
      for (int i = 0; i < routes; i++) {
        before[i] = new Answers();
        now[i] = new Answers();
      }
      int requests = poisson(rate, random);
      for (int i = 0; i < requests; i++) {
        int route = 0;
        double at = random.nextDouble();
        while (route < routes - 1 && at >= traffic.parts.get(route)) {
          at -= traffic.parts.get(route++);
        }
        turn += share;
        boolean isNew = turn >= 1;
        turn -= isNew ? 1 : 0;
        all += share > 0 ? 1 : 0;
        boolean fails = random.nextDouble() < traffic.errors + failing;
        double millis =
            traffic.medians.get(route) * Math.exp(traffic.spread * random.nextGaussian()) * slow;
        if (isNew && flaw.is(route)) {
          boolean spoilt = random.nextDouble() < flaw.errors();
          affected += spoilt || flaw.times() > 1 ? 1 : 0;
          fails |= spoilt;
          millis *= flaw.times();
        }
        Answers to = isNew ? now[route] : before[route];
        if (fails) {
          to.error(random.nextInt(16), 1);
        } else {
          to.good((long) (millis * 1e6), 1);
        }
      }
      for (int i = 0; i < routes; i++) {
        judge.see(i, before[i], now[i], true);
      }
      rollout.tick(second * 1_000_000_000L, judge, true, null);
    }
    return new Outcome(rollout.phase(), affected, all, second, rollout.why());
  }

  private static int poisson(double mean, RandomGenerator random) {
    if (mean > 50) {
      return Math.max(0, (int) Math.round(mean + Math.sqrt(mean) * random.nextGaussian()));
    }
    double limit = Math.exp(-mean);
    int count = -1;
    for (double left = 1; left > limit; left *= random.nextDouble()) {
      count++;
    }
    return Math.max(0, count);
  }
}
