package io.fairlead.insight.pattern;

import io.fairlead.insight.pattern.Occurrence.OfNode;
import io.fairlead.telemetry.Event;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The patterns of lines, and how often each comes: per service and node for each ten seconds of an
 * hour. Says which are new, and which come more often than usual; of those that sound as if
 * something had gone wrong it tells by events.
 *
 * <p>A pattern is new to a service if that had been known for {@value #LEARN_MILLIS} ms when it
 * came. Any thread; they take turns, and hold the lock for about a microsecond per line.
 */
public final class LinePatterns {
  static final long LEARN_MILLIS = 600_000;

  /** So long it is called new. */
  static final long NEW_MILLIS = 3_600_000;

  /** Services whose lines are counted, nodes and services that are told apart in all. */
  private static final int SERVICES = 64;

  private static final int PLACES = 4096;

  private static final int YOUNG = 256;
  private static final int LEVELS = 8;

  /** Lines of a new pattern within a minute that make it worth telling. */
  private static final int WORTH_TELLING = 10;

  /** What is told of at once; more can be asked for. */
  private static final int OPEN = 10;

  private static final int OPEN_OF_SERVICE = 3;

  private static final int MINUTE = Usual.TEN_PER_MINUTE;
  private static final int QUIET = 2 * MINUTE;
  private static final long LOOK_MILLIS = 1000;
  private static final long GRACE_MILLIS = 2000;

  /** Lines of a service. */
  private static final class ServiceLines {
    final long known;
    final TenSeconds counts = new TenSeconds();

    /** Since when this process counts. */
    final long counted;

    ServiceLines(long known, long counted) {
      this.known = known;
      this.counted = counted;
    }
  }

  private final Consumer<Event> events;
  private final PatternTree tree = new PatternTree();
  private final LineWords words = new LineWords();
  private final Map<String, ServiceLines> services = new HashMap<>();
  private final List<Occurrence> young = new ArrayList<>();
  private final List<Occurrence> open = new ArrayList<>();
  private final List<Event> told = new ArrayList<>();
  private int places;
  private long since;
  private long nextLook;
  private long judged;
  private long version;

  /**
   * @param events hears of patterns that are new, or come too often
   */
  public LinePatterns(Consumer<Event> events) {
    this.events = events;
  }

  /**
   * The pattern of a line.
   *
   * @param text in UTF-8
   * @return its id
   */
  public synchronized String find(byte[] text, int length, long nowMillis) {
    words.split(text, length);
    return tree.find(words, text, length, nowMillis).id;
  }

  /**
   * A line of that pattern has been recorded.
   *
   * @param service empty: not known
   * @param node empty: not known
   * @param level empty: it says none
   * @param lineMillis when it was written
   */
  public synchronized void count(
      String id, String service, String node, String level, long lineMillis, long nowMillis) {
    Pattern pattern = tree.get(id);
    if (pattern == null) {
      return;
    }
    if (since == 0) {
      since = nowMillis;
    }
    long millis = Math.min(lineMillis, nowMillis);
    pattern.lines++;
    pattern.lastMillis = nowMillis;
    ServiceLines its = services.get(service);
    if (its == null) {
      if (services.size() >= SERVICES) {
        return;
      }
      its = new ServiceLines(nowMillis, nowMillis);
      services.put(service, its);
    }
    its.counts.add(TenSeconds.at(millis));
    Occurrence occurrence = occurrence(pattern, service);
    if (occurrence == null) {
      occurrence = begin(pattern, service, millis - its.known >= LEARN_MILLIS);
    }
    occurrence.lines++;
    occurrence.firstMillis = Math.min(occurrence.firstMillis, millis);
    occurrence.lastMillis = Math.max(occurrence.lastMillis, millis);
    if (occurrence.levels.size() < LEVELS || occurrence.levels.containsKey(level)) {
      occurrence.levels.merge(level, 1L, Long::sum);
    }
    OfNode of = ofNode(occurrence, node);
    if (of != null) {
      of.counts.add(TenSeconds.at(millis));
    }
  }

  private static @Nullable Occurrence occurrence(Pattern pattern, String service) {
    for (Occurrence each : pattern.occurrences) {
      if (each.service.equals(service)) {
        return each;
      }
    }
    return null;
  }

  private Occurrence begin(Pattern pattern, String service, boolean isNew) {
    Occurrence begun = new Occurrence(pattern, service);
    begun.isNew = isNew;
    pattern.occurrences.add(begun);
    version++;
    if (isNew && young.size() < YOUNG) {
      young.add(begun);
    }
    return begun;
  }

  /** Null: there are too many already to count those of this one. */
  private @Nullable OfNode ofNode(Occurrence occurrence, String node) {
    OfNode known = occurrence.nodes.get(node);
    if (known != null) {
      return known;
    }
    if (places >= PLACES && !node.isEmpty()) {
      return ofNode(occurrence, "");
    }
    if (places >= 2 * PLACES) {
      return null;
    }
    OfNode begun = new OfNode(node);
    occurrence.nodes.put(node, begun);
    places++;
    return begun;
  }

  /** Looks whether there is something to tell; to be called about once a second, or more often. */
  public void tick(long nowMillis) {
    List<Event> tell;
    synchronized (this) {
      if (nowMillis < nextLook && nowMillis > nextLook - 2 * LOOK_MILLIS) {
        return;
      }
      nextLook = nowMillis + LOOK_MILLIS;
      lookAtNew(nowMillis);
      long ten = TenSeconds.at(nowMillis - GRACE_MILLIS);
      if (ten != judged) {
        judged = ten;
        judge(ten, nowMillis);
      }
      tell = List.copyOf(told);
      told.clear();
    }
    tell.forEach(events);
  }

  private void lookAtNew(long nowMillis) {
    long end = TenSeconds.at(nowMillis) + 1;
    for (Iterator<Occurrence> all = young.iterator(); all.hasNext(); ) {
      Occurrence each = all.next();
      if (each.pattern.isGone || nowMillis - each.firstMillis > NEW_MILLIS) {
        all.remove();
      } else if (isError(each)) {
        long lines = each.sum(end - MINUTE, end);
        if (lines >= WORTH_TELLING && open(each)) {
          all.remove();
          each.isTold = true;
          version++;
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

  static boolean isError(Occurrence occurrence) {
    long bad = 0;
    long unsaid = 0;
    for (Map.Entry<String, Long> level : occurrence.levels.entrySet()) {
      switch (level.getKey()) {
        case "error", "fatal" -> bad += level.getValue();
        case "warn", "" -> unsaid += level.getValue();
        default -> {}
      }
    }
    return bad * 2 >= occurrence.lines
        || ((bad + unsaid) * 2 >= occurrence.lines && occurrence.pattern.hasErrorWord());
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
    forgetPlaces();
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
      if (isError(occurrence) && open(occurrence)) {
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

  /** Of patterns that are gone. */
  private void forgetPlaces() {
    places = 0;
    for (Pattern pattern : tree.all()) {
      for (Occurrence each : pattern.occurrences) {
        places += each.nodes.size();
      }
    }
  }

  /** Answers. */
  public synchronized PatternAnswer ask(PatternQuestion question, long nowMillis) {
    return new PatternList(question, nowMillis, since).answer(tree);
  }

  /** Changes with what {@link #save} would say, counts apart. */
  public synchronized long version() {
    return version + tree.changes();
  }

  /** What outlives the process. */
  public synchronized SavedPatterns save() {
    Map<String, Long> known = new TreeMap<>();
    services.forEach((service, lines) -> known.put(service, lines.known));
    return new SavedPatterns(tree.all().stream().map(Pattern::saved).toList(), known);
  }

  /** What an earlier process knew; to be called before there are lines. */
  public synchronized void restore(SavedPatterns saved, long nowMillis) {
    saved
        .services()
        .forEach((service, known) -> {
          if (services.size() < SERVICES) {
            services.putIfAbsent(service, new ServiceLines(Math.min(known, nowMillis), nowMillis));
          }
        });
    for (SavedPatterns.One one : saved.patterns()) {
      if (tree.all().size() < PatternTree.MOST && tree.get(one.id()) == null) {
        Pattern pattern = Pattern.of(one);
        for (SavedPatterns.Place place : one.places()) {
          Occurrence occurrence = Occurrence.of(pattern, place);
          pattern.occurrences.add(occurrence);
          if (occurrence.isNew && !occurrence.isTold && young.size() < YOUNG) {
            young.add(occurrence);
          }
        }
        tree.add(pattern);
      }
    }
  }
}
