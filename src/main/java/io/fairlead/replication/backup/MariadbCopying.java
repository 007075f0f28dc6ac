package io.fairlead.replication.backup;

import io.fairlead.config.BackupConfig;
import io.fairlead.config.DatabaseProbeConfig;
import io.fairlead.replication.MariadbPrograms;
import io.fairlead.runtime.Scheduler;
import io.fairlead.service.Node;
import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Makes a copy of a member by {@code mariadb-backup}: of all data, prepared, so that a server
 * starts on it as it is; or of what has changed since the copy before, which is kept as it came. It
 * is made aside, what its files are is written down, and it gets its name when all of that is on
 * disk.
 */
final class MariadbCopying {

  /** Written by {@code mariadb-backup}, by one name or the other. */
  private static final List<String> WHERE =
      List.of("mariadb_backup_binlog_info", "xtrabackup_binlog_info");

  private static final List<String> PAGES =
      List.of("mariadb_backup_checkpoints", "xtrabackup_checkpoints");

  private final BinlogFolder folder;
  private final Scheduler clock;
  private final Consumer<String> progress;

  MariadbCopying(BinlogFolder folder, Scheduler clock, Consumer<String> progress) {
    this.folder = folder;
    this.clock = clock;
    this.progress = progress;
  }

  /**
   * From whom, and how.
   *
   * @param source whom it is taken from: whose log is received
   * @param part of the log
   * @param wanted whether it is still to be made here
   * @param unfit why it must not be incremental, for people; empty: it may be
   */
  record Wanted(
      Node source,
      int part,
      BackupConfig config,
      DatabaseProbeConfig probe,
      BooleanSupplier wanted,
      String unfit) {}

  /** An incremental one has not come to be, or is of no use; a full one may be. */
  static final class Unfit extends IOException {
    private static final long serialVersionUID = 1;

    Unfit(String message) {
      super(message);
    }
  }

  /**
   * @throws IOException in words, if nothing has come of it; nothing is left then
   */
  MariadbBackup make(Wanted wanted) throws IOException, InterruptedException {
    Node source = wanted.source();
    MariadbPrograms programs = MariadbPrograms.find();
    folder.make();
    long began = clock.epochMillis();
    String id = Copying.ID.format(Instant.ofEpochMilli(began));
    if (Files.exists(folder.bases().resolve(id))) {
      throw new IOException("there is a backup of this very second, " + id);
    }
    BackupConfig config = wanted.config();
    try (MariadbAccess access =
        new MariadbAccess(
            programs, source.address(), config.user(), config.password(), wanted.probe().tls())) {
      MariadbMember member = MariadbMember.ask(source.name(), access, programs);
      String tables = tables(config, access);
      MariadbIncrements.Choice choice = choose(wanted, member, access, tables, began);
      Path data = folder.begin(id, programs);
      copy(wanted, programs, access, data, choice);
      long ended = clock.epochMillis();
      MariadbBackup since = choice.since();
      long lsn = lsn(data, since);
      String after = tables(config, access);
      if (since == null) {
        progress.accept("preparing " + id);
        run(
            programs,
            List.of("--no-defaults", "--prepare", "--target-dir=" + data),
            data,
            "preparing the copy",
            wanted.wanted());
      } else {
        checkSame(since, member, MariadbMember.ask(source.name(), access, programs), after);
      }
      refuseOthersPlaces(data);
      String[] where = where(data);
      Files.deleteIfExists(data.resolve(where[0])); // it would be taken for the log of the restored
      progress.accept("verifying " + id);
      BackupFolder.write(folder.made(id).resolve(MariadbTables.FILE), tables + "\n" + after + "\n");
      String manifest = Manifest.write(data, folder.made(id).resolve(Manifest.NAME));
      return folder.finish(
          new MariadbBackup(
              id,
              wanted.part(),
              where[0],
              Long.parseLong(where[1]),
              where.length > 2 ? where[2] : "",
              began,
              ended,
              BackupFolder.size(data),
              member.version(),
              member.lowerCase(),
              source.name(),
              manifest,
              "",
              new MariadbBackup.Pages(
                  since == null ? "" : since.id(), lsn, member.process(), choice.note())));
    } finally {
      folder.abandon(id); // what has been finished has another name
    }
  }

  private MariadbIncrements.Choice choose(
      Wanted wanted, MariadbMember member, MariadbAccess access, String tables, long now)
      throws IOException {
    BackupConfig config = wanted.config();
    if (config.fullEvery().isZero()) {
      return MariadbIncrements.Choice.full("");
    }
    MariadbIncrements.Choice choice =
        MariadbIncrements.choose(folder.read(), member, wanted.part(), lsn(access), config, now);
    MariadbBackup since = choice.since();
    if (since == null) {
      return choice;
    }
    if (!wanted.unfit().isEmpty()) {
      return MariadbIncrements.Choice.full(wanted.unfit());
    }
    String known = MariadbTables.of(folder.bases().resolve(since.id()));
    if (known.isBlank()) {
      return MariadbIncrements.Choice.full("the copy before does not say which tables there were");
    }
    String renamed = MariadbTables.renamed(known, tables);
    return renamed.isEmpty()
        ? choice
        : MariadbIncrements.Choice.full("a table was renamed since the copy before: " + renamed);
  }

