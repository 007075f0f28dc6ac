package io.fairlead.config;

import io.fairlead.config.BackupConfig.Keep;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What an operator can write about backups of a database. */
final class BackupLanguage {
  private static final Key<Path> FOLDER =
      Key.required(
          "folder",
          Scalar.path("folder"),
          "Where backups are kept, not on a disk of a member; nobody else writes there. Where"
              + " Fairlead is root, it belongs to the user `postgres`, or `mysql`.",
          "/var/backups/orders");
  private static final Key<String> USER =
      Key.computed(
          "user",
          Scalar.text("name", null, DatabaseLogin::name),
          "that of the probe",
          "Who replicates: of PostgreSQL a role with `login replication`, of MariaDB a user with the"
              + " rights that [backups-mariadb.md](backups-mariadb.md) names.",
          "fairlead_backup");
  private static final Key<Secret> PASSWORD =
      Key.computed(
          "password",
          Scalar.secret("secret"),
          "none; that of the probe if there is no user",
          "Password of that user, or `file:PATH`; appears in no message and no command line.",
          "\"file:secrets/backup\"");
  private static final Key<Duration> EVERY =
      Key.of(
          "every",
          Scalar.duration(BackupConfig.EVERY),
          BackupConfig.DEFAULT_EVERY,
          "Time between two copies of all data.",
          "12h");
  private static final Key<Duration> FULL_EVERY =
      Key.of(
          "full-every",
          Scalar.duration(BackupConfig.FULL_EVERY),
          Duration.ZERO,
          "Time between two full copies; those between are incremental: they take what has changed"
              + " since the copy before. 0s: all are full. What it takes: [backups.md](backups.md#incremental-copies),"
              + " [backups-mariadb.md](backups-mariadb.md#incremental-copies).",
          "168h");
  private static final Key<Integer> AT =
      Key.computed(
          "at",
          new Scalar<>(
              "time of day",
              "00:00 to 23:59",
              Scalar.ordered("type", "string", "pattern", "^([01][0-9]|2[0-3]):[0-5][0-9]$"),
              false,
              (text, _) -> BackupConfig.timeOfDay(text)),
          "any",
          "Time of day, UTC, at which copies begin.",
          "\"02:30\"");
  private static final Key<Integer> COUNT =
      Key.of(
          "count",
          Scalar.count(BackupConfig.COUNT),
          Keep.DEFAULT.count(),
          "So many of the newest copies are kept.",
          "5");
  private static final Key<Duration> SPAN =
      Key.of(
          "for",
          Scalar.duration(BackupConfig.SPAN),
          Keep.DEFAULT.span(),
          "As far back as that every moment can be restored.",
          "720h");

  static final Obj<Keep> KEEP =
      new Obj<>(
          "backup-keep",
          "Which copies are kept; one is removed only if neither key wants it, and log only if no"
              + " copy that is kept needs it.",
          List.of(COUNT, SPAN),
          List.of(),
          null,
          (values, _) -> new Keep(values.get(COUNT), values.get(SPAN)));

  private static final Key<Keep> BACKUP_KEEP =
      Key.of(
          "keep",
          KEEP,
          Keep.DEFAULT,
          "see below",
          "Which copies are kept.",
          "{ count: 5, for: 720h }");
  private static final Key<Duration> DRILL_EVERY =
      Key.of(
          "drill-every",
          Scalar.duration(BackupConfig.DRILL_EVERY),
          BackupConfig.DEFAULT_DRILL_EVERY,
          "Time between two drills, which restore everything, start it and read it; 0s: none.",
          "24h");
  private static final Key<Boolean> WITNESS =
      Key.of(
          "witness",
          Scalar.flag(),
          false,
          "Of PostgreSQL: whether the log is on disk here before the primary hears that it has arrived, so that"
              + " `synchronous_standby_names` can count it; see [backups.md](backups.md).",
          "true");
  private static final Key<Duration> MAX_LAG =
      Key.of(
          "max-lag",
          Scalar.duration(BackupConfig.MAX_LAG),
          BackupConfig.DEFAULT_MAX_LAG,
          "How old what is not in the folder yet may get before somebody is told.",
          "5m");

  static final Obj<BackupConfig> BACKUP =
      new Obj<>(
          "database-backup",
          "How a database is backed up.",
          List.of(
              FOLDER,
              USER,
              PASSWORD,
              EVERY,
              FULL_EVERY,
              AT,
              BACKUP_KEEP,
              DRILL_EVERY,
              WITNESS,
              MAX_LAG),
          List.of(),
          null,
          (values, _) ->
              new BackupConfig(
                  values.get(FOLDER),
                  orElse(values.find(USER), ""),
                  orElse(values.find(PASSWORD), new Secret("")),
                  values.get(EVERY),
                  values.get(FULL_EVERY),
                  orElse(values.find(AT), -1),
                  values.get(BACKUP_KEEP),
                  values.get(DRILL_EVERY),
                  values.get(WITNESS),
                  values.get(MAX_LAG)));

  private BackupLanguage() {}

  private static <T> T orElse(@Nullable T value, T otherwise) {
    return value == null ? otherwise : value;
  }
}
