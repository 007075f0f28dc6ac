package io.fairlead.replication.backup;

import io.fairlead.replication.PostgresPrograms;
import io.fairlead.runtime.Scheduler;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Restores everything, as after a disaster, into a folder that is thrown away, starts it and reads
 * it. Only what has been through this is known to be restorable.
 */
final class Drilling {
  private static final String CHECKED =
      "select count(*) || ' databases, ' || pg_size_pretty(sum(pg_database_size(oid)))"
          + " from pg_database where datallowconn and not datistemplate";

  private final ArchiveFolder folder;
  private final Scheduler clock;
  private final Consumer<String> progress;

  Drilling(ArchiveFolder folder, Scheduler clock, Consumer<String> progress) {
    this.folder = folder;
    this.clock = clock;
    this.progress = progress;
  }

  /**
   * One drill. Remembers which copy is damaged, if one is.
   *
   * @throws InterruptedException if it is given up, which says nothing
   */
  Drill run() throws InterruptedException {
    long began = clock.epochMillis();
    Path scratch = folder.scratch();
    Restore restore = new Restore(folder, what -> progress.accept("drill: " + what));
    try {
      ArchiveFolder.delete(scratch);
      Restore.Restored restored =
          restore.run(new Restore.Wanted(scratch.resolve("data"), null, null, false), this::check);
      return new Drill(
          began,
          clock.epochMillis() - began,
          true,
          restored.backup().id(),
          restored.position(),
          restored.timeline(),
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
    return e instanceof LogCheck.Damaged damaged ? damaged.backup() : folder.remember(e);
  }

  /** Reads all tables and indexes: by {@code pg_amcheck} if it is there, else the tables. */
  private String check(PrivateServer server, PostgresPrograms programs, String user)
      throws IOException, InterruptedException {
    String there = server.ask(user, "postgres", CHECKED);
    String can =
        server.ask(
            user,
            "postgres",
            "select count(*) from pg_available_extensions where name = 'amcheck'");
    if (can.equals("1") && java.nio.file.Files.isExecutable(programs.program("pg_amcheck"))) {
      progress.accept("drill: checking all tables and indexes (pg_amcheck)");
      run(
          programs,
          "pg_amcheck",
          List.of("--all", "--install-missing", "--no-password", "--jobs", "2"),
          server.access(user));
      return there + ", all tables and indexes checked by pg_amcheck";
    }
    progress.accept("drill: reading all tables (pg_dumpall)");
    run(programs, "pg_dumpall", List.of("--no-password", "-f", "/dev/null"), server.access(user));
    return there + ", all tables read by pg_dumpall";
  }

  private static void run(
      PostgresPrograms programs, String program, List<String> arguments, Map<String, String> access)
      throws IOException, InterruptedException {
    StringBuilder said = new StringBuilder();
    Child child =
        Child.start(
            programs,
            program,
            arguments,
            access,
            line -> {
              if (said.length() < 300) {
                said.append(line.strip()).append(' ');
              }
            },
            _ -> {});
    try {
      if (!child.await(Duration.ofHours(24).toMillis()) || child.result() != 0) {
        throw new IOException(
            program + ": " + (said.isEmpty() ? child.lastWords() : said.toString().strip()));
      }
    } finally {
      child.stop();
    }
  }
}
