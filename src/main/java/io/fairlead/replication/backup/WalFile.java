package io.fairlead.replication.backup;

import java.nio.file.Path;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A file of the log in the archive: one segment, whole or as far as it has come.
 *
 * @param timeline that it belongs to
 * @param segment its number, which is its first position divided by its size
 * @param whole whether all of it is there
 * @param end the position up to which it has something
 * @param millis when its last byte came, since 1970
 * @param file where it is
 */
record WalFile(int timeline, long segment, boolean whole, long end, long millis, Path file) {
  static final String PARTIAL = ".partial";
  private static final Pattern NAME = Pattern.compile("[0-9A-F]{24}([.]partial)?");
  private static final Pattern HISTORY = Pattern.compile("[0-9A-F]{8}[.]history");

  /** What PostgreSQL calls the whole segment. */
  static String name(int timeline, long segment, long segmentSize) {
    long perId = 0x100000000L / segmentSize;
    return String.format(Locale.ROOT, "%08X%08X%08X", timeline, segment / perId, segment % perId);
  }

  /** What PostgreSQL calls the history of a timeline. */
  static String historyName(int timeline) {
    return String.format(Locale.ROOT, "%08X.history", timeline);
  }

  static boolean isSegment(String name) {
    return NAME.matcher(name).matches();
  }

  /** The timeline whose history a file of that name is; null: it is none. */
  static @Nullable Integer historyOf(String name) {
    return HISTORY.matcher(name).matches()
        ? Integer.parseUnsignedInt(name.substring(0, 8), 16)
        : null;
  }

  static int timelineOf(String name) {
    return Integer.parseUnsignedInt(name.substring(0, 8), 16);
  }

  static long segmentOf(String name, long segmentSize) {
    return Long.parseLong(name.substring(8, 16), 16) * (0x100000000L / segmentSize)
        + Long.parseLong(name.substring(16, 24), 16);
  }

  /** Where {@code pg_receivewal} goes on: it asks for segments from their beginning. */
  long next(long segmentSize) {
    return (whole ? segment + 1 : segment) * segmentSize;
  }

  String name(long segmentSize) {
    return name(timeline, segment, segmentSize);
  }
}
