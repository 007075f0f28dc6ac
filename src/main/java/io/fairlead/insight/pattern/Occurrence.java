package io.fairlead.insight.pattern;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Lines of a pattern that nodes of one service have written. */
final class Occurrence {
  /** The lines of one node. */
  static final class OfNode {
    final String node;
    final TenSeconds counts = new TenSeconds();

    OfNode(String node) {
      this.node = node;
    }
  }

  final Pattern pattern;
  final String service;
  final Map<String, OfNode> nodes = new LinkedHashMap<>(2);

  /** In a word of their own, or empty: it said none. */
  final Map<String, Long> levels = new LinkedHashMap<>();

  long firstMillis = Long.MAX_VALUE;
  long lastMillis;
  long lines;

  /** What was learned of the service before did not have it. */
  boolean isNew;

  /** It comes more often than is usual; null: it does not. */
  @Nullable Usual burst;

  long burstSince;

  /** Tens of seconds in a row in which it did not any more. */
  int quiet;

  /** Somebody was told that it is new. */
  boolean isTold;

  /** Somebody was told, and not yet that it is over. */
  boolean isOpen;

  /** That it comes more often is what was told. */
  boolean wasBurst;

  Occurrence(Pattern pattern, String service) {
    this.pattern = pattern;
    this.service = service;
  }

  static Occurrence of(Pattern pattern, SavedPatterns.Place saved) {
    Occurrence occurrence = new Occurrence(pattern, saved.service());
    occurrence.firstMillis = saved.first();
    occurrence.lastMillis = saved.last();
    occurrence.lines = saved.lines();
    occurrence.isNew = saved.fresh();
    occurrence.isTold = saved.told();
    occurrence.levels.putAll(saved.levels());
    return occurrence;
  }

  SavedPatterns.Place saved() {
    return new SavedPatterns.Place(
        service, firstMillis, lastMillis, lines, isNew, isTold, Map.copyOf(levels));
  }

  long sum(long from, long to) {
    long sum = 0;
    for (OfNode each : nodes.values()) {
      sum += each.counts.sum(from, to);
    }
    return sum;
  }

  /** Whether what it says sounds as if something had gone wrong. */
  boolean isError() {
    long bad = 0;
    long unsaid = 0;
    for (Map.Entry<String, Long> level : levels.entrySet()) {
      switch (level.getKey()) {
        case "error", "fatal" -> bad += level.getValue();
        case "warn", "" -> unsaid += level.getValue();
        default -> {}
      }
    }
    return bad * 2 >= lines || ((bad + unsaid) * 2 >= lines && pattern.hasErrorWord());
  }
}
