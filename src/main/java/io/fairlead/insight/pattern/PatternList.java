package io.fairlead.insight.pattern;

import io.fairlead.insight.pattern.Occurrence.OfNode;
import io.fairlead.insight.pattern.PatternAnswer.Burst;
import io.fairlead.insight.pattern.PatternAnswer.Found;
import io.fairlead.insight.pattern.PatternAnswer.Place;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Makes an answer. */
final class PatternList {
  private static final int PLACES = 50;

  private final PatternQuestion question;
  private final long nowMillis;
  private final long since;
  private final long from;
  private final long to;

  PatternList(PatternQuestion question, long nowMillis, long since) {
    this.question = question;
    this.nowMillis = nowMillis;
    this.since = since;
    from = TenSeconds.at(question.from());
    to = TenSeconds.at(Math.min(question.to(), nowMillis)) + 1;
  }

  PatternAnswer answer(PatternTree tree) {
    List<Found> all = new ArrayList<>();
    long lines = 0;
    for (Pattern pattern : tree.all()) {
      Found found = found(pattern);
      if (found != null) {
        all.add(found);
        lines += found.lines();
      }
    }
    all.sort(
        Comparator.comparingInt(PatternList::rank)
            .thenComparing(Comparator.comparingLong(Found::lines).reversed())
            .thenComparing(Found::id));
    long sum = lines;
    List<Found> listed =
        all.stream().limit(question.limit()).map(each -> withShare(each, sum)).toList();
    long held = since == 0 ? nowMillis : since;
    long hour = (TenSeconds.at(nowMillis) - TenSeconds.HELD + 1) * TenSeconds.MILLIS;
    return new PatternAnswer(
        from * TenSeconds.MILLIS,
        to * TenSeconds.MILLIS,
        Math.max(held, hour),
        lines,
        listed,
        all.size() - listed.size(),
        tree.forgotten());
  }

  /** What deserves a look comes first. */
  private static int rank(Found found) {
    boolean stands = !found.fresh().isEmpty() || !found.bursts().isEmpty();
    return stands && found.error() ? 0 : stands ? 1 : 2;
  }

  private static Found withShare(Found found, long all) {
    return new Found(
        found.id(),
        found.text(),
        found.example(),
        found.lines(),
        all == 0 ? 0 : (double) found.lines() / all,
        found.first(),
        found.last(),
        found.levels(),
        found.error(),
        found.fresh(),
        found.bursts(),
        found.places());
  }

  /** Null: there is nothing of it in what is asked for. */
  private @Nullable Found found(Pattern pattern) {
    long lines = 0;
    long first = Long.MAX_VALUE;
    long last = 0;
    boolean error = false;
    Map<String, Long> levels = new TreeMap<>();
    List<String> fresh = new ArrayList<>();
    List<Burst> bursts = new ArrayList<>();
    List<Place> places = new ArrayList<>();
    for (Occurrence each : pattern.occurrences) {
      if (question.service() != null && !question.service().equals(each.service)) {
        continue;
      }
      long own = 0;
      for (OfNode of : each.nodes.values()) {
        long count = of.counts.sum(from, to);
        if (count > 0 && (question.node() == null || question.node().equals(of.node))) {
          own += count;
          places.add(new Place(each.service, of.node.isEmpty() ? null : of.node, count));
        }
      }
      if (own == 0) {
        continue;
      }
      lines += own;
      first = Math.min(first, each.firstMillis);
      last = Math.max(last, each.lastMillis);
      error |= each.isError();
      each.levels.forEach((level, count) -> levels.merge(level, count, Long::sum));
      if (each.isNew && nowMillis - each.firstMillis < PatternWatch.NEW_MILLIS) {
        fresh.add(each.service);
      }
      Usual usual = each.burst;
      if (usual != null) {
        long ten = TenSeconds.at(nowMillis);
        bursts.add(
            new Burst(
                each.service,
                each.burstSince,
                each.sum(ten - Usual.TEN_PER_MINUTE, ten),
                usual.perMinute()));
      }
    }
    if (lines == 0) {
      return null;
    }
    places.sort(Comparator.comparingLong(Place::lines).reversed());
    return new Found(
        pattern.id,
        pattern.text(),
        pattern.example,
        lines,
        0,
        first,
        last,
        levels,
        error,
        fresh,
        bursts,
        places.subList(0, Math.min(PLACES, places.size())));
  }
}
