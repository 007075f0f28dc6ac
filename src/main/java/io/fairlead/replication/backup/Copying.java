package io.fairlead.replication.backup;

import io.fairlead.config.BackupConfig;
import io.fairlead.config.DatabaseProbeConfig;
import io.fairlead.replication.DatabaseView;
import io.fairlead.replication.DatabaseView.MemberView;
import io.fairlead.replication.PostgresPrograms;
import io.fairlead.runtime.Scheduler;
import io.fairlead.service.Node;
import io.fairlead.service.Role;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Makes a copy of all data by {@code pg_basebackup}: of a replica, if there is one that is fresh
 * enough to be read. It is made aside, verified, and gets its name when it is whole.
 */
final class Copying {
  static final DateTimeFormatter ID =
      DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'Z'", Locale.ROOT).withZone(ZoneOffset.UTC);
  private static final Pattern PROGRESS = Pattern.compile(" *([0-9]+)/([0-9]+) kB.*");

  private final ArchiveFolder folder;
  private final Scheduler clock;
  private final Consumer<String> progress;

  Copying(ArchiveFolder folder, Scheduler clock, Consumer<String> progress) {
    this.folder = folder;
    this.clock = clock;
    this.progress = progress;
  }

  /** Whom it is taken from: a replica that may be read, the least behind; else the primary. */
  static @Nullable Node source(DatabaseView view) {
    Optional<MemberView> replica =
        view.primary().isEmpty()
            ? Optional.empty()
            : view.members().stream()
                .filter(m ->
                    m.role().kind() == Role.Kind.REPLICA
                        && m.role().reads()
                        && m.node().isAvailable())
                .min(Comparator.comparingLong(m -> m.lagBytes().orElse(Long.MAX_VALUE)));
    return replica
        .or(() ->
            view.members().stream().filter(m -> m.node().name().equals(view.primary())).findFirst())
        .map(MemberView::node)
        .orElse(null);
  }

  /** Who takes the writes; null: nobody is known to. */
  static @Nullable Node primary(DatabaseView view) {
    return view.members().stream()
        .filter(m -> !view.primary().isEmpty() && m.node().name().equals(view.primary()))
        .findFirst()
        .map(MemberView::node)
        .orElse(null);
  }

  /** The name of the copy that begins now. */
  static String id(ArchiveFolder folder, long began) throws IOException {
    String id = ID.format(Instant.ofEpochMilli(began));
    if (Files.exists(folder.bases().resolve(id))) {
      throw new IOException("there is a backup of this very second, " + id);
    }
    return id;
  }

  /**
   * @param note why it is made so, if it was wanted otherwise, for people; else empty
   * @param wanted whether it is still to be made here
   * @throws IOException in words, if nothing has come of it; nothing is left then
   */
  BaseBackup make(
      Node source,
      BackupConfig config,
      DatabaseProbeConfig probe,
      String note,
      BooleanSupplier wanted)
      throws IOException, InterruptedException {
    PostgresPrograms programs = PostgresPrograms.find();
    folder.make(programs);
    long began = clock.epochMillis();
    String id = id(folder, began);
    refuseTablespaces(programs, source, probe);
    try (Access access =
        new Access(
            programs,
            source.address(),
            config.user(),
            config.password(),
            probe.tls(),
            "fairlead backup")) {
      Path data = folder.begin(id, programs);
      copy(programs, source, access, data, wanted);
      long ended = clock.epochMillis();
      progress.accept("verifying " + id);
      Restore.verify(programs, id, data);
      return folder.finish(id, began, ended, source.name(), note);
    } finally {
      folder.abandon(id); // what has been finished has another name
    }
  }

  /** They would be written to the same places as at the server. */
  static void refuseTablespaces(PostgresPrograms programs, Node source, DatabaseProbeConfig probe)
      throws IOException {
    try (Access access =
        new Access(
            programs, source.address(), probe.user(), probe.password(), probe.tls(), "fairlead")) {
      String names =
          new Questions(programs, access.environment())
              .sql(
                  probe.database().isEmpty() ? probe.user() : probe.database(),
                  "select string_agg(spcname, ', ') from pg_tablespace"
                      + " where spcname not in ('pg_default', 'pg_global')");
      if (!names.isEmpty()) {
        throw new IOException("the database has tablespaces (" + names + "), which are not copied");
      }
    }
  }

  private void copy(
      PostgresPrograms programs, Node source, Access access, Path data, BooleanSupplier wanted)
      throws IOException, InterruptedException {
    progress.accept("copying from " + source.name());
    Child child =
        Child.start(
            programs,
            "pg_basebackup",
            List.of(
                "-D",
                data.toString(),
                "-X",
                "stream",
                "-c",
                "fast",
                "-w",
                "-P",
                "--manifest-checksums=SHA256",
                "-l",
                "fairlead"),
            access.environment(),
            _ -> {},
            line -> told(line, source));
    try {
      folder.await(child, data, wanted);
      if (child.result() != 0) {
        throw new IOException(source.name() + ": " + words(child));
      }
    } finally {
      child.stop();
    }
  }

  private static String words(Child child) {
    for (String word : child.words()) {
      if (word.contains("error:")) {
        return word.replaceFirst(".*?error: ", "");
      }
    }
    return child.lastWords();
  }

  private void told(String line, Node source) {
    Matcher told = PROGRESS.matcher(line);
    if (told.matches()) {
      progress.accept(
          "copying from "
              + source.name()
              + ", "
              + Restore.size(Long.parseLong(told.group(1)) << 10)
              + " of about "
              + Restore.size(Long.parseLong(told.group(2)) << 10));
    }
  }
}
