package io.fairlead.replication.backup;

import io.fairlead.replication.MariadbPrograms;
import io.fairlead.runtime.Scheduler;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Restores everything, as after a disaster, into a folder that is thrown away, starts it and reads
 * it. Only what has been through this is known to be restorable.
 */
final class MariadbDrilling {
  private static final String THERE =
      "select concat(count(distinct table_schema), ' databases, ', count(*), ' tables, ',"
          + " round(ifnull(sum(data_length + index_length), 0) / 1048576, 1), ' MiB')"
          + " from information_schema.tables where table_type = 'BASE TABLE' and table_schema not"
          + " in ('mysql', 'sys', 'information_schema', 'performance_schema')";

  private final BinlogFolder folder;
  private final Scheduler clock;
  private final Consumer<String> progress;

  MariadbDrilling(BinlogFolder folder, Scheduler clock, Consumer<String> progress) {
    this.folder = folder;
    this.clock = clock;
    this.progress = progress;
  }

  /** What there is in a restored server, for people. */
  static String there(MariadbServer server) throws IOException {
    return server.ask(THERE);
  }

  /**
   * One drill. Remembers which copy is damaged, if one is.
   *
   * @throws InterruptedException if it is given up, which says nothing
   */
  Drill run() throws InterruptedException {
    long began = clock.epochMillis();
    Path scratch = folder.scratch();
    try {
      BackupFolder.delete(scratch);
      MariadbPrograms.find().makeFolder(scratch);
      MariadbRestore.Restored restored =
          new MariadbRestore(folder, what -> progress.accept("drill: " + what))
              .run(new Restore.Wanted(scratch.resolve("data"), null, null, false), this::check);
      return new Drill(
          began,
          clock.epochMillis() - began,
          true,
          restored.backup().id(),
          restored.position(),
          restored.backup().part(),
          restored.pointMillis(),
          restored.found());
    } catch (IOException e) {
      if (Thread.interrupted()) {
        throw new InterruptedException();
      }
      return Drill.failed(began, clock.epochMillis() - began, remember(e), e);
    } finally {
      folder.clearScratch();
    }
  }

  private String remember(IOException e) {
    if (!(e instanceof BinlogScan.Damaged)) {
      return folder.remember(e);
    }
    try {
      List<String> all = folder.ids();
      return all.isEmpty() ? "" : all.getLast(); // a new copy takes its place: the log goes on
    } catch (IOException _) {
      return "";
    }
  }

  /** Reads all tables and their indexes. */
  private String check(MariadbServer server, MariadbPrograms programs)
      throws IOException, InterruptedException {
    progress.accept("drill: checking all tables (mariadb-check)");
    List<String> wrong = new ArrayList<>();
    Child child =
        Child.start(
            programs,
            "mariadb-check",
            List.of(server.argument(), "--all-databases", "--check", "--silent"),
            Map.of(),
            line -> {
              if (wrong.size() < 5 && !line.isBlank()) {
                wrong.add(line.strip().replaceAll("\\s+", " "));
              }
            },
            _ -> {});
    try {
      boolean ended = child.await(Duration.ofHours(24).toMillis());
      if (!ended || child.result() != 0 || wrong.stream().anyMatch(MariadbDrilling::isWrong)) {
        throw new IOException(
            "mariadb-check: " + (wrong.isEmpty() ? child.lastWords() : String.join("; ", wrong)));
      }
    } finally {
      child.stop();
    }
    return there(server) + ", all tables checked by mariadb-check";
  }

  private static boolean isWrong(String line) {
    String words = line.toLowerCase(Locale.ROOT);
    return words.contains("error") || words.contains("corrupt") || words.contains("warning");
  }
}
