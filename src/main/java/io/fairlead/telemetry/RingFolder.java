package io.fairlead.telemetry;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The folder of one process in the place that instances with the same data folder share: its lock,
 * its names, its rings. Until all of it is there its name begins with a dot.
 */
final class RingFolder {
  private static final System.Logger LOG = System.getLogger(RingFolder.class.getName());
  private static final Path MEMORY = Path.of("/dev/shm");
  private static final Path KERNEL = Path.of("/proc/sys/kernel/random/boot_id");
  private static final String LOCK = "lock";

  /** Names the data folder, so that what is left of it can go when it is gone. */
  private static final String OWNER = "data";

  private static final String RING = "ring-";
  private static final Set<PosixFilePermission> OURS = PosixFilePermissions.fromString("rwx------");

  private static final int ATTEMPTS = 100;

  /** Folders that this process has locked. */
  private static final Set<Path> HELD = ConcurrentHashMap.newKeySet();

  private final String boot;
  private Path path;
  private @Nullable FileChannel lock;

  private RingFolder(String boot, Path path, FileChannel lock) {
    this.boot = boot;
    this.path = path;
    this.lock = lock;
  }

  /** Where folders of processes may be, the best place first. */
  static List<Path> places(Path data) {
    List<Path> places = new ArrayList<>();
    try {
      if (Files.isDirectory(MEMORY) && Files.isWritable(MEMORY)) {
        places.add(MEMORY.resolve(prefix() + hash(data)));
      }
    } catch (IOException | UnsupportedOperationException e) {
      LOG.log(Level.DEBUG, "no memory that is a file: {0}", e.getMessage());
    }
    places.add(data.resolve("rings"));
    return places;
  }

  /** Of the places in memory that are this user's. */
  private static String prefix() throws IOException {
    return "fairlead-" + Files.getAttribute(Path.of("/proc/self"), "unix:uid") + "-";
  }

