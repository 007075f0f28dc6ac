package io.fairlead.config;

import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Which answers of nodes are packed by gzip for clients that take that.
 *
 * @param types media types without parameters, lower case; {@code text/*} for all of a kind
 * @param minBytes of the body, where its length is known; smaller ones stay as they are; 0 to 1 MiB
 * @param level 1, the fastest, to 9, the smallest
 */
public record CompressConfig(List<String> types, int minBytes, int level) {
  static final Range<Integer> MIN_BYTES = Range.sizes(0, 1024 * 1024);
  static final int DEFAULT_MIN_BYTES = 1024;
  static final Range<Integer> LEVEL = Range.counts(1, 9);
  static final int DEFAULT_LEVEL = 3;
  static final List<String> DEFAULT_TYPES =
      List.of(
          "text/html",
          "text/plain",
          "text/css",
          "text/javascript",
          "text/csv",
          "text/xml",
          "application/javascript",
          "application/json",
          "application/manifest+json",
          "application/problem+json",
          "application/xml",
          "image/svg+xml");
  static final int MAX_TYPES = 100;

  public CompressConfig {
    types = List.copyOf(types);
    new Require()
        .that(
            !types.isEmpty() && types.size() <= MAX_TYPES,
            "types",
            types.size(),
            "must be 1 to " + MAX_TYPES + " media types")
        .within(MIN_BYTES, "min-bytes", minBytes)
        .within(LEVEL, "level", level)
        .orRefuse();
  }

  static String normalType(String text) {
    return text.toLowerCase(Locale.ROOT);
  }

  /** What is wrong with a type. What has to arrive piece by piece is never packed. */
  static @Nullable String type(String text) {
    if (!text.matches("[a-z0-9!#$&^_.+-]{1,64}/([a-z0-9!#$&^_.+-]{1,64}|\\*)")) {
      return "must be a media type without parameters, such as text/html or text/*";
    }
    return text.equals("text/event-stream") || text.startsWith("application/grpc")
        ? "must not be a type of streams of messages, which are not packed"
        : null;
  }
}
