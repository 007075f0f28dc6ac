package io.fairlead.replication;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** The programs of PostgreSQL that are installed on this machine. All of it waits. */
public final class PostgresPrograms extends ServerPrograms {
  /** Whom Debian, and most others, let servers run as. */
  static final String USER = "postgres";

  /** What to do about programs that are missing, for people. */
  static final String INSTALL =
      "PostgreSQL is not installed (no /usr/lib/postgresql/*/bin, no postgres on the PATH); Debian"
          + " and Ubuntu: apt-get install postgresql";

  private static final Path DEBIAN = Path.of("/usr/lib/postgresql");

  private final Path folder;
  private final int version;

  private PostgresPrograms(Path folder, int version) throws IOException {
    super("PostgreSQL", USER);
    this.folder = folder;
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
    PostgresPrograms programs = new PostgresPrograms(folder, 0);
    String said = programs.run("postgres", List.of("--version"), Map.of(), Duration.ofSeconds(20));
    return new PostgresPrograms(folder, major(said));
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

  /** Of the server, such as 15. */
  public int version() {
    return version;
  }

  @Override
  public Path program(String name) {
    return folder.resolve(name);
  }
}
