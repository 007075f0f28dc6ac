package io.fairlead.replication.backup;

import io.fairlead.replication.PostgresPrograms;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

/** Asks a server by {@code psql}. All of it waits. */
final class Questions {
  private static final Duration TIMEOUT = Duration.ofSeconds(15);

  private final PostgresPrograms programs;
  private final Map<String, String> access;

  Questions(PostgresPrograms programs, Map<String, String> access) {
    this.programs = programs;
    this.access = access;
  }

  /**
   * What a server is.
   *
   * @param system identifier of its data
   * @param timeline that it writes
   * @param position up to which it has written
   * @param segmentSize bytes of a segment of its log
   */
  record Identity(String system, int timeline, long position, long segmentSize) {}

  Identity identify() throws IOException {
    String[] said = replication("IDENTIFY_SYSTEM").split("[|]", -1);
    String size = replication("SHOW wal_segment_size");
    try {
      return new Identity(said[0], Integer.parseInt(said[1]), Lsn.parse(said[2]), bytes(size));
    } catch (RuntimeException e) {
      throw new IOException("the server does not say what it is: " + String.join(" ", said), e);
    }
  }

  /** {@code 16MB}, as PostgreSQL writes sizes. */
  static long bytes(String text) {
    String number = text.replaceAll("[^0-9]", "");
    long unit =
        switch (text.substring(number.length())) {
          case "kB" -> 1L << 10;
          case "MB" -> 1L << 20;
          case "GB" -> 1L << 30;
          default -> throw new IllegalArgumentException("no size: " + text);
        };
    return Long.parseLong(number) * unit;
  }

  /** The server keeps its log from now on until that slot has it; there may be one already. */
  void makeSlot(String slot) throws IOException {
    if (!hasSlot(slot)) {
      String _ = replication("CREATE_REPLICATION_SLOT \"" + slot + "\" PHYSICAL RESERVE_WAL");
    }
  }

  /** The same, with what it keeps from now on, whatever it kept before. */
  void renewSlot(String slot) throws IOException {
    if (hasSlot(slot)) {
      String _ = replication("DROP_REPLICATION_SLOT \"" + slot + "\"");
    }
    makeSlot(slot);
  }

  /** The position from which on the slot keeps the log; empty: the server cannot say. */
  OptionalLong keptBy(String slot) {
    try {
      String[] said = replication("READ_REPLICATION_SLOT \"" + slot + "\"").split("[|]", -1);
      return said.length > 1 && !said[1].isEmpty()
          ? OptionalLong.of(Lsn.parse(said[1]))
          : OptionalLong.empty();
    } catch (IOException | IllegalArgumentException _) {
      return OptionalLong.empty();
    }
  }

  private boolean hasSlot(String slot) throws IOException {
    try {
      String[] said = replication("READ_REPLICATION_SLOT \"" + slot + "\"").split("[|]", -1);
      if (said[0].isEmpty()) {
        return false;
      }
      if (said.length > 1 && said[1].isEmpty()) { // what it was to keep is gone
        String _ = replication("DROP_REPLICATION_SLOT \"" + slot + "\"");
        return false;
      }
      return true;
    } catch (IOException e) {
      // PostgreSQL before 15 cannot say: whoever makes one that is there is told so.
      try {
        String _ = replication("CREATE_REPLICATION_SLOT \"" + slot + "\" PHYSICAL RESERVE_WAL");
        return true;
      } catch (IOException other) {
        if (String.valueOf(other.getMessage()).contains('"' + slot + '"')) {
          return true;
        }
        throw other;
      }
    }
  }

  /** What the history file of that timeline says. */
  String history(int timeline) throws IOException {
    String said = replication("TIMELINE_HISTORY " + timeline);
    return said.substring(said.indexOf('|') + 1);
  }

  private String replication(String command) throws IOException {
    return psql("replication=true", command);
  }

  /** One value, or what is of several rows. */
  String sql(String database, String sql) throws IOException {
    return psql(database, sql);
  }

  private String psql(String database, String command) throws IOException {
    List<String> arguments =
        new ArrayList<>(List.of("-X", "-A", "-t", "-q", "-w", "-v", "ON_ERROR_STOP=1"));
    arguments.addAll(List.of("-c", command, "-d", database));
    return programs.run("psql", arguments, access, TIMEOUT).strip();
  }
}