  /** Where incremental ones are made; of very many tables it may take long. */
  private static String tables(BackupConfig config, MariadbAccess access) throws IOException {
    return config.fullEvery().isZero() ? "" : MariadbTables.ask(access);
  }

  private void copy(
      Wanted wanted,
      MariadbPrograms programs,
      MariadbAccess access,
      Path data,
      MariadbIncrements.Choice choice)
      throws IOException, InterruptedException {
    String name = wanted.source().name();
    List<String> arguments =
        new ArrayList<>(
            List.of(access.argument(), "--backup", "--galera-info", "--target-dir=" + data));
    MariadbBackup since = choice.since();
    if (since == null) {
      progress.accept(
          "copying from "
              + name
              + (choice.note().isEmpty() ? "" : ", all of it: " + choice.note()));
      run(programs, arguments, data, name, wanted.wanted());
      return;
    }
    progress.accept("copying what has changed since " + since.id() + " from " + name);
    arguments.add("--incremental-lsn=" + since.pages().lsn());
    try {
      run(programs, arguments, data, name, wanted.wanted());
    } catch (MariadbCopier.Failed e) {
      throw MariadbCopier.isAboutSpace(e) ? e : new Unfit(String.valueOf(e.getMessage()));
    }
  }

  /** Up to where the server is, as InnoDB counts. */
  private static long lsn(MariadbAccess access) throws IOException {
    String said =
        access.ask(
            "select variable_value from information_schema.global_status"
                + " where variable_name = 'innodb_lsn_current'");
    if (!said.matches("[0-9]{1,18}")) {
      throw new IOException("the server does not say at which LSN it is: " + said);
    }
    return Long.parseLong(said);
  }

  /**
   * Up to where a copy has all pages: what preparing it adds is older than what the next one takes.
   *
   * @throws Unfit if it is incremental, and not on top of that one
   */
  private static long lsn(Path data, @Nullable MariadbBackup since) throws IOException {
    Properties said = new Properties();
    for (String name : PAGES) {
      try {
        said.load(new StringReader(Files.readString(data.resolve(name))));
      } catch (NoSuchFileException _) {
        // By another name.
      }
    }
    long lsn = number(said.getProperty("to_lsn", ""));
    if (since != null
        && (number(said.getProperty("from_lsn", "")) != since.pages().lsn()
            || lsn < since.pages().lsn())) {
      throw new Unfit("what was copied does not go on from the copy before: " + said);
    }
    return lsn;
  }

  /** 0: it is none. */
  private static long number(String text) {
    return text.matches("[0-9]{1,18}") ? Long.parseLong(text) : 0;
  }

  /** What may have befallen while an incremental one was being made. */
  private void checkSame(
      MariadbBackup since, MariadbMember before, MariadbMember after, String tables)
      throws IOException {
    if (!before.process().equals(after.process())) {
      throw new Unfit(before.name() + " was started while it was copied");
    }
    String renamed =
        MariadbTables.renamed(MariadbTables.of(folder.bases().resolve(since.id())), tables);
    if (!renamed.isEmpty()) {
      throw new Unfit("a table was renamed while it was copied: " + renamed);
    }
  }

  /** Tables that are elsewhere would be looked for there when they are restored. */
  private static void refuseOthersPlaces(Path data) throws IOException {
    try (Stream<Path> all = Files.walk(data)) {
      Optional<Path> elsewhere = all.filter(f -> f.toString().endsWith(".isl")).findFirst();
      if (elsewhere.isPresent()) {
        throw new IOException(
            "the table "
                + data.relativize(elsewhere.get()).toString().replace(".isl", "")
                + " is in a directory of its own (DATA DIRECTORY), which is not copied");
      }
    }
  }

  /** File, position and GTIDs of the log with which the copy is consistent. */
  private static String[] where(Path data) throws IOException {
    for (String name : WHERE) {
      try {
        String[] said = Files.readString(data.resolve(name)).strip().split("\\s+", -1);
        if (said.length >= 2 && BinlogFile.isName(said[0]) && said[1].matches("[0-9]{1,18}")) {
          return said;
        }
      } catch (NoSuchFileException _) {
        // By another name.
      }
    }
    throw new IOException("the copy does not say from where on it needs the log");
  }

  private void run(
      MariadbPrograms programs,
      List<String> arguments,
      Path data,
      String subject,
      BooleanSupplier wanted)
      throws IOException, InterruptedException {
    MariadbCopier.run(programs, arguments, subject, child -> folder.await(child, data, wanted));
  }
}
