package io.fairlead.replication.backup;

import io.fairlead.replication.PostgresPrograms;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The program {@code pgbackrest}, told everything on its command line: it reads no configuration of
 * the machine, and its environment says nothing to it.
 *
 * @param program where it is
 */
record Pgbackrest(Path program) {
  static final String STANZA = "main";
  static final String INSTALL = "pgbackrest is not installed; Debian: apt-get install pgbackrest";

  private static final Duration SHORT = Duration.ofMinutes(1);

  /** How it ends when another has the lock of the repository. */
  private static final int LOCKED = 50;

  private static final Pattern ERROR = Pattern.compile(".*ERROR: \\[[0-9]+\\]: *(.*)");
  private static final Pattern PROGRESS = Pattern.compile(".*\\(.*, ([0-9]+)([.][0-9]+)?%\\).*");

  /**
   * The one that is on the path.
   *
   * @throws IOException saying what to install, if there is none
   */
  static Pgbackrest find() throws IOException {
    Pgbackrest found = find(String.valueOf(System.getenv("PATH")));
    if (found == null) {
      throw new IOException(INSTALL);
    }
    return found;
  }

  static @Nullable Pgbackrest find(String path) {
    for (String one : path.split(File.pathSeparator, -1)) {
      if (!one.isEmpty()) {
        Path program = Path.of(one).resolve("pgbackrest").toAbsolutePath();
        if (Files.isExecutable(program)) {
          return new Pgbackrest(program);
        }
      }
    }
    return null;
  }

  /** What all commands are told. */
  private static List<String> arguments(Path repository, List<String> more) {
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "--config=/dev/null",
                "--stanza=" + STANZA,
                "--repo1-path=" + repository,
                "--log-level-file=off",
                "--log-level-stderr=error"));
    arguments.addAll(more);
    return arguments;
  }

  /** Another of these programs works at that repository. */
  static final class Busy extends IOException {
    private static final long serialVersionUID = 1;

    Busy(String message) {
      super(message);
    }
  }

  /**
   * A command that takes a moment.
   *
   * @throws Busy if another has to end first
   */
  void run(
      PostgresPrograms programs,
      Path repository,
      List<String> more,
      Map<String, String> environment)
      throws IOException, InterruptedException {
    Child child = start(programs, repository, more, environment, _ -> {});
    try {
      if (!child.await(SHORT.toMillis())) {
        throw new IOException("pgbackrest took longer than " + SHORT.toSeconds() + " s");
      }
      int result = child.result();
      if (result == LOCKED) {
        throw new Busy(String.valueOf(failure(child).getMessage()));
      }
      if (result != 0) {
        throw failure(child);
      }
    } finally {
      child.stop();
    }
  }

  /**
   * A command that may take long. It has to be started by a platform thread that lives longer than
   * it.
   *
   * @param onPercent is told how much it has copied
   */
  Child start(
      PostgresPrograms programs,
      Path repository,
      List<String> more,
      Map<String, String> environment,
      Consumer<String> onPercent)
      throws IOException {
    List<String> arguments = new ArrayList<>(arguments(repository, more));
    arguments.add("--log-level-console=detail");
    return Child.start(
        programs,
        program.toString(), // it is absolute, and in no folder of theirs
        arguments,
        environment,
        line -> {
          Matcher told = PROGRESS.matcher(line);
          if (told.matches()) {
            onPercent.accept(told.group(1));
          }
        },
        _ -> {});
  }

  /** What it complained of first, in one line. */
  static IOException failure(Child child) {
    for (String word : child.words()) {
      if (ERROR.matcher(word).matches()) {
        return new IOException("pgbackrest: " + plain(word));
      }
    }
    return new IOException("pgbackrest: " + child.lastWords());
  }

  private static String plain(String said) {
    Matcher error = ERROR.matcher(said);
    return error.matches() ? error.group(1) : said;
  }
}
