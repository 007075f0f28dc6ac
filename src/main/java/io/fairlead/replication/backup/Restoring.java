package io.fairlead.replication.backup;

import io.fairlead.replication.PostgresPrograms;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Restoring by hand, with or without a running instance: the folder is all that it takes. */
public final class Restoring {
  /** What whoever has restored one must not forget. */
  static final String BEFORE_USE =
      "Let clients write to it only when nobody writes to the one it comes from any more, and give"
          + " its own backups another folder.";

  private Restoring() {}

  /**
   * What is wanted.
   *
   * @param from folder of the backups
   * @param witness folder of one that keeps the log, which may have more of it; null: there is
   *     none; of PostgreSQL
   * @param to the folder that is made
   * @param time to which moment; null: to the end
   * @param backup which copy; null: the newest that can be brought there
   * @param port where the restored server runs on afterwards; 0: it does not
   */
  public record Wanted(
      Path from,
      @Nullable Path witness,
      Path to,
      @Nullable Instant time,
      @Nullable String backup,
      int port) {}

  /**
   * Does it, on a platform thread.
   *
   * @param progress what is being done, for people
   * @return what has come of it and what to do next, a sentence each
   * @throws IOException in words
   */
  public static List<String> run(Wanted wanted, Consumer<String> progress)
      throws IOException, InterruptedException {
    Path from = wanted.from().toAbsolutePath().normalize();
    if (!Files.exists(from.resolve("archive.properties"))) {
      throw new IOException(from + " is no folder of backups");
    }
    if (BinlogFolder.isOne(from)) {
      if (wanted.witness() != null) {
        throw new IOException("--witness is for backups of PostgreSQL");
      }
      return MariadbRestoring.run(wanted, new BinlogFolder(from), progress);
    }
    Path witness = wanted.witness();
    ArchiveFolder more =
        witness == null ? null : new ArchiveFolder(witness.toAbsolutePath().normalize());
    Restore.Restored restored =
        new Restore(new ArchiveFolder(from), more, progress)
            .run(
                new Restore.Wanted(wanted.to(), wanted.time(), wanted.backup(), true),
                (server, _, user) ->
                    server.ask(
                        user,
                        "postgres",
                        "select count(*) || ' databases, ' || pg_size_pretty(sum("
                            + "pg_database_size(oid))) from pg_database where datallowconn"
                            + " and not datistemplate"));
    Path to = wanted.to().toAbsolutePath().normalize();
    PostgresPrograms programs = Restore.programs(restored.backup().version());
    List<String> said = new ArrayList<>();
    said.add(
        holds(to, restored.pointMillis(), restored.found(), restored.backup().id())
            + Lsn.text(restored.position())
            + " of timeline "
            + restored.timeline()
            + ".");
    Instant last = restored.lastCommit();
    said.add(
        last == null
            ? "No transaction had ended after the backup."
            : "The last transaction that is there ended at " + last + ".");
    if (wanted.port() > 0) {
      startOn(programs, to, wanted.port());
      said.add("It has come up and runs on port " + wanted.port() + " of this machine.");
    } else {
      said.add(
          "It has come up, which proves it, and is stopped. Start it: "
              + String.join(
                  " ", programs.command("pg_ctl", List.of("-D", to.toString(), "start"))));
    }
    said.add(
        "Its settings are new: compare "
            + to.resolve("postgresql.conf")
            + " and pg_hba.conf with the .original files beside them, or with those of the server"
            + " it comes from.");
    said.add(BEFORE_USE);
    return said;
  }

  /** How what has been restored is told of first; up to where of the log follows. */
  static String holds(Path to, long pointMillis, String found, String backup) {
    return to
        + " holds the database as it was at "
        + Instant.ofEpochMilli(pointMillis)
        + ": "
        + found
        + "; from backup "
        + backup
        + ", the log up to ";
  }

  private static void startOn(PostgresPrograms programs, Path to, int port) throws IOException {
    Files.writeString(
        to.resolve("postgresql.conf"), "port = " + port + "\n", StandardOpenOption.APPEND);
    String _ =
        programs.run(
            "pg_ctl",
            List.of("-D", to.toString(), "-l", to.resolve("log").toString(), "-w", "start"),
            Map.of(),
            Duration.ofMinutes(5));
  }
}
