package io.fairlead.alert;

import io.fairlead.config.AlertScope;
import io.fairlead.config.AlertScope.Part;
import io.fairlead.insight.alert.Traffic;
import io.fairlead.insight.rollup.Answer;
import io.fairlead.insight.rollup.Heatmap;
import io.fairlead.insight.rollup.Question;
import io.fairlead.insight.rollup.Rollups;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A time that is past, read once, for a rule that is tried at many moments of it. A span counts by
 * the steps that begin in it.
 */
final class PastTraffic implements Traffic {
  private final Rollups rollups;
  private final AlertScope within;
  private final Optional<Part> part;
  private final long from;
  private final long to;
  private final Answer answer;
  private final Map<String, Series> series = new LinkedHashMap<>();

  /** Sums up to each step, so that a span costs two look-ups. */
  @SuppressWarnings("ArrayRecordComponent") // never compared, and nobody changes them
  private record Series(long[] requests, long[] errors, long[] bytes) {
    static Series of(List<Answer.Figures> steps) {
      long[] requests = new long[steps.size() + 1];
      long[] errors = new long[steps.size() + 1];
      long[] bytes = new long[steps.size() + 1];
      for (int i = 0; i < steps.size(); i++) {
        Answer.Figures step = steps.get(i);
        requests[i + 1] = requests[i] + step.requests();
        errors[i + 1] = errors[i] + step.errors();
        bytes[i + 1] = bytes[i] + step.bytesIn() + step.bytesOut();
      }
      return new Series(requests, errors, bytes);
    }
  }

  private final Map<String, Heatmap> maps = new HashMap<>();

  private PastTraffic(
      Rollups rollups, AlertScope within, Optional<Part> part, long from, long to, Answer answer) {
    this.rollups = rollups;
    this.within = within;
    this.part = part;
    this.from = from;
    this.to = to;
    this.answer = answer;
    for (Answer.Series one : answer.series()) {
      String name = part.map(each -> one.key().getOrDefault(RollupTraffic.of(each), "")).orElse("");
      series.put(name, Series.of(one.steps()));
    }
  }

  static PastTraffic of(Rollups rollups, AlertScope within, Optional<Part> part, long from, long to)
      throws IOException {
    long start = Math.max(0, from);
    Answer answer = rollups.series(question(within, part, start, to));
    return new PastTraffic(rollups, within, part, start, to, answer);
  }

  private static Question question(AlertScope within, Optional<Part> part, long from, long to) {
    return new Question(
        from,
        to,
        Math.max(1, Math.ceilDiv(to - from, Question.MOST_STEPS * FINEST)) * FINEST,
        part.map(one -> List.of(RollupTraffic.of(one))).orElse(List.of()),
        RollupTraffic.where(within));
  }

  long step() {
    return answer.step();
  }

  private int index(long time) {
    long steps = Math.ceilDiv(time - answer.from(), answer.step());
    return (int) Math.clamp(steps, 0, Math.ceilDiv(to - answer.from(), answer.step()));
  }

  private boolean isKnown(long fromMillis, long toMillis) {
    return answer.held().from() < toMillis && answer.held().to() > fromMillis;
  }

  @Override
  public @Nullable Map<String, Counted> split(
      AlertScope scope, Part by, long fromMillis, long toMillis) {
    if (!isKnown(fromMillis, toMillis)) {
      return null;
    }
    Map<String, Counted> split = new LinkedHashMap<>();
    series.forEach((name, one) -> {
      Counted counted = counted(name, one, fromMillis, toMillis);
      if (counted.requests() > 0) {
        split.put(name, counted);
      }
    });
    return split;
  }

  @Override
  public @Nullable Counted count(AlertScope scope, long fromMillis, long toMillis) {
    if (!isKnown(fromMillis, toMillis)) {
      return null;
    }
    Series one = series.get("");
    return one == null ? NOTHING : counted("", one, fromMillis, toMillis);
  }

  private Counted counted(String name, Series one, long fromMillis, long toMillis) {
    int first = index(fromMillis);
    int last = Math.min(Math.max(first + 1, index(toMillis)), one.requests().length - 1);
    return new Counted() {
      @Override
      public long requests() {
        return sum(one.requests());
      }

      @Override
      public long errors() {
        return sum(one.errors());
      }

      @Override
      public long bytes() {
        return sum(one.bytes());
      }

      private long sum(long[] sums) {
        return first >= last ? 0 : sums[last] - sums[first];
      }

      @Override
      public long slowerThan(long micros) {
        return Times.of(map(name), first, last).slowerThan(micros);
      }

      @Override
      public long quantileMicros(double share) {
        return Times.of(map(name), first, last).quantileMicros(share);
      }
    };
  }

  private Heatmap map(String name) {
    return maps.computeIfAbsent(
        name,
        _ -> {
          AlertScope scope = part.map(one -> within.with(one, name)).orElse(within);
          try {
            return rollups.heatmap(question(scope, Optional.empty(), from, to));
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        });
  }
}
