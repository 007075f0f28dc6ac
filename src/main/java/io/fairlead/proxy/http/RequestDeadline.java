package io.fairlead.proxy.http;

/**
 * How long whoever asks will wait for the answer, as told in {@code grpc-timeout} (by every client
 * of gRPC that has a deadline) or {@code x-envoy-expected-rq-timeout-ms} (by every Envoy in front).
 * Anybody is believed: it can only make a request be given up earlier.
 */
final class RequestDeadline {
  private static final int MAX_DIGITS = 10;

  private RequestDeadline() {}

  /** Nanoseconds from when the request was sent; 0: not told, or not in a way we understand. */
  static long nanosOf(Head head) {
    if (head.has(FieldName.GRPC_TIMEOUT)) {
      int field = head.first(FieldName.GRPC_TIMEOUT);
      int end = head.valueEnd(field) - 1;
      long amount = number(head.bytes, head.valueStart(field), end);
      return amount < 0 ? 0 : Math.max(1, amount * unit(head.bytes[end]));
    }
    if (head.has(FieldName.EXPECTED_TIMEOUT)) {
      int field = head.first(FieldName.EXPECTED_TIMEOUT);
      long amount = number(head.bytes, head.valueStart(field), head.valueEnd(field));
      return amount <= 0 ? 0 : amount * 1_000_000; // Envoy says 0 for none
    }
    return 0;
  }

  /** The smaller one, where 0 stands for none. */
  static long earlier(long a, long b) {
    return a == 0 ? b : b == 0 ? a : Math.min(a, b);
  }

  private static long number(byte[] bytes, int start, int end) {
    if (end <= start || end - start > MAX_DIGITS) {
      return -1;
    }
    long number = 0;
    for (int at = start; at < end; at++) {
      if (bytes[at] < '0' || bytes[at] > '9') {
        return -1;
      }
      number = number * 10 + bytes[at] - '0';
    }
    return number;
  }

  /** Of gRPC over HTTP/2, TimeoutUnit. An hour and more is no matter here. */
  private static long unit(byte letter) {
    return switch (letter) {
      case 'n' -> 1;
      case 'u' -> 1_000;
      case 'm' -> 1_000_000;
      case 'S' -> 1_000_000_000L;
      case 'M' -> 60_000_000_000L;
      case 'H' -> 900_000_000L; // ten digits of hours must not overflow: one is as good as none
      default -> 0;
    };
  }
}
