package io.fairlead.insight;

import io.fairlead.config.OutlierConfig;
import io.fairlead.service.Standing;
import io.fairlead.telemetry.NodeAnswers;
import io.fairlead.telemetry.ServiceAnswers;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Finds the nodes of one service that answer worse than the others: with more errors, more slowly, or
 * slowly more often. Twice a second it reads what event loops have counted, and judges each node by
 * the last 2, 5, 10 and 60 seconds.
 *
 * <p>A node is bad if its share of errors (or of slow answers) is above that of the better half of
 * the nodes by so much that chance explains it once in ten million times, and by so much that it
 * matters. It is compared with the others at the same time and never with itself at another: when
 * all fail alike, because something behind them fails, nobody is an outlier and nothing is taken
 * out, and what is said then is an alarm. Nor is anything taken out
 *
 * <ul>
 *   <li>if less than the configured share of nodes, or less than 1.1 times what is asked for, as
 *       far as that is known, would be left;
 *   <li>for errors that only one or two clients get, where there are more;
 *   <li>for slowness, within 90 seconds after it joined the others or came up.
 * </ul>
 *
 * <p>One thread drives it, and tells it the time.
 */
public final class Detector {
  /** What would be left after an ejection must be that many times what is asked for. */
  private static final double SPARE = 1.1;

  /** Errors of so many clients count, where there are so many. */
  private static final double FEW_CLIENTS = 3;

  /** Nodes ejected for what all nodes have, not longer ago than that, are taken back. */
  private static final long TAKEN_BACK = 30 * Course.SECOND;

  /** How much more must fail than usual. */
  private static final double ALARMING_ERRORS = 0.1;

  /** How much slower must be the median, and by at least so much. */
  private static final double ALARMING_SLOWNESS = 2.5;

  private static final long ALARMING_NANOS = 5_000_000;
  private static final int ALARMING_REQUESTS = 50;

  /** Seconds in which the usual share of errors follows. */
  private static final double USUAL = 600;

  /** Nearly: who calls each second is not always as late. */
  private static final long A_SECOND = Course.SECOND * 9 / 10;

  /**
   * That a node is slow must be certain, and so must be that it is slower than another kind of
   * machine would be: half again as slow leaves a third of the requests beyond the bound.
   */
  private static final double CERTAINLY_MORE = 2.0 / 3;

  private static final double CERTAIN = 1e-6;
  private static final double CERTAIN_AGAIN = 1e-3;

  /** All route classes together. */
  private static final int WHOLE = -1;

  /** What a node deserves has changed. */
  public record Change(Subject subject, Standing before, Standing after) {}

  /**
   * What a look has brought.
   *
   * @param raised alarms that are new
   * @param over alarms that have ended
   */
  public record News(
      List<Change> changes, List<ServiceAlarm> raised, List<ServiceAlarm> over) {}

  private final ServiceAnswers answers;
  private OutlierConfig config;
  private Subject[] subjects = {};
  private Groups groups = new Groups(subjects);
  private final RouteNorm[] norms = new RouteNorm[ServiceAnswers.CLASSES];
  private final int[] scratch = new int[NodeAnswers.LENGTH];
  private final Alarms alarms = new Alarms();
  private int classes;
  private boolean started;
  private long second = Long.MIN_VALUE / 2;
  private double usualErrors;
  private double seconds;

  public Detector(ServiceAnswers answers, OutlierConfig config) {
    this.answers = answers;
    this.config = config;
    for (int i = 0; i < norms.length; i++) {
      norms[i] = new RouteNorm();
    }
  }

  /** Goes on with another configuration. */
  public void configure(OutlierConfig next) {
    config = next;
    for (Subject subject : subjects) {
      subject.course.setEjectionNanos(config.ejectionTime().toNanos());
    }
  }

  /**
   * A node to be judged from now on. One that joins others that are at work already may be slow for
   * a while.
   *
   * @param labels that groups of nodes have in common: version, host, zone
   */
  public Subject join(String name, Map<String, String> labels, NodeAnswers its, long now) {
    return joinAll(List.of(new Subject(name, labels, its)), now).getFirst();
  }

  /** A node that is to be given to {@link #replace}. */
  public static Subject subject(String name, Map<String, String> labels, NodeAnswers its) {
    return new Subject(name, labels, its);
  }

