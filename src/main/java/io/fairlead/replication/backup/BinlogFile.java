package io.fairlead.replication.backup;

import java.nio.file.Path;
import java.util.Locale;

/**
 * A file of the log of a MariaDB server, as it is in the folder of backups.
 *
 * @param name such as {@code bin.000002}
 * @param file where it is
 * @param size how much of it has come, in bytes
 * @param complete whether the server has gone on to the next, so that nothing more comes
 */
record BinlogFile(String name, Path file, long size, boolean complete) {
  private static final int OFFSET_BITS = 32;
  private static final long OFFSET = 0xFFFFFFFFL;

  long number() {
    return number(name);
  }

  /** Where it ends. */
  long end() {
    return position(number(), size);
  }

  static boolean isName(String name) {
    return name.matches("[^/\\s.][^/\\s]{0,200}\\.[0-9]{6,10}");
  }

  /** The number that it ends with. */
  static long number(String name) {
    return Long.parseLong(name.substring(name.lastIndexOf('.') + 1));
  }

  /** The one that a server writes after that. */
  static String next(String name) {
    return named(name, number(name) + 1);
  }

  private static String named(String name, long number) {
    return name.substring(0, name.lastIndexOf('.')) + String.format(Locale.ROOT, ".%06d", number);
  }

  /** A place in the log of one server, in one number that grows with it. */
  static long position(long number, long offset) {
    return number << OFFSET_BITS | Math.min(OFFSET, offset);
  }

  /** How much of a file has come when all up to a position has. */
  static long received(long number, long position) {
    long last = position >>> OFFSET_BITS;
    return number < last ? Long.MAX_VALUE : number > last ? 0 : position & OFFSET;
  }

  /**
   * Such a number for people.
   *
   * @param name of any file of that log
   */
  static String text(String name, long position) {
    return named(name, position >>> OFFSET_BITS) + ":" + (position & OFFSET);
  }
}
