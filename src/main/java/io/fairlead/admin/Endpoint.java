package io.fairlead.admin;

import io.fairlead.config.AdminConfig.Role;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One line of the API: how it is asked for, what it needs, what it answers.
 *
 * @param method GET answers HEAD too
 * @param path with parts in braces, as OpenAPI writes them
 * @param role that a token must have; null: anybody may ask
 * @param summary one line for the description
 * @param parameters in the query
 * @param body what the request carries
 * @param answers media type → record that describes the JSON, or String for other text
 * @param handler what answers
 */
record Endpoint(
    String method,
    String path,
    @Nullable Role role,
    String summary,
    List<Parameter> parameters,
    Body body,
    Map<String, Class<?>> answers,
    Handler handler) {

  /** A parameter in the query. */
  record Parameter(String name, String meaning, boolean required, boolean repeats) {}

  /** What a request carries. */
  enum Body {
    NONE,
    NODE,
    CONFIG,
    SQL,
    SCALE,
    DEPLOY,
    SILENCE,
    RULE,
    BYTES
  }

  interface Handler {
    Answer handle(Call call);
  }

  boolean changes() {
    return !method.equals("GET");
  }

  /** Values of the parts in braces if the raw path has this shape, else null. */
  @Nullable Map<String, String> match(List<String> segments) {
    List<String> own = List.of(path.substring(1).split("/", -1));
    if (own.size() != segments.size()) {
      return null;
    }
    Map<String, String> values = new HashMap<>();
    for (int i = 0; i < own.size(); i++) {
      String part = own.get(i);
      if (part.startsWith("{")) {
        values.put(part.substring(1, part.length() - 1), Call.decodeSegment(segments.get(i)));
      } else if (!part.equals(segments.get(i))) {
        return null;
      }
    }
    return values;
  }
}
