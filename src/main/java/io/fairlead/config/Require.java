package io.fairlead.config;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * How records check themselves: states every rule, then refuses once with all that do not hold.
 *
 * <p>Fields are named as the file spells them ({@code header-bytes}), so that the reader finds the
 * place in the file.
 */
final class Require {
  private final List<Violation> violations = new ArrayList<>(0);

  /**
   * One rule that does not hold.
   *
   * @param path where, from the record that checks: keys, names and {@code [index]}
   * @param rule what must be; {@code {}} stands for the place of the first of {@code others}
   * @param was the value, if it helps and is no secret
   * @param others values the rule also looked at; if one of them is wrong, nothing can be said
   * @param ofKey it is the last name of the path itself that is wrong, whatever its value
   */
  record Violation(
      List<String> path,
      String rule,
      @Nullable String was,
      List<List<String>> others,
      boolean ofKey) {
    Violation(List<String> path, String rule, @Nullable String was, List<List<String>> others) {
      this(path, rule, was, others, false);
    }

    @Override
    public String toString() {
      String place = join(path);
      String words = others.isEmpty() ? rule : rule.replace("{}", join(others.getFirst()));
      return (place.isEmpty() ? "" : place + ": ")
          + words
          + (was == null ? "" : " (was " + was + ")");
    }
  }

  /** Keys with dots between them, indexes in brackets. */
  static String join(List<String> path) {
    StringBuilder text = new StringBuilder();
    for (String segment : path) {
      if (text.length() > 0 && !segment.startsWith("[")) {
        text.append('.');
      }
      text.append(segment);
    }
    return text.toString();
  }

  Require that(boolean holds, String key, @Nullable Object was, String rule) {
    return that(holds, List.of(key), was, rule, List.of());
  }

  Require that(
      boolean holds,
      List<String> path,
      @Nullable Object was,
      String rule,
      List<List<String>> others) {
    if (!holds) {
      violations.add(new Violation(path, rule, was == null ? null : Units.textOf(was), others));
    }
    return this;
  }

  /** The same for a name that the operator chose; the path ends with it. */
  Require key(boolean holds, List<String> path, String rule, List<List<String>> others) {
    if (!holds) {
      violations.add(new Violation(path, rule, null, others, true));
    }
    return this;
  }

  /** The value passes when there is no objection. */
  Require unless(@Nullable String objection, List<String> path, Object was) {
    if (objection != null) {
      violations.add(new Violation(path, objection, Objects.toString(was), List.of()));
    }
    return this;
  }

  <T extends Comparable<T>> Require within(Range<T> range, String key, T value) {
    if (!range.contains(value)) {
      violations.add(
          new Violation(List.of(key), range.rule(), range.print().apply(value), List.of()));
    }
    return this;
  }

  int count() {
    return violations.size();
  }

  /** Ends the check. */
  void orRefuse() {
    if (!violations.isEmpty()) {
      throw new InvalidConfigException(violations);
    }
  }

  /** For parsers: the value as a whole is refused. */
  static InvalidConfigException refusal(String rule) {
    return new InvalidConfigException(List.of(new Violation(List.of(), rule, null, List.of())));
  }
}
