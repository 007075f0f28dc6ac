package io.fairlead.insight;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Which instances see that a node is bad, where their requests are counted together.
 *
 * <p>One alone may have a bad way to the node: then it must do without it, and nobody else. So two
 * have to see it, each of them more than at the other nodes that it reaches; and this one must not
 * have had so many requests that it would have seen it, too.
 */
final class Witnesses {
  /** What an instance sees of a node is less likely by chance, at a node like the others. */
  private static final double SEEN = 1e-3;

  private static final int LEAST_HITS = 2;

  /** What this one has not seen is less likely by chance, if the others are right. */
  private static final double CONTRADICTED = 0.05;

  /** Names that are said. */
  private static final int MOST_NAMES = 3;

  private final Subject[] subjects;
  private final Signal signal;
  private final int routeClass;
  private final int window;

  /** What each instance finds usual, by its name; of this one by none. */
  private final Map<String, Optional<Baseline>> usual = new HashMap<>();

  Witnesses(Subject[] subjects, Signal signal, int routeClass, int window) {
    this.subjects = subjects;
    this.signal = signal;
    this.routeClass = routeClass;
    this.window = window;
  }

  /**
   * Who sees it, for people; null: it counts for nobody here.
   *
   * @param bound the share that a node may have that is like the others
   */
  @Nullable String of(Subject subject, double bound) {
    Elsewhere elsewhere = subject.elsewhere();
    if (elsewhere == null) {
      return null;
    }
    List<String> others = new ArrayList<>();
    long hits = 0;
    long requests = 0;
    for (String instance : elsewhere.instances()) {
      Counts its = elsewhere.of(instance, routeClass);
      if (its != null) {
        hits += its.hits(signal, window);
        requests += its.requests(signal, window);
        if (sees(instance, its, bound)) {
          others.add(instance);
        }
      }
    }
    Counts own = subject.counts(routeClass);
    boolean here = own != null && sees("", own, bound);
    if (others.size() + (here ? 1 : 0) < 2
        || (!here && own != null && contradicts(own, (double) hits / requests))) {
      return null;
    }
    return (here ? "here and by " : "by ")
        + String.join(", ", others.subList(0, Math.min(MOST_NAMES, others.size())))
        + (others.size() > MOST_NAMES ? " and " + (others.size() - MOST_NAMES) + " more" : "");
  }

  private boolean sees(String instance, Counts its, double bound) {
    int hits = its.hits(signal, window);
    int requests = its.requests(signal, window);
    if (hits < LEAST_HITS || Binomial.tail(hits, requests, bound) >= SEEN) {
      return false;
    }
    Optional<Baseline> elsewhere = usual.computeIfAbsent(instance, this::usual);
    return elsewhere.isEmpty() || Binomial.tail(hits, requests, elsewhere.get().bound()) < SEEN;
  }

  private Optional<Baseline> usual(String instance) {
    @Nullable Counts[] counts = new Counts[subjects.length];
    for (int i = 0; i < counts.length; i++) {
      Elsewhere elsewhere = subjects[i].elsewhere();
      counts[i] =
          instance.isEmpty()
              ? subjects[i].counts(routeClass)
              : elsewhere == null ? null : elsewhere.of(instance, routeClass);
    }
    return Optional.ofNullable(Baseline.of(counts, signal, window));
  }

  private boolean contradicts(Counts own, double share) {
    int hits = own.hits(signal, window);
    int requests = own.requests(signal, window);
    return 1 - Binomial.tail(hits + 1, requests, share) < CONTRADICTED;
  }
}
