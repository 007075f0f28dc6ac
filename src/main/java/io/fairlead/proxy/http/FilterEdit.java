package io.fairlead.proxy.http;

import io.fairlead.config.HeaderEdits;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** A change of a head's fields that a filter wants, checked. */
final class FilterEdit {
  private static final int MOST_VALUE = 8192;

  private final byte[][] name;
  private final boolean replaces;
  private final byte @Nullable [] value;

  private FilterEdit(byte[] name, boolean replaces, byte @Nullable [] value) {
    this.name = new byte[][] {name};
    this.replaces = replaces;
    this.value = value;
  }

  /**
   * One that adds a field, takes away those of its name, or both.
   *
   * @param value null: none is added
   * @throws IllegalArgumentException if that cannot be
   */
  static FilterEdit of(String name, boolean replaces, @Nullable String value) {
    String lower = name.toLowerCase(Locale.ROOT);
    String wrong = HeaderEdits.name(lower);
    if (wrong != null) {
      throw new IllegalArgumentException("field " + shown(lower) + ": " + wrong);
    }
    if (value == null) {
      return new FilterEdit(Ascii.bytes(lower), true, null);
    }
    byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
    if (bytes.length > MOST_VALUE) {
      throw new IllegalArgumentException(
          "field " + lower + ": its value is longer than " + MOST_VALUE + " bytes");
    }
    for (byte b : bytes) {
      if ((b >= 0 && b < ' ' && b != '\t') || b == 127) {
        throw new IllegalArgumentException("field " + lower + ": its value has control characters");
      }
    }
    if (bytes.length > 0 && (isBlank(bytes[0]) || isBlank(bytes[bytes.length - 1]))) {
      throw new IllegalArgumentException("field " + lower + ": its value has spaces at its ends");
    }
    return new FilterEdit(Ascii.bytes(lower), replaces, bytes);
  }

  private static boolean isBlank(byte b) {
    return b == ' ' || b == '\t';
  }

  private static String shown(String name) {
    String line = name.replaceAll("[^!-~]", "?");
    return line.length() > 64 ? line.substring(0, 64) + "..." : line;
  }

  void apply(Head head) {
    if (replaces) {
      Guard.dropOwn(head, name);
    }
    byte[] added = value;
    if (added != null) {
      head.openField(name[0]);
      head.put(added);
      head.closeField(FieldName.of(name[0], 0, name[0].length));
    }
  }
}
