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
 * Finds the nodes of one service that answer worse than the others: with more errors, more slowly,
 * or slowly more often. Twice a second it reads what event loops have counted, and judges each node
 * by the last 2, 5, 10, 25 and 60 seconds.
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

  /** Counts of nodes and routes by other instances: 1.2 KiB each. */
  private static final int MOST_KEPT = 20_000;

  /** Nearly: who calls each second is not always as late. */
  private static final long A_SECOND = Course.SECOND * 9 / 10;

  /** What a node deserves has changed. */
  public record Change(Subject subject, Standing before, Standing after) {}

  /**
   * What a look has brought.
   *
   * @param raised alarms that are new
   * @param over alarms that have ended
   */
  public record News(List<Change> changes, List<ServiceAlarm> raised, List<ServiceAlarm> over) {}

  private final ServiceAnswers answers;
  private OutlierConfig config;
  private Subject[] subjects = {};
  private Groups groups = new Groups(subjects);
  private final RouteNorm[] norms = new RouteNorm[ServiceAnswers.CLASSES];
  private final Examiner examiner;
  private final Examiner together;
  private final Everybody everybody;
  private final int[] scratch = new int[NodeAnswers.LENGTH];
  private final Alarms alarms = new Alarms();
  private int classes;
  private int kept;
  private int toTell;
  private boolean started;
  private long second = Long.MIN_VALUE / 2;

  public Detector(ServiceAnswers answers, OutlierConfig config) {
    this.answers = answers;
    this.config = config;
    for (int i = 0; i < norms.length; i++) {
      norms[i] = new RouteNorm();
    }
    examiner = new Examiner(answers, norms, false);
    together = new Examiner(answers, norms, true);
    everybody = new Everybody(answers, norms);
  }

  /** Goes on with another configuration. */
  public void configure(OutlierConfig next) {
    config = next;
    for (Subject subject : subjects) {
      subject.course.setEjectionNanos(config.ejectionTime().toNanos());
    }
  }

  /**
   * A node, to be given to {@link #replace}.
   *
   * @param labels that groups of nodes have in common: version, host, zone
   */
  public static Subject subject(String name, Map<String, String> labels, NodeAnswers its) {
    return new Subject(name, labels, its);
  }

  /**
   * The nodes that there are from now on. Known ones stay as they are; one that joins others that
   * are at work already may be slow for a while.
   */
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

  /** Nodes have got other labels. */
  public void regroup() {
    groups = new Groups(subjects);
  }

  private void begin(Subject subject, long now) {
    subject.course.setEjectionNanos(config.ejectionTime().toNanos());
    subject.skipPast();
    if (started) {
      subject.started(now);
    }
  }

  /** Whether there is nothing to be said of any node, nor of all. */
  public boolean isQuiet() {
    return alarms.isEmpty()
        && Arrays.stream(subjects)
            .allMatch(subject -> subject.standing().state() == Standing.State.GOOD);
  }

  /** Half of the requests of the busiest route are answered in less, usually; 0: not known. */
  public long medianNanos() {
    return norms[RouteNorm.busiest(norms)].medianNanos();
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
    judge(now, raised);
    judgeTogether(now);
    lookAtAll(now, next, raised);
    dropWhatMostHave(now);
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
        int suspects = examiner.judge(subjects, signal, Examiner.WHOLE, window, now, manyClients);
        if (classes > 1) {
          for (int i = 0; i < classes; i++) {
            int _ = examiner.judge(subjects, signal, i, window, now, manyClients);
          }
        }
        if (suspects > 1 && group == null && signal != Signal.TAIL && window <= Counts.TEN) {
          group = groups.find(subjects, signal, window);
          if (group != null) {
            raise(groupAlarm(group, signal, window), now, raised);
          }
        }
      }
    }
  }

  // --- other instances ---------------------------------------------------------------------

  /**
   * What others have counted may make certain what this instance's own requests only suggest. It
   * never makes less of them, and alarms are raised by them alone.
   */
  private void judgeTogether(long now) {
    kept = 0;
    for (Subject subject : subjects) {
      Elsewhere elsewhere = subject.elsewhere();
      if (elsewhere != null) {
        kept += elsewhere.sumUp(subject, classes);
      }
    }
    if (kept == 0) {
      return;
    }
    boolean manyClients = answers.clients() >= FEW_CLIENTS;
    for (Signal signal : Signal.values()) {
      for (int window = 0; window < Counts.WINDOWS.length; window++) {
        for (int i = Examiner.WHOLE; i < (classes > 1 ? classes : 0); i++) {
          int _ = together.judge(subjects, signal, i, window, now, manyClients);
        }
      }
    }
  }

  /** Is told what has been counted of a node. */
  public interface Teller {
    void tell(Subject node, int routeClass, Answered answered);
  }

  /**
   * Tells what has been counted here since it was asked last; the first time nothing.
   *
   * @param most of so many nodes and routes; what is left is told first the next time
   * @return of how many it was
   */
  public int tell(int most, Teller teller) {
    int told = 0;
    for (int i = 0; i < subjects.length && told < most; i++) {
      toTell = toTell + 1 >= subjects.length ? 0 : toTell + 1;
      Subject subject = subjects[toTell];
      for (int k = 0; k < classes; k++) {
        RouteRecord its = subject.record(k);
        Answered answered = its == null ? null : its.tell();
        if (answered != null) {
          teller.tell(subject, k, answered);
          told++;
        }
      }
    }
    return told;
  }

  /** Nobody asks any more what has been counted here, and nobody tells. */
  public void beAlone() {
    for (Subject subject : subjects) {
      subject.tellNobody();
    }
  }

  /**
   * Counts what another instance has counted.
   *
   * @return whether there was room
   */
  public boolean hear(String instance, Subject node, int routeClass, Answered answered) {
    int more = node.hear(instance, routeClass, answered, kept < MOST_KEPT);
    kept += Math.max(0, more);
    return more >= 0;
  }

  /** That instance is silent: what it said is old. */
  public void forget(String instance) {
    for (Subject subject : subjects) {
      subject.forget(instance);
    }
  }

  private void dropWhatMostHave(long now) {
    if (alarms.isEmpty()) {
      return;
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
    return alarms.isSeen(
            signal == Signal.ERRORS ? ServiceAlarm.Kind.ALL_FAIL : ServiceAlarm.Kind.ALL_SLOW, now)
        || alarms.isOfMost(subject.labels());
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

  /** What all have is compared with what they used to have. */
  private void lookAtAll(long now, boolean next, List<ServiceAlarm> raised) {
    ServiceAlarm failing = everybody.failing(subjects, next);
    if (failing != null) {
      if (!alarms.isRaised(ServiceAlarm.Kind.GROUP)) { // which says more
        raise(failing, now, raised);
      }
      takeBack(now, Signal.ERRORS);
    }
    ServiceAlarm slow = everybody.slow(classes, next);
    if (slow != null) {
      raise(slow, now, raised);
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
    if (100L * left < (100L - config.maxEjected()) * subjects.length) {
      return "no more than " + config.maxEjected() + " % of the nodes may be out at once";
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
