package io.fairlead.replication.backup;

import io.fairlead.replication.MariadbPrograms;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Makes data of a backup of MariaDB: of a copy and the log that follows it, to the end or to a
 * moment, in a new folder. Everything that it takes is read and checked before anything is written
 * there. That what comes of it is a database is proven by starting it.
 *
 * <p>It has to be called on a platform thread: the kernel ends the server with it.
 */
final class MariadbRestore {
  private static final long ENOUGH = 64L << 20;
  private static final String SIGN = "NOT-RESTORED-YET";

  private static final Duration APPLYING = Duration.ofHours(24);

  private final BinlogFolder folder;
  private final Consumer<String> progress;

  /**
   * @param progress what is being done, for people
   */
  MariadbRestore(BinlogFolder folder, Consumer<String> progress) {
    this.folder = folder;
    this.progress = progress;
  }

  /**
   * What has come of it.
   *
   * @param backup the copy
   * @param position up to which the log was replayed
   * @param gtid of the last transaction that was; empty: none was
   * @param pointMillis the moment: all that had been committed before it is there
   * @param last when the last transaction was committed that was replayed, to the second; null:
   *     none was
   * @param found what was found in the restored data, for people
   */
  record Restored(
      MariadbBackup backup,
      long position,
      String gtid,
      long pointMillis,
      @Nullable Instant last,
      String found) {}

  /** What is asked of the server while it runs. */
  interface Questioner {
    /**
     * Asks it.
     *
     * @return what was found, for people
     * @throws IOException if something is wrong with the data
     */
    String ask(MariadbServer server, MariadbPrograms programs)
        throws IOException, InterruptedException;
  }

  /** The log as far as it is wanted. */
  private record Way(
      List<MariadbServer.Piece> pieces, long position, String gtid, long second, boolean beyond) {}

  /**
   * Does it; the server has ended afterwards, and what it wrote is whole.
   *
   * @throws IOException in words; the folder is as it was, or is not to be used and says so
   */
  Restored run(Restore.Wanted wanted, Questioner questioner)
      throws IOException, InterruptedException {
    Path to = wanted.to().toAbsolutePath().normalize();
    checkFolder(to);
    Instant time = wanted.time();
    if (time != null && !time.equals(time.truncatedTo(ChronoUnit.SECONDS))) {
      throw new IOException(
          "MariaDB records seconds only: " + time + " is not the beginning of one");
    }
    MariadbPrograms programs = MariadbPrograms.find();
    try (BackupFolder.Held _ = folder.readingWhenItMay()) {
      BinlogArchive archive = folder.read();
      BinlogArchive.Reach reach = choose(archive, wanted);
      MariadbBackup backup = reach.backup();
      if (!programs.version().equals(backup.version())) {
        throw new IOException(
            "the backup is of MariaDB "
                + backup.version()
                + ", and of MariaDB there is "
                + programs.version()
                + " here");
      }
      Path own = Files.createTempDirectory("fairlead-");
      try {
        programs.give(own);
        return run(wanted, to, reach, archive.chain(backup), programs, own, questioner);
      } finally {
        BackupFolder.delete(own);
      }
    }
  }

  private Restored run(
      Restore.Wanted wanted,
      Path to,
      BinlogArchive.Reach reach,
      List<MariadbBackup> chain,
      MariadbPrograms programs,
      Path own,
      Questioner questioner)
      throws IOException, InterruptedException {
    MariadbBackup backup = reach.backup();
    MariadbBackup full = chain.getFirst();
    if (!full.isFull()) {
      throw new Restore.DamagedBackup(
          backup.id(),
          "backup "
              + backup.id()
              + " is of no use: "
              + full.pages().since()
              + ", which "
              + full.id()
              + " is on top of, is missing");
    }
    for (MariadbBackup one : chain) {
      progress.accept("checking the copy " + one.id() + ", " + Restore.size(one.bytes()));
      verify(one);
    }
    Instant time = wanted.time();
    Way way = way(reach, time);
    if (time != null && !way.beyond() && time.toEpochMilli() > reach.millis()) {
      throw new IOException(tooLate(time, reach));
    }
    Path beside = beside(to, own);
    checkSpace(chain, to, beside);
    progress.accept("copying " + Restore.size(full.bytes()) + " to " + to);
    Restore.makeFolder(programs, to);
    Path sign = to.resolve(SIGN);
    Files.writeString(
        sign, "This folder is being restored, or that was given up. Do not use it.\n");
    Restore.copy(programs, folder.data(full.id()), to, full.bytes(), progress);
    for (MariadbBackup one : chain.subList(1, chain.size())) {
      progress.accept(
          "applying "
              + one.id()
              + ", "
              + chain.indexOf(one)
              + " of "
              + (chain.size() - 1)
              + ", "
              + Restore.size(one.bytes()));
      apply(programs, one, to, beside);
    }
    try {
      return serve(wanted, to, reach, way, programs, own, questioner);
    } catch (IOException e) {
      if (chain.size() == 1 || MariadbCopier.isAboutSpace(e)) {
        throw e;
      }
      throw new Restore.DamagedBackup(
          backup.id(),
          "what comes of backup "
              + backup.id()
              + " and what it is on top of is not right: "
              + e.getMessage());
    }
  }

