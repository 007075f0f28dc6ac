package io.fairlead.replication.backup;

import java.util.Locale;

/** A position in the log of PostgreSQL, as people and PostgreSQL write it. */
final class Lsn {
  private Lsn() {}

  static String text(long position) {
    return String.format(Locale.ROOT, "%X/%X", position >>> 32, position & 0xFFFFFFFFL);
  }

  /**
   * {@code 0/3000148} as a number.
   *
   * @throws IllegalArgumentException if it is none
   */
  static long parse(String text) {
    int slash = text.indexOf('/');
    if (slash < 1) {
      throw new IllegalArgumentException("no position in the log: " + text);
    }
    return (Long.parseLong(text.substring(0, slash), 16) << 32)
        | Long.parseLong(text.substring(slash + 1), 16);
  }
}