  /** Instances have different data folders. */
  private static String hash(Path data) {
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256")
              .digest(data.toAbsolutePath().normalize().toString().getBytes(UTF_8));
      return HexFormat.of().formatHex(digest, 0, 6);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e); // every Java has it
    }
  }

  /** Makes one and locks it; {@link #show} when all is in there. */
  static RingFolder create(Path place, Path data) throws IOException {
    long now = System.currentTimeMillis();
    // Another process may begin in the same millisecond, or take this for one that has been left.
    for (int more = 0; more < ATTEMPTS; more++) {
      makeOurs(place); // each time: the last one that leaves removes it
      String boot = HexFormat.of().toHexDigits(now << 16 | more);
      Path path = place.resolve("." + boot);
      if (Files.exists(place.resolve(boot))) {
        continue;
      }
      try {
        Files.createDirectory(path, PosixFilePermissions.asFileAttribute(OURS));
        FileChannel lock = lock(path);
        if (lock != null) {
          Files.writeString(path.resolve("kernel"), kernel());
          Files.writeString(path.resolve(OWNER), data.toAbsolutePath().normalize().toString());
          return new RingFolder(boot, path, lock);
        }
      } catch (FileAlreadyExistsException | NoSuchFileException e) {
        LOG.log(Level.DEBUG, "once more: {0}", e.getMessage());
      }
    }
    throw new IOException("no folder of our own can be had in " + place);
  }

  /**
   * Others may write to the same place: a folder that is not ours alone, or a link, is none of
   * ours.
   */
  private static void makeOurs(Path place) throws IOException {
    Path parent = place.getParent();
    if (parent != null) {
      Files.createDirectories(parent);
    }
    try {
      Files.createDirectory(place, PosixFilePermissions.asFileAttribute(OURS));
    } catch (FileAlreadyExistsException e) {
      if (!isOurs(place)) {
        throw new IOException(place + " is not a folder of ours alone", e);
      }
    }
  }

  private static boolean isOurs(Path place) throws IOException {
    return Files.isDirectory(place, LinkOption.NOFOLLOW_LINKS)
        && Files.getOwner(place, LinkOption.NOFOLLOW_LINKS)
            .equals(Files.getOwner(Path.of("/proc/self")))
        && Files.getPosixFilePermissions(place, LinkOption.NOFOLLOW_LINKS).equals(OURS);
  }

  /**
   * Null: somebody else has it, or this very process. The latter must not even look: closing a file
   * gives up all locks that the process has on it (POSIX, fcntl).
   */
  private static @Nullable FileChannel lock(Path folder) throws IOException {
    if (!HELD.add(held(folder))) {
      return null;
    }
    FileChannel got = null;
    try {
      got = tryLock(folder);
      return got;
    } finally {
      if (got == null) {
        HELD.remove(held(folder));
      }
    }
  }

  private static String name(Path folder) {
    return folder.getFileName().toString();
  }

  /** Whether it is shown yet or not. */
  private static Path held(Path folder) {
    return folder.toAbsolutePath().resolveSibling(name(folder).replace(".", ""));
  }

  private static @Nullable FileChannel tryLock(Path folder) throws IOException {
    FileChannel channel = FileChannel.open(folder.resolve(LOCK), CREATE, READ, WRITE);
    try {
      FileLock got = channel.tryLock();
      if (got != null) {
        return channel;
      }
    } catch (IOException e) {
      channel.close();
      throw e;
    }
    channel.close();
    return null;
  }

  /** Which start of the machine this is: what was in memory then is not on disk as it was. */
  private static String kernel() {
    try {
      return Files.readString(KERNEL).strip();
    } catch (IOException e) {
      return "";
    }
  }

  /** Those of processes that are gone, locked. */
  static List<RingFolder> left(Path place) throws IOException {
    List<RingFolder> found = new ArrayList<>();
    if (!Files.isDirectory(place, LinkOption.NOFOLLOW_LINKS) || !isOurs(place)) {
      return found;
    }
    try (DirectoryStream<Path> folders = Files.newDirectoryStream(place)) {
      for (Path path : folders) {
        RingFolder folder = left(path, name(path));
        if (folder != null) {
          found.add(folder);
        }
      }
    }
    found.sort((a, b) -> a.boot.compareTo(b.boot));
    return found;
  }

  private static @Nullable RingFolder left(Path path, String name) throws IOException {
    if (!name.matches("[.]?[0-9a-f]{16}")) {
      return null;
    }
    FileChannel lock;
    try {
      lock = lock(path);
    } catch (NoSuchFileException e) {
      return null; // somebody else has just removed it
    }
    if (lock == null) {
      return null;
    }
    RingFolder folder = new RingFolder(name.replace(".", ""), path, lock);
    if (!name.startsWith(".") && isOfThisStart(path)) {
      return folder;
    }
    folder.remove();
    return null;
  }

  /**
   * Removes from memory what processes have left whose data folder has been removed: nobody would
   * ever read it.
   */
  static void sweep() {
    List<Path> places = new ArrayList<>();
    try (DirectoryStream<Path> all = Files.newDirectoryStream(MEMORY, prefix() + "*")) {
      all.forEach(places::add);
    } catch (IOException | UnsupportedOperationException e) {
      LOG.log(Level.DEBUG, "no memory that is a file: {0}", e.getMessage());
    }
    for (Path place : places) {
      try (DirectoryStream<Path> folders = Files.newDirectoryStream(place)) {
        for (Path path : folders) {
          RingFolder folder = isOurs(place) && isOrphaned(path) ? left(path, name(path)) : null;
          if (folder != null) {
            folder.remove();
          }
        }
      } catch (IOException e) {
        LOG.log(Level.DEBUG, "old rings of records stay: {0}", e.toString());
      }
    }
  }

  /** Asked before it is locked: others may just be about to read it. */
  private static boolean isOrphaned(Path path) {
    try {
      return !Files.isDirectory(Path.of(Files.readString(path.resolve(OWNER))));
    } catch (IOException | InvalidPathException e) {
      return false; // nobody knows
    }
  }

  private static boolean isOfThisStart(Path path) {
    try {
      return Files.readString(path.resolve("kernel")).equals(kernel());
    } catch (IOException e) {
      return false;
    }
  }

  /** All is in there. */
  void show() throws IOException {
    path = Files.move(path, path.resolveSibling(boot), StandardCopyOption.ATOMIC_MOVE);
  }

  Path path() {
    return path;
  }

  String boot() {
    return boot;
  }

  Path names() {
    return path.resolve("names");
  }

  Path ring(int loop) {
    return path.resolve(RING + loop);
  }

  List<Path> rings() throws IOException {
    List<Path> rings = new ArrayList<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(path, RING + "*")) {
      files.forEach(rings::add);
    }
    rings.sort(null);
    return rings;
  }

  /** Removes it with all that is in there; the lock last. */
  void remove() {
    try {
      List<Path> files = new ArrayList<>();
      try (DirectoryStream<Path> all = Files.newDirectoryStream(path)) {
        all.forEach(files::add);
      }
      for (Path file : files) {
        if (!file.endsWith(LOCK)) {
          Files.delete(file);
        }
      }
      Files.deleteIfExists(path.resolve(LOCK));
      Files.delete(path);
      Files.delete(path.toAbsolutePath().getParent());
    } catch (DirectoryNotEmptyException e) {
      // Other processes have something in the same place.
    } catch (IOException e) {
      LOG.log(Level.WARNING, "old rings of records stay: {0}", e.toString());
    }
    unlock();
  }

  /** Others may have it. */
  void unlock() {
    FileChannel held = lock;
    lock = null;
    if (held != null) {
      try {
        held.close();
      } catch (IOException e) {
        LOG.log(Level.WARNING, "rings of records stay locked: {0}", e.getMessage());
      }
      HELD.remove(held(path));
    }
  }
}
