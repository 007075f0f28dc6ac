package io.fairlead.config;

import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Which answers of nodes are packed for clients that take that.
 *
 * @param codings how, the one first that is to be chosen where a client likes several as much; each
 *     once
 * @param types media types without parameters, lower case; {@code text/*} for all of a kind
 * @param minBytes of the body, where its length is known; smaller ones stay as they are; 0 to 1 MiB
 * @param level 1, the fastest, to 9, the smallest
 */
public record CompressConfig(
    List<ContentCoding> codings, List<String> types, int minBytes, int level) {
  static final Range<Integer> MIN_BYTES = Range.sizes(0, 1024 * 1024);
  static final int DEFAULT_MIN_BYTES = 1024;
  static final Range<Integer> LEVEL = Range.counts(1, 9);
  static final int DEFAULT_LEVEL = 3;
  public static final List<ContentCoding> DEFAULT_CODINGS = List.of(ContentCoding.values());
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
    codings = List.copyOf(codings);
    types = List.copyOf(types);
    new Require()
        .that(
            !codings.isEmpty() && Set.copyOf(codings).size() == codings.size(),
            "codings",
            null,
            "must be one or more of zstd, br, gzip, each once")
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
