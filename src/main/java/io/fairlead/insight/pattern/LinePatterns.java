package io.fairlead.insight.pattern;

import io.fairlead.insight.pattern.Occurrence.OfNode;
import io.fairlead.telemetry.Event;
import java.util.HashMap;
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

  /** Services whose lines are counted, nodes and services that are told apart in all. */
  private static final int SERVICES = 64;

  private static final int PLACES = 4096;

  private static final int LEVELS = 8;

  private static final long LOOK_MILLIS = 1000;

  private final Consumer<Event> events;
  private final PatternTree tree = new PatternTree();
  private final LineWords words = new LineWords();
  private final Map<String, ServiceLines> services = new HashMap<>();
  private final PatternWatch watch = new PatternWatch(tree, services);
  private int places;
  private long since;
  private long nextLook;
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
    if (isNew) {
      watch.begin(begun);
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
      tell = watch.look(nowMillis);
      countPlaces();
    }
    tell.forEach(events);
  }

  /** Those of patterns that are gone do not count. */
  private void countPlaces() {
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
    return version + tree.changes() + watch.changes();
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
          if (occurrence.isNew && !occurrence.isTold) {
            watch.begin(occurrence);
          }
        }
        tree.add(pattern);
      }
    }
  }
}
