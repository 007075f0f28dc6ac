package io.fairlead.admin;

import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;

/** Reads points in time as the API takes them. */
final class Times {
  static final String MEANING =
      "Milliseconds since 1970, a time such as 2026-11-26T10:00:00Z, or how long ago: 30s, 5m, 7d.";

  private Times() {}

  /** Milliseconds since 1970. */
  static long of(Call call, String name, long now, long otherwise) {
    String text = call.query(name);
    if (text == null) {
      return otherwise;
    }
    if (text.equals("now")) {
      return now;
    }
    if (text.matches("[0-9]{1,15}")) {
      return Long.parseLong(text);
    }
    Duration ago = Spans.parse(text);
    if (ago == null && text.matches("[0-9]{1,4}d")) {
      ago = Duration.ofDays(Long.parseLong(text.substring(0, text.length() - 1)));
    }
    try {
      return ago != null ? now - ago.toMillis() : Instant.parse(text).toEpochMilli();
    } catch (DateTimeException | ArithmeticException _) {
      throw Refusal.of(
          400,
          name
              + ": must be milliseconds since 1970, a time such as 2026-11-26T10:00:00Z, or 5m (was "
              + text
              + ").");
    }
  }
}
