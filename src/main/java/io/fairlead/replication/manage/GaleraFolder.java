package io.fairlead.replication.manage;

import io.fairlead.replication.MariadbPrograms;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Where a member of a Galera cluster lives on this machine: its data, and beside it what is ours.
 */
final class GaleraFolder {
  /** A socket's path must not be longer. */
  private static final int LONGEST_SOCKET = 100;

  private static final long MOST_LOG = 32L * 1024 * 1024;

  /** So long it may take a server to say what it has; after a crash it recovers first. */
  private static final Duration RECOVERY = Duration.ofMinutes(10);

  private final MariadbPrograms programs;
  private final Path top;

  GaleraFolder(MariadbPrograms programs, Path top) {
    this.programs = programs;
    this.top = top.toAbsolutePath();
  }

  Path data() {
    return top.resolve("data");
  }

  /** What becomes the data when it is complete. */
  Path coming() {
    return top.resolve("data.new");
  }

  /** Data that was given up. */
  Path aside() {
    return top.resolve("data.aside");
  }

  Path line() {
    return top.resolve("line");
  }

  Path log() {
    return top.resolve("log");
  }

  Path pid() {
    return top.resolve("pid");
  }

  Path socket() {
    return top.resolve("socket");
  }

  Path settings() {
    return top.resolve("my.cnf");
  }

  /** While it is there the data is only a database that was made here, and of no cluster. */
  private Path making() {
    return top.resolve("making");
  }

  /** While it is there a server was started to join the cluster, and has not come to its end. */
  private Path joining() {
    return top.resolve("joining");
  }

  private Path grastate() {
    return data().resolve("grastate.dat");
  }

  MemberServer.Place place() {
    return new MemberServer.Place(
        "mariadbd", data(), line(), log(), pid(), ProcessEntry.Signal.TERMINATE, Map.of());
  }

  void make() throws IOException {
    programs.makeFolder(top);
    if (socket().toString().length() > LONGEST_SOCKET) {
      throw new IOException("the path of its folder is too long for a socket: " + top);
    }
  }

  boolean hasData() throws IOException {
    if (!Files.exists(data(), LinkOption.NOFOLLOW_LINKS)) {
      return false;
    }
    try (Stream<Path> found = Files.list(data())) {
      return found.findAny().isPresent();
    }
  }

  void markMaking() throws IOException {
    put(making(), "");
  }

  void markJoining() throws IOException {
    put(joining(), "");
  }

  /** It is in the cluster, with all that is in it. */
  void markJoined() throws IOException {
    Files.deleteIfExists(joining());
    Files.deleteIfExists(making());
  }

  boolean isJoining() {
    return Files.exists(joining());
  }

  /** Whether all of the data is being got from another. */
  boolean isCopying() {
    return Files.exists(data().resolve("sst_in_progress"));
  }

  /**
   * Which folder, and which database in it, that is. What was found out about one says nothing of
   * another that is in its place now: a disk may be taken away, emptied or given back at any time.
   */
  String identity() throws IOException {
    return key(data()) + " " + key(data().resolve("ibdata1"));
  }

  private static String key(Path file) throws IOException {
    try {
      return String.valueOf(Files.readAttributes(file, BasicFileAttributes.class).fileKey());
    } catch (NoSuchFileException _) {
      return "none";
    }
  }

  /**
   * What is on the disk; no server may run on it. It may take as long as a recovery.
   *
   * @param settings of the server
   */
  GaleraReport report(String settings) throws IOException {
    if (!hasData()) {
      return new GaleraReport.Empty();
    }
    if (isCopying()) {
      return new GaleraReport.Half();
    }
    String said = saved();
    GaleraPosition position = GaleraPosition.saved(said);
    if (position != null) {
      return new GaleraReport.At(position);
    }
    String cluster = GaleraPosition.savedCluster(said);
    if (!Files.exists(data().resolve("ibdata1"))) { // a server would make one
      return isJoining() && cluster.isEmpty()
          ? new GaleraReport.Half()
          : new GaleraReport.Unreadable(cluster, "it has no position in any cluster");
    }
    String recovery;
    try {
      recovery = recover(settings);
    } catch (IOException e) {
      return isJoining() && cluster.isEmpty()
          ? new GaleraReport.Half()
          : new GaleraReport.Unreadable(cluster, String.valueOf(e.getMessage()));
    }
    position = GaleraPosition.recovered(recovery);
    if (position != null) {
      return new GaleraReport.At(position);
    }
    if (Files.exists(making())) {
      return new GaleraReport.Fresh();
    }
    return isJoining()
        ? new GaleraReport.Half()
        : new GaleraReport.Unreadable(cluster, "it has no position in any cluster");
  }

