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
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The programs of a database server that are installed on this machine, and how one is run.
 *
 * <p>Such servers do not run as root: where Fairlead is root their programs run as a user of their
 * own, else as whoever Fairlead is. What they are to know and others are not is in their
 * environment or in a file, never on the command line, which every user of the machine can read. Of
 * our own environment they get nothing that is meant for such programs: it is meant for somebody
 * else.
 *
 * <p>All of it waits.
 */
public abstract sealed class ServerPrograms permits PostgresPrograms, MariadbPrograms {
  private static final int MOST_OUTPUT = 4 * 1024 * 1024;
  private static final int MOST_WORDS = 300;

  private final String product;
  private final String account;
  private final boolean asOther;

  /**
   * @param product what they are of, for people
   * @param account whom they run as where Fairlead is root
   * @throws IOException if Fairlead is root and there is nobody of that name
   */
  ServerPrograms(String product, String account) throws IOException {
    this.product = product;
    this.account = account;
    this.asOther = isRoot();
    if (asOther && !isKnown(account)) {
      throw new IOException(
          product + " does not run as root, and there is no user " + account + " to run it");
    }
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

  /** Where that program is. */
  public abstract Path program(String name);

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
            List.of("setpriv", "--reuid", account, "--regid", account, "--init-groups", "--"));
    all.addAll(command);
    return all;
  }

  /** Whom the programs run as. */
  public String user() {
    return asOther ? account : System.getProperty("user.name", "");
  }

  private List<String> command(String program, List<String> arguments, List<String> more) {
    List<String> command = new ArrayList<>();
    if (asOther || !more.isEmpty()) {
      command.add("setpriv");
      if (asOther) {
        command.addAll(List.of("--reuid", account, "--regid", account, "--init-groups"));
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
    variables.keySet().removeIf(ServerPrograms::isMeantForOthers);
    variables.put("LC_ALL", "C");
    variables.put("HOME", "/"); // no .pgpass or .my.cnf that is another's
    variables.putAll(environment);
    return builder;
  }

  private static boolean isMeantForOthers(String name) {
    return name.startsWith("PG")
        || name.startsWith("LC_")
        || name.startsWith("MYSQL")
        || name.startsWith("MARIADB");
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
          closed, null, "is closed to the user " + account + ", who runs " + product);
    }
  }

  /** Gives a file or folder to the user that the programs run as; nothing below it. */
  public void give(Path path) throws IOException {
    if (asOther) {
      PosixFileAttributeView view =
          Files.getFileAttributeView(path, PosixFileAttributeView.class, LinkOption.NOFOLLOW_LINKS);
      view.setOwner(users().lookupPrincipalByName(account));
      view.setGroup(users().lookupPrincipalByGroupName(account));
    }
  }

  /** The folder above that user may not pass through; null: none, or it is ourselves. */
  private @Nullable String closedTo(Path path) throws IOException {
    if (!asOther) {
      return null;
    }
    for (Path above = path.getParent(); above != null; above = above.getParent()) {
      PosixFileAttributes attributes = Files.readAttributes(above, PosixFileAttributes.class);
      if (!attributes.permissions().contains(PosixFilePermission.OTHERS_EXECUTE)
          && !attributes.owner().getName().equals(account)
          && !attributes.group().getName().equals(account)) {
        return above.toString();
      }
    }
    return null;
  }
}
