package io.fairlead.cli;

import io.fairlead.config.BackupConfig;
import io.fairlead.config.ConfigReader;
import io.fairlead.config.DatabaseConfig;
import io.fairlead.config.FairleadConfig;
import io.fairlead.replication.backup.Restoring;
import java.io.IOException;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Restores a database from its backups; needs no running instance. */
@Command(
    description = {
      "Restore a database from its backups into a new folder, on this machine.",
      "Backup and log are checked before anything is written; what comes of them is started to"
          + " prove that it does, and stopped."
    },
    footer = {
      "",
      "  fairlead db restore orders --to /srv/restored",
      "  fairlead db restore orders --to /srv/restored --time 2026-05-02T12:13:14Z",
      "  fairlead db restore --from /var/backups/orders --to /srv/restored --run-on 5433"
    })
final class RestoreVerb extends Verb {
  @Parameters(
      index = "0",
      arity = "0..1",
      paramLabel = "DATABASE",
      description = "Its name in the configuration; or --from.")
  private @Nullable String database;

  @Option(
      names = {"-c", "--config"},
      paramLabel = "FILE",
      defaultValue = StartVerbs.CONFIG,
      description = "The configuration; default: ${DEFAULT-VALUE}.")
  private Path config = Path.of(StartVerbs.CONFIG);

  @Option(
      names = "--from",
      paramLabel = "FOLDER",
      description = "The folder of the backups, without a configuration.")
  private @Nullable Path from;

  @Option(
      names = "--to",
      paramLabel = "FOLDER",
      required = true,
      description = "The folder that is made; must not exist, or be empty.")
  private Path to = Path.of("");

  @Option(
      names = "--time",
      paramLabel = "TIME",
      description =
          "To this moment, such as 2026-05-02T12:13:14.5Z or with +02:00; of MariaDB, a full"
              + " second.")
  private @Nullable String time;

  @Option(names = "--latest", description = "To the end of the log; so it is without --time.")
  private boolean latest;

  @Option(
      names = "--backup",
      paramLabel = "NAME",
      description = "From this backup, of those that db backups lists.")
  private @Nullable String backup;

  @Option(
      names = "--witness",
      paramLabel = "FOLDER",
      description = "The folder of a witness, which has more of the log; of PostgreSQL.")
  private @Nullable Path witness;

  @Option(
      names = "--run-on",
      paramLabel = "PORT",
      description = "Leave it running on this port of localhost.")
  private int port;

  RestoreVerb(Cli.World world) {
    super(world);
  }

  @Override
  public Integer call() {
    if (latest && time != null) {
      throw new Failure(Cli.USAGE, "--latest and --time exclude each other");
    }
    if (port < 0 || port > 65535) {
      throw new Failure(Cli.USAGE, "--run-on takes a port (was " + port + ")");
    }
    Instant moment = time == null ? null : instant(time);
    Path folder = folder();
    Terminal out = terminal();
    try {
      Restoring.run(
              new Restoring.Wanted(folder, witness, to, moment, backup, port),
              what -> out.line("  " + what))
          .forEach(out::line);
      return Cli.DONE;
    } catch (IOException e) {
      throw new Failure(Cli.FAILED, String.valueOf(e.getMessage()));
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      throw new Failure(Cli.FAILED, "given up");
    }
  }

  private Path folder() {
    if (from != null) {
      return from;
    }
    String name = database;
    if (name == null) {
      throw new Failure(Cli.USAGE, "name a database, or the folder of its backups by --from");
    }
    return switch (ConfigReader.readFile(config)) {
      case ConfigReader.Result.Accepted(FairleadConfig read, String _) -> {
        DatabaseConfig found = read.databases().get(name);
        if (found == null) {
          throw new Failure(Cli.FAILED, config + " has no database " + name);
        }
        yield found
            .backup()
            .map(BackupConfig::folder)
            .orElseThrow(() -> new Failure(Cli.FAILED, name + " has no backup in " + config));
      }
      case ConfigReader.Result.Refused refused ->
          throw new Failure(
              Cli.FAILED,
              refused.problems().getFirst() + "; without a configuration: --from FOLDER");
    };
  }

  /** What was said by {@code --time}. */
  static Instant instant(String text) {
    try {
      return OffsetDateTime.parse(text.strip().replace(' ', 'T')).toInstant();
    } catch (DateTimeException _) {
      throw new Failure(
          Cli.USAGE,
          "--time is a moment with its zone, such as 2026-05-02T12:13:14Z (was " + text + ")");
    }
  }
}
