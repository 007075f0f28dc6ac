package io.fairlead.replication.backup;

import io.fairlead.config.BackupConfig;
import io.fairlead.config.DatabaseProbeConfig;
import io.fairlead.replication.PostgresPrograms;
import io.fairlead.runtime.Scheduler;
import io.fairlead.service.Node;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Makes a copy by pgBackRest, full or on top of the newest that it has made: of the member that
 * takes the writes, which has to run on this machine. The log of it is the archive's.
 */
final class RepositoryCopying {
  private static final Duration LOG_PATIENCE = Duration.ofMinutes(2);
  private static final Duration LOCK_PATIENCE = Duration.ofMinutes(1);
  private static final long LOOK_MILLIS = 200;

  /**
   * Not compressed, so that each file can be compared with its checksum before anything of it is
   * written where it is restored to. Two at once: one reads while the other's sums are made, and
   * the server keeps a processor.
   */
  private static final List<String> HOW =
      List.of("--compress-type=none", "--process-max=2", "--start-fast");

  /** The log is received by us, and nothing is removed but by us. */
  private static final List<String> ALONE =
      List.of(
          "--no-archive-check",
          "--no-resume",
          "--no-expire-auto",
          "--repo1-retention-full=9999999");

  private final ArchiveFolder folder;
  private final Scheduler clock;
  private final Consumer<String> progress;
  private final LongSupplier archived;

  /**
   * @param archived up to which position the log is in the archive
   */
  RepositoryCopying(
      ArchiveFolder folder, Scheduler clock, Consumer<String> progress, LongSupplier archived) {
    this.folder = folder;
    this.clock = clock;
    this.progress = progress;
    this.archived = archived;
  }

  /**
   * @param primary who takes the writes; null: nobody is known to
   * @param wanted whether it is still to be made here
   * @throws IOException in words, if nothing has come of it; nothing is left then
   */
  BaseBackup make(
      @Nullable Node primary,
      BackupConfig config,
      DatabaseProbeConfig probe,
      BooleanSupplier wanted)
      throws IOException, InterruptedException {
    Pgbackrest pgbackrest = Pgbackrest.find();
    if (primary == null) {
      throw new IOException("nobody takes the writes");
    }
    PostgresPrograms programs = PostgresPrograms.find();
    folder.make(programs);
    Copying.refuseTablespaces(programs, primary, probe);
    LocalServer server =
        LocalServer.find(
            programs, primary.name(), primary.address(), probe, folder.info().system());
    long began = clock.epochMillis();
    String id = Copying.id(folder, began);
    try (LocalServer.Login login = server.login(programs, primary.address(), config, probe)) {
      Path repository = folder.repository().path();
      if (Files.isDirectory(repository)) {
        awaitOthers(pgbackrest, programs, login, wanted);
      }
      folder.tidyRepository();
      BaseBackup prior = prior(folder.read(), config, began);
      programs.makeFolder(repository);
      programs.makeFolder(folder.bases().resolve(BackupFolder.NEW + id));
      server.checkpoint(programs, login, probe);
      copy(pgbackrest, programs, login, server, primary.name(), prior, wanted);
      return finish(id, began, primary.name(), prior, wanted);
    } finally {
      folder.abandon(id); // what has been finished has another name
      folder.tidyRepositoryIfItCanBe();
    }
  }

  /** The one that the next is to be on top of; null: it is to be a full one. */
  static @Nullable BaseBackup prior(Archive archive, BackupConfig config, long now) {
    BaseBackup newest = null;
    for (BaseBackup each : archive.backups()) {
      if (each.inRepository() != null && (newest == null || each.id().compareTo(newest.id()) > 0)) {
        newest = each;
      }
    }
    if (newest == null || !newest.damaged().isEmpty()) {
      return null;
    }
    long full = newest.startMillis();
    for (BaseBackup below = newest; below != null; below = archive.backup(below.since())) {
      full = below.startMillis();
    }
    return BackupSchedule.isFullDue(full, config.fullEvery(), config.every(), now) ? null : newest;
  }

