package io.fairlead.replication.backup;

import io.fairlead.replication.PostgresPrograms;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Where pgBackRest keeps the copies that it makes: {@code pgbackrest} in the folder of backups.
 * What counts is what {@code base} speaks of; everything else in it is somebody's death's.
 *
 * <p>Copies are removed by removing their folders. pgBackRest takes what is gone out of its list by
 * itself, and its own way ({@code expire}) needs the program and refuses the last.
 */
final class Repository {
  private static final Pattern LABEL =
      Pattern.compile("[0-9]{8}-[0-9]{6}F(_[0-9]{8}-[0-9]{6}[ID])?");
  private static final int BLOCK = 1 << 18;
  private static final int MOST_NAMED = 3;

  private final ArchiveFolder folder;

  Repository(ArchiveFolder folder) {
    this.folder = folder;
  }

  Path path() {
    return folder.path().resolve("pgbackrest");
  }

  private Path copies() {
    return path().resolve("backup").resolve(Pgbackrest.STANZA);
  }

  private Path copy(String label) {
    return copies().resolve(label);
  }

  private Path manifestFile(String label) {
    return copy(label).resolve("backup.manifest");
  }

  RepositoryManifest manifest(String label) throws IOException {
    return RepositoryManifest.read(manifestFile(label));
  }

  /** SHA-256 of what was written down of a copy. */
  String manifestSum(String label) throws IOException {
    return sum(manifestFile(label), "SHA-256");
  }

  /** The names of all that are there, whole or not, oldest first. */
  List<String> labels() throws IOException {
    if (!Files.isDirectory(copies())) {
      return List.of();
    }
    try (Stream<Path> all = Files.list(copies())) {
      return all.map(one -> one.getFileName().toString())
          .filter(name -> LABEL.matcher(name).matches())
          .sorted()
          .toList();
    }
  }

  /**
   * Reads files of a copy and compares them with what was said of them when they were copied.
   *
   * @param all whether also those of the copies that it is on top of
   * @throws Restore.DamagedBackup which names the copy whose file is not as it was
   */
  void verify(BaseBackup backup, boolean all, Consumer<String> progress) throws IOException {
    BaseBackup.InRepository own = backup.inRepository();
    if (own == null) {
      throw new IllegalArgumentException(backup.id() + " is not in the repository");
    }
    Path manifest = manifestFile(own.label());
    if (!Files.exists(manifest)) {
      throw damaged(own.label(), backup.id(), List.of("the file " + manifest + " is missing"));
    }
    if (!manifestSum(own.label()).equals(own.manifest())) {
      throw damaged(
          own.label(), backup.id(), List.of("the file " + manifest + " has been changed"));
    }
    List<String> wrong = new ArrayList<>();
    String label = "";
    long done = 0;
    long tenths = 0;
    long bytes = all ? own.whole() : backup.bytes();
    for (RepositoryManifest.Entry each : manifest(own.label()).files()) {
      if ((!all && !each.label().equals(own.label()))
          || (!wrong.isEmpty() && !each.label().equals(label))) {
        continue; // of several damaged copies one is named
      }
      String what = compare(copy(each.label()).resolve(each.name()), each);
      if (!what.isEmpty()) {
        label = each.label();
        wrong.add(what);
        if (wrong.size() == MOST_NAMED) {
          break;
        }
      }
      done += each.size();
      if (bytes > 0 && done * 10 / bytes > tenths) {
        tenths = done * 10 / bytes;
        progress.accept("read " + Restore.size(done) + " of " + Restore.size(bytes));
      }
    }
    if (!wrong.isEmpty()) {
      throw damaged(label, backup.id(), wrong);
    }
  }

  private static String compare(Path file, RepositoryManifest.Entry each) throws IOException {
    if (!Files.exists(file)) {
      return "the file " + file + " is missing";
    }
    if (Files.size(file) != each.size()) {
      return "the file " + file + " has " + Files.size(file) + " bytes instead of " + each.size();
    }
    if (!each.sum().isEmpty() && !sum(file, "SHA-1").equals(each.sum())) {
      return "the file " + file + " has been changed (SHA-1)";
    }
    return each.hasBadPages()
        ? "a page of the file " + file + " was damaged when it was copied"
        : "";
  }

  private Restore.DamagedBackup damaged(String label, String top, List<String> wrong)
      throws IOException {
    String id = top;
    for (BaseBackup each : folder.backups()) {
      BaseBackup.InRepository its = each.inRepository();
      if (its != null && its.label().equals(label)) {
        id = each.id();
      }
    }
    return new Restore.DamagedBackup(
        id, "backup " + id + " is damaged: " + String.join("; ", wrong));
  }

  /**
   * Writes the data of a copy.
   *
   * @param to an empty folder
   * @param locks a folder for what it needs meanwhile
   */
  void restore(
      PostgresPrograms programs,
      Pgbackrest program,
      BaseBackup.InRepository copy,
      Path to,
      Path locks,
      Consumer<String> progress)
      throws IOException, InterruptedException {
    Child child =
        program.start(
            programs,
            path(),
            List.of(
                "--lock-path=" + locks,
                "--pg1-path=" + to,
                "--set=" + copy.label(),
                "--type=preserve", // how it recovers is told by us
                "--process-max=2",
                "restore"),
            Map.of(),
            percent ->
                progress.accept("copied " + percent + " % of " + Restore.size(copy.whole())));
    try {
      if (child.result() != 0) {
        throw Pgbackrest.failure(child);
      }
    } finally {
      child.stop();
    }
  }

  /** Gone as a whole, whoever is killed meanwhile; nobody speaks of it any more. */
  void remove(String label) throws IOException {
    aside(copy(label), label);
    Path history = copies().resolve("backup.history");
    if (Files.isDirectory(history)) {
      try (Stream<Path> all = Files.walk(history)) {
        for (Path file :
            all.filter(f -> f.getFileName().toString().startsWith(label + ".")).toList()) {
          Files.deleteIfExists(file);
        }
      }
    }
  }

  private void aside(Path directory, String name) throws IOException {
    if (Files.isDirectory(directory)) {
      Path aside = folder.bases().resolve(BackupFolder.OLD + name);
      BackupFolder.delete(aside);
      Files.move(directory, aside, StandardCopyOption.ATOMIC_MOVE);
      BackupFolder.delete(aside);
    }
  }

  /**
   * Removes what nobody speaks of; all of it if nobody speaks of anything.
   *
   * @param known labels of the copies that count
   */
  void tidy(Set<String> known) throws IOException {
    if (known.isEmpty()) {
      aside(path(), "pgbackrest");
      return;
    }
    for (String label : labels()) {
      if (!known.contains(label)) {
        remove(label);
      }
    }
  }

  private static String sum(Path file, String algorithm) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      MessageDigest digest = MessageDigest.getInstance(algorithm);
      byte[] block = new byte[BLOCK];
      for (int n = in.read(block); n >= 0; n = in.read(block)) {
        digest.update(ByteBuffer.wrap(block, 0, n));
        if (Thread.currentThread().isInterrupted()) {
          throw new InterruptedIOException("reading was given up");
        }
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IOException("this Java has no " + algorithm, e);
    }
  }
}
