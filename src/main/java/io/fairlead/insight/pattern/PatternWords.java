package io.fairlead.insight.pattern;

import io.fairlead.insight.pattern.Occurrence.OfNode;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/** What is told of a pattern, as a sentence. */
final class PatternWords {
  private static final int NAMED = 3;
  private static final int SHOWN = 160;

  private PatternWords() {}

  static String isNew(Occurrence occurrence, long end, long lines, long nowMillis) {
    long span = Math.clamp(nowMillis - occurrence.firstMillis, 1L, 60_000L);
    long seconds = (span + 9_999) / 10_000 * 10;
    List<String> nodes = nodes(occurrence, end);
    return who(occurrence, nodes)
        + (nodes.size() > 1 ? " log" : " logs")
        + " a line that "
        + (occurrence.service.isEmpty() ? "nobody" : occurrence.service)
        + " never logged before, "
        + lines
        + " times in "
        + seconds
        + " s: "
        + quoted(occurrence);
  }

  static String burst(Occurrence occurrence, long end, long lines, Usual usual) {
    List<String> nodes = nodes(occurrence, end);
    return who(occurrence, nodes)
        + (nodes.size() > 1 ? " log " : " logs ")
        + lines
        + " times in a minute what is usually logged "
        + (usual.perMinute() < 10
            ? String.format(Locale.ROOT, "%.1f", usual.perMinute())
            : Long.toString(Math.round(usual.perMinute())))
        + " times: "
        + quoted(occurrence);
  }

  private static String quoted(Occurrence occurrence) {
    String text = occurrence.pattern.text();
    return "\"" + (text.length() > SHOWN ? text.substring(0, SHOWN) + "…" : text) + "\"";
  }

  /** That wrote it in the last minute, those with most lines first. */
  static List<String> nodes(Occurrence occurrence, long end) {
    long from = end - Usual.TEN_PER_MINUTE;
    return occurrence.nodes.values().stream()
        .filter(each -> !each.node.isEmpty() && each.counts.sum(from, end) > 0)
        .sorted(Comparator.<OfNode>comparingLong(each -> each.counts.sum(from, end)).reversed())
        .map(each -> each.node)
        .toList();
  }

  private static String who(Occurrence occurrence, List<String> nodes) {
    String service = occurrence.service;
    if (nodes.isEmpty()) {
      return service.isEmpty() ? "Somebody" : "Service " + service;
    }
    String of = service.isEmpty() ? "" : " of " + service;
    if (nodes.size() == 1) {
      return "Node " + nodes.getFirst() + of;
    }
    List<String> named = nodes.subList(0, Math.min(NAMED, nodes.size()));
    int more = nodes.size() - named.size();
    return "Nodes "
        + (more > 0
            ? String.join(", ", named) + " and " + more + " more"
            : String.join(", ", named.subList(0, named.size() - 1)) + " and " + named.getLast())
        + of;
  }
}