  /** Before anything is written: the data, what is applied to it, and of that the largest twice. */
  private static void checkSpace(List<MariadbBackup> chain, Path to, Path beside)
      throws IOException {
    long all = chain.stream().mapToLong(MariadbBackup::bytes).sum();
    long largest = chain.stream().skip(1).mapToLong(MariadbBackup::bytes).max().orElse(0);
    Restore.checkSpace(to, ENOUGH + all + largest);
    Restore.checkSpace(beside, largest);
  }

  /**
   * Where there is room for an increment: beside the new folder. In it, as has been tried, {@code
   * mariadb-backup} takes what is InnoDB's and silently leaves the log of Aria.
   */
  private static Path beside(Path to, Path own) {
    Path parent = to.getParent();
    return parent != null && (!Files.exists(parent) || Files.isWritable(parent)) ? parent : own;
  }

  /** Applies an increment, or rather a copy of it: it is changed by that. */
  private void apply(MariadbPrograms programs, MariadbBackup one, Path to, Path beside)
      throws IOException, InterruptedException {
    Path applied = Files.createTempDirectory(beside, to.getFileName() + ".increment-");
    try {
      programs.give(applied);
      Restore.copy(programs, folder.data(one.id()), applied, one.bytes(), _ -> {});
      MariadbCopier.run(
          programs,
          List.of(
              "--no-defaults", "--prepare", "--target-dir=" + to, "--incremental-dir=" + applied),
          "applying backup " + one.id(),
          child -> {
            if (!child.await(APPLYING.toMillis())) {
              throw new IOException(
                  "applying backup "
                      + one.id()
                      + " took more than "
                      + APPLYING.toHours()
                      + " hours");
            }
          });
    } catch (MariadbCopier.Failed e) {
      throw MariadbCopier.isAboutSpace(e)
          ? e
          : new Restore.DamagedBackup(one.id(), String.valueOf(e.getMessage()));
    } finally {
      BackupFolder.delete(applied);
    }
  }

  private Restored serve(
      Restore.Wanted wanted,
      Path to,
      BinlogArchive.Reach reach,
      Way way,
      MariadbPrograms programs,
      Path own,
      Questioner questioner)
      throws IOException, InterruptedException {
    MariadbBackup backup = reach.backup();
    Instant time = wanted.time();
    if (!way.pieces().isEmpty()) {
      try (MariadbServer server = new MariadbServer(programs, to, own, backup, wanted.careful())) {
        progress.accept("starting the restored server");
        server.await();
        server.replay(way.pieces(), progress);
      }
    }
    progress.accept("starting the restored server");
    try (MariadbServer server = new MariadbServer(programs, to, own, backup, wanted.careful())) {
      server.await();
      progress.accept("asking the restored server");
      String found = questioner.ask(server, programs);
      server.stop();
      Files.deleteIfExists(to.resolve(SIGN));
      return new Restored(
          backup,
          way.position(),
          way.gtid(),
          time == null ? Math.max(reach.millis(), way.second() * 1000) : time.toEpochMilli(),
          way.second() == 0 ? null : Instant.ofEpochSecond(way.second()),
          found);
    }
  }

