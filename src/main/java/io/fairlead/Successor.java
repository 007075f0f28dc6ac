package io.fairlead;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The process that replaces this one: the program that is now where this one's was, with the same
 * configuration file.
 *
 * <p>It is asked first whether it can read that file. So a version that cannot, or that does not
 * start at all, is told with its own words, and nothing was begun.
 */
final class Successor {
  /** Where the script {@code fairlead} says what it is. */
  static final String LAUNCHER = "FAIRLEAD_LAUNCHER";

  private static final Duration CHECK = Duration.ofMinutes(1);

  /** More than a takeover may take. */
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  /** Bytes of what it says that are told. */
  private static final int WORDS = 1000;

  private final Path config;

  /**
   * @param config file that it is to read
   */
  Successor(Path config) {
    this.config = config.toAbsolutePath();
  }

  /** Why there can be none; empty: nothing is known to be in the way. */
  static String obstacle() {
    if (ProcessHandle.current().pid() == 1) {
      return "it is the first process of its container, which would end with it: replace the"
          + " container";
    }
    boolean ofSystemd =
        System.getenv("INVOCATION_ID") != null
            && ProcessHandle.current().parent().map(ProcessHandle::pid).orElse(0L) == 1;
    if (ofSystemd && !ServiceManager.isThere()) {
      return "systemd would end it with this one: its unit needs Type=notify and NotifyAccess=all";
    }
    return program(System.getenv(LAUNCHER), Path.of("/proc/self/cmdline")) == null
        ? "how it was started is not known"
        : "";
  }

  /**
   * What is to be run, before the verb; null: not known.
   *
   * @param launcher the script, if it started this process
   * @param own what this process was started with, with a zero behind each argument
   */
  static @Nullable List<String> program(@Nullable String launcher, Path own) {
    if (launcher != null) {
      return List.of(launcher);
    }
    List<String> command;
    try {
      command = Arrays.asList(Files.readString(own, StandardCharsets.UTF_8).split("\0", -1));
    } catch (IOException | UncheckedIOException _) {
      return null;
    }
    int main = command.indexOf("io.fairlead.Main");
    int jar = command.indexOf("-jar");
    int last = main >= 0 ? main : jar >= 0 ? jar + 1 : -1;
    return last < 0 || last >= command.size() ? null : command.subList(0, last + 1);
  }

  /**
   * Starts it, and waits until it has failed; where it does not, this process ends meanwhile.
   *
   * @param failed hears why this process goes on
   */
  void start(Consumer<String> failed) {
    Thread _ =
        Thread.ofVirtual()
            .name("successor")
            .start(() -> {
              try {
                failed.accept(failure());
              } catch (IOException e) {
                failed.accept(String.valueOf(e.getMessage()));
              } catch (InterruptedException _) {
                Thread.currentThread().interrupt();
              }
            });
  }

  private String failure() throws IOException, InterruptedException {
    List<String> program = program(System.getenv(LAUNCHER), Path.of("/proc/self/cmdline"));
    if (program == null) {
      return obstacle();
    }
    String objection = check(program);
    if (!objection.isEmpty()) {
      return objection;
    }
    Process process =
        new ProcessBuilder(with(program, "run", "--takeover"))
            .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
            .redirectOutput(ProcessBuilder.Redirect.INHERIT)
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    if (process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
      return "the new process ended with " + process.exitValue() + "; what it said is in the log";
    }
    process.destroyForcibly();
    return "the new process did not take over within " + PATIENCE.toSeconds() + " s";
  }

  /** What the new program says of the configuration; empty: it can use it. */
  private String check(List<String> program) throws IOException, InterruptedException {
    Path said = Files.createTempFile("fairlead-check", ".txt");
    try {
      Process process =
          new ProcessBuilder(with(program, "check"))
              .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
              .redirectErrorStream(true)
              .redirectOutput(said.toFile())
              .start();
      if (!process.waitFor(CHECK.toSeconds(), TimeUnit.SECONDS)) {
        process.destroyForcibly();
        return "the new program did not check the configuration within " + CHECK.toSeconds() + " s";
      }
      if (process.exitValue() == 0) {
        return "";
      }
      byte[] bytes = Files.readAllBytes(said);
      String text =
          new String(bytes, 0, Math.min(bytes.length, WORDS), StandardCharsets.UTF_8)
              .strip()
              .replaceAll("\\s*\\R\\s*", "; ");
      return "the new program cannot use the configuration (exit code "
          + process.exitValue()
          + "): "
          + text;
    } finally {
      Files.deleteIfExists(said);
    }
  }

  private List<String> with(List<String> program, String... verb) {
    List<String> command = new ArrayList<>(program);
    command.addAll(List.of(verb));
    command.addAll(List.of("-c", config.toString()));
    return command;
  }
}
