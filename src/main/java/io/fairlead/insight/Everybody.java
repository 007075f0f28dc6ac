package io.fairlead.insight;

import io.fairlead.telemetry.ServiceAnswers;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Compares a service with what it used to be: what all its nodes have is nobody's fault among them,
 * and can be seen in no other way. While something is wrong the usual is not learned from it.
 */
final class Everybody {
  /** How much more must fail than usual. */
  private static final double ALARMING_ERRORS = 0.1;

  /** How much slower must be the median, and by at least so much. */
  private static final double ALARMING_SLOWNESS = 2.5;

  private static final long ALARMING_NANOS = 5_000_000;
  private static final int ALARMING_REQUESTS = 50;

  /** Seconds after which the usual is known. */
  private static final int LEARNED = 10;

  /** Seconds in which the usual share of errors follows. */
  private static final double USUAL = 600;

  private final ServiceAnswers answers;
  private final RouteNorm[] norms;
  private double usualErrors;
  private double seconds;

  Everybody(ServiceAnswers answers, RouteNorm[] norms) {
    this.answers = answers;
    this.norms = norms;
  }

  /**
   * The alarm that most nodes fail alike, if they do.
   *
   * @param next whether another second has begun
   */
  @Nullable ServiceAlarm failing(Subject[] subjects, boolean next) {
    long errors = 0;
    long requests = 0;
    for (Subject subject : subjects) {
      errors += subject.counts().hits(Signal.ERRORS, Counts.TEN);
      requests += subject.counts().requests(Counts.TEN);
    }
    if (requests == 0) {
      return null;
    }
    double share = (double) errors / requests;
    double alarming = usualErrors + ALARMING_ERRORS;
    if (requests >= ALARMING_REQUESTS
        && seconds >= LEARNED
        && share >= alarming
        && middleErrors(subjects) >= alarming) {
      return new ServiceAlarm(
          ServiceAlarm.Kind.ALL_FAIL,
          "",
          true,
          "most nodes fail alike: errors "
              + Evidence.percent(share)
              + " of "
              + requests
              + " in 10 s, usually "
              + Evidence.percent(usualErrors)
              + "; something that all of them need may be the cause");
    }
    if (next) {
      seconds++;
      usualErrors += (share - usualErrors) / Math.min(seconds, USUAL);
    }
    return null;
  }

  /** The lower median of the nodes' shares of errors in 10 s. */
  private static double middleErrors(Subject[] subjects) {
    double[] shares = new double[subjects.length];
    int found = 0;
    for (Subject subject : subjects) {
      int requests = subject.counts().requests(Signal.ERRORS, Counts.TEN);
      if (requests >= 5) {
        shares[found++] = (double) subject.counts().hits(Signal.ERRORS, Counts.TEN) / requests;
      }
    }
    if (found == 0) {
      return 0;
    }
    Arrays.sort(shares, 0, found);
    return shares[(found - 1) / 2];
  }

  /** The alarm that most nodes are slow alike, if they are: on the first such route. */
  @Nullable ServiceAlarm slow(int classes, boolean next) {
    ServiceAlarm alarm = null;
    for (int i = 0; i < classes; i++) {
      RouteNorm norm = norms[i];
      int requests = norm.requests();
      if (requests == 0) {
        continue;
      }
      long median = norm.medianNanos();
      long usual = norm.usualNanos();
      if (requests >= ALARMING_REQUESTS
          && norm.isUsualKnown()
          && median >= ALARMING_SLOWNESS * usual
          && median - usual >= ALARMING_NANOS) {
        alarm =
            alarm != null
                ? alarm
                : new ServiceAlarm(
                    ServiceAlarm.Kind.ALL_SLOW,
                    "",
                    true,
                    "most nodes are slow alike: half of "
                        + requests
                        + " answers"
                        + (classes > 1 ? " on route " + answers.routesOf(i) : "")
                        + " in 5 s took longer than "
                        + Evidence.duration(median)
                        + ", usually "
                        + Evidence.duration(usual)
                        + "; something that all of them need may be the cause, or they are too"
                        + " few");
      } else if (next) {
        norm.learn();
      }
    }
    return alarm;
  }
}
