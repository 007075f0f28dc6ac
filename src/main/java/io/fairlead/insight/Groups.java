package io.fairlead.insight;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Nodes that have a label in common. When nearly all of a group are bad and hardly any other is, the
 * label is the cause, or next to it: a new version, a zone, a host. This does not ask what most
 * nodes do, and so finds a bad version on two thirds of them as well.
 */
final class Groups {
  /** What must be bad of a group, and may be outside of it. */
  private static final double NEARLY_ALL = 0.8;

  private static final double HARDLY_ANY = 0.2;

  /** A label that has more values tells single nodes apart, not groups. */
  private static final int MOST = 1000;

  private record Group(String label, boolean[] has, int size) {}

  /**
   * A group that is bad.
   *
   * @param size how many nodes have the label
   * @param usual the share of errors, or of slow ones, elsewhere
   */
  record Finding(String label, boolean[] has, int size, double share, double usual) {}

  private final List<Group> groups = new ArrayList<>();

  Groups(Subject[] subjects) {
    Map<String, List<Integer>> members = new TreeMap<>();
    for (int i = 0; i < subjects.length; i++) {
      int index = i;
      new LinkedHashMap<>(subjects[i].labels())
          .forEach((key, value) -> {
            if (!value.isEmpty()) {
              members.computeIfAbsent(key + "=" + value, _ -> new ArrayList<>()).add(index);
            }
          });
    }
    members.forEach((label, who) -> {
      if (who.size() > 1 && who.size() < subjects.length && groups.size() < MOST) {
        boolean[] has = new boolean[subjects.length];
        who.forEach(index -> has[index] = true);
        groups.add(new Group(label, has, who.size()));
      }
    });
  }

  /** The group that explains most, if any does. */
  @Nullable Finding find(Subject[] subjects, Signal signal, int window) {
    Finding best = null;
    double bestFit = 0;
    for (Group group : groups) {
      long hits = 0;
      long requests = 0;
      long otherHits = 0;
      long otherRequests = 0;
      for (int i = 0; i < subjects.length; i++) {
        Counts counts = subjects[i].counts();
        if (group.has()[i]) {
          hits += counts.hits(signal, window);
          requests += counts.requests(signal, window);
        } else {
          otherHits += counts.hits(signal, window);
          otherRequests += counts.requests(signal, window);
        }
      }
      if (requests == 0 || otherRequests == 0) {
        continue;
      }
      double usual = (double) otherHits / otherRequests;
      double share = (double) hits / requests;
      double bound =
          usual + 2 * Math.sqrt(usual * (1 - usual) / otherRequests) + 1.0 / otherRequests;
      if (share - usual < signal.floor(Integer.MAX_VALUE, false)
          || Binomial.tail(clamp(hits), clamp(requests), bound) >= Course.SUSPICIOUS) {
        continue;
      }
      double fit = fit(group, subjects, signal, window, usual);
      if (fit > bestFit) {
        bestFit = fit;
        best = new Finding(group.label(), group.has(), group.size(), share, usual);
      }
    }
    return best;
  }

  private static int clamp(long count) {
    return (int) Math.min(count, Integer.MAX_VALUE);
  }

  /** The share of bad ones inside less that outside; 0 if the label does not explain it. */
  private static double fit(
      Group group, Subject[] subjects, Signal signal, int window, double usual) {
    int known = 0;
    int bad = 0;
    int others = 0;
    int badOthers = 0;
    for (int i = 0; i < subjects.length; i++) {
      Counts counts = subjects[i].counts();
      int requests = counts.requests(signal, window);
      int hits = counts.hits(signal, window);
      if (requests < signal.least) {
        continue;
      }
      boolean isBad =
          hits >= signal.leastHits
              && (double) hits / requests - usual >= signal.floor(requests, false);
      if (group.has()[i]) {
        known++;
        bad += isBad ? 1 : 0;
      } else {
        others++;
        badOthers += isBad ? 1 : 0;
      }
    }
    return known > 1 && others > 0 && bad >= NEARLY_ALL * known && badOthers <= HARDLY_ANY * others
        ? (double) bad / known - (double) badOthers / others + 1e-3 * known / subjects.length
        : 0;
  }
}
