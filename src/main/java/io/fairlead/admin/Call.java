package io.fairlead.admin;

import java.net.URLDecoder;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One request that was let in.
 *
 * @param path values of the parts of the path that are in braces, decoded
 * @param query each name with its values in order, decoded
 * @param accept what the caller would like to get; may be empty
 * @param body all of it, as UTF-8
 * @param bytes the same as they came
 * @param fields of the request that some endpoints look at: {@code if-match}, {@code if-none-match}
 * @param caller who it is
 */
record Call(
    Map<String, String> path,
    Map<String, List<String>> query,
    String accept,
    String body,
    ByteBuffer bytes,
    Map<String, String> fields,
    Caller caller) {

  /** As audit events name who it is. */
  String who() {
    return caller.name();
  }

  String path(String name) {
    String value = path.get(name);
    if (value == null) {
      throw new IllegalStateException("the endpoint has no part " + name);
    }
    return value;
  }

  /** The first value of the parameter, or null. */
  @Nullable String query(String name) {
    List<String> values = query.get(name);
    return values == null ? null : values.getFirst();
  }

  /** Reads a query string. */
  static Map<String, List<String>> parseQuery(@Nullable String raw) {
    Map<String, List<String>> found = new LinkedHashMap<>();
    if (raw != null) {
      for (String pair : raw.split("&", -1)) {
        int equals = pair.indexOf('=');
        String name = decode(equals < 0 ? pair : pair.substring(0, equals));
        String value = equals < 0 ? "" : decode(pair.substring(equals + 1));
        found.computeIfAbsent(name, _ -> new ArrayList<>()).add(value);
      }
    }
    return found;
  }

  private static String decode(String text) {
    try {
      return URLDecoder.decode(text, StandardCharsets.UTF_8);
    } catch (IllegalArgumentException _) {
      throw Refusal.of(400, "The query has a broken %-sequence.");
    }
  }

  /** A path's part without %-sequences; a plus stays a plus. */
  static String decodeSegment(String text) {
    return decode(text.replace("+", "%2B"));
  }
}
