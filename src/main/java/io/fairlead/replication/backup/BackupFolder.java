package io.fairlead.replication.backup;

import io.fairlead.replication.ServerPrograms;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileStore;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What the folders of backups have in common, whatever the database is. */
abstract sealed class BackupFolder permits ArchiveFolder, BinlogFolder {
  static final String INFO = "archive.properties";
  static final String ABOUT = "backup.properties";
  static final String DAMAGED = "damaged";
  static final String NEW = ".new-";
  static final String OLD = ".old-";
  private static final int DRILLS = 100;
  private static final long LITTLE_SPACE = 256L << 20;
  private static final long LOOK_MILLIS = 500;

  private final Path folder;

  BackupFolder(Path folder) {
    this.folder = folder.toAbsolutePath().normalize();
  }

  Path path() {
    return folder;
  }

  Path bases() {
    return folder.resolve("base");
  }

  Path data(String backup) {
    return bases().resolve(backup).resolve("data");
  }

  /** Where the parts of the log are. */
  abstract Path logs();

  /** Where drills restore to. */
  Path scratch() {
    return folder.resolve("scratch");
  }

  /**
   * Sees to it that it is there, and belongs to those who run the programs.
   *
   * @throws IOException if it cannot be, or is another database's
   */
  abstract void make() throws IOException;

  /** A lock that ends with the process, if not before. */
  record Held(FileChannel channel, FileLock lock) implements AutoCloseable {
    @Override
    public void close() {
      try {
        channel.close();
      } catch (IOException _) {
        // It goes with the process at last.
      }
    }
  }

  /** From now on this process takes care of it, and nobody else; null: somebody else does. */
  @Nullable Held lock() throws IOException {
    return lock("lock", false);
  }

  /** While it is held nothing is removed; null: something is being removed at this moment. */
  @Nullable Held reading() throws IOException {
    return lock("reading", true);
  }

  /** Nothing is removed while it is held; whoever removes something is waited for. */
  Held readingWhenItMay() throws IOException, InterruptedException {
    for (int i = 0; i < 300; i++) {
      Held held = reading();
      if (held != null) {
        return held;
      }
      Thread.sleep(100);
    }
    throw new IOException(folder + ": old backups are being removed; try again");
  }

  /** For removing; null: somebody reads. */
  @Nullable Held removing() throws IOException {
    return lock("reading", false);
  }

  private @Nullable Held lock(String name, boolean shared) throws IOException {
    FileChannel channel =
        FileChannel.open(
            folder.resolve(name),
            StandardOpenOption.CREATE,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE);
    try {
      FileLock lock = channel.tryLock(0, Long.MAX_VALUE, shared);
      if (lock != null) {
        return new Held(channel, lock);
      }
    } catch (OverlappingFileLockException _) {
      // Held by another part of this process.
    } catch (IOException e) {
      channel.close();
      throw e;
    }
    channel.close();
    return null;
  }

  /** The part of the log that is being written; null: there is none yet. */
  @Nullable Path lastPart() throws IOException {
    List<Path> parts = parts();
    return parts.isEmpty() ? null : parts.getLast();
  }

  Path newPart(ServerPrograms programs) throws IOException {
    Path last = lastPart();
    int number = last == null ? 1 : Integer.parseInt(last.getFileName().toString()) + 1;
    Path part = logs().resolve(String.format(Locale.ROOT, "%05d", number));
    programs.makeFolder(part);
    return part;
  }

  List<Path> parts() throws IOException {
    if (!Files.isDirectory(logs())) {
      return List.of();
    }
    try (Stream<Path> all = Files.list(logs())) {
      return all.filter(p -> p.getFileName().toString().matches("[0-9]{5}")).sorted().toList();
    }
  }

  /** The names of all copies that are whole, oldest first. */
  List<String> ids() throws IOException {
    if (!Files.isDirectory(bases())) {
      return List.of();
    }
    try (Stream<Path> all = Files.list(bases())) {
      return all.filter(one -> Files.exists(one.resolve(ABOUT)))
          .map(one -> one.getFileName().toString())
          .filter(name -> !name.startsWith("."))
          .sorted()
          .toList();
    }
  }

  /** Where a copy is made, aside from those that count. */
  Path begin(String id, ServerPrograms programs) throws IOException {
    Path made = bases().resolve(NEW + id);
    programs.makeFolder(made);
    Path data = made.resolve("data");
    programs.makeFolder(data);
    return data;
  }

  /** Remembers that a copy is of no use. */
  void damaged(String id, String what) throws IOException {
    if (Files.isDirectory(bases().resolve(id))) {
      replace(bases().resolve(id).resolve(DAMAGED), what + "\n");
    }
  }