  /**
   * When one is killed those who read files for it end a little later, and have its lock until
   * then.
   */
  private void awaitOthers(
      Pgbackrest pgbackrest,
      PostgresPrograms programs,
      LocalServer.Login login,
      BooleanSupplier wanted)
      throws IOException, InterruptedException {
    long until = clock.nanoTime() + LOCK_PATIENCE.toNanos();
    List<String> create = command(login, "--no-online", "stanza-create");
    while (true) {
      try {
        pgbackrest.run(programs, folder.repository().path(), create, login.environment());
        return;
      } catch (Pgbackrest.Busy e) {
        if (clock.nanoTime() - until > 0 || !wanted.getAsBoolean()) {
          throw e;
        }
        Thread.sleep(LOOK_MILLIS);
      } catch (IOException _) {
        return; // what is left there may be the reason, and is removed now; else it is told then
      }
    }
  }

  private List<String> command(LocalServer.Login login, String... more) {
    List<String> command = new ArrayList<>(login.options());
    command.add("--lock-path=" + folder.repository().path().resolve("lock"));
    command.addAll(List.of(more));
    return command;
  }

  private void copy(
      Pgbackrest pgbackrest,
      PostgresPrograms programs,
      LocalServer.Login login,
      LocalServer server,
      String source,
      @Nullable BaseBackup prior,
      BooleanSupplier wanted)
      throws IOException, InterruptedException {
    Path path = folder.repository().path();
    Map<String, String> environment = login.environment();
    pgbackrest.run(programs, path, command(login, "--no-online", "stanza-create"), environment);
    List<String> backup = command(login);
    backup.addAll(HOW);
    backup.addAll(ALONE);
    backup.add(prior == null ? "--type=full" : "--type=incr");
    if (prior != null
        && (!prior.source().equals(source) || prior.timeline() != server.timeline())) {
      backup.add("--delta"); // sizes and times of files say nothing of another's
    }
    backup.add("backup");
    String what =
        prior == null
            ? "copying from " + source
            : "copying from " + source + " what has changed since " + prior.id();
    progress.accept(what);
    Child child =
        pgbackrest.start(
            programs,
            path,
            backup,
            environment,
            percent -> progress.accept(what + ", " + percent + " %"));
    try {
      folder.await(child, path, wanted);
      if (child.result() != 0) {
        throw Pgbackrest.failure(child);
      }
    } finally {
      child.stop();
    }
  }

  private BaseBackup finish(
      String id, long began, String source, @Nullable BaseBackup prior, BooleanSupplier wanted)
      throws IOException, InterruptedException {
    long ended = clock.epochMillis();
    Repository repository = folder.repository();
    List<String> labels = repository.labels();
    if (labels.isEmpty()) {
      throw new IOException("pgBackRest has made no copy");
    }
    String label = labels.getLast();
    RepositoryManifest made = repository.manifest(label);
    BaseBackup.InRepository below = prior == null ? null : prior.inRepository();
    boolean isFull = made.prior().isEmpty();
    if (!made.label().equals(label)
        || !made.system().equals(folder.info().system())
        || (!isFull && (below == null || !below.label().equals(made.prior())))) {
      throw new IOException("the copy " + label + " of pgBackRest is not the one that was wanted");
    }
    BaseBackup one =
        new BaseBackup(
            id,
            made.timeline(),
            made.start(),
            made.end(),
            began,
            ended,
            made.own(),
            made.version(),
            source,
            "",
            isFull || prior == null ? "" : prior.id(),
            "",
            new BaseBackup.InRepository(label, repository.manifestSum(label), made.whole()));
    progress.accept("verifying " + id);
    repository.verify(one, false, progress);
    awaitLog(one, wanted);
    return folder.finish(one);
  }

  /** Without its log it is of no use. */
  private void awaitLog(BaseBackup one, BooleanSupplier wanted)
      throws IOException, InterruptedException {
    progress.accept("waiting for the log of " + one.id() + ", up to " + Lsn.text(one.end()));
    long until = clock.nanoTime() + LOG_PATIENCE.toNanos();
    while (archived.getAsLong() < one.end() || !isReached(one)) {
      if (!wanted.getAsBoolean()) {
        throw new IOException("given up: this instance no longer takes care of it");
      }
      if (clock.nanoTime() - until > 0) {
        throw new IOException(
            "the log from "
                + Lsn.text(one.start())
                + " to "
                + Lsn.text(one.end())
                + " has not come, which its copy needs");
      }
      Thread.sleep(LOOK_MILLIS);
    }
  }

  private boolean isReached(BaseBackup one) throws IOException {
    Archive present = folder.read();
    List<BaseBackup> all = new ArrayList<>(present.backups());
    all.add(one);
    return new Archive(present.segmentSize(), all, present.files(), present.histories())
        .reaches().stream().anyMatch(reach -> reach.backup().id().equals(one.id()));
  }
}