  /** Reads the log as far as it is wanted, and checks it. */
  private Way way(BinlogArchive.Reach reach, @Nullable Instant time) throws IOException {
    MariadbBackup backup = reach.backup();
    List<MariadbServer.Piece> pieces = new ArrayList<>();
    long position = backup.position();
    String gtid = "";
    long second = 0;
    BinlogScan.Found previous = null;
    for (BinlogFile file : reach.files()) {
      long from = file.name().equals(backup.file()) ? backup.offset() : 4;
      progress.accept("checking " + file.name() + " of the log, " + Restore.size(file.size()));
      BinlogScan.Found found =
          BinlogScan.read(file, from, time == null ? Long.MAX_VALUE : time.getEpochSecond());
      if (previous != null && !found.follows(previous)) {
        throw new BinlogScan.Damaged(
            file, 0, "it does not begin with what the file before it ends with");
      }
      previous = found;
      if (found.transactions() > 0) {
        pieces.add(new MariadbServer.Piece(file, from, found.end()));
        position = BinlogFile.position(file.number(), found.end());
        gtid = found.gtid();
        second = Math.max(second, found.second());
      }
      if (found.beyond()) {
        return new Way(pieces, position, gtid, second, true);
      }
    }
    return new Way(pieces, position, gtid, second, false);
  }

  private void verify(MariadbBackup backup) throws IOException {
    List<String> wrong =
        Manifest.compare(folder.data(backup.id()), folder.manifest(backup.id()), backup.manifest());
    if (!wrong.isEmpty()) {
      throw new Restore.DamagedBackup(
          backup.id(), "backup " + backup.id() + " is damaged: " + String.join("; ", wrong));
    }
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
    if (Files.exists(to.resolve("ibdata1")) || Files.exists(to.resolve("mysql"))) {
      throw new IOException(to + " holds a database; name a new folder");
    }
    try (Stream<Path> in = Files.list(to)) {
      if (in.findAny().isPresent()) {
        throw new IOException(to + " is not empty; name a new folder");
      }
    }
  }

  private BinlogArchive.Reach choose(BinlogArchive archive, Restore.Wanted wanted)
      throws IOException {
    List<BinlogArchive.Reach> reaches = archive.reaches();
    if (reaches.isEmpty()) {
      throw new IOException("there is no backup in " + folder.path());
    }
    Instant time = wanted.time();
    String named = wanted.backup();
    BinlogArchive.Reach chosen = null;
    for (BinlogArchive.Reach reach : reaches) {
      MariadbBackup backup = reach.backup();
      if (named != null
          ? backup.id().equals(named)
          : backup.damaged().isEmpty()
              && (time == null || backup.endMillis() <= time.toEpochMilli())) {
        chosen = reach;
      }
    }
    if (chosen == null) {
      throw new IOException(
          named != null
              ? "there is no backup " + named
              : time != null ? tooEarly(reaches) : noneIsGood(reaches));
    }
    MariadbBackup backup = chosen.backup();
    if (time != null && time.toEpochMilli() < backup.endMillis()) {
      throw new IOException(
          "backup "
              + backup.id()
              + " can be restored to moments after "
              + Restore.instant(backup.endMillis())
              + " only");
    }
    if (time == null && named == null && !chosen.missing().isEmpty()) {
      throw new IOException(
          chosen.missing()
              + " is missing in the log: backup "
              + backup.id()
              + " can only be brought to "
              + Restore.instant(chosen.millis())
              + " (--time, or --backup for as far as it goes)");
    }
    return chosen;
  }

  private static String noneIsGood(List<BinlogArchive.Reach> reaches) {
    return "no backup is without damage: " + reaches.getLast().backup().damaged();
  }

  private static String tooEarly(List<BinlogArchive.Reach> reaches) {
    return reaches.stream()
        .map(BinlogArchive.Reach::backup)
        .filter(one -> one.damaged().isEmpty())
        .findFirst()
        .map(one ->
            "the earliest moment that can be restored is "
                + Restore.instant(one.endMillis() + 999)
                + ", when the oldest backup had ended")
        .orElse(noneIsGood(reaches));
  }

  private static String tooLate(Instant time, BinlogArchive.Reach reach) {
    return reach.missing().isEmpty()
        ? time
            + " is after the end of the log, which has what was committed before "
            + Restore.instant(reach.millis())
        : reach.missing()
            + " is missing in the log: what was committed after "
            + Restore.instant(reach.millis())
            + " cannot be restored from backup "
            + reach.backup().id();
  }
}
