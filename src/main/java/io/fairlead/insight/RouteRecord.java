package io.fairlead.insight;

import io.fairlead.telemetry.NodeAnswers;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** What has been read of one node's answers to one route class. */
final class RouteRecord {
  /** Durations are forgotten at this pace, in seconds. */
  private static final double MEMORY = 30;

  private static final float KEPT = (float) Math.exp(-1 / MEMORY);

  final Counts counts = new Counts();
  private final int[] last = new int[NodeAnswers.LENGTH];
  private final float[] durations = new float[NodeAnswers.BUCKET_COUNT];
  private float weight;
  private long waiting;

  /** What other instances have not been told; null: nobody is told. */
  private @Nullable Untold untold;

  private static final class Untold {
    int good;
    int errors;
    int slow;
    int tail;
    final int[] byClient = new int[NodeAnswers.CLIENT_PLACES];
  }

  /** Begins with what is there now: what went before is nobody's fault any more. */
  void skip(NodeAnswers answers, int routeClass) {
    answers.read(routeClass, last);
    waiting = Integer.toUnsignedLong(last[NodeAnswers.AGED] - last[NodeAnswers.CAUGHT_UP]);
  }

  /** Another second begins. */
  void next() {
    counts.next();
    if (weight > 0) {
      weight *= KEPT;
      for (int i = 0; i < durations.length; i++) {
        durations[i] *= KEPT;
      }
      if (weight < 0.01f) {
        Arrays.fill(durations, 0);
        weight = 0;
      }
    }
  }

  /**
   * Counts what has come since the last time.
   *
   * @param scratch as long as what is read
   * @param node gets the same, for all classes together
   */
  void read(
      NodeAnswers answers, int routeClass, RouteNorm norm, int[] scratch, Counts node, Subject of) {
    if (answers.get(routeClass, NodeAnswers.GOOD) == last[NodeAnswers.GOOD]
        && answers.get(routeClass, NodeAnswers.ERRORS) == last[NodeAnswers.ERRORS]
        && answers.get(routeClass, NodeAnswers.AGED) == last[NodeAnswers.AGED]
        && answers.get(routeClass, NodeAnswers.CAUGHT_UP) == last[NodeAnswers.CAUGHT_UP]) {
      return;
    }
    answers.read(routeClass, scratch);
    int good = 0;
    int slow = 0;
    int tail = 0;
    for (int i = 0; i < NodeAnswers.BUCKET_COUNT; i++) {
      int came = scratch[NodeAnswers.BUCKETS + i] - last[NodeAnswers.BUCKETS + i];
      if (came > 0) {
        durations[i] += came;
        weight += came;
        norm.add(i, came);
        good += came;
        slow += i > norm.slowBucket() ? came : 0;
        tail += i > norm.tailBucket() ? came : 0;
      }
    }
    for (int i = 0; i < NodeAnswers.CLIENT_PLACES; i++) {
      int came = scratch[NodeAnswers.CLIENTS + i] - last[NodeAnswers.CLIENTS + i];
      if (came > 0) {
        of.addErrors(i, came);
        if (untold != null) {
          untold.byClient[i] += came;
        }
      }
    }
    // Those that wait too long count from now on, and not again when they end.
    long nowWaiting =
        Integer.toUnsignedLong(scratch[NodeAnswers.AGED] - scratch[NodeAnswers.CAUGHT_UP]);
    int more = (int) (nowWaiting - waiting);
    waiting = nowWaiting;
    if (more > 0) {
      norm.add(norm.oldBucket(), more);
    }
    int errors = Math.max(0, scratch[NodeAnswers.ERRORS] - last[NodeAnswers.ERRORS]);
    System.arraycopy(scratch, 0, last, 0, last.length);
    good = Math.max(0, good + more);
    slow = Math.max(0, slow + more);
    tail = Math.max(0, tail + more);
    counts.add(good, errors, slow, tail);
    node.add(good, errors, slow, tail);
    if (untold != null) {
      untold.good += good;
      untold.errors += errors;
      untold.slow += slow;
      untold.tail += tail;
    }
  }

  /**
   * What has come since that was asked last; null: nothing has, or it is asked for the first time.
   */
  @Nullable Answered tell() {
    Untold last = untold;
    if (last != null && last.good == 0 && last.errors == 0) {
      return null;
    }
    untold = new Untold();
    return last == null
        ? null
        : Answered.of(last.good, last.errors, last.slow, last.tail, last.byClient);
  }

  /** Nobody is told any more. */
  void tellNobody() {
    untold = null;
  }

  /** Remembered requests, older ones less. */
  float weight() {
    return weight;
  }

  /** The bucket that the given share of the remembered durations does not exceed. */
  int quantile(double share) {
    double rank = share * weight;
    double seen = 0;
    for (int i = 0; i < durations.length; i++) {
      seen += durations[i];
      if (seen >= rank && durations[i] > 0) {
        return i;
      }
    }
    return durations.length - 1;
  }

  void clear() {
    counts.clear();
  }
}