  /** The nodes that there are from now on: known ones stay as they are. */
  public void replace(List<Subject> next, long now) {
    List<Subject> before = Arrays.asList(subjects);
    Set<Subject> known = Collections.newSetFromMap(new IdentityHashMap<>());
    known.addAll(before);
    for (Subject subject : next) {
      if (!known.contains(subject)) {
        begin(subject, now);
      }
    }
    subjects = next.toArray(Subject[]::new);
    groups = new Groups(subjects);
  }

  private List<Subject> joinAll(List<Subject> joining, long now) {
    List<Subject> all = new ArrayList<>(Arrays.asList(subjects));
    all.addAll(joining);
    replace(all, now);
    return joining;
  }

  /** That node is judged no longer. */
  public void leave(Subject subject) {
    List<Subject> rest = new ArrayList<>(Arrays.asList(subjects));
    rest.remove(subject);
    subjects = rest.toArray(Subject[]::new);
    groups = new Groups(subjects);
  }

  private void begin(Subject subject, long now) {
    subject.course.setEjectionNanos(config.ejectionTime().toNanos());
    subject.skipPast();
    if (started) {
      subject.started(now);
    }
  }

  /** The alarms that are raised now. */
  public List<ServiceAlarm> alarms() {
    return alarms.all();
  }

  /** Time has passed: half a second, or a second. */
  public News tick(long now) {
    boolean next = now - second >= A_SECOND;
    if (next) {
      second = now;
    }
    read(next);
    List<ServiceAlarm> raised = new ArrayList<>();
    lookAtAll(now, next, raised);
    judge(now, raised);
    List<Change> changes = conclude(now, raised);
    if (next) {
      publishNorms();
    }
    return new News(changes, raised, alarms.isEmpty() ? List.of() : alarms.end(now));
  }

  private void read(boolean next) {
    classes = answers.classCount();
    for (int i = 0; next && i < classes; i++) {
      norms[i].next();
    }
    for (Subject subject : subjects) {
      if (next) {
        subject.next();
      }
      subject.read(norms, classes, scratch);
      started |= subject.counts().requests(0) > 0;
    }
  }

  private void publishNorms() {
    for (int i = 0; i < classes; i++) {
      norms[i].update(subjects, i);
      answers.setOld(i, norms[i].oldNanos());
    }
  }

  // --- single nodes ------------------------------------------------------------------------

  private void judge(long now, List<ServiceAlarm> raised) {
    for (Subject subject : subjects) {
      subject.setEvidence(null);
    }
    boolean manyClients = answers.clients() >= FEW_CLIENTS;
    Groups.Finding group = null;
    for (Signal signal : Signal.values()) {
      for (int window = 0; window < Counts.WINDOWS.length; window++) {
        int suspects = judge(signal, WHOLE, window, now, manyClients);
        if (classes > 1) {
          for (int i = 0; i < classes; i++) {
            judge(signal, i, window, now, manyClients);
          }
        }
        if (suspects > 1
            && group == null
            && signal != Signal.TAIL
            && window <= Counts.TEN) {
          group = groups.find(subjects, signal, window);
          if (group != null) {
            raise(groupAlarm(group, signal, window), now, raised);
          }
        }
      }
    }
    for (Subject subject : subjects) {
      Evidence evidence = subject.evidence();
      if (evidence != null && isOfMost(subject, evidence.signal(), now)) {
        subject.setEvidence(null);
      }
    }
  }

  /**
   * Whether most nodes have the same: then it is not this one, and where would its requests go? An
   * alarm says so.
   */
  private boolean isOfMost(Subject subject, Signal signal, long now) {
    return !alarms.isEmpty()
        && (alarms.isSeen(
                signal == Signal.ERRORS ? ServiceAlarm.Kind.ALL_FAIL : ServiceAlarm.Kind.ALL_SLOW,
                now)
            || alarms.isOfMost(subject.labels()));
  }

