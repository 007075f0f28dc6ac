package io.fairlead.insight.pattern;

import io.fairlead.telemetry.Event;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/**
 * Which patterns are told of: those that are new and come often enough, and those that come more
 * often than usual, of what sounds as if something had gone wrong. Time is an argument; one thread
 * at a time.
 */
final class PatternWatch {
  /** So long a pattern is called new, and what comes more often is not yet usual. */
  static final long NEW_MILLIS = 3_600_000;

  private static final int YOUNG = 256;

  /** Lines of a new pattern within a minute that make it worth telling. */
  private static final int WORTH_TELLING = 10;

  /** What is told of at once; more can be asked for. */
  private static final int OPEN = 10;

  private static final int OPEN_OF_SERVICE = 3;

  private static final int MINUTE = Usual.TEN_PER_MINUTE;
  private static final int QUIET = 2 * MINUTE;
  private static final long GRACE_MILLIS = 2000;

  private final PatternTree tree;
  private final Map<String, ServiceLines> services;
  private final List<Occurrence> young = new ArrayList<>();
  private final List<Occurrence> open = new ArrayList<>();
  private final List<Event> told = new ArrayList<>();
  private long judged;
  private long changes;

  /**
   * @param tree the patterns
   * @param services by name
   */
  PatternWatch(PatternTree tree, Map<String, ServiceLines> services) {
    this.tree = tree;
    this.services = services;
  }

  /** It is new and may become worth telling. */
  void begin(Occurrence occurrence) {
    if (young.size() < YOUNG) {
      young.add(occurrence);
    }
  }

  /** Changes with what outlives the process. */
  long changes() {
    return changes;
  }

  /** What there is to tell; to be called about once a second. */
  List<Event> look(long nowMillis) {
    lookAtNew(nowMillis);
    long ten = TenSeconds.at(nowMillis - GRACE_MILLIS);
    if (ten != judged) {
      judged = ten;
      judge(ten, nowMillis);
    }
    List<Event> tell = List.copyOf(told);
    told.clear();
    return tell;
  }

  private void lookAtNew(long nowMillis) {
    long end = TenSeconds.at(nowMillis) + 1;
    for (Iterator<Occurrence> all = young.iterator(); all.hasNext(); ) {
      Occurrence each = all.next();
      if (each.pattern.isGone || nowMillis - each.firstMillis > NEW_MILLIS) {
        all.remove();
      } else if (each.isError()) {
        long lines = each.sum(end - MINUTE, end);
        if (lines >= WORTH_TELLING && open(each)) {
          all.remove();
          each.isTold = true;
          changes++;
          told.add(
              new Event.LogPattern(
                  each.service,
                  onlyNode(each, end),
                  each.pattern.id,
                  true,
                  PatternWords.isNew(each, end, lines, nowMillis)));
        }
      }
    }
  }

  private boolean open(Occurrence occurrence) {
    long ofService = open.stream().filter(each -> each.service.equals(occurrence.service)).count();
    if (occurrence.isOpen || open.size() >= OPEN || ofService >= OPEN_OF_SERVICE) {
      return false;
    }
    occurrence.isOpen = true;
    open.add(occurrence);
    return true;
  }

  private static String onlyNode(Occurrence occurrence, long end) {
    List<String> nodes = PatternWords.nodes(occurrence, end);
    return nodes.size() == 1 ? nodes.getFirst() : "";
  }

  /** Ten seconds are over. */
  private void judge(long ten, long nowMillis) {
    for (Pattern pattern : tree.all()) {
      for (Occurrence each : pattern.occurrences) {
        long lines = each.sum(ten - MINUTE, ten);
        if (each.burst != null) {
          goOn(each, lines, nowMillis);
        } else if (lines > 0) {
          judge(each, lines, ten, nowMillis);
        }
      }
    }
    for (Iterator<Occurrence> all = open.iterator(); all.hasNext(); ) {
      Occurrence each = all.next();
      if (each.pattern.isGone
          || (each.burst == null && each.sum(ten - QUIET, ten + 1) == 0)
          || (each.burst == null && each.wasBurst)) {
        all.remove();
        each.isOpen = false;
        each.wasBurst = false;
        told.add(new Event.LogPatternOver(each.service, each.pattern.id, each.pattern.text()));
      }
    }
  }

  private void judge(Occurrence occurrence, long lines, long ten, long nowMillis) {
    ServiceLines its = services.get(occurrence.service);
    if (its == null) {
      return;
    }
    long last = ten - MINUTE;
    long from = Math.max(TenSeconds.at(its.counted) + 1, ten - TenSeconds.HELD + 1);
    int minutes = (int) Math.min(Usual.MOST, (last - from) / MINUTE);
    if (minutes < Usual.FEWEST) {
      return;
    }
    long[] each = new long[minutes];
    for (int i = 0; i < minutes; i++) {
      each[i] = occurrence.sum(last - (i + 1L) * MINUTE, last - (long) i * MINUTE);
    }
    long before = last - (long) minutes * MINUTE;
    double others =
        (its.counts.sum(before, last) - occurrence.sum(before, last)) / (double) minutes;
    double othersNow = its.counts.sum(last, ten) - (double) lines;
    Usual usual = Usual.of(each, others, othersNow);
    if (lines > usual.limit()) {
      occurrence.burst = usual;
      occurrence.burstSince = nowMillis;
      occurrence.quiet = 0;
      if (occurrence.isError() && open(occurrence)) {
        occurrence.wasBurst = true;
        told.add(
            new Event.LogPattern(
                occurrence.service,
                onlyNode(occurrence, ten),
                occurrence.pattern.id,
                false,
                PatternWords.burst(occurrence, ten, lines, usual)));
      }
    }
  }

  /** After two minutes below what was too much it is over; after an hour it is usual. */
  private static void goOn(Occurrence occurrence, long lines, long nowMillis) {
    Usual usual = occurrence.burst;
    occurrence.quiet = usual != null && lines > usual.limit() ? 0 : occurrence.quiet + 1;
    if (occurrence.quiet >= QUIET || nowMillis - occurrence.burstSince > NEW_MILLIS) {
      occurrence.burst = null;
    }
  }
}
