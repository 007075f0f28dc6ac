package io.fairlead;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Programs of this machine as peers: curl, openssl. */
public final class Tool {
  private static final int PATIENCE_SECONDS = 60;

  private Tool() {}

  /**
   * What a program said.
   *
   * @param status it ended with
   * @param output of both kinds
   */
  public record Said(int status, String output) {}

  /** Runs it to its end. */
  public static Said run(String input, String... command) throws IOException, InterruptedException {
    return run(input, List.of(command));
  }

  public static Said run(String input, List<String> command)
      throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    try (OutputStream to = process.getOutputStream()) {
      to.write(input.getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      // It did not want to hear that much.
    }
    String output;
    try (InputStream from = process.getInputStream()) {
      Thread watch =
          Thread.ofVirtual()
              .start(() -> {
                try {
                  if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                    process.destroyForcibly();
                  }
                } catch (InterruptedException e) {
                  // It has ended.
                }
              });
      output = new String(from.readAllBytes(), StandardCharsets.UTF_8);
      watch.interrupt();
    }
    if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
      process.destroyForcibly();
      throw new AssertionError(command + " does not end: " + output);
    }
    return new Said(process.exitValue(), output);
  }
}