  /** Returns how many nodes might be bad if the others are good. */
  private int judge(Signal signal, int routeClass, int window, long now, boolean manyClients) {
    int suspects = 0;
    for (Subject subject : subjects) {
      if (isSuspect(subject, signal, routeClass, window, now)) {
        suspects++;
      }
    }
    if (suspects == 0) {
      return 0; // nearly always: nothing has to be sorted
    }
    Counts[] counts = new Counts[subjects.length];
    for (int i = 0; i < subjects.length; i++) {
      counts[i] = subjects[i].counts(routeClass);
    }
    Baseline baseline = Baseline.of(counts, signal, window);
    if (baseline == null) {
      return suspects;
    }
    int longest = Counts.WINDOWS.length - 1;
    Baseline longer = window == longest ? null : Baseline.of(counts, signal, longest);
    double bound = longer == null ? baseline.bound() : Math.max(baseline.bound(), longer.bound());
    @Nullable Baseline[] byClass = routeClass == WHOLE && classes > 1 ? byClass(signal, window) : null;
    for (Subject subject : subjects) {
      if (isSuspect(subject, signal, routeClass, window, now)
          && (signal != Signal.ERRORS || !manyClients || subject.failsManyClients())) {
        weigh(subject, signal, routeClass, window, baseline, bound, byClass);
      }
    }
    return suspects;
  }

