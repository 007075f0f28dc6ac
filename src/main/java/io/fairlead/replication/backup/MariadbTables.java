package io.fairlead.replication.backup;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Which tables of InnoDB a member has, and by which number their files are known.
 *
 * <p>{@code mariadb-backup} tells by the number what pages belong to, and by the name where they
 * are. Where names have gone from one table to another it may fail to apply an increment: that has
 * to be known when one is made.
 */
final class MariadbTables {
  /** Beside a copy: those that there were when it began, and when it had ended. */
  static final String FILE = "tables";

  private static final String QUESTION =
      "select space, name from information_schema.innodb_sys_tables where space > 0";

  private MariadbTables() {}

  /** Number and name, a line each, separated by a tab. */
  static String ask(MariadbAccess access) throws IOException {
    return access.ask(QUESTION);
  }

  /** As they were written beside a copy; empty: they were not. */
  static String of(Path copy) throws IOException {
    try {
      return Files.readString(copy.resolve(FILE));
    } catch (NoSuchFileException _) {
      return "";
    }
  }

  /** One that has another name now, for people; empty: none has. */
  static String renamed(String before, String now) {
    Map<String, String> names = new HashMap<>();
    lines(before).forEach(one -> names.put(one[0], one[1]));
    return lines(now)
        .filter(one -> !one[1].equals(names.getOrDefault(one[0], one[1])))
        .map(one -> names.get(one[0]) + " is " + one[1] + " now")
        .findFirst()
        .orElse("");
  }

  private static Stream<String[]> lines(String tables) {
    return tables.lines().filter(line -> line.contains("\t")).map(line -> line.split("\t", 2));
  }
}