  /** What somebody's death has left half made or half removed, and what drills have. */
  void tidy() throws IOException {
    delete(scratch());
    try (Stream<Path> all = Files.list(bases())) {
      for (Path one : all.toList()) {
        String name = one.getFileName().toString();
        if (name.startsWith(NEW) || name.startsWith(OLD)) {
          delete(one);
        }
      }
    }
  }

  /**
   * Waits until a program has ended that writes a copy.
   *
   * @param data where it writes
   * @param wanted whether it is still to be made here
   * @throws IOException if it is not, or would take the room that the log needs
   */
  void await(Child copying, Path data, BooleanSupplier wanted)
      throws IOException, InterruptedException {
    FileStore store = Files.getFileStore(data);
    long least = Math.min(LITTLE_SPACE, store.getTotalSpace() / 20);
    while (!copying.await(LOOK_MILLIS)) {
      if (!wanted.getAsBoolean()) {
        throw new IOException("given up: this instance no longer takes care of it");
      }
      if (store.getUsableSpace() < least) {
        throw new IOException(
            folder + " is nearly full: less than " + Restore.size(least) + " are left");
      }
    }
  }

  void abandon(String id) throws IOException {
    delete(bases().resolve(NEW + id));
  }

  /** Gone as a whole, whoever is killed meanwhile. */
  void removeBackup(String id) throws IOException {
    Path aside = bases().resolve(OLD + id);
    Files.move(bases().resolve(id), aside, StandardCopyOption.ATOMIC_MOVE);
    delete(aside);
  }

  // --- drills --------------------------------------------------------------------------------

  List<Drill> drills() throws IOException {
    List<Drill> drills = new ArrayList<>();
    Path file = folder.resolve("drills");
    if (Files.exists(file)) {
      for (String line : Files.readAllLines(file)) {
        try {
          drills.add(Drill.parse(line));
        } catch (IllegalArgumentException e) {
          throw new IOException(file + " is damaged: " + e.getMessage(), e);
        }
      }
    }
    return drills;
  }

  void add(Drill drill) throws IOException {
    List<Drill> all = new ArrayList<>(drills());
    all.add(drill);
    List<Drill> kept = all.subList(Math.max(0, all.size() - DRILLS), all.size());
    StringBuilder text = new StringBuilder();
    kept.forEach(one -> text.append(one.line()).append('\n'));
    replace(folder.resolve("drills"), text.toString());
  }

  /** The one that a drill found damaged, which is remembered; empty: that is not what failed. */
  String remember(IOException failure) {
    if (!(failure instanceof Restore.DamagedBackup damaged)) {
      return "";
    }
    try {
      damaged(damaged.backup(), String.valueOf(failure.getMessage()));
    } catch (IOException _) {
      // The next drill finds it again.
    }
    return damaged.backup();
  }

  /** What a drill has restored is thrown away. */
  void clearScratch() {
    try {
      delete(scratch());
    } catch (IOException _) {
      // It is deleted before the next one, which says so if it cannot be.
    }
  }

  // --- files ---------------------------------------------------------------------------------

  /** A value of a file of properties. */
  static String line(String text) {
    return text.replaceAll("\\s+", " ").replace("\\", "\\\\");
  }

  static void replace(Path file, String text) throws IOException {
    Path next = file.resolveSibling(file.getFileName() + ".next");
    write(next, text);
    Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    Path parent = file.getParent();
    if (parent != null) {
      sync(parent);
    }
  }

  static void write(Path file, String text) throws IOException {
    try (FileChannel out =
        FileChannel.open(
            file,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE)) {
      ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
      while (bytes.hasRemaining()) {
        out.write(bytes);
      }
      out.force(true);
    }
  }

  static void sync(Path directory) throws IOException {
    try (FileChannel channel = FileChannel.open(directory)) {
      channel.force(true);
    }
  }

  static long size(Path directory) throws IOException {
    long[] bytes = new long[1];
    Files.walkFileTree(
        directory,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
            bytes[0] += attributes.size();
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFileFailed(Path file, IOException e) {
            return FileVisitResult.CONTINUE; // gone meanwhile
          }
        });
    return bytes[0];
  }

  /** With all that is in it; nothing happens if it is not there. */
  static void delete(Path directory) throws IOException {
    if (!Files.exists(directory)) {
      return;
    }
    Files.walkFileTree(
        directory,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.deleteIfExists(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path folder, @Nullable IOException e)
              throws IOException {
            if (e != null) {
              throw e;
            }
            Files.deleteIfExists(folder);
            return FileVisitResult.CONTINUE;
          }
        });
  }
}