  private @Nullable Baseline[] byClass(Signal signal, int window) {
    @Nullable Baseline[] baselines = new Baseline[classes];
    for (int i = 0; i < classes; i++) {
      Counts[] counts = new Counts[subjects.length];
      for (int k = 0; k < subjects.length; k++) {
        counts[k] = subjects[k].counts(i);
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
      @Nullable Baseline @Nullable [] byClass) {
    Counts counts = subject.counts(routeClass);
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
      subject.setEvidence(
          new Evidence(
              signal,
              routeClass == WHOLE ? "" : answers.routesOf(routeClass),
              slowNanos(signal, routeClass),
              Counts.WINDOWS[window],
              hits,
              requests,
              usual,
              chance));
    }
  }

  /** What a node would have if it answered each route as the others do: some get more of one. */
  private double mix(
      Subject subject, Signal signal, int window, @Nullable Baseline[] byClass) {
    double expected = 0;
    long all = 0;
    for (int i = 0; i < classes; i++) {
      Counts counts = subject.counts(i);
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
    RouteNorm norm = norms[routeClass == WHOLE ? busiest() : routeClass];
    return signal == Signal.SLOW ? norm.slowNanos() : norm.tailNanos();
  }

  /** The class with most requests. */
  private int busiest() {
    int busiest = 0;
    for (int i = 1; i < classes; i++) {
      if (norms[i].requests() > norms[busiest].requests()) {
        busiest = i;
      }
    }
    return busiest;
  }

  /** Whether it could be bad at all, whatever the others are. */
  private static boolean isSuspect(
      Subject subject, Signal signal, int routeClass, int window, long now) {
    if (!subject.isPresent()
        || subject.course.isOut()
        || (signal != Signal.ERRORS && subject.isWarmingUp(now))) {
      return false;
    }
    Counts counts = subject.counts(routeClass);
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

  // --- all of them -------------------------------------------------------------------------

  private ServiceAlarm groupAlarm(Groups.Finding group, Signal signal, int window) {
    boolean majority = 2 * group.size() > subjects.length;
    return new ServiceAlarm(
        ServiceAlarm.Kind.GROUP,
        group.label(),
        majority,
        "the "
            + group.size()
            + " nodes with "
            + group.label()
            + (majority ? ", the majority," : "")
            + (signal == Signal.ERRORS
                ? " answer " + Evidence.percent(group.share()) + " errors"
                : " are slow with " + Evidence.percent(group.share()) + " of requests")
            + " in "
            + Counts.WINDOWS[window]
            + " s, others "
            + Evidence.percent(group.usual()));
  }

  /** Compares the service with what it used to be. */
  private void lookAtAll(long now, boolean next, List<ServiceAlarm> raised) {
    long errors = 0;
    long requests = 0;
    for (Subject subject : subjects) {
      errors += subject.counts().hits(Signal.ERRORS, Counts.TEN);
      requests += subject.counts().requests(Counts.TEN);
    }
    if (requests == 0) {
      return;
    }
    double share = (double) errors / requests;
    boolean failing = false;
    if (requests >= ALARMING_REQUESTS && seconds >= 10 && share >= usualErrors + ALARMING_ERRORS) {
      double middle = middleErrors();
      failing = middle >= usualErrors + ALARMING_ERRORS;
      if (failing && !alarms.isRaised(ServiceAlarm.Kind.GROUP)) {
        raise(
            new ServiceAlarm(
                ServiceAlarm.Kind.ALL_FAIL,
                "",
                true,
                "most nodes fail alike: errors "
                    + Evidence.percent(share)
                    + " of "
                    + requests
                    + " in 10 s, usually "
                    + Evidence.percent(usualErrors)
                    + "; something that all of them need may be the cause"),
            now,
            raised);
      }
      if (failing) {
        takeBack(now, Signal.ERRORS);
      }
    }
    if (!failing && next) {
      seconds++;
      usualErrors += (share - usualErrors) / Math.min(seconds, USUAL);
    }
    lookAtPace(now, next, raised);
  }

  /** The lower median of the nodes' shares of errors in 10 s. */
  private double middleErrors() {
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

  private void lookAtPace(long now, boolean next, List<ServiceAlarm> raised) {
    boolean slow = false;
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
        slow = true;
        raise(
            new ServiceAlarm(
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
                    + "; something that all of them need may be the cause, or there are too few"),
            now,
            raised);
      } else if (next) {
        norm.learn();
      }
    }
    if (slow) {
      takeBack(now, Signal.SLOW);
    }
  }

  /** The first of many that fell ill of the same thing are no worse than those that followed. */
  private void takeBack(long now, Signal signal) {
    for (Subject subject : subjects) {
      long since = subject.course.outFor(signal);
      if (since != Long.MIN_VALUE && now - since <= TAKEN_BACK) {
        subject.course.takeBack(
            now,
            signal == Signal.ERRORS ? "errors, as others have, too" : "slowness, as elsewhere");
      }
    }
  }

  private void raise(ServiceAlarm alarm, long now, List<ServiceAlarm> raised) {
    if (alarms.see(alarm, now)) {
      raised.add(alarm);
    }
  }

  // --- conclusions -------------------------------------------------------------------------

  private List<Change> conclude(long now, List<ServiceAlarm> raised) {
    List<Change> changes = new ArrayList<>();
    Subject[] order = subjects;
    if (Arrays.stream(subjects).anyMatch(subject -> subject.evidence() != null)) {
      order = subjects.clone();
      Arrays.sort(order, Detector::worstFirst); // room may not be enough for all
    }
    boolean noRoom = false;
    for (Subject subject : order) {
      Standing before = subject.reported();
      subject.conclude(now, this::against);
      noRoom |= subject.course.isRefused();
      if (!before.equals(subject.standing())) {
        changes.add(new Change(subject, before, subject.standing()));
        subject.setReported(subject.standing());
      }
    }
    if (noRoom) {
      raise(
          new ServiceAlarm(
              ServiceAlarm.Kind.NO_ROOM,
              "",
              false,
              "more nodes are bad than may be taken out: "
                  + Arrays.stream(order)
                      .filter(subject -> subject.course.isRefused())
                      .limit(5)
                      .map(Subject::name)
                      .collect(Collectors.joining(", "))),
          now,
          raised);
    }
    keepGroups(now);
    return changes;
  }

  /** A group whose nodes are out shows no errors; that does not mean that it is well. */
  private void keepGroups(long now) {
    if (alarms.isEmpty()) {
      return;
    }
    for (Subject subject : subjects) {
      if (subject.standing().state() != Standing.State.GOOD) {
        subject.labels().forEach((key, value) -> alarms.keep(key + "=" + value, now));
      }
    }
  }

  private static int worstFirst(Subject one, Subject other) {
    Evidence a = one.evidence();
    Evidence b = other.evidence();
    if (a == null || b == null) {
      return (a == null ? 1 : 0) - (b == null ? 1 : 0);
    }
    return Double.compare(b.share() - b.usual(), a.share() - a.usual());
  }

  /** Why there is no room for one more ejection; null: there is. */
  private @Nullable String against() {
    int left = -1; // less the one that is asked for
    double requests = 0;
    double capacity = 0;
    double least = Double.POSITIVE_INFINITY;
    for (Subject subject : subjects) {
      requests += subject.counts().requests(Counts.TEN);
      if (subject.isPresent() && !subject.course.isOut()) {
        left++;
        capacity += subject.capacity();
        least = Math.min(least, subject.capacity());
      }
    }
    if (left < Math.ceil(subjects.length * (1 - config.maxEjected()) - 1e-9)) {
      return "no more than "
          + Evidence.percent(config.maxEjected())
          + " of the nodes may be out at once";
    }
    if (left < 1) {
      return "there is no other";
    }
    double offered = requests / Counts.WINDOWS[Counts.TEN];
    if (capacity < Double.POSITIVE_INFINITY && capacity - least < SPARE * offered) {
      return "the others could not take all requests";
    }
    return null;
  }
}
