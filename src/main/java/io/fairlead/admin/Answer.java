package io.fairlead.admin;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What a handler wants sent. */
sealed interface Answer {
  int status();

  String contentType();

  /** Fields beyond those that every answer gets. */
  Map<String, String> fields();

  /** All of it at once. */
  final class Whole implements Answer {
    private final int status;
    private final String contentType;
    private final byte[] body;
    private final Map<String, String> fields;

    Whole(int status, String contentType, byte[] body, Map<String, String> fields) {
      this.status = status;
      this.contentType = contentType;
      this.body = body;
      this.fields = fields;
    }

    @Override
    public int status() {
      return status;
    }

    @Override
    public String contentType() {
      return contentType;
    }

    @Override
    public Map<String, String> fields() {
      return fields;
    }

    /** Not copied; nobody writes it. */
    byte[] body() {
      return body;
    }
  }

  /** Written piece by piece; its length is not known before. */
  record Pieces(int status, String contentType, Map<String, String> fields, Writer writer)
      implements Answer {}

  /** With cookies that the browser is to keep or to forget. */
  record WithCookies(Whole whole, List<String> cookies) implements Answer {
    @Override
    public int status() {
      return whole.status();
    }

    @Override
    public String contentType() {
      return whole.contentType();
    }

    @Override
    public Map<String, String> fields() {
      return whole.fields();
    }
  }

  /**
   * Server-sent events until one side has had enough, or a session ends.
   *
   * @param person whose session that is; null: there is none
   */
  record Events(EventStream stream, Caller.@Nullable Person person) implements Answer {
    Events(EventStream stream) {
      this(stream, null);
    }

    @Override
    public int status() {
      return 200;
    }

    @Override
    public String contentType() {
      return "text/event-stream; charset=utf-8";
    }

    @Override
    public Map<String, String> fields() {
      return Map.of();
    }
  }

  /** Writes a body. */
  interface Writer {
    void writeTo(OutputStream out) throws IOException;
  }

  static Answer json(Object value) {
    return json(200, value);
  }

  static Answer json(int status, Object value) {
    return new Whole(status, "application/json", Json.bytes(value), Map.of());
  }

  static Answer text(int status, String text) {
    return new Whole(
        status, "text/plain; charset=utf-8", text.getBytes(StandardCharsets.UTF_8), Map.of());
  }

  static Answer problem(Problem problem) {
    return problem(problem, Map.of());
  }

  static Answer problem(Problem problem, Map<String, String> fields) {
    return new Whole(problem.status(), "application/problem+json", Json.bytes(problem), fields);
  }
}
