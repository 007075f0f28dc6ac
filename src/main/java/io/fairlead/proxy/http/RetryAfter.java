package io.fairlead.proxy.http;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.random.RandomGenerator;

/**
 * How long a node asks to be left alone (RFC 9110, 10.2.3): seconds, or a date; and how long we ask
 * clients to leave us alone.
 */
final class RetryAfter {
  static final byte[] NAME = Ascii.bytes("retry-after");
  private static final byte[][] SECONDS = {
    Ascii.bytes("1"), Ascii.bytes("2"), Ascii.bytes("3"), Ascii.bytes("4")
  };
  private static final long NANOS = 1_000_000_000;

  /** More is not told apart. */
  private static final long MAX_SECONDS = 1_000_000;

  private RetryAfter() {}

  /**
   * Says in an answer when to come again: not all in the same second, or the next overload is made
   * by the answers to this one.
   */
  static void addTo(Head answer, RandomGenerator random) {
    answer.openField(NAME);
    answer.put(SECONDS[random.nextInt(SECONDS.length)]);
    answer.closeField(FieldName.OTHER);
  }

  /** Whole seconds, at least one: not too early. */
  static byte[] seconds(long nanos) {
    return Ascii.bytes(Long.toString(Math.max(1, (nanos + NANOS - 1) / NANOS)));
  }

  /** Nanoseconds; 0: it does not ask, or what it says cannot be read. */
  static long nanosOf(Head answer) {
    int field = answer.findField(NAME, 0);
    if (field < 0) {
      return 0;
    }
    return nanosOf(
        Ascii.text(answer.bytes, answer.valueStart(field), answer.valueEnd(field)), Instant.now());
  }

  static long nanosOf(String value, Instant now) {
    if (value.matches("[0-9]{1,18}")) {
      return Math.min(Long.parseLong(value), MAX_SECONDS) * NANOS;
    }
    try {
      Instant until = ZonedDateTime.parse(value, DateTimeFormatter.RFC_1123_DATE_TIME).toInstant();
      long millis = until.toEpochMilli() - now.toEpochMilli();
      return Math.clamp(millis, 0, MAX_SECONDS * 1000) * (NANOS / 1000);
    } catch (DateTimeException _) {
      return 0;
    }
  }
}
