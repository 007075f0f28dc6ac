package io.fairlead.insight.deploy;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Compares two versions on one route class. */
final class RouteJudge {
  /** Seconds are taken together until the old version has so many answers, */
  private static final int ENOUGH = 20;

  /** or so many have passed. */
  private static final int LONGEST = 10;

  /** Chance goes so far in one deploy of 100,000, for each route and kind of fault. */
  private static final double CERTAIN = 1e5;

  private static final int LEAST = 3;
  private static final double TAIL = 0.99;
  private static final double TAIL_TOLERANCE = 0.03;

  /** The tail begins at no less than three times the median, in buckets. */
  private static final int TAIL_BUCKETS = 6;

  private final Counting errors = new Counting();
  private final Counting tail = new Counting();
  private final Lateness lateness = new Lateness();
  private final int[] clients = new int[new Answers().clients.length];
  private final Answers usual = new Answers();
  private Answers before = new Answers();
  private Answers now = new Answers();
  private boolean warm = true;
  private int seconds;
  private int tailFrom = Integer.MAX_VALUE;
  private long all;

  /**
   * Another second.
   *
   * @param isWarm whether it counts how long the new version took
   */
  void see(Answers ofOld, Answers ofNew, boolean isWarm) {
    all += ofOld.requests() + ofNew.requests();
    before.add(ofOld);
    now.add(ofNew);
    warm &= isWarm;
    seconds++;
    if (now.requests() > 0
        && before.requests() > 0
        && (before.requests() >= ENOUGH || seconds >= LONGEST)) {
      weigh();
    } else if (seconds >= LONGEST) {
      learn();
    }
  }

  private void weigh() {
    errors.see(before.errors, before.requests(), now.errors, now.requests());
    for (int i = 0; i < clients.length; i++) {
      clients[i] += now.clients[i];
    }
    if (warm) {
      lateness.see(before.durations, now.durations);
      if (tailFrom < before.durations.length) {
        tail.see(beyond(before), before.good, beyond(now), now.good);
      }
    }
    learn();
  }

  private int beyond(Answers answers) {
    int sum = 0;
    for (int i = tailFrom; i < answers.durations.length; i++) {
      sum += answers.durations[i];
    }
    return sum;
  }

  /** What is late is known before it is counted. */
  private void learn() {
    usual.add(before);
    if (usual.good >= 100) {
      tailFrom = Math.max(quantile(TAIL) + 1, quantile(0.5) + TAIL_BUCKETS);
    }
    before = new Answers();
    now = new Answers();
    warm = true;
    seconds = 0;
  }

  private int quantile(double share) {
    double rank = share * usual.good;
    long seen = 0;
    for (int i = 0; i < usual.durations.length; i++) {
      seen += usual.durations[i];
      if (seen >= rank) {
        return i;
      }
    }
    return usual.durations.length - 1;
  }

  /** Requests of both versions. */
  long requests() {
    return all;
  }

  /** How much of its requests the new version may spoil, for all that is known. */
  double possible() {
    return lateness.isNotTwice() ? errors.possible() : 1;
  }

  /**
   * What is wrong, if anything is beyond doubt.
   *
   * @param manyClients whether there are more than two: then errors that no others get say nothing
   */
  @Nullable Fault fault(String route, double errorsMore, double slower, boolean manyClients) {
    if (errors.evidence() >= CERTAIN
        && errors.hits() >= LEAST
        && errors.excess() >= errorsMore
        && (!manyClients || isSpread())) {
      return new Fault(
          "errors",
          route,
          String.format(
              Locale.ROOT,
              "%s of %d requests failed on route %s, of the old version %s",
              percent(errors.share()),
              errors.requests(),
              route,
              percent(errors.usual())));
    }
    if (lateness.evidence() >= CERTAIN
        && lateness.answers() >= LEAST
        && lateness.times() >= 1 + slower) {
      return new Fault(
          "slow",
          route,
          String.format(
              Locale.ROOT,
              "it takes %.1f times as long on route %s, by %d answers",
              lateness.times(),
              route,
              lateness.answers()));
    }
    if (tail.evidence() >= CERTAIN && tail.hits() >= LEAST && tail.excess() >= TAIL_TOLERANCE) {
      return new Fault(
          "tail",
          route,
          String.format(
              Locale.ROOT,
              "%s of %d answers on route %s came later than nearly all of the old version, of which"
                  + " %s",
              percent(tail.share()),
              tail.requests(),
              route,
              percent(tail.usual())));
    }
    return null;
  }

  /** Whether a fifth of the errors went to others than the two clients that got most. */
  private boolean isSpread() {
    int sum = 0;
    int first = 0;
    int second = 0;
    for (int each : clients) {
      sum += each;
      if (each > first) {
        second = first;
        first = each;
      } else if (each > second) {
        second = each;
      }
    }
    return 5 * (sum - first - second) >= sum;
  }

  private static String percent(double share) {
    double percent = share * 100;
    return percent == 0
        ? "none"
        : String.format(Locale.ROOT, percent < 9.95 ? "%.1f %%" : "%.0f %%", percent);
  }
}
