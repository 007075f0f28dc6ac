package io.fairlead.replication.backup;

import io.fairlead.replication.PostgresPrograms;
import io.fairlead.replication.ServerPrograms;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Makes data of a backup: of a copy and the log that follows it, to the end or to a moment, in a
 * new folder. Everything that it takes is read and checked before anything is written there. That
 * what comes of it is a database is proven by starting it.
 *
 * <p>It has to be called on a platform thread: the kernel ends the server with it.
 */
final class Restore {
  private static final Duration PATIENCE = Duration.ofHours(24);
  private static final long ENOUGH = 64L << 20;
  private static final DateTimeFormatter SQL_TIME =
      DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss.SSSSSS'+00'", Locale.ROOT)
          .withZone(ZoneOffset.UTC);

  private final ArchiveFolder folder;
  private final @Nullable ArchiveFolder witness;
  private final Consumer<String> progress;

  /**
   * @param progress what is being done, for people
   */
  Restore(ArchiveFolder folder, Consumer<String> progress) {
    this(folder, null, progress);
  }

  /**
   * @param witness folder with more of the log; null: there is none
   */
  Restore(ArchiveFolder folder, @Nullable ArchiveFolder witness, Consumer<String> progress) {
    this.folder = folder;
    this.witness = witness;
    this.progress = progress;
  }

  /**
   * What is wanted.
   *
   * @param to the folder that is made
   * @param time to which moment; null: to the end of the log
   * @param backup which copy; null: the newest that can be brought there
   * @param careful whether what is written is to survive a crash of the machine
   */
  record Wanted(Path to, @Nullable Instant time, @Nullable String backup, boolean careful) {}

  /**
   * What has come of it.
   *
   * @param backup the copy
   * @param position up to which the log was replayed
   * @param timeline of that position
   * @param pointMillis the moment: all that had been committed by then is there
   * @param lastCommit when the last transaction ended that is there; null: none did after the copy
   * @param found what the server said about its data, for people
   */
  record Restored(
      BaseBackup backup,
      long position,
      int timeline,
      long pointMillis,
      @Nullable Instant lastCommit,
      String found) {}

  /** What is asked of the server while it runs. */
  interface Questioner {
    /**
     * Asks it.
     *
     * @param user who may do everything
     * @return what was found, for people
     * @throws IOException if something is wrong with the data
     */
    String ask(PrivateServer server, PostgresPrograms programs, String user)
        throws IOException, InterruptedException;
  }

  /** A copy is damaged: the file is named. */
  static final class DamagedBackup extends IOException {
    private static final long serialVersionUID = 1;
    private final String backup;

    DamagedBackup(String backup, String message) {
      super(message);
      this.backup = backup;
    }

    String backup() {
      return backup;
    }
  }

  /**
   * Does it; the server has ended afterwards, and what it wrote is whole.
   *
   * @throws IOException in words; the folder is as it was, or is not to be used and says so
   */
  Restored run(Wanted wanted, Questioner questioner) throws IOException, InterruptedException {
    Path to = wanted.to().toAbsolutePath().normalize();
    checkFolder(to);
    try (BackupFolder.Held _ = folder.readingWhenItMay()) {
      Archive archive = witness == null ? folder.read() : folder.readWith(witness);
      Archive.Reach reach = choose(archive, wanted);
      PostgresPrograms programs = programs(reach.backup().version());
      Path own = Files.createTempDirectory("fairlead-");
      try {
        programs.give(own);
        return run(wanted, to, archive, reach, programs, own, questioner);
      } finally {
        ArchiveFolder.delete(own);
      }
    }
  }

