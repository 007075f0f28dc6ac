package io.fairlead.replication;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.UserPrincipalLookupService;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The programs of PostgreSQL that are installed on this machine, and how one is run.
 *
 * <p>PostgreSQL does not run as root: where Fairlead is root they run as {@value #USER}, else as
 * whoever Fairlead is. What they are to know and others are not is in their environment or in a
 * file, never on the command line, which every user of the machine can read. Of our own environment
 * they get nothing that begins with {@code PG}: it is meant for somebody else.
 *
 * <p>All of it waits.
 */
public final class PostgresPrograms {
  /** Whom Debian, and most others, let servers run as. */
  static final String USER = "postgres";

  /** What to do about programs that are missing, for people. */
  static final String INSTALL =
      "PostgreSQL is not installed (no /usr/lib/postgresql/*/bin, no postgres on the PATH); Debian"
          + " and Ubuntu: apt-get install postgresql";

  private static final Path DEBIAN = Path.of("/usr/lib/postgresql");
  private static final int MOST_OUTPUT = 4 * 1024 * 1024;
  private static final int MOST_WORDS = 300;

  private final Path folder;
  private final boolean asOther;
  private final int version;

  private PostgresPrograms(Path folder, boolean asOther, int version) {
    this.folder = folder;
    this.asOther = asOther;
    this.version = version;
  }

  /**
   * The newest that are installed.
   *
   * @throws IOException saying what to install, if there are none, or root has nobody to run them
   */
  public static PostgresPrograms find() throws IOException {
    return of(newest());
  }

  /**
   * Those in that folder.
   *
   * @param folder with {@code initdb}, {@code postgres} and the others
   */
  public static PostgresPrograms of(Path folder) throws IOException {
    boolean root = isRoot();
    if (root && !isKnown(USER)) {
      throw new IOException(
          "PostgreSQL does not run as root, and there is no user " + USER + " to run it");
    }
    PostgresPrograms programs = new PostgresPrograms(folder, root, 0);
    String said = programs.run("postgres", List.of("--version"), Map.of(), Duration.ofSeconds(20));
    return new PostgresPrograms(folder, root, major(said));
  }

  private static Path newest() throws IOException {
    TreeMap<Double, Path> found = new TreeMap<>();
    if (Files.isDirectory(DEBIAN)) {
      try (Stream<Path> versions = Files.list(DEBIAN)) {
        for (Path version : versions.toList()) {
          Path bin = version.resolve("bin");
          if (isComplete(bin)) {
            found.put(number(version.getFileName().toString()), bin);
          }
        }
      }
    }
    if (!found.isEmpty()) {
      return found.lastEntry().getValue();
    }
    for (String one : String.valueOf(System.getenv("PATH")).split(File.pathSeparator, -1)) {
      if (!one.isEmpty() && isComplete(Path.of(one))) {
        return Path.of(one);
      }
    }
    throw new IOException(INSTALL);
  }

  private static boolean isComplete(Path bin) {
    return Files.isExecutable(bin.resolve("postgres")) && Files.isExecutable(bin.resolve("initdb"));
  }

  private static double number(String version) {
    try {
      return Double.parseDouble(version);
    } catch (NumberFormatException _) {
      return 0;
    }
  }

  /** Of {@code postgres (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)}: 15. */
  static int major(String said) throws IOException {
    for (String word : said.split("\\s+", -1)) {
      if (word.matches("[0-9]+([.].*|devel|beta.*|rc.*)?")) {
        return Integer.parseInt(word.replaceFirst("[^0-9].*", ""));
      }
    }
    throw new IOException("postgres does not say which version it is: " + said.strip());
  }

  private static boolean isRoot() throws IOException {
    return Integer.valueOf(0).equals(Files.getAttribute(Path.of("/proc/self"), "unix:uid"));
  }

  private static boolean isKnown(String user) {
    try {
      return users().lookupPrincipalByName(user) != null;
    } catch (IOException _) {
      return false;
    }
  }

  private static UserPrincipalLookupService users() {
    return Path.of("/").getFileSystem().getUserPrincipalLookupService();
  }

  /** Of the server, such as 15. */
  public int version() {
    return version;
  }

  /** Where that program is. */
  public Path program(String name) {
    return folder.resolve(name);
  }

  /** The command that runs a program as the user that it has to run as. */
  public List<String> command(String program, List<String> arguments) {
    return command(program, arguments, List.of());
  }

  /**
   * The command that runs a program that the kernel ends when the thread that started it ends, or
   * our process. It has to be started by a thread that lives as long as the program may.
   */
  public List<String> mortalCommand(String program, List<String> arguments) {
    return command(program, arguments, List.of("--pdeathsig", "KILL"));
  }

  /** Any command, as that user. */
  public List<String> asUser(List<String> command) {
    if (!asOther) {
      return command;
    }
    List<String> all =
        new ArrayList<>(
            List.of("setpriv", "--reuid", USER, "--regid", USER, "--init-groups", "--"));
    all.addAll(command);
    return all;
  }

  /** Whom the programs run as. */
  public String user() {
    return asOther ? USER : System.getProperty("user.name", "");
  }

  private List<String> command(String program, List<String> arguments, List<String> more) {
    List<String> command = new ArrayList<>();
    if (asOther || !more.isEmpty()) {
      command.add("setpriv");
      if (asOther) {
        command.addAll(List.of("--reuid", USER, "--regid", USER, "--init-groups"));
      }
      command.addAll(more);
      command.add("--");
    }
    command.add(program(program).toString());
    command.addAll(arguments);
    return command;
  }

  /**
   * What runs a command, with an environment that says nothing of ours to it, in English.
   *
   * @param command of {@link #command}
   * @param environment what the program is told beside
   */
  public static ProcessBuilder builder(List<String> command, Map<String, String> environment) {
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(new File("/")) // ours may be closed to it
            .redirectInput(new File("/dev/null"));
    Map<String, String> variables = builder.environment();
    variables.keySet().removeIf(name -> name.startsWith("PG") || name.startsWith("LC_"));
    variables.put("LC_ALL", "C");
    variables.put("HOME", "/"); // no .pgpass that is another's
    variables.putAll(environment);
    return builder;
  }

  /**
   * Runs a program to its end.
   *
   * @param environment beside the usual; secrets go here
   * @return what it said to its standard output, at most 4 MiB
   * @throws IOException in words, if it cannot be run, takes longer or does not end with 0; it has
   *     ended then, with all its descendants
   */
  public String run(
      String program, List<String> arguments, Map<String, String> environment, Duration timeout)
      throws IOException {
    if (!Files.isExecutable(program(program))) {
      throw new IOException("there is no program " + program(program));
    }
    Path output = Files.createTempFile("fairlead-", ".out");
    Path errors = Files.createTempFile("fairlead-", ".err");
    try {
      Process process =
          builder(command(program, arguments), environment)
              .redirectOutput(output.toFile())
              .redirectError(errors.toFile())
              .start();
      try {
        if (!process.waitFor(timeout.toMillis(), TimeUnit.MILLISECONDS)) {
          throw new IOException(program + " took longer than " + timeout.toSeconds() + " s");
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IOException(program + " was interrupted", e);
      } finally {
        process.descendants().toList().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
      }
      if (process.exitValue() != 0) {
        throw new IOException(
            program + " ended with " + process.exitValue() + lastWords(text(errors)));
      }
      return text(output);
    } finally {
      Files.deleteIfExists(output);
      Files.deleteIfExists(errors);
    }
  }

  private static String text(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      return new String(in.readNBytes(MOST_OUTPUT), StandardCharsets.UTF_8);
    }
  }

  /** The last line that says what is wrong. */
  static String lastWords(String said) {
    String last = "";
    for (String line : said.lines().toList()) {
      String word = line.strip().replaceAll("\\p{Cntrl}", " ");
      if (!word.isEmpty() && (last.isEmpty() || !isHint(word) || isHint(last))) {
        last = word;
      }
    }
    return last.isEmpty() ? "" : ": " + last.substring(0, Math.min(last.length(), MOST_WORDS));
  }

  private static boolean isHint(String line) {
    return !line.contains("error:") && !line.contains("fatal:") && !line.contains("FATAL");
  }

  /**
   * Makes a folder that only those programs may look into, unless it is there, and gives it to
   * them.
   */
  public void makeFolder(Path made) throws IOException {
    Path absolute = made.toAbsolutePath();
    if (!Files.isDirectory(absolute)) {
      Files.createDirectories(absolute.getParent());
      Files.createDirectory(absolute);
      Files.setPosixFilePermissions(
          absolute,
          Set.of(
              PosixFilePermission.OWNER_READ,
              PosixFilePermission.OWNER_WRITE,
              PosixFilePermission.OWNER_EXECUTE));
      give(absolute);
    }
    String closed = closedTo(absolute);
    if (closed != null) {
      throw new FileSystemException(
          closed, null, "is closed to the user " + USER + ", who runs PostgreSQL");
    }
  }

  /** Gives a file or folder to the user that the programs run as; nothing below it. */
  public void give(Path path) throws IOException {
    if (asOther) {
      PosixFileAttributeView view =
          Files.getFileAttributeView(path, PosixFileAttributeView.class, LinkOption.NOFOLLOW_LINKS);
      view.setOwner(users().lookupPrincipalByName(USER));
      view.setGroup(users().lookupPrincipalByGroupName(USER));
    }
  }

  /** The folder above that {@value #USER} may not pass through; null: none, or it is ourselves. */
  private @Nullable String closedTo(Path path) throws IOException {
    if (!asOther) {
      return null;
    }
    for (Path above = path.getParent(); above != null; above = above.getParent()) {
      PosixFileAttributes attributes = Files.readAttributes(above, PosixFileAttributes.class);
      if (!attributes.permissions().contains(PosixFilePermission.OTHERS_EXECUTE)
          && !attributes.owner().getName().equals(USER)
          && !attributes.group().getName().equals(USER)) {
        return above.toString();
      }
    }
    return null;
  }
}
