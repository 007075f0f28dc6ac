package io.fairlead.config;

import java.time.Duration;
import java.util.function.Function;

/**
 * Bounds of a value, both included; the one place that the record, the reader, the schema and the
 * manual take them from.
 *
 * @param min smallest
 * @param max largest
 * @param print how people write such a value
 */
record Range<T extends Comparable<T>>(T min, T max, Function<T, String> print) {
  static Range<Integer> counts(int min, int max) {
    return new Range<>(min, max, String::valueOf);
  }

  static Range<Integer> sizes(int min, int max) {
    return new Range<>(min, max, size -> Units.size(size));
  }

  static Range<Long> sizes(long min, long max) {
    return new Range<>(min, max, Units::size);
  }

  static Range<Duration> durations(Duration min, Duration max) {
    return new Range<>(min, max, Units::duration);
  }

  boolean contains(T value) {
    return min.compareTo(value) <= 0 && max.compareTo(value) >= 0;
  }

  /** {@code 10ms to 1h}, or {@code at least 0} where the type's own end is the upper bound. */
  String text() {
    return max.equals(Long.MAX_VALUE) || max.equals(Integer.MAX_VALUE)
        ? "at least " + print.apply(min)
        : print.apply(min) + " to " + print.apply(max);
  }

  String rule() {
    String text = text();
    return text.startsWith("at least") ? "must be " + text : "must be from " + text;
  }
}
