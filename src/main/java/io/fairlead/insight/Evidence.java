package io.fairlead.insight;

import java.util.Locale;

/**
 * That a node is worse than the others.
 *
 * @param route of what route alone; empty: of all its requests
 * @param slowNanos beyond which duration a request was counted; 0 for errors
 * @param seconds over which was looked
 * @param usual the share that counts elsewhere
 * @param chance of seeing that much at a node that is like the others
 * @param seenBy which instances see it, where requests of others are counted with those of this
 *     one; else empty
 */
record Evidence(
    Signal signal,
    String route,
    long slowNanos,
    int seconds,
    int hits,
    int requests,
    double usual,
    double chance,
    String seenBy) {

  double share() {
    return (double) hits / requests;
  }

  /**
   * For people: {@code errors 22 % of 180 in 10 s, others 0.1 %}, and what follows if it is so:
   * {@code , seen here and by edge-2}.
   */
  String text() {
    String where = route.isEmpty() ? "" : " on route " + route;
    String measured =
        percent(share())
            + " of "
            + requests
            + " in "
            + seconds
            + " s"
            + where
            + (signal == Signal.ERRORS ? "" : " took longer than " + duration(slowNanos))
            + ", others "
            + percent(usual)
            + (seenBy.isEmpty() ? "" : ", seen " + seenBy);
    return switch (signal) {
      case ERRORS -> "errors " + measured;
      case SLOW -> "slow: " + measured;
      case TAIL -> "degraded tail: " + measured;
    };
  }

  static String percent(double share) {
    double percent = share * 100;
    return percent == 0
        ? "0 %"
        : String.format(Locale.ROOT, percent < 9.95 ? "%.1f %%" : "%.0f %%", percent);
  }

  static String duration(long nanos) {
    double millis = nanos / 1e6;
    return String.format(
        Locale.ROOT,
        millis < 10 ? "%.1f ms" : millis < 10_000 ? "%.0f ms" : "%.0f s",
        millis < 10_000 ? millis : millis / 1000);
  }
}
