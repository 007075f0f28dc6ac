package io.fairlead.scaling;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Runs a program to its end and hears what it says. */
final class Command {
  private static final int MOST_OUTPUT = 1024 * 1024;
  private static final int MOST_WORDS = 300;

  private Command() {}

  /**
   * The lines of its standard output.
   *
   * @param environment beside ours
   * @throws IOException if it cannot be run, takes too long or does not end with 0, in words; it
   *     has ended then, with all its descendants
   */
  static List<String> run(
      List<String> command, Path directory, Map<String, String> environment, Duration timeout)
      throws IOException {
    Path output = Files.createTempFile("fairlead-", ".out");
    Path errors = Files.createTempFile("fairlead-", ".err");
    try {
      ProcessBuilder builder =
          new ProcessBuilder(command)
              .directory(directory.toAbsolutePath().toFile())
              .redirectInput(new File("/dev/null"))
              .redirectOutput(output.toFile())
              .redirectError(errors.toFile());
      builder.environment().putAll(environment);
      Process process = builder.start();
      try {
        if (!process.waitFor(timeout.toMillis(), TimeUnit.MILLISECONDS)) {
          throw new IOException(
              command.getFirst() + " took longer than " + timeout.toSeconds() + " s");
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IOException(command.getFirst() + " was interrupted", e);
      } finally {
        process.descendants().toList().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
      }
      if (process.exitValue() != 0) {
        throw new IOException(
            command.getFirst() + " ended with " + process.exitValue() + lastLine(errors));
      }
      return text(output).lines().map(String::strip).filter(line -> !line.isEmpty()).toList();
    } finally {
      Files.deleteIfExists(output);
      Files.deleteIfExists(errors);
    }
  }

  private static String text(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] bytes = in.readNBytes(MOST_OUTPUT);
      return new String(bytes, StandardCharsets.UTF_8);
    }
  }

  private static String lastLine(Path file) throws IOException {
    List<String> lines = text(file).strip().lines().toList();
    if (lines.isEmpty()) {
      return "";
    }
    String line = lines.getLast().replaceAll("\\p{Cntrl}", " ");
    return ": " + line.substring(0, Math.min(line.length(), MOST_WORDS));
  }
}
