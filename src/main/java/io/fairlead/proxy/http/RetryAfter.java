package io.fairlead.proxy.http;

import java.time.Instant;
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
    return nanosOf(answer.bytes, answer.valueStart(field), answer.valueEnd(field), Instant.now());
  }

  static long nanosOf(byte[] bytes, int start, int end, Instant now) {
    long seconds = 0;
    int at = start;
    while (at < end && Ascii.isDigit(bytes[at])) {
      seconds = Math.min(10 * seconds + bytes[at] - '0', MAX_SECONDS);
      at++;
    }
    if (at == end) {
      return seconds * NANOS;
    }
    long until = HttpDate.parse(bytes, start, end);
    if (until == HttpDate.NONE) {
      return 0;
    }
    long millis = until * 1000 - now.toEpochMilli();
    return Math.clamp(millis, 0, MAX_SECONDS * 1000) * (NANOS / 1000);
  }
}
