package io.fairlead;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;

/**
 * For some processes, and those that they start, the disk takes half a second longer than it does
 * to say that it has what was written. By strace, which lets each such call wait.
 */
final class SlowDisk implements AutoCloseable {
  static final Duration DELAY = Duration.ofMillis(500);

  private final Path calls;
  private final Process strace;

  /**
   * Begins, or skips the test and says why.
   *
   * @param folder for what it has to say
   */
  SlowDisk(Path folder, List<ProcessHandle> processes) throws Exception {
    calls = Files.createTempFile(folder, "calls", "");
    Path said = Files.createTempFile(folder, "strace", "");
    List<String> command =
        new ArrayList<>(
            List.of(
                "strace",
                "-f",
                "-e",
                "trace=fsync,fdatasync",
                "-e",
                "inject=fsync,fdatasync:delay_exit=" + DELAY.toMillis() * 1000,
                "-o",
                calls.toString()));
    for (ProcessHandle one : processes) {
      command.addAll(List.of("-p", Long.toString(one.pid())));
    }
    try {
      strace =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(said.toFile())
              .start();
    } catch (IOException e) {
      Assumptions.abort("needs strace: " + e.getMessage());
      throw e;
    }
    Loopback.await(
        "all are looked at",
        () -> !strace.isAlive() || text(said).split("attached", -1).length > processes.size());
    Assumptions.assumeTrue(strace.isAlive(), () -> "may not look at processes: " + text(said));
  }

  /** How many such calls have waited. */
  int waited() {
    return text(calls).split("DELAYED", -1).length - 1;
  }

  private static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /** It is as fast as before. */
  @Override
  public void close() {
    strace.destroy();
    try {
      if (!strace.waitFor(10, TimeUnit.SECONDS)) {
        strace.destroyForcibly();
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }
}
