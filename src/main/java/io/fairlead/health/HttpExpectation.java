package io.fairlead.health;

import io.fairlead.config.Probe.Expect;
import io.fairlead.route.Glob;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Whether an answer of HTTP is the wanted one, and what is wrong with it. */
record HttpExpectation(Expect wanted, Quote quote) {
  /** One field of an answer; the name in lower case. */
  record Field(String name, String value) {}

  /** What is wrong with status and fields, or null. */
  @Nullable String head(int status, List<Field> fields) {
    if (!wanted.status().contains(status)) {
      return "answered " + status + ", wanted " + wanted.status();
    }
    for (Map.Entry<String, String> header : wanted.headers().entrySet()) {
      String wrong = header(header.getKey(), header.getValue(), fields);
      if (wrong != null) {
        return wrong;
      }
    }
    return null;
  }

  private @Nullable String header(String name, String value, List<Field> fields) {
    Glob glob = Glob.of(value);
    String other = null;
    for (Field field : fields) {
      if (field.name().equals(name)) {
        byte[] bytes = field.value().getBytes(StandardCharsets.UTF_8);
        if (glob.matches(bytes, 0, bytes.length, false)) {
          return null;
        }
        other = field.value();
      }
    }
    return other == null
        ? "header " + name + " is missing"
        : "header " + name + " is '" + quote.of(other) + "', wanted '" + value + "'";
  }

  /** Whether the body has already said enough. */
  boolean isMet(byte[] body) {
    return wanted.matches().isEmpty() && body(body, false) == null;
  }

  /**
   * What is wrong with the body, or null.
   *
   * @param cut whether it goes on
   */
  @Nullable String body(byte[] body, boolean cut) {
    String text = new String(body, StandardCharsets.UTF_8);
    String where = cut ? " in the first 64 KiB" : "";
    if (!text.contains(wanted.contains())) {
      return "body lacks '" + wanted.contains() + "'" + where;
    }
    return wanted.matches().isEmpty() || wanted.matches().get().isIn(text)
        ? null
        : "body has nothing like '" + wanted.matches().get() + "'" + where;
  }
}
