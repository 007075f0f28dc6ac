package io.fairlead.proxy.http;

import java.util.List;
import java.util.Locale;

/** A header or trailer field as it stood on the wire; bytes are Latin-1 characters. */
record Field(String name, String value) {

  /** Reads {@code Name: value}; white space around the value is not part of it. */
  static Field of(String line) {
    int colon = line.indexOf(':');
    if (colon < 1) {
      throw new IllegalArgumentException("not a field: " + line);
    }
    return new Field(line.substring(0, colon), line.substring(colon + 1).strip());
  }

  boolean is(String other) {
    return name.equalsIgnoreCase(other);
  }

  String lowerName() {
    return name.toLowerCase(Locale.ROOT);
  }

  /** The values of every field of that name, in order. */
  static List<String> values(List<Field> fields, String name) {
    return fields.stream().filter(field -> field.is(name)).map(Field::value).toList();
  }

  @Override
  public String toString() {
    return name + ": " + value;
  }
}
