package io.fairlead.record.sql;

import io.fairlead.record.sql.QueryOutcome.TooMuch;
import io.fairlead.record.sql.QueryOutcome.Unavailable;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The process of the engine as we see it: asked one question at a time, watched meanwhile, killed
 * when it takes too long or too much memory. Used by one thread at a time; {@link #kill} by any.
 */
final class QueryChild {
  /** How often its memory is looked at while it works. */
  private static final long LOOK_MILLIS = 50;

  private static final int KEPT_COMPLAINTS = 2048;
  private static final Path NICE = Path.of("/usr/bin/nice");

  private final Process process;
  private final SqlLimits limits;
  private final DataOutputStream out;

  /** What it says, in turn; a reply without id and outcome: it says nothing more. */
  private final BlockingQueue<Wire.Reply> replies = new LinkedBlockingQueue<>();

  /** The last of what it says besides; the thread that listens replaces it. */
  private volatile String complaints = "";

  private int lastId;

  private QueryChild(Process process, SqlLimits limits) {
    this.process = process;
    this.limits = limits;
    this.out = new DataOutputStream(new BufferedOutputStream(process.getOutputStream()));
  }

  /**
   * Starts one and waits until it is ready.
   *
   * @throws IOException with the reason for people, if it does not become so
   */
  static QueryChild start(Path records, SqlLimits limits, String classPath)
      throws IOException, InterruptedException {
    ProcessBuilder builder = new ProcessBuilder(command(records, limits, classPath));
    // No secret of ours is in its environment; two arenas, or every thread holds on to memory.
    builder.environment().clear();
    builder.environment().put("LANG", "C.UTF-8");
    builder.environment().put("MALLOC_ARENA_MAX", "2");
    QueryChild child = new QueryChild(builder.start(), limits);
    Thread.ofPlatform().daemon().name("sql replies").start(child::read);
    Thread.ofVirtual().name("sql complaints").start(child::listen);
    child.awaitReady();
    return child;
  }

  private static List<String> command(Path records, SqlLimits limits, String classPath) {
    List<String> command = new ArrayList<>();
    if (Files.isExecutable(NICE)) {
      command.addAll(List.of(NICE.toString(), "-n", "10"));
    }
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of(
            "-Xms8m",
            "-Xmx160m", // the driver makes strings of 2048 rows at once
            "-XX:MaxDirectMemorySize=64m",
            "-XX:ReservedCodeCacheSize=24m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-XX:-UsePerfData",
            "-XX:+DisplayVMOutputToStderr",
            "-XX:-CreateCoredumpOnCrash",
            "-XX:+SuppressFatalErrorMessage",
            "--enable-native-access=ALL-UNNAMED",
            "-Duser.timezone=UTC",
            "-cp",
            classPath,
            QueryMain.class.getName(),
            records.toString(),
            Integer.toString(limits.engineMiB()),
            Integer.toString(limits.threads()),
            Integer.toString(limits.answerBytes()),
            Long.toString(limits.idle().toMillis())));
    return command;
  }

  private void awaitReady() throws IOException, InterruptedException {
    try {
      Wire.Reply first = replies.poll(limits.start().toMillis(), TimeUnit.MILLISECONDS);
      if (first == null) {
        throw new IOException("it was not ready after " + limits.start().toSeconds() + " s");
      }
      if (first.outcome() instanceof Unavailable(String why)) {
        throw new IOException(why);
      }
      if (first.id() < 0) {
        throw new IOException(ending());
      }
    } catch (IOException | InterruptedException e) {
      kill();
      throw e;
    }
  }

  /**
   * Asks and waits.
   *
   * @return null if it had ended before it heard the question, as it does when nobody asks
   * @throws InterruptedException if we are told to end; the process is then killed
   */
  @Nullable QueryOutcome ask(String sql, int rows) throws InterruptedException {
    int id = ++lastId;
    try {
      Wire.ask(out, id, rows, sql);
    } catch (IOException _) {
      return goneBefore(); // it may have ended between two questions, or while we spoke
    }
    try {
      return await(id);
    } catch (InterruptedException e) {
      kill();
      throw e;
    }
  }

  private @Nullable QueryOutcome await(int id) throws InterruptedException {
    long deadline = System.nanoTime() + limits.timeout().toNanos();
    boolean cancelled = false;
    while (true) {
      Wire.Reply reply = replies.poll(LOOK_MILLIS, TimeUnit.MILLISECONDS);
      if (reply != null && reply.id() < 0) {
        return process.waitFor() == 0
            ? null
            : new Unavailable("The SQL process ended: " + ending());
      }
      if (reply != null && reply.id() == id && reply.outcome() != null) {
        return cancelled && reply.outcome() instanceof TooMuch ? tooLong() : reply.outcome();
      }
      long resident = residentMiB();
      if (resident > limits.processMiB()) {
        kill();
        return new TooMuch(
            "The question took more than "
                + limits.processMiB()
                + " MiB, beyond what the engine counts, and was ended with its process.");
      }
      long now = System.nanoTime();
      if (now - deadline > 0 && !cancelled) {
        cancelled = true;
        cancel(id);
      }
      if (now - deadline > limits.grace().toNanos()) {
        kill();
        return tooLong();
      }
    }
  }

  private TooMuch tooLong() {
    return new TooMuch(
        "The question took longer than "
            + seconds(limits.timeout())
            + " s and was ended. Ask for a shorter time, or for less of it.");
  }

  static String seconds(Duration duration) {
    return duration.toMillis() % 1000 == 0
        ? Long.toString(duration.toSeconds())
        : Double.toString(duration.toMillis() / 1000.0);
  }

  private void cancel(int id) {
    try {
      Wire.cancel(out, id);
    } catch (IOException _) {
      // Its end will be heard.
    }
  }

  private @Nullable QueryOutcome goneBefore() throws InterruptedException {
    kill();
    return process.waitFor() == 0 ? null : new Unavailable("The SQL process ended: " + ending());
  }

  private String ending() throws InterruptedException {
    int code = process.waitFor();
    String said = complaints.strip();
    int line = said.lastIndexOf('\n');
    return (code > 128 ? "killed by signal " + (code - 128) : "exit code " + code)
        + (said.isEmpty() ? "" : ", after saying: " + said.substring(line + 1));
  }

  /** What it holds of the machine's memory; 0 where the system does not tell. */
  private long residentMiB() {
    try {
      for (String line : Files.readAllLines(Path.of("/proc/" + process.pid() + "/status"))) {
        if (line.startsWith("VmRSS:")) {
          return Long.parseLong(line.replaceAll("[^0-9]", "")) / 1024;
        }
      }
    } catch (IOException _) {
      // It has ended, or is no Linux.
    }
    return 0;
  }

  boolean isAlive() {
    return process.isAlive();
  }

  long pid() {
    return process.pid();
  }

  /** Ends it and waits until it is gone: there are never two. */
  void kill() {
    process.destroyForcibly();
    try {
      process.waitFor();
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  private void read() {
    try (DataInputStream in =
        new DataInputStream(new BufferedInputStream(process.getInputStream()))) {
      while (true) {
        replies.add(Wire.readReply(in, limits.answerBytes()));
      }
    } catch (IOException _) {
      process.destroyForcibly(); // it has ended, or says what nobody understands
    } finally {
      replies.add(new Wire.Reply(-1, null));
    }
  }

  private void listen() {
    try (InputStream in = process.getErrorStream()) {
      byte[] bytes = new byte[1024];
      for (int n = in.read(bytes); n >= 0; n = in.read(bytes)) {
        String all = complaints + new String(bytes, 0, n, StandardCharsets.UTF_8);
        complaints = all.substring(Math.max(0, all.length() - KEPT_COMPLAINTS));
      }
    } catch (IOException _) {
      // It has ended.
    }
  }
}
