package io.fairlead.proxy.http;

import java.util.Arrays;

/**
 * Reads how many requests a node says to have in flight: {@code endpoint-load-metrics} of Open
 * Request Cost Aggregation, {@code TEXT named_metrics.rif=3, cpu_utilization=0.4} or {@code JSON
 * {"named_metrics": {"rif": 3}}}; {@code rif} alone will do. Whatever else it says is passed over,
 * and so is what cannot be read: it comes from a node and is not worth an error.
 */
final class LoadReport {
  static final int NONE = -1;

  /** Nobody has more, and more would spoil sums. */
  private static final int MAX = 1_000_000;

  private static final byte[] TEXT = Ascii.bytes("TEXT ");
  private static final byte[] JSON = Ascii.bytes("JSON ");
  private static final byte[] RIF = Ascii.bytes("rif");
  private static final byte[] NAMED_RIF = Ascii.bytes("named_metrics.rif");

  private LoadReport() {}

  /** The number in that range of bytes, or {@link #NONE}. */
  static int inFlight(byte[] bytes, int start, int end) {
    if (startsWith(bytes, start, end, TEXT)) {
      return text(bytes, start + TEXT.length, end);
    }
    return startsWith(bytes, start, end, JSON) ? json(bytes, start + JSON.length, end) : NONE;
  }

  private static boolean startsWith(byte[] bytes, int start, int end, byte[] word) {
    return end - start >= word.length
        && Arrays.equals(bytes, start, start + word.length, word, 0, word.length);
  }

  private static int text(byte[] bytes, int start, int end) {
    int at = start;
    while (at < end) {
      while (at < end && bytes[at] == ' ') {
        at++;
      }
      int next = at;
      int equals = NONE;
      for (; next < end && bytes[next] != ','; next++) {
        if (bytes[next] == '=' && equals < 0) {
          equals = next;
        }
      }
      if (equals > 0 && (is(bytes, at, equals, RIF) || is(bytes, at, equals, NAMED_RIF))) {
        return number(bytes, equals + 1, next);
      }
      at = next + 1;
    }
    return NONE;
  }

  /** The number behind the name; whether the rest is sound JSON does not matter. */
  private static int json(byte[] bytes, int start, int end) {
    for (int quote = start; quote < end; quote++) {
      if (bytes[quote] == '"') {
        int close = quote + 1;
        while (close < end && bytes[close] != '"') {
          close++;
        }
        int at = close + 1;
        while (at < end && bytes[at] == ' ') {
          at++;
        }
        boolean named = is(bytes, quote + 1, close, RIF) || is(bytes, quote + 1, close, NAMED_RIF);
        if (named && at < end && bytes[at] == ':') {
          return number(bytes, at + 1, end);
        }
        quote = close;
      }
    }
    return NONE;
  }

  private static boolean is(byte[] bytes, int start, int end, byte[] word) {
    return Arrays.equals(
        bytes, start, Math.max(start, Math.min(end, bytes.length)), word, 0, word.length);
  }

  /** Digits after blanks; what follows a point is dropped. */
  private static int number(byte[] bytes, int start, int end) {
    int at = start;
    while (at < end && bytes[at] == ' ') {
      at++;
    }
    int number = NONE;
    for (; at < end && bytes[at] >= '0' && bytes[at] <= '9'; at++) {
      number = Math.min(MAX, 10 * Math.max(0, number) + bytes[at] - '0');
    }
    return number;
  }
}
