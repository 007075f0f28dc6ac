package io.fairlead.insight;

import io.fairlead.telemetry.NodeAnswers;
import io.fairlead.telemetry.ServiceAnswers;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What other instances have counted at one node: of each apart, so that one that is alone with what
 * it sees can be told from several that see the same.
 */
final class Elsewhere {
  /** What is said of more in a second is not counted. */
  private static final int MOST_A_SECOND = 2 * Answered.MOST;

  /** By instance: all routes together, made at each look, and behind it each class. */
  private final Map<String, @Nullable Counts[]> byInstance = new TreeMap<>();

  /** The same, of all instances and this one. */
  private final @Nullable Counts[] together = new Counts[1 + ServiceAnswers.CLASSES];

  private final float[] errorsByClient = new float[NodeAnswers.CLIENT_PLACES];

  /**
   * Counts what another instance has counted.
   *
   * @param room whether there may be one more count of an instance and class
   * @return how many more there are now, 0 or 1; below 0: it is one too many
   */
  int add(String instance, int routeClass, Answered answered, boolean room) {
    @Nullable Counts[] its =
        byInstance.computeIfAbsent(instance, _ -> new Counts[1 + ServiceAnswers.CLASSES]);
    Counts counts = its[1 + routeClass];
    boolean isNew = counts == null;
    if (counts == null) {
      if (!room) {
        return -1;
      }
      counts = new Counts();
      its[1 + routeClass] = counts;
    }
    if (counts.requestsOfSecond() < MOST_A_SECOND) {
      counts.add(answered.good(), answered.errors(), answered.slow(), answered.tail());
      for (int i = 0; i < answered.byClient().size(); i++) {
        errorsByClient[i] += answered.byClient().get(i);
      }
    }
    return isNew ? 1 : 0;
  }

  /** Another second begins. */
  void next() {
    for (@Nullable Counts[] its : byInstance.values()) {
      for (int i = 1; i < its.length; i++) {
        Counts counts = its[i];
        if (counts != null) {
          counts.next();
        }
      }
    }
    Subject.age(errorsByClient);
  }

  /**
   * Adds up what there is now.
   *
   * @return how many counts are kept
   */
  int sumUp(Subject own, int classes) {
    int kept = 0;
    for (@Nullable Counts[] its : byInstance.values()) {
      List<Counts> known = new ArrayList<>();
      for (int i = 1; i <= classes; i++) {
        add(known, its[i]);
      }
      its[0] = Counts.sum(known);
      kept += known.size();
    }
    for (int i = 0; i <= classes; i++) {
      List<Counts> all = new ArrayList<>();
      add(all, own.counts(i - 1));
      for (@Nullable Counts[] its : byInstance.values()) {
        add(all, its[i]);
      }
      together[i] = Counts.sum(all);
    }
    return kept;
  }

  private static void add(List<Counts> list, @Nullable Counts counts) {
    if (counts != null) {
      list.add(counts);
    }
  }

  /** Of all instances; of one class, or of all together if that is below 0. */
  @Nullable Counts together(int routeClass) {
    return together[1 + routeClass];
  }

  /** Of that instance. */
  @Nullable Counts of(String instance, int routeClass) {
    @Nullable Counts[] its = byInstance.get(instance);
    return its == null ? null : its[1 + routeClass];
  }

  Iterable<String> instances() {
    return byInstance.keySet();
  }

  float[] errorsByClient() {
    return errorsByClient;
  }

  /** Whether nobody is left. */
  boolean forget(String instance) {
    byInstance.remove(instance);
    return byInstance.isEmpty();
  }
}
