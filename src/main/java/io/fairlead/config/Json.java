package io.fairlead.config;

import java.util.List;
import java.util.Map;

/** Writes maps, lists, text, numbers and truth values as JSON, two spaces deep per level. */
final class Json {
  private Json() {}

  static String write(Object value) {
    StringBuilder out = new StringBuilder();
    write(out, value, "\n");
    return out.append('\n').toString();
  }

  private static void write(StringBuilder out, Object value, String newLine) {
    String inner = newLine + "  ";
    switch (value) {
      case Map<?, ?> map -> {
        String separator = "{";
        for (Map.Entry<?, ?> entry : map.entrySet()) {
          out.append(separator).append(inner);
          quote(out, String.valueOf(entry.getKey()));
          write(out.append(": "), entry.getValue(), inner);
          separator = ",";
        }
        out.append(map.isEmpty() ? "{}" : newLine + "}");
      }
      case List<?> list -> {
        String separator = "[";
        for (Object element : list) {
          write(out.append(separator).append(inner), element, inner);
          separator = ",";
        }
        out.append(list.isEmpty() ? "[]" : newLine + "]");
      }
      case String text -> quote(out, text);
      default -> out.append(value);
    }
  }

  private static void quote(StringBuilder out, String text) {
    out.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"' || c == '\\') {
        out.append('\\').append(c);
      } else if (c < ' ') {
        out.append(String.format("\\u%04x", (int) c));
      } else {
        out.append(c);
      }
    }
    out.append('"');
  }
}
