package io.fairlead.replication.backup;

import io.fairlead.replication.ServerPrograms;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * A program of a database server that runs for long, or says much. The kernel ends it with us: it
 * has to be started by a platform thread that lives longer than it.
 */
final class Child {
  private static final int LINES = 12;
  private static final int MOST_CHARACTERS = 400;

  private final String program;
  private final Process process;
  private final ArrayDeque<String> words = new ArrayDeque<>();
  private final Thread errors;
  private final Thread output;

  private Child(
      String program, Process process, Consumer<String> onOutput, Consumer<String> onError) {
    this.program = program;
    this.process = process;
    this.errors =
        Thread.ofVirtual()
            .start(() ->
                read(
                    process.getErrorStream(),
                    line -> {
                      remember(line);
                      onError.accept(line);
                    }));
    this.output = Thread.ofVirtual().start(() -> read(process.getInputStream(), onOutput));
  }

  static Child start(
      ServerPrograms programs,
      String program,
      List<String> arguments,
      Map<String, String> environment,
      Consumer<String> onOutput,
      Consumer<String> onError)
      throws IOException {
    Process process =
        ServerPrograms.builder(programs.mortalCommand(program, arguments), environment)
            .redirectOutput(Redirect.PIPE)
            .redirectError(Redirect.PIPE)
            .start();
    return new Child(program, process, onOutput, onError);
  }

  private static void read(InputStream from, Consumer<String> to) {
    try (BufferedReader lines =
        new BufferedReader(new InputStreamReader(from, StandardCharsets.UTF_8))) {
      lines.lines().forEach(to);
    } catch (IOException | UncheckedIOException _) {
      // It has ended.
    }
  }

  private void remember(String line) {
    String text = line.strip().replaceAll("\\p{Cntrl}", " ");
    if (!text.isEmpty()) {
      synchronized (words) {
        if (words.size() == LINES) {
          words.removeFirst();
        }
        words.addLast(text);
      }
    }
  }

  boolean isAlive() {
    return process.isAlive();
  }

  long pid() {
    return process.pid();
  }

  /** Waits for its end, at most so long. */
  boolean await(long millis) throws InterruptedException {
    return process.waitFor(millis, TimeUnit.MILLISECONDS);
  }

  /** The result, when it has ended and all it said has been heard. */
  int result() throws InterruptedException {
    int result = process.waitFor();
    errors.join(5_000);
    output.join(5_000);
    return result;
  }

  /** Tells it to end, and makes it. */
  void stop() {
    process.destroy();
    boolean interrupted = false;
    try {
      if (!process.waitFor(5, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException _) {
      interrupted = true;
      process.destroyForcibly();
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** Ends it at once; whether it has ended. */
  boolean kill() {
    process.destroyForcibly();
    try {
      return process.waitFor(5, TimeUnit.SECONDS);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      return !process.isAlive();
    }
  }

  /** What it complained of, in one line. */
  String lastWords() {
    String last = "";
    synchronized (words) {
      for (String line : words) {
        if (last.isEmpty() || isComplaint(line) || !isComplaint(last)) {
          last = line;
        }
      }
    }
    String text = last.isEmpty() ? program + " ended without a word" : last;
    return text.substring(0, Math.min(text.length(), MOST_CHARACTERS));
  }

  /** What went wrong first: that it ended is no reason. */
  String cause() {
    for (String word : words()) {
      if (word.contains("error:") && !word.endsWith("disconnected")) {
        return word.replaceFirst(".*error: ", "");
      }
    }
    return lastWords();
  }

  /** All of what it said last. */
  List<String> words() {
    synchronized (words) {
      return List.copyOf(words);
    }
  }

  private static boolean isComplaint(String line) {
    return line.contains("error:") || line.contains("fatal:") || line.contains("FATAL");
  }
}