  private String saved() throws IOException {
    return Files.exists(grastate())
        ? new String(Files.readAllBytes(grastate()), StandardCharsets.ISO_8859_1)
        : "";
  }

  /** What a server says that only recovers. */
  private String recover(String settings) throws IOException {
    Path log = top.resolve("recovery.err"); // any other ending is added to
    Path file = top.resolve("recovery.cnf");
    put(log, "");
    put(file, settings);
    try {
      String _ =
          programs.run(
              "mariadbd",
              List.of("--defaults-file=" + file, "--log-error=" + log, "--wsrep-recover"),
              place().environment(),
              RECOVERY);
    } catch (IOException e) {
      String words = lastWords(log);
      throw words.isEmpty() ? e : new IOException(e.getMessage() + ": " + words, e);
    }
    return Files.readString(log, StandardCharsets.ISO_8859_1);
  }

  /**
   * Makes a database, once; until it is complete it is nothing.
   *
   * @param sql what is done in it then, each a line
   */
  void create(List<String> sql) throws IOException {
    markMaking();
    MemberFolder.remove(coming());
    Path more = top.resolve("making.sql");
    put(more, "FLUSH PRIVILEGES;\n" + String.join(";\n", sql) + ";\n");
    try {
      String _ =
          programs.run(
              "mariadb-install-db",
              List.of(
                  "--no-defaults",
                  "--datadir=" + coming(),
                  "--auth-root-authentication-method=normal",
                  "--skip-test-db",
                  "--extra-file=" + more),
              place().environment(),
              RECOVERY);
    } finally {
      Files.deleteIfExists(more); // it has passwords
    }
    Files.move(coming(), data());
  }

  /**
   * What a server is to know at its start.
   *
   * @param position what it has; null: nothing is known, or it has nothing
   * @param begins whether it may begin the cluster anew
   */
  void prepare(String settings, @Nullable GaleraPosition position, boolean begins)
      throws IOException {
    put(settings(), settings);
    Files.deleteIfExists(data().resolve("gvwstate.dat")); // who was there is remembered by us
    if (position != null) {
      put(grastate(), GaleraPosition.grastate(position, begins));
    } else if (begins) {
      Files.deleteIfExists(grastate());
    }
  }

  /** A folder that a server may fill. */
  void makeData() throws IOException {
    programs.makeFolder(data());
  }

  /** Replaces a file by one that is on the disk, and that only the server may read. */
  void put(Path file, String text) throws IOException {
    Path next = file.resolveSibling(file.getFileName() + ".next");
    Files.deleteIfExists(next);
    Files.createFile(
        next, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    programs.give(next);
    Files.writeString(next, text);
    try (RandomAccessFile written = new RandomAccessFile(next.toFile(), "rw")) {
      written.getFD().sync();
    }
    Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  /** A log that has grown too long is begun anew: the server appends to it. */
  void boundLog() throws IOException {
    if (Files.exists(log()) && Files.size(log()) > MOST_LOG) {
      try (RandomAccessFile file = new RandomAccessFile(log().toFile(), "rw")) {
        file.setLength(0);
      }
    }
  }

  /** The last line of the log that says why the server ended; empty: none does. */
  String lastWords() {
    return lastWords(log());
  }

  private static String lastWords(Path log) {
    try (RandomAccessFile file = new RandomAccessFile(log.toFile(), "r")) {
      long from = Math.max(0, file.length() - 16384);
      byte[] bytes = new byte[(int) (file.length() - from)];
      file.seek(from);
      file.readFully(bytes);
      String words = "";
      for (String line : new String(bytes, StandardCharsets.UTF_8).lines().toList()) {
        if (line.contains("[ERROR]") && !line.contains("Aborting")) {
          words = line.replaceFirst("^.*?\\[ERROR\\]\\s*", "");
        }
      }
      String clean = words.replaceAll("\\p{Cntrl}", " ");
      return clean.substring(0, Math.min(clean.length(), 300));
    } catch (IOException _) {
      return "";
    }
  }

  /** The data is kept, but no member's any more; what was kept before it is not. */
  void setAside() throws IOException {
    MemberFolder.remove(aside());
    if (Files.exists(data(), LinkOption.NOFOLLOW_LINKS)) {
      Files.move(data(), aside());
    }
  }

  /** What is half a copy is nothing. */
  void removeHalf() throws IOException {
    MemberFolder.remove(data());
  }
}
