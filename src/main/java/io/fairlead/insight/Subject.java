package io.fairlead.insight;

import io.fairlead.service.Standing;
import io.fairlead.telemetry.NodeAnswers;
import io.fairlead.telemetry.ServiceAnswers;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A node as the detector sees it. Whoever drives the detector keeps it and tells it what happens.
 */
public final class Subject {
  /** How long a node that is new, or was down, may be slow. */
  private static final long WARM_UP = 90 * Course.SECOND;

  /** Errors are remembered by client at this pace: to a third in ten seconds. */
  private static final float CLIENT_MEMORY = (float) Math.exp(-0.1);

  private final String name;
  private Map<String, String> labels;
  final NodeAnswers answers;
  final Course course = new Course();
  private final Counts counts = new Counts();
  private final @Nullable RouteRecord[] records = new RouteRecord[ServiceAnswers.CLASSES];
  private float @Nullable [] errorsByClient;
  private @Nullable Elsewhere elsewhere;
  private boolean present = true;
  private double capacity = Double.POSITIVE_INFINITY;
  private long warmUntil = Long.MIN_VALUE;
  private long passed = Long.MIN_VALUE;
  private boolean isProbed = true;
  private int requestsOfStep;
  private @Nullable Evidence evidence;
  private Standing reported = Standing.GOOD;

  Subject(String name, Map<String, String> labels, NodeAnswers answers) {
    this.name = name;
    this.labels = Map.copyOf(labels);
    this.answers = answers;
  }

  /** What people call the node. */
  public String name() {
    return name;
  }

  /** It has other labels from now on; {@link Detector#regroup} makes use of them. */
  public void setLabels(Map<String, String> next) {
    labels = Map.copyOf(next);
  }

  Map<String, String> labels() {
    return labels;
  }

  /** What it has been found to deserve. */
  public Standing standing() {
    return course.standing();
  }

  /** When its ejection ends, on the clock of the detector; 0 if it is not ejected. */
  public long ejectedUntil() {
    return course.until();
  }

  /** Ejections in a row so far. */
  public int ejections() {
    return course.ejections();
  }

  /**
   * Another process has found that of it: goes on from there, without telling anybody.
   *
   * @param leftNanos of an ejection
   * @param ejections in a row
   */
  public void goOn(Standing found, long leftNanos, int ejections, long now) {
    course.goOn(found, leftNanos, ejections, now);
    reported = found;
  }

  /**
   * Whether it gets requests, as far as others than the detector decide: it is up, not draining.
   */
  public void setPresent(boolean present) {
    this.present = present;
  }

  boolean isPresent() {
    return present;
  }

  /**
   * How many requests a second it can take.
   *
   * @param perSecond infinite if nobody knows
   */
  public void setCapacity(double perSecond) {
    capacity = perSecond;
  }

  double capacity() {
    return capacity;
  }

  /** Whether anybody probes it; if not, an ejection ends by itself. */
  public void setProbed(boolean probed) {
    isProbed = probed;
  }

  /** A probe of it has passed. */
  public void passedProbe(long now) {
    passed = now;
  }

  /** It has just been started, or has come up again: what was known of it is old. */
  public void started(long now) {
    warmUntil = now + WARM_UP;
    forget();
  }

  boolean isWarmingUp(long now) {
    return now < warmUntil;
  }

  /** What was counted so far says nothing of what comes. */
  void forget() {
    counts.clear();
    for (RouteRecord record : records) {
      if (record != null) {
        record.clear();
      }
    }
    errorsByClient = null;
    elsewhere = null;
    requestsOfStep = 0;
  }

  /** What was counted before the detector knew it is left out. */
  void skipPast() {
    for (int i = 0; i < records.length; i++) {
      if (answers.has(i)) {
        RouteRecord record = new RouteRecord();
        record.skip(answers, i);
        records[i] = record;
      }
    }
  }

  /** Another second begins. */
  void next() {
    if (course.isReturning()) {
      requestsOfStep += counts.requestsOfSecond();
    }
    counts.next();
    for (RouteRecord record : records) {
      if (record != null) {
        record.next();
      }
    }
    age(errorsByClient);
    if (elsewhere != null) {
      elsewhere.next();
    }
  }