  private Restored run(
      Wanted wanted,
      Path to,
      Archive archive,
      Archive.Reach reach,
      PostgresPrograms programs,
      Path own,
      Questioner questioner)
      throws IOException, InterruptedException {
    BaseBackup backup = reach.backup();
    Path data = folder.data(backup.id());
    BaseBackup.InRepository kept = backup.inRepository();
    Pgbackrest pgbackrest = kept == null ? null : Pgbackrest.find();
    progress.accept("checking the copy " + backup.id() + ", " + size(backup.whole()));
    if (kept == null) {
      verify(programs, backup.id(), data);
    } else {
      folder.repository().verify(backup, true, progress);
    }
    Path view = Files.createDirectory(own.resolve("wal"));
    LogCheck.show(programs, view, archive, reach);
    programs.give(view);
    progress.accept(
        "checking the log from "
            + Lsn.text(backup.logFrom())
            + (wanted.time() == null ? " to its end, " + Lsn.text(reach.to()) : ""));
    LogCheck.Found found =
        new LogCheck(programs, archive.segmentSize()).read(view, reach, wanted.time());
    Instant time = wanted.time();
    if (time != null && !found.beyond() && time.toEpochMilli() > reach.millis()) {
      throw new IOException(tooLate(time, reach));
    }
    checkSpace(to, backup.whole() + ENOUGH);
    progress.accept("copying " + size(backup.whole()) + " to " + to);
    makeFolder(programs, to);
    Path sign = to.resolve("NOT-RESTORED-YET");
    if (kept == null || pgbackrest == null) {
      sign(sign);
      copy(programs, data, to, backup.bytes(), progress);
    } else {
      try {
        folder.repository().restore(programs, pgbackrest, kept, to, own, progress);
      } finally {
        sign(sign); // it takes an empty folder only, and writes last what a server begins with
      }
    }
    strip(programs, to);
    Map<String, String> settings = new HashMap<>();
    settings.put("restore_command", "cp \"" + view + "/%f\" \"%p\"");
    settings.put("recovery_target_timeline", String.valueOf(timeline(archive)));
    settings.put("recovery_target_action", "promote");
    if (time != null && found.beyond()) {
      settings.put("recovery_target_time", SQL_TIME.format(time));
    }
    Path signal = to.resolve("recovery.signal");
    Files.writeString(signal, "");
    programs.give(signal);
    progress.accept("replaying the log");
    String user = folder.info().user();
    try (PrivateServer server =
        new PrivateServer(programs, to, own, settings, wanted.careful(), progress)) {
      server.await(user, PATIENCE);
      String all =
          server.ask(
              user,
              "postgres",
              "select rolname from pg_roles where rolsuper and rolcanlogin order by oid limit 1");
      progress.accept("asking the restored server");
      String said = questioner.ask(server, programs, all.isEmpty() ? user : all);
      Long replayed = server.replayed();
      server.stop();
      Files.deleteIfExists(sign);
      Files.deleteIfExists(to.resolve("postmaster.opts"));
      long end = replayed == null ? backup.end() : replayed;
      return new Restored(
          backup,
          end,
          timeline(archive, end),
          time == null ? reach.millis() : time.toEpochMilli(),
          found.last(),
          said);
    }
  }

  private static void sign(Path sign) throws IOException {
    Files.writeString(
        sign, "This folder is being restored, or that was given up. Do not use it.\n");
  }

  private static int timeline(Archive archive) {
    return Math.max(1, archive.timeline());
  }

  private static int timeline(Archive archive, long position) {
    Timelines timelines = archive.timelines();
    return timelines == null ? timeline(archive) : timelines.of(position);
  }

  /** A new folder, and away from what it is made of. */
  private void checkFolder(Path to) throws IOException {
    if (to.startsWith(folder.path()) && !to.startsWith(folder.scratch())) {
      throw new IOException(to + " is in the folder of the backups");
    }
    if (!Files.exists(to)) {
      return;
    }
    if (!Files.isDirectory(to)) {
      throw new IOException(to + " is no folder");
    }
    if (Files.exists(to.resolve("PG_VERSION"))) {
      throw new IOException(
          to
              + " holds a database"
              + (Files.exists(to.resolve("postmaster.pid")) ? " that runs" : "")
              + "; name a new folder");
    }
    try (Stream<Path> in = Files.list(to)) {
      if (in.findAny().isPresent()) {
        throw new IOException(to + " is not empty; name a new folder");
      }
    }
  }

