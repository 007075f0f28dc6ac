package io.fairlead.demo;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * What the test node says to one request.
 *
 * @param status 200 to 599
 * @param type media type of the content
 * @param content the body
 * @param fields further header lines, each {@code name: value}
 */
record Answer(int status, String type, Content content, List<String> fields) {

  /** Where the bytes of a body come from and how they are framed. */
  sealed interface Content {
    /** Bytes at hand, one Latin-1 character each, with Content-Length. */
    record Whole(String bytes) implements Content {}

    /** So many bytes of {@link Pattern}, with Content-Length. */
    record Counted(long length) implements Content {}

    /** So many bytes of {@link Pattern}, ended by closing the connection. */
    record UntilClose(long length) implements Content {}

    /**
     * So many bytes of {@link Pattern} in chunks.
     *
     * @param chunk bytes in each chunk but the last, from 1
     * @param trailer whether an {@code x-sum} trailer (CRC-32 of the body, eight hex digits)
     *     follows
     */
    record Chunked(long length, int chunk, boolean trailer) implements Content {}
  }

  private static final Map<Integer, String> REASONS =
      Map.ofEntries(
          Map.entry(200, "OK"),
          Map.entry(201, "Created"),
          Map.entry(204, "No Content"),
          Map.entry(301, "Moved Permanently"),
          Map.entry(302, "Found"),
          Map.entry(304, "Not Modified"),
          Map.entry(400, "Bad Request"),
          Map.entry(404, "Not Found"),
          Map.entry(405, "Method Not Allowed"),
          Map.entry(413, "Content Too Large"),
          Map.entry(417, "Expectation Failed"),
          Map.entry(429, "Too Many Requests"),
          Map.entry(431, "Request Header Fields Too Large"),
          Map.entry(500, "Internal Server Error"),
          Map.entry(501, "Not Implemented"),
          Map.entry(502, "Bad Gateway"),
          Map.entry(503, "Service Unavailable"),
          Map.entry(504, "Gateway Timeout"),
          Map.entry(505, "HTTP Version Not Supported"));

  static Answer text(int status, String text) {
    return new Answer(status, "text/plain", whole(text), List.of());
  }

  static Answer json(int status, String json) {
    return new Answer(status, "application/json", whole(json), List.of());
  }

  private static Content whole(String text) {
    return new Content.Whole(
        new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1));
  }

  static Answer bytes(Content content) {
    return new Answer(200, "application/octet-stream", content, List.of());
  }

  /** This answer with further header lines. */
  Answer with(List<String> more) {
    if (more.isEmpty()) {
      return this;
    }
    List<String> all = new ArrayList<>(fields);
    all.addAll(more);
    return new Answer(status, type, content, List.copyOf(all));
  }

  /** Whether this status may carry a body at all (RFC 9110, 6.4.1). */
  boolean mayHaveBody() {
    return status != 204 && status != 304;
  }

  String reason() {
    return REASONS.getOrDefault(status, "As Asked");
  }
}