  static void age(float @Nullable [] clients) {
    if (clients != null) {
      for (int i = 0; i < clients.length; i++) {
        clients[i] *= CLIENT_MEMORY;
      }
    }
  }

  /** Reads what has come since the last time. */
  void read(RouteNorm[] norms, int classes, int[] scratch) {
    for (int i = 0; i < classes; i++) {
      RouteRecord record = records[i];
      if (record == null) {
        if (!answers.has(i)) {
          continue;
        }
        record = new RouteRecord();
        records[i] = record;
      }
      record.read(answers, i, norms[i], scratch, counts, this);
    }
  }

  void addErrors(int place, int count) {
    float[] clients = errorsByClient;
    if (clients == null) {
      clients = new float[NodeAnswers.CLIENT_PLACES];
      errorsByClient = clients;
    }
    clients[place] += count;
  }

  /**
   * Whether errors came to more than one or two clients: a fifth of them at least to others than
   * the two that got most. One client whose requests fail wherever they go must not cost a node its
   * place, sticky as it may be.
   *
   * @param together with errors that other instances have counted
   */
  boolean failsManyClients(boolean together) {
    float[] here = errorsByClient;
    float[] there = together && elsewhere != null ? elsewhere.errorsByClient() : null;
    if (here == null && there == null) {
      return false;
    }
    float most = 0;
    float second = 0;
    float all = 0;
    for (int i = 0; i < NodeAnswers.CLIENT_PLACES; i++) {
      float errors = (here == null ? 0 : here[i]) + (there == null ? 0 : there[i]);
      all += errors;
      if (errors > most) {
        second = most;
        most = errors;
      } else if (errors > second) {
        second = errors;
      }
    }
    return all - most - second >= 0.2f * all;
  }

  @Nullable RouteRecord record(int routeClass) {
    return records[routeClass];
  }

  /** Of all routes together. */
  Counts counts() {
    return counts;
  }

  /** Of one class, or of all together if that is below 0. */
  @Nullable Counts counts(int routeClass) {
    if (routeClass < 0) {
      return counts;
    }
    RouteRecord record = records[routeClass];
    return record == null ? null : record.counts;
  }

  /** As {@link Elsewhere#add}. */
  int hear(String instance, int routeClass, Answered answered, boolean room) {
    if (elsewhere == null) {
      elsewhere = new Elsewhere();
    }
    return elsewhere.add(instance, routeClass, answered, room);
  }

  void forget(String instance) {
    if (elsewhere != null && elsewhere.forget(instance)) {
      elsewhere = null;
    }
  }

  void tellNobody() {
    elsewhere = null;
    for (RouteRecord record : records) {
      if (record != null) {
        record.tellNobody();
      }
    }
  }

  /** What others have counted; null: nothing. */
  @Nullable Elsewhere elsewhere() {
    return elsewhere;
  }

  /** Like {@link #counts(int)}, with what others have counted until the last look. */
  @Nullable Counts together(int routeClass) {
    return elsewhere == null ? counts(routeClass) : elsewhere.together(routeClass);
  }

  /** What was told of it last. */
  Standing reported() {
    return reported;
  }

  void setReported(Standing told) {
    reported = told;
  }

  void setEvidence(@Nullable Evidence found) {
    evidence = found;
  }

  @Nullable Evidence evidence() {
    return evidence;
  }

  /** Draws the conclusion from this second's evidence. */
  void conclude(long now, Course.Guard guard) {
    Standing before = course.standing();
    boolean wasOut = course.isOut();
    long until = course.until();
    course.tick(now, evidence, requestsOfStep, !isProbed || (passed >= until && until > 0), guard);
    if (course.isOut() != wasOut) {
      forget();
    }
    if (!course.standing().equals(before)) {
      requestsOfStep = 0;
    }
  }

  @Override
  public String toString() {
    return name + " " + course.standing();
  }
}
