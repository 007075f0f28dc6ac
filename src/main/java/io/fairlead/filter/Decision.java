package io.fairlead.filter;

import java.nio.charset.StandardCharsets;

/** What is to become of a request. */
public sealed interface Decision {
  /** Goes on: to the next filter, and then as the route says. */
  static Decision goOn() {
    return GoOn.ALWAYS;
  }

  /**
   * Goes on, and then to that service instead of the route's.
   *
   * @param service one that {@code filters.NAME.services} of the configuration names
   */
  static Decision sendTo(String service) {
    return new SendTo(service);
  }

  /**
   * Is answered here; nobody else is asked. Other fields of the answer by {@link
   * FilterRequest#setResponseHeader}.
   *
   * @param status 200 to 599
   * @param contentType such as {@code application/json}; empty: there is no body
   */
  static Decision answer(int status, String contentType, String body) {
    return new Answer(status, contentType, body.getBytes(StandardCharsets.UTF_8), false);
  }

  /**
   * Is refused: the same as {@link #answer}, but counted and recorded as an error, {@code
   * filter-refused}, which the field {@code fairlead-error} says.
   *
   * @param status 400 to 599
   */
  static Decision refuse(int status, String contentType, String body) {
    return new Answer(status, contentType, body.getBytes(StandardCharsets.UTF_8), true);
  }

  /** See {@link #goOn}. */
  record GoOn() implements Decision {
    private static final GoOn ALWAYS = new GoOn();
  }

  /** See {@link #sendTo}. */
  record SendTo(String service) implements Decision {}

  /** See {@link #answer} and {@link #refuse}. */
  final class Answer implements Decision {
    /** Bytes of a body. */
    public static final int MOST_BYTES = 64 * 1024;

    private final int status;
    private final String contentType;
    private final byte[] body;
    private final boolean refusal;

    Answer(int status, String contentType, byte[] body, boolean refusal) {
      if (status < (refusal ? 400 : 200) || status > 599) {
        throw new IllegalArgumentException("no status for that: " + status);
      }
      if (body.length > MOST_BYTES) {
        throw new IllegalArgumentException("a body of " + body.length + " bytes is too long");
      }
      if (body.length > 0 && (status == 204 || status == 205 || status == 304)) {
        throw new IllegalArgumentException("an answer with " + status + " has no body");
      }
      this.status = status;
      this.contentType = contentType;
      this.body = body;
      this.refusal = refusal;
    }

    public int status() {
      return status;
    }

    public String contentType() {
      return contentType;
    }

    public byte[] body() {
      return body.clone();
    }

    /** Whether it is an error. */
    public boolean isRefusal() {
      return refusal;
    }
  }
}
