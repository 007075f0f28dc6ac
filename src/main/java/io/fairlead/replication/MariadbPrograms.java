package io.fairlead.replication;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The programs of MariaDB that are installed on this machine. All of it waits. */
public final class MariadbPrograms extends ServerPrograms {
  /** Whom Debian, and most others, let servers run as. */
  static final String USER = "mysql";

  private static final List<Path> USUAL =
      List.of(Path.of("/usr/sbin"), Path.of("/usr/bin"), Path.of("/usr/local/bin"));
  private static final List<Path> PROVIDERS =
      List.of(
          Path.of("/usr/lib/galera/libgalera_smm.so"),
          Path.of("/usr/lib64/galera-4/libgalera_smm.so"),
          Path.of("/usr/lib/libgalera_smm.so"),
          Path.of("/usr/local/lib/libgalera_smm.so"));
  private static final Pattern VERSION = Pattern.compile("([0-9]+\\.[0-9]+)\\.[0-9]+-MariaDB");

  private MariadbPrograms() throws IOException {
    super("MariaDB", USER);
  }

  /**
   * Those on this machine.
   *
   * @throws IOException saying what to install, if one that backups take is missing, or root has
   *     nobody to run them
   */
  public static MariadbPrograms find() throws IOException {
    for (String name : List.of("mariadbd", "mariadb", "mariadb-binlog", "mariadb-backup")) {
      if (where(name) == null) {
        throw new IOException(
            "there is no program "
                + name
                + " on this machine; Debian and Ubuntu: apt-get install mariadb-server"
                + " mariadb-backup");
      }
    }
    return new MariadbPrograms();
  }

  /**
   * Those on this machine, with all that a Galera cluster takes.
   *
   * @throws IOException saying what to install
   */
  public static MariadbPrograms findGalera() throws IOException {
    MariadbPrograms programs = find();
    for (String name : List.of("mariadb-install-db", "rsync", "socat")) {
      if (where(name) == null) {
        throw new IOException(
            "there is no program "
                + name
                + " on this machine; Debian and Ubuntu: apt-get install mariadb-server rsync socat");
      }
    }
    Path _ = programs.galera();
    return programs;
  }

  /**
   * The library by which servers are a cluster.
   *
   * @throws IOException saying what to install
   */
  public Path galera() throws IOException {
    for (Path one : PROVIDERS) {
      if (Files.isReadable(one)) {
        return one;
      }
    }
    throw new IOException(
        "there is no libgalera_smm.so on this machine; Debian and Ubuntu: apt-get install galera-4");
  }

  private static @Nullable Path where(String name) {
    for (Path folder : USUAL) {
      if (Files.isExecutable(folder.resolve(name))) {
        return folder.resolve(name);
      }
    }
    for (String one : String.valueOf(System.getenv("PATH")).split(File.pathSeparator, -1)) {
      if (!one.isEmpty() && Files.isExecutable(Path.of(one, name))) {
        return Path.of(one, name);
      }
    }
    return null;
  }

  @Override
  public Path program(String name) {
    Path found = where(name);
    return found == null ? USUAL.getFirst().resolve(name) : found;
  }

  /** Of the server that is installed, such as 10.11. */
  public String version() throws IOException {
    return series(
        run("mariadbd", List.of("--no-defaults", "--version"), Map.of(), Duration.ofSeconds(20)));
  }

  /**
   * Of {@code 10.11.18-MariaDB-0+deb12u1-log}: 10.11.
   *
   * @throws IOException if it is no version of MariaDB
   */
  public static String series(String said) throws IOException {
    Matcher version = VERSION.matcher(said);
    if (!version.find()) {
      throw new IOException("this is no version of MariaDB: " + said.strip());
    }
    return version.group(1);
  }
}
