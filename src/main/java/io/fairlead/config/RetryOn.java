package io.fairlead.config;

/** What has to go wrong for a request to be tried again. */
public sealed interface RetryOn {
  /** A node gave no answer that could be passed on. */
  enum Failure implements RetryOn {
    /** No connection to it could be made; it has got nothing. */
    CONNECT,
    /** It said that it did nothing about the request: a refused stream, GOAWAY. */
    REFUSED,
    /** The connection ended before the head of an answer was complete. */
    RESET,
    /** The head of an answer was not there in the time of one try. */
    TIMEOUT,
    /** What it answered is not HTTP, or could be read in two ways. */
    BAD_RESPONSE
  }

  /**
   * A node answered with such a status.
   *
   * @param from 400 to 599
   * @param to from to 599
   */
  record Status(int from, int to) implements RetryOn {
    public Status {
      if (from < 400 || to > 599 || from > to) {
        throw Require.refusal("must be a status or a range of them within 400-599");
      }
    }

    @Override
    public String toString() {
      return from == to ? Integer.toString(from) : from + "-" + to;
    }
  }

  /** Reads {@code reset}, {@code 503}, {@code 502-504} or {@code 5xx}. */
  static RetryOn parse(String text) {
    for (Failure failure : Failure.values()) {
      if (Units.word(failure).equals(text)) {
        return failure;
      }
    }
    if (text.matches("[45]xx")) {
      int first = (text.charAt(0) - '0') * 100;
      return new Status(first, first + 99);
    }
    if (text.matches("[0-9]{3}(-[0-9]{3})?")) {
      return new Status(
          Integer.parseInt(text.substring(0, 3)),
          Integer.parseInt(text.substring(text.length() - 3)));
    }
    throw Require.refusal(
        "must be connect, refused, reset, timeout, bad-response, a status such as 503, a range such"
            + " as 502-504, or 5xx");
  }
}
