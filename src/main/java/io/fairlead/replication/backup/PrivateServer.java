package io.fairlead.replication.backup;

import io.fairlead.replication.PostgresPrograms;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A PostgreSQL server of restored data that nobody reaches but us: no network, its socket in a
 * folder of its own, where everybody who gets in is let in. It goes by settings of ours only, says
 * nothing to other servers and archives nothing.
 */
final class PrivateServer implements AutoCloseable {
  private static final int PORT = 5432;
  private static final Pattern REDO_DONE =
      Pattern.compile(".*redo done at ([0-9A-F]+/[0-9A-F]+).*");
  private static final Pattern LAST_COMMIT =
      Pattern.compile(".*last completed transaction was at log time (.*) UTC.*");
  private static final Pattern SETTING = Pattern.compile("(max_[a-z_]+) setting: +([0-9]+)");

  private final PostgresPrograms programs;
  private final Path data;
  private final Path own;
  private final Child child;
  private final Map<String, String> access;
  private volatile String redoDone = "";
  private volatile String lastCommit = "";

  /**
   * @param data what it serves
   * @param own a folder for what it needs beside, with a short name
   * @param settings of recovery
   * @param careful whether it waits for its disk; where what it writes is thrown away it need not
   * @param progress what it does, for people
   */
  PrivateServer(
      PostgresPrograms programs,
      Path data,
      Path own,
      Map<String, String> settings,
      boolean careful,
      Consumer<String> progress)
      throws IOException {
    this.programs = programs;
    this.data = data;
    this.own = own;
    Path hba = own.resolve("hba.conf");
    Files.writeString(hba, "local all all trust\n");
    programs.give(hba);
    Path config = own.resolve("postgresql.conf");
    Files.writeString(config, "");
    programs.give(config);
    Map<String, String> all = new HashMap<>(settings);
    all.put("config_file", config.toString());
    all.put("hba_file", hba.toString());
    all.put("listen_addresses", "");
    all.put("unix_socket_directories", own.toString());
    all.put("unix_socket_permissions", "0700");
    all.put("fsync", careful ? "on" : "off");
    all.put("hot_standby", "off");
    all.put("archive_mode", "off");
    all.put("archive_command", "");
    all.put("synchronous_standby_names", "");
    all.put("primary_conninfo", "");
    all.put("primary_slot_name", "");
    all.put("shared_preload_libraries", "");
    all.put("session_preload_libraries", "");
    all.put("local_preload_libraries", "");
    all.put("logging_collector", "off");
    all.put("log_destination", "stderr");
    all.put("log_timezone", "UTC");
    all.put("lc_messages", "C");
    all.put("max_wal_size", "1GB");
    all.put("autovacuum", "off");
    all.put("max_logical_replication_workers", "0"); // subscribes to nobody
    all.putAll(limits(programs, data));
    List<String> arguments = new ArrayList<>(List.of("-D", data.toString(), "-p", "" + PORT));
    all.forEach((name, value) -> arguments.addAll(List.of("-c", name + "=" + value)));
    access = Map.of("PGHOST", own.toString(), "PGPORT", "" + PORT, "PGPASSFILE", "/dev/null");
    child =
        Child.start(
            programs, "postgres", arguments, Map.of(), _ -> {}, line -> heard(line, progress));
  }

  /** What it must be able to hold, so that it can replay what the primary did. */
  private static Map<String, String> limits(PostgresPrograms programs, Path data)
      throws IOException {
    Map<String, String> limits = new HashMap<>();
    String said =
        programs.run("pg_controldata", List.of(data.toString()), Map.of(), Duration.ofSeconds(30));
    Matcher setting = SETTING.matcher(said);
    while (setting.find()) {
      String name = setting.group(1).replace("max_prepared_xacts", "max_prepared_transactions");
      limits.put(name.replace("max_locks_per_xact", "max_locks_per_transaction"), setting.group(2));
    }
    return limits;
  }

  private void heard(String line, Consumer<String> progress) {
    Matcher done = REDO_DONE.matcher(line);
    if (done.matches()) {
      redoDone = done.group(1);
    }
    Matcher commit = LAST_COMMIT.matcher(line);
    if (commit.matches()) {
      lastCommit = commit.group(1);
    }
    int restored = line.indexOf("restored log file");
    if (restored >= 0) {
      progress.accept("replaying " + line.substring(restored).replaceFirst(".*\"(.*)\".*", "$1"));
    }
  }

  /**
   * Waits until it takes queries and recovers no longer.
   *
   * @param user whoever is known to it
   * @throws IOException if it ends, with what it complained of
   */
  void await(String user, Duration patience) throws IOException, InterruptedException {
    long end = System.nanoTime() + patience.toNanos();
    while (true) {
      if (child.await(50)) {
        int _ = child.result();
        throw new IOException("the restored server ended: " + child.lastWords());
      }
      if (Files.exists(own.resolve(".s.PGSQL." + PORT))) {
        try {
          if (ask(user, "postgres", "select pg_is_in_recovery()").equals("f")) {
            return;
          }
        } catch (IOException e) {
          if (System.nanoTime() > end) {
            throw e;
          }
        }
      }
      if (System.nanoTime() > end) {
        throw new IOException(
            "the restored server did not come up within " + patience.toMinutes() + " minutes");
      }
    }
  }

  String ask(String user, String database, String sql) throws IOException {
    return new Questions(programs, access(user)).sql(database, sql);
  }

  Map<String, String> access(String user) {
    Map<String, String> all = new HashMap<>(access);
    all.put("PGUSER", user);
    return all;
  }

  /** Up to where the log was replayed, as it says; null: it has not said. */
  @Nullable Long replayed() {
    String said = redoDone;
    return said.isEmpty() ? null : Lsn.parse(said);
  }

  /** When the last transaction ended that was replayed, as it says; empty: there was none. */
  String lastCommit() {
    return lastCommit;
  }

  /** Ends it so that its data is whole. */
  void stop() throws IOException {
    String _ =
        programs.run(
            "pg_ctl",
            List.of("-D", data.toString(), "-m", "fast", "-w", "-t", "600", "stop"),
            Map.of(),
            Duration.ofSeconds(620));
  }

  @Override
  public void close() {
    child.stop();
  }
}
