package io.fairlead.insight;

import io.fairlead.telemetry.ServiceAnswers;
import org.jspecify.annotations.Nullable;

/**
 * Compares the nodes of a service with one another: one signal, one window and one route class at a
 * time. As long as nobody could be bad whatever the others are, which is nearly always, that is one
 * pass over the counts and nothing is sorted.
 */
final class Examiner {
  /**
   * That a node is slow must be certain, and so must be that it is slower than another kind of
   * machine would be: half again as slow leaves a third of the requests beyond the bound.
   */
  private static final double CERTAINLY_MORE = 2.0 / 3;

  private static final double CERTAIN = 1e-5;
  private static final double CERTAIN_AGAIN = 1e-3;

  /** All route classes together. */
  static final int WHOLE = -1;

  private final ServiceAnswers answers;
  private final RouteNorm[] norms;
  private final boolean together;

  /**
   * @param together whether what other instances have counted counts, too
   */
  Examiner(ServiceAnswers answers, RouteNorm[] norms, boolean together) {
    this.answers = answers;
    this.norms = norms;
    this.together = together;
  }

  private @Nullable Counts counts(Subject subject, int routeClass) {
    return together ? subject.together(routeClass) : subject.counts(routeClass);
  }

  /**
   * Gives evidence to those that are bad.
   *
   * @param routeClass one class; {@link #WHOLE}: all requests
   * @param manyClients whether errors of one or two clients are to be left out
   * @return how many nodes might be bad if the others are good
   */
  int judge(
      Subject[] subjects,
      Signal signal,
      int routeClass,
      int window,
      long now,
      boolean manyClients) {
    int classes = answers.classCount();
    int suspects = 0;
    for (Subject subject : subjects) {
      if (isSuspect(subject, signal, routeClass, window, now)) {
        suspects++;
      }
    }
    if (suspects == 0) {
      return 0; // nearly always: nothing has to be sorted
    }
    @Nullable Counts[] counts = new Counts[subjects.length];
    for (int i = 0; i < subjects.length; i++) {
      counts[i] = counts(subjects[i], routeClass);
    }
    Baseline baseline = Baseline.of(counts, signal, window);
    if (baseline == null) {
      return suspects;
    }
    int longest = Counts.WINDOWS.length - 1;
    Baseline longer = window == longest ? null : Baseline.of(counts, signal, longest);
    double bound = longer == null ? baseline.bound() : Math.max(baseline.bound(), longer.bound());
    @Nullable Baseline[] byClass =
        routeClass == WHOLE && classes > 1 ? byClass(subjects, classes, signal, window) : null;
    Witnesses witnesses = together ? new Witnesses(subjects, signal, routeClass, window) : null;
    for (Subject subject : subjects) {
      if (isSuspect(subject, signal, routeClass, window, now)
          && (signal != Signal.ERRORS || !manyClients || subject.failsManyClients(together))) {
        weigh(subject, signal, routeClass, window, baseline, bound, byClass, witnesses);
      }
    }
    return suspects;
  }

  private @Nullable Baseline[] byClass(Subject[] subjects, int classes, Signal signal, int window) {
    @Nullable Baseline[] baselines = new Baseline[classes];
    for (int i = 0; i < classes; i++) {
      @Nullable Counts[] counts = new Counts[subjects.length];
      for (int k = 0; k < subjects.length; k++) {
        counts[k] = counts(subjects[k], i);
      }
      baselines[i] = Baseline.of(counts, signal, window);
    }
    return baselines;
  }

  private void weigh(
      Subject subject,
      Signal signal,
      int routeClass,
      int window,
      Baseline baseline,
      double bound,
      @Nullable Baseline @Nullable [] byClass,
      @Nullable Witnesses witnesses) {
    Counts counts = counts(subject, routeClass);
    if (counts == null) {
      return;
    }
    int requests = counts.requests(signal, window);
    int hits = counts.hits(signal, window);
    double mix = byClass == null ? 0 : mix(subject, signal, window, byClass);
    double usual = Math.max(baseline.middle(), mix);
    double most = bound + Math.max(0, mix - baseline.usual());
    double share = (double) hits / requests;
    if (share - usual < signal.floor(requests, routeClass != WHOLE)) {
      return;
    }
    double chance = Binomial.tail(hits, requests, most);
    if (signal == Signal.SLOW
        && Binomial.tail(
                hits,
                requests,
                usual + CERTAINLY_MORE * signal.floor(requests, routeClass != WHOLE))
            > (subject.course.isReturning() ? CERTAIN_AGAIN : CERTAIN)) {
      return;
    }
    Evidence before = subject.evidence();
    if (chance < subject.course.suspicious()
        && (before == null
            || (before.signal() == Signal.TAIL && signal != Signal.TAIL)
            || (before.signal() == signal && chance < before.chance()))) {
      String seenBy = witnesses == null ? "" : witnesses.of(subject, most);
      if (seenBy == null) {
        return;
      }
      subject.setEvidence(
          new Evidence(
              signal,
              routeClass == WHOLE ? "" : answers.routesOf(routeClass),
              slowNanos(signal, routeClass),
              Counts.WINDOWS[window],
              hits,
              requests,
              usual,
              chance,
              seenBy));
    }
  }

  /** What a node would have if it answered each route as the others do: some get more of one. */
  private double mix(Subject subject, Signal signal, int window, @Nullable Baseline[] byClass) {
    double expected = 0;
    long all = 0;
    for (int i = 0; i < byClass.length; i++) {
      Counts counts = counts(subject, i);
      Baseline its = byClass[i];
      if (counts != null && its != null) {
        int requests = counts.requests(signal, window);
        expected += requests * its.usual();
        all += requests;
      }
    }
    return all == 0 ? 0 : expected / all;
  }

  private long slowNanos(Signal signal, int routeClass) {
    if (signal == Signal.ERRORS) {
      return 0;
    }
    RouteNorm norm = norms[routeClass == WHOLE ? RouteNorm.busiest(norms) : routeClass];
    return signal == Signal.SLOW ? norm.slowNanos() : norm.tailNanos();
  }

  /** Whether it could be bad at all, whatever the others are. */
  private boolean isSuspect(Subject subject, Signal signal, int routeClass, int window, long now) {
    if (!subject.isPresent()
        || subject.course.isOut()
        || (signal != Signal.ERRORS && subject.isWarmingUp(now))) {
      return false;
    }
    Counts counts = counts(subject, routeClass);
    if (counts == null) {
      return false;
    }
    boolean again = subject.course.isReturning() && signal != Signal.TAIL;
    int requests = counts.requests(signal, window);
    int hits = counts.hits(signal, window);
    return hits >= (again ? 2 : signal.leastHits)
        && requests >= (again ? 2 : signal.least)
        && hits >= signal.floor(requests, routeClass != WHOLE) * requests;
  }
}
