package io.fairlead.config;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * One value without parts.
 *
 * @param kind what it is, for people
 * @param bounds smallest to largest, or the words there are; empty: none
 * @param json the JSON Schema of its written form
 * @param secret never shown
 * @param parser from text; refuses with {@link InvalidConfigException}
 */
record Scalar<T>(
    String kind, String bounds, Map<String, Object> json, boolean secret, Parser<T> parser)
    implements Shape<T> {

  /** Text to value; paths and secrets are relative to the folder of the file. */
  interface Parser<T> {
    T parse(String text, Path folder);
  }

  @Override
  public @Nullable T read(TreeReader reader, Spot spot) {
    return reader.scalar(this, spot);
  }

  @Override
  public boolean hasSecret() {
    return secret;
  }

  static Scalar<Duration> duration(Range<Duration> range) {
    return new Scalar<>(
        "duration",
        range.text(),
        ordered("type", "string", "pattern", "^" + Units.DURATION_PATTERN + "$"),
        false,
        (text, _) -> within(range, Units.parseDuration(text)));
  }

  static Scalar<Long> size(Range<Long> range) {
    return new Scalar<>(
        "size",
        range.text(),
        sizeJson(range.min(), range.max()),
        false,
        (text, _) -> within(range, Units.parseSize(text)));
  }

  static Scalar<Integer> intSize(Range<Integer> range) {
    return new Scalar<>(
        "size",
        range.text(),
        sizeJson(range.min(), range.max()),
        false,
        (text, _) ->
            within(range, (int) Math.min(Units.parseSize(text), (long) Integer.MAX_VALUE)));
  }

  private static Map<String, Object> sizeJson(long min, long max) {
    Map<String, Object> number = new LinkedHashMap<>();
    number.put("type", "integer");
    number.put("minimum", min);
    if (max != Long.MAX_VALUE) {
      number.put("maximum", max);
    }
    return Map.of(
        "anyOf",
        List.of(number, ordered("type", "string", "pattern", "^" + Units.SIZE_PATTERN + "$")));
  }

  static Scalar<Integer> count(Range<Integer> range) {
    return new Scalar<>(
        "number",
        range.text(),
        ordered("type", "integer", "minimum", range.min(), "maximum", range.max()),
        false,
        (text, _) -> within(range, parseCount(text)));
  }

  /** A whole number that may be below zero. */
  static Scalar<Integer> integer(Range<Integer> range) {
    return new Scalar<>(
        "number",
        range.text(),
        ordered("type", "integer", "minimum", range.min(), "maximum", range.max()),
        false,
        (text, _) ->
            text.startsWith("-") && text.matches("-[0-9]{1,9}")
                ? within(range, Integer.parseInt(text))
                : within(range, parseCount(text)));
  }

  /** A whole number with a percent sign. */
  static Scalar<Integer> percent(Range<Integer> range) {
    return new Scalar<>(
        "percent",
        range.min() + "% to " + range.max() + "%",
        ordered("type", "string", "pattern", "^[0-9]{1,3}%$"),
        false,
        (text, _) -> {
          if (!text.matches("[0-9]{1,3}%")) {
            throw Require.refusal("must be a whole number with a percent sign, such as 50%");
          }
          int value = Integer.parseInt(text.substring(0, text.length() - 1));
          if (!range.contains(value)) {
            throw Require.refusal("must be from " + range.min() + "% to " + range.max() + "%");
          }
          return value;
        });
  }

  private static int parseCount(String text) {
    if (!text.matches("[0-9]{1,18}")) {
      throw Require.refusal("must be a whole number");
    }
    return (int) Math.min(Long.parseLong(text), Integer.MAX_VALUE);
  }

  private static <T extends Comparable<T>> T within(Range<T> range, T value) {
    if (!range.contains(value)) {
      throw Require.refusal(range.rule());
    }
    return value;
  }

  /** Text with a grammar: {@code rule} answers what does not hold. */
  static Scalar<String> text(
      String kind, @Nullable String pattern, Function<String, @Nullable String> rule) {
    return text(kind, pattern, Function.identity(), rule);
  }

  static Scalar<String> text(
      String kind,
      @Nullable String pattern,
      Function<String, String> normal,
      Function<String, @Nullable String> rule) {
    return new Scalar<>(
        kind,
        "",
        pattern == null
            ? Map.of("type", "string")
            : ordered("type", "string", "pattern", "^" + pattern + "$"),
        false,
        (text, _) -> {
          String value = normal.apply(text);
          String objection = rule.apply(value);
          if (objection != null) {
            throw Require.refusal(objection);
          }
          return value;
        });
  }

  static <T> Scalar<T> parsed(String kind, Function<String, T> parse) {
    return new Scalar<>(kind, "", Map.of("type", "string"), false, (text, _) -> parse.apply(text));
  }

  static Scalar<Boolean> flag() {
    return new Scalar<>(
        "true or false",
        "",
        Map.of("type", "boolean"),
        false,
        (text, _) ->
            switch (text) {
              case "true" -> true;
              case "false" -> false;
              default -> throw Require.refusal("must be true or false");
            });
  }

  static Scalar<Path> path(String kind) {
    return new Scalar<>(
        kind,
        "",
        Map.of("type", "string"),
        false,
        (text, folder) -> {
          if (text.isEmpty() || text.indexOf('\0') >= 0) {
            throw Require.refusal("must be a path");
          }
          return folder.resolve(text).normalize();
        });
  }

  static Scalar<Secret> secret(String kind) {
    return new Scalar<>(
        kind, "", Map.of("type", "string"), true, (text, folder) -> Secrets.read(text, folder));
  }

  /** A closed set of words; {@code later} are those another version will know. */
  static <E extends Enum<E>> Scalar<E> word(Class<E> type, String... later) {
    return words("word", Arrays.asList(type.getEnumConstants()), Units::word, later);
  }

  static <T> Scalar<T> words(
      String kind, List<T> values, Function<T, String> spelling, String... later) {
    Map<String, T> known = new LinkedHashMap<>();
    for (T value : values) {
      known.put(spelling.apply(value), value);
    }
    return new Scalar<>(
        kind,
        String.join(", ", known.keySet()),
        Map.of("enum", new ArrayList<>(known.keySet())),
        false,
        (text, _) -> {
          T value = known.get(text);
          if (value == null) {
            throw Require.refusal(
                List.of(later).contains(text)
                    ? Language.NOT_AVAILABLE
                    : (known.size() == 1 ? "must be " : "must be one of ")
                        + String.join(", ", known.keySet()));
          }
          return value;
        });
  }

  /** A map that keeps the order of its entries, for output that stays the same. */
  static Map<String, Object> ordered(Object... keysAndValues) {
    Map<String, Object> map = new LinkedHashMap<>();
    for (int i = 0; i < keysAndValues.length; i += 2) {
      map.put((String) keysAndValues[i], keysAndValues[i + 1]);
    }
    return map;
  }
}