  private Archive.Reach choose(Archive archive, Wanted wanted) throws IOException {
    List<String> histories = archive.missingHistories();
    if (!histories.isEmpty()) {
      throw new IOException("the file " + histories.getFirst() + " is missing in " + folder.wals());
    }
    List<Archive.Reach> reaches = archive.reaches();
    if (reaches.isEmpty()) {
      throw new IOException("there is no backup in " + folder.path());
    }
    Instant time = wanted.time();
    Archive.Reach chosen = null;
    for (Archive.Reach reach : reaches) {
      BaseBackup backup = reach.backup();
      boolean named = wanted.backup() != null;
      if (named ? backup.id().equals(wanted.backup()) : isFit(backup, time)) {
        chosen = reach;
      }
    }
    if (chosen == null) {
      throw new IOException(
          wanted.backup() != null
              ? "there is no backup " + wanted.backup() + " that can be used"
              : time != null
                  ? "the earliest moment that can be restored is "
                      + instant(earliest(reaches))
                      + ", when the oldest backup had ended"
                  : "no backup is without damage: " + reaches.getLast().backup().damaged());
    }
    if (time != null && time.toEpochMilli() < chosen.backup().endMillis()) {
      throw new IOException(
          "backup "
              + chosen.backup().id()
              + " can be restored to moments after "
              + instant(chosen.backup().endMillis())
              + " only");
    }
    if (time == null && !chosen.missing().isEmpty()) {
      throw new IOException(
          "the file "
              + chosen.missing()
              + " of the log is missing: backup "
              + chosen.backup().id()
              + " can only be brought to what had been written by "
              + instant(chosen.millis())
              + " (--time)");
    }
    return chosen;
  }

  private static boolean isFit(BaseBackup backup, @Nullable Instant time) {
    return backup.damaged().isEmpty()
        && (time == null || backup.endMillis() <= time.toEpochMilli());
  }

  private static long earliest(List<Archive.Reach> reaches) {
    return reaches.stream()
        .map(Archive.Reach::backup)
        .filter(one -> one.damaged().isEmpty())
        .mapToLong(BaseBackup::endMillis)
        .min()
        .orElse(0);
  }

  private static String tooLate(Instant time, Archive.Reach reach) {
    return reach.missing().isEmpty()
        ? time
            + " is after the end of the log, which has what was written by "
            + instant(reach.millis())
        : "the file "
            + reach.missing()
            + " of the log is missing: what was written after "
            + instant(reach.millis())
            + " cannot be restored from backup "
            + reach.backup().id();
  }

  static String instant(long millis) {
    return Instant.ofEpochMilli(millis).truncatedTo(ChronoUnit.SECONDS).toString();
  }

  /** Those that the data was made by: others cannot read it. */
  static PostgresPrograms programs(int version) throws IOException {
    Path debian = Path.of("/usr/lib/postgresql", String.valueOf(version), "bin");
    PostgresPrograms programs =
        Files.isExecutable(debian.resolve("postgres"))
            ? PostgresPrograms.of(debian)
            : PostgresPrograms.find();
    if (programs.version() != version) {
      throw new IOException(
          "the backup is of PostgreSQL "
              + version
              + ", and of PostgreSQL there is "
              + programs.version()
              + " here; Debian: apt-get install postgresql-"
              + version);
    }
    return programs;
  }

  /** Reads all files of a copy and compares them with what was said of them when it was made. */
  static void verify(PostgresPrograms programs, String backup, Path data)
      throws IOException, InterruptedException {
    List<String> wrong = new ArrayList<>();
    Child child =
        Child.start(
            programs,
            "pg_verifybackup",
            List.of("-q", data.toString()),
            Map.of(),
            _ -> {},
            line -> {
              if (wrong.size() < 3 && !line.isBlank()) {
                wrong.add(line.strip().replace("pg_verifybackup: error: ", ""));
              }
            });
    try {
      if (child.result() != 0) {
        throw new DamagedBackup(
            backup, "backup " + backup + " is damaged: " + String.join("; ", wrong));
      }
    } finally {
      child.stop();
    }
  }

