package io.fairlead.alert;

import io.fairlead.config.AlertScope;
import io.fairlead.config.AlertScope.Part;
import io.fairlead.insight.alert.Traffic;
import io.fairlead.insight.rollup.Answer;
import io.fairlead.insight.rollup.Dimension;
import io.fairlead.insight.rollup.Question;
import io.fairlead.insight.rollup.Rollups;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Traffic as rollups have it, from before the start and with times; or, where nothing is recorded,
 * as it was counted in memory.
 *
 * <p>Rollups read files each time. A span that ends now is therefore looked at again only when it
 * has moved by a sixtieth of its length: one of a minute every five seconds, one of an hour every
 * minute.
 */
public final class RollupTraffic implements Traffic {
  private static final System.Logger LOG = System.getLogger(RollupTraffic.class.getName());
  private static final long SHORTEST_MOVE = 5_000;
  private static final long LONGEST_MOVE = 60_000;
  private static final int PARTS = 60;
  private static final int MAX_REMEMBERED = 1000;

  /** What is counted is behind by more than that: nobody counts. */
  private static final long TOO_OLD = 30_000;

  private record Asked(AlertScope within, Optional<Part> part, long from, long to) {}

  private final Rollups rollups;
  private final BooleanSupplier counting;
  private final Traffic otherwise;

  private final Map<Asked, Optional<Map<String, Counted>>> remembered =
      new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(
            Map.Entry<Asked, Optional<Map<String, Counted>>> eldest) {
          return size() > MAX_REMEMBERED;
        }
      };

  /**
   * @param counting whether rollups are made now
   * @param otherwise what to ask while they are not
   */
  public RollupTraffic(Rollups rollups, BooleanSupplier counting, Traffic otherwise) {
    this.rollups = rollups;
    this.counting = counting;
    this.otherwise = otherwise;
  }

  @Override
  public @Nullable Map<String, Counted> split(
      AlertScope within, Part part, long fromMillis, long toMillis) {
    Map<String, Counted> found = look(within, Optional.of(part), fromMillis, toMillis);
    return found == null ? otherwise.split(within, part, fromMillis, toMillis) : found;
  }

  @Override
  public @Nullable Counted count(AlertScope scope, long fromMillis, long toMillis) {
    Map<String, Counted> found = look(scope, Optional.empty(), fromMillis, toMillis);
    return found == null
        ? otherwise.count(scope, fromMillis, toMillis)
        : found.getOrDefault("", NOTHING);
  }

  /** Null: nothing is known. */
  private @Nullable Map<String, Counted> look(
      AlertScope within, Optional<Part> part, long from, long to) {
    if (!counting.getAsBoolean()) {
      return null;
    }
    long move = Math.clamp((to - from) / PARTS, SHORTEST_MOVE, LONGEST_MOVE);
    long end = Math.floorDiv(to, move) * move;
    Asked asked = new Asked(within, part, end - (to - from), end);
    synchronized (remembered) {
      Optional<Map<String, Counted>> known = remembered.get(asked);
      if (known != null) {
        return known.orElse(null);
      }
    }
    Map<String, Counted> found = ask(asked);
    synchronized (remembered) {
      remembered.put(asked, Optional.ofNullable(found));
    }
    return found;
  }

  private @Nullable Map<String, Counted> ask(Asked asked) {
    Question question = question(asked.within(), asked.part(), asked.from(), asked.to());
    try {
      Answer answer = rollups.series(question);
      long end = Math.min(asked.to(), rollups.now());
      if (answer.held().from() >= asked.to() || answer.held().to() < end - TOO_OLD) {
        return null;
      }
      Map<String, Counted> found = new LinkedHashMap<>();
      for (Answer.Series series : answer.series()) {
        String name = asked.part().map(part -> series.key().getOrDefault(of(part), "")).orElse("");
        AlertScope scope =
            asked.part().map(part -> asked.within().with(part, name)).orElse(asked.within());
        found.put(name, new Span(rollups, scope, asked.from(), asked.to(), series.total()));
      }
      return found;
    } catch (IOException e) {
      LOG.log(Level.WARNING, "rollups cannot be read: {0}", e.getMessage());
      return null;
    }
  }

  static Question question(AlertScope within, Optional<Part> part, long from, long to) {
    return new Question(
        from,
        to,
        Math.max(FINEST, (to - from) / PARTS / FINEST * FINEST),
        part.map(one -> List.of(of(one))).orElse(List.of()),
        where(within));
  }

  static Map<Dimension, String> where(AlertScope scope) {
    Map<Dimension, String> where = new EnumMap<>(Dimension.class);
    for (Part part : Part.values()) {
      if (!scope.get(part).isEmpty()) {
        where.put(of(part), scope.get(part));
      }
    }
    return where;
  }

  static Dimension of(Part part) {
    return switch (part) {
      case LISTENER -> Dimension.LISTENER;
      case ROUTE -> Dimension.ROUTE;
      case SERVICE -> Dimension.SERVICE;
      case NODE -> Dimension.NODE;
    };
  }

  @Override
  public Past past(AlertScope within, Optional<Part> part, long from, long to, Duration longest) {
    try {
      PastTraffic past = PastTraffic.of(rollups, within, part, from - longest.toMillis(), to);
      return new Past(past, past.step());
    } catch (IOException e) {
      LOG.log(Level.WARNING, "rollups cannot be read: {0}", e.getMessage());
      return new Past(otherwise, FINEST);
    }
  }

  /** Times are asked for when somebody wants them. */
  private record Span(Rollups rollups, AlertScope scope, long from, long to, Answer.Figures figures)
      implements Counted {
    @Override
    public long requests() {
      return figures.requests();
    }

    @Override
    public long errors() {
      return figures.errors();
    }

    @Override
    public long bytes() {
      return figures.bytesIn() + figures.bytesOut();
    }

    @Override
    public long slowerThan(long micros) {
      Times times = times();
      return times == null ? 0 : times.slowerThan(micros);
    }

    @Override
    public long quantileMicros(double share) {
      if (share == 0.5) {
        return figures.p50();
      }
      if (share == 0.99) {
        return figures.p99();
      }
      Times times = times();
      return times == null ? -1 : times.quantileMicros(share);
    }

    private @Nullable Times times() {
      try {
        return Times.of(
            rollups.heatmap(question(scope, Optional.empty(), from, to)), 0, Integer.MAX_VALUE);
      } catch (IOException e) {
        LOG.log(Level.WARNING, "rollups cannot be read: {0}", e.getMessage());
        return null;
      }
    }
  }
}
