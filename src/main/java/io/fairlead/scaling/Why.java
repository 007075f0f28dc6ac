package io.fairlead.scaling;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** A sentence that is made when somebody reads it: most of them nobody does. */
final class Why {
  private record Part(String format, List<Object> values) {}

  private final List<Part> parts = new ArrayList<>(3);

  static Why of(String text) {
    return new Why().add(text);
  }

  Why add(String format, Object... values) {
    parts.add(new Part(format, List.of(values)));
    return this;
  }

  @Override
  public String toString() {
    StringBuilder text = new StringBuilder();
    for (Part part : parts) {
      text.append(
          part.values.isEmpty()
              ? part.format
              : String.format(Locale.ROOT, part.format, part.values.toArray()));
    }
    return text.toString();
  }
}