  /** Before anything is written there. */
  static void checkSpace(Path to, long bytes) throws IOException {
    Path there = to;
    while (!Files.exists(there) && there.getParent() != null) {
      there = there.getParent();
    }
    long free = Files.getFileStore(there).getUsableSpace();
    if (free < bytes) {
      throw new IOException(
          there + " has " + size(free) + " of space, and restoring takes more than " + size(bytes));
    }
  }

  static void makeFolder(ServerPrograms programs, Path to) throws IOException {
    boolean there = Files.exists(to);
    programs.makeFolder(to);
    if (there) { // servers want it to be their own alone
      Files.setPosixFilePermissions(
          to, java.nio.file.attribute.PosixFilePermissions.fromString("rwx------"));
      programs.give(to);
    }
  }

  /** With all that is in it, and for those programs. */
  static void copy(
      ServerPrograms programs, Path from, Path to, long bytes, Consumer<String> progress)
      throws IOException {
    long[] done = new long[2];
    Files.walkFileTree(
        from,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes)
              throws IOException {
            Path made = to.resolve(from.relativize(folder).toString());
            if (!Files.isDirectory(made)) {
              Files.copy(folder, made, StandardCopyOption.COPY_ATTRIBUTES);
              programs.give(made);
            }
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            if (Thread.currentThread().isInterrupted()) {
              throw new InterruptedIOException("restoring was given up");
            }
            Path made = to.resolve(from.relativize(file).toString());
            Files.copy(file, made, StandardCopyOption.COPY_ATTRIBUTES);
            programs.give(made);
            done[0] += attributes.size();
            long tenths = bytes == 0 ? 10 : done[0] * 10 / bytes;
            if (tenths > done[1]) {
              done[1] = tenths;
              progress.accept("copied " + size(done[0]) + " of " + size(bytes));
            }
            return FileVisitResult.CONTINUE;
          }
        });
  }

  /** What it was told where it came from would have it follow, wait for or write to others. */
  private static void strip(PostgresPrograms programs, Path to) throws IOException {
    for (String name : List.of("standby.signal", "recovery.signal", "postmaster.pid")) {
      Files.deleteIfExists(to.resolve(name));
    }
    for (String name : List.of("postgresql.auto.conf", "postgresql.conf", "pg_hba.conf")) {
      Path file = to.resolve(name);
      if (Files.exists(file)) {
        Files.move(file, to.resolve(name + ".original"), StandardCopyOption.REPLACE_EXISTING);
      }
    }
    give(
        programs,
        to.resolve("postgresql.conf"),
        """
        # Written when this was restored. What it went by where it came from is in
        # postgresql.conf.original and postgresql.auto.conf.original, if it was kept with the data.
        listen_addresses = 'localhost'
        """);
    give(
        programs,
        to.resolve("pg_hba.conf"),
        """
        # Written when this was restored; see pg_hba.conf.original.
        local all all peer
        host all all 127.0.0.1/32 scram-sha-256
        host all all ::1/128 scram-sha-256
        """);
    Path ident = to.resolve("pg_ident.conf");
    if (!Files.exists(ident)) {
      give(programs, ident, "");
    }
  }

  private static void give(PostgresPrograms programs, Path file, String text) throws IOException {
    Files.writeString(file, text, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING);
    programs.give(file);
  }

  static String size(long bytes) {
    return bytes < 10 << 20
        ? String.format(Locale.ROOT, "%.1f MiB", bytes / 1048576.0)
        : bytes < 10L << 30
            ? String.format(Locale.ROOT, "%d MiB", bytes >> 20)
            : String.format(Locale.ROOT, "%.1f GiB", bytes / 1073741824.0);
  }
}
