package io.fairlead.admin;

import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Reads a length of time as the configuration writes it: {@code 500ms}, {@code 2s}, {@code 5m}. */
final class Spans {
  private static final Pattern SPAN = Pattern.compile("([0-9]{1,9})(ms|s|m|h)");

  private Spans() {}

  /** The length, or null if it is none. */
  static @Nullable Duration parse(String text) {
    Matcher matcher = SPAN.matcher(text);
    if (!matcher.matches()) {
      return null;
    }
    long amount = Long.parseLong(matcher.group(1));
    return switch (matcher.group(2)) {
      case "ms" -> Duration.ofMillis(amount);
      case "s" -> Duration.ofSeconds(amount);
      case "m" -> Duration.ofMinutes(amount);
      default -> Duration.ofHours(amount);
    };
  }
}
