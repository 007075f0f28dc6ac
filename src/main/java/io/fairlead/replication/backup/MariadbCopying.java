package io.fairlead.replication.backup;

import io.fairlead.config.BackupConfig;
import io.fairlead.config.DatabaseProbeConfig;
import io.fairlead.replication.MariadbPrograms;
import io.fairlead.runtime.Scheduler;
import io.fairlead.service.Node;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * Makes a copy of all data of a member by {@code mariadb-backup}, and prepares it, so that a server
 * starts on it as it is. It is made aside, what its files are is written down, and it gets its name
 * when all of that is on disk.
 */
final class MariadbCopying {

  /** Written by {@code mariadb-backup}, by one name or the other. */
  private static final List<String> WHERE =
      List.of("mariadb_backup_binlog_info", "xtrabackup_binlog_info");

  private final BinlogFolder folder;
  private final Scheduler clock;
  private final Consumer<String> progress;

  MariadbCopying(BinlogFolder folder, Scheduler clock, Consumer<String> progress) {
    this.folder = folder;
    this.clock = clock;
    this.progress = progress;
  }

  /**
   * @param source whom it is taken from: whose log is received
   * @param part of the log
   * @param wanted whether it is still to be made here
   * @throws IOException in words, if nothing has come of it; nothing is left then
   */
  MariadbBackup make(
      Node source, int part, BackupConfig config, DatabaseProbeConfig probe, BooleanSupplier wanted)
      throws IOException, InterruptedException {
    MariadbPrograms programs = MariadbPrograms.find();
    folder.make();
    long began = clock.epochMillis();
    String id = Copying.ID.format(Instant.ofEpochMilli(began));
    if (Files.exists(folder.bases().resolve(id))) {
      throw new IOException("there is a backup of this very second, " + id);
    }
    try (MariadbAccess access =
        new MariadbAccess(
            programs, source.address(), config.user(), config.password(), probe.tls())) {
      MariadbMember member = MariadbMember.ask(source.name(), access, programs);
      Path data = folder.begin(id, programs);
      progress.accept("copying from " + source.name());
      run(
          programs,
          List.of(access.argument(), "--backup", "--galera-info", "--target-dir=" + data),
          data,
          source.name(),
          wanted);
      long ended = clock.epochMillis();
      progress.accept("preparing " + id);
      run(
          programs,
          List.of("--no-defaults", "--prepare", "--target-dir=" + data),
          data,
          "preparing the copy",
          wanted);
      refuseOthersPlaces(data);
      String[] where = where(data);
      Files.deleteIfExists(data.resolve(where[0])); // it would be taken for the log of the restored
      progress.accept("verifying " + id);
      String manifest = Manifest.write(data, folder.made(id).resolve(Manifest.NAME));
      return folder.finish(
          new MariadbBackup(
              id,
              part,
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
              ""));
    } finally {
      folder.abandon(id); // what has been finished has another name
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
    List<String> wrong = new ArrayList<>();
    Child child =
        Child.start(
            programs,
            "mariadb-backup",
            arguments,
            Map.of(),
            _ -> {},
            line -> {
              if (wrong.isEmpty() && isComplaint(line)) {
                wrong.add(line.strip());
              }
            });
    try {
      folder.await(child, data, wanted);
      if (child.result() != 0) {
        throw new IOException(
            subject + ": " + words(wrong.isEmpty() ? child.lastWords() : wrong.getFirst()));
      }
    } finally {
      child.stop();
    }
  }

  private static boolean isComplaint(String line) {
    return line.contains("rror:")
        || line.contains("ERROR")
        || line.contains("FATAL")
        || line.contains("No space left")
        || line.contains("failed");
  }

  /** Without which thread said it, and when. */
  private static String words(String line) {
    String text =
        line.replaceFirst("^\\[[0-9]+\\] ", "")
            .replaceFirst("^(FATAL ERROR: )?[0-9]{4}-[0-9]{2}-[0-9]{2} +[0-9:]+ ([0-9]+ )?", "")
            .replaceAll("\\p{Cntrl}", " ");
    return text.substring(0, Math.min(text.length(), 300));
  }
}
