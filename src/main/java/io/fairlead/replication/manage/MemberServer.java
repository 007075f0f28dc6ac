package io.fairlead.replication.manage;

import io.fairlead.replication.PostgresPrograms;
import java.io.File;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The server of a member as processes of this machine.
 *
 * <p>It must not outlive us, however we end: nobody would fence it. Two things of the kernel see to
 * that. A guard reads from a pipe that we hold open, and ends when nobody holds it any more; the
 * server is killed when the guard ends [1]. A process that takes over from us holds the same pipe
 * before we let go of it, so that the server goes on. So it is: a server lives as long as one
 * process of Fairlead does that holds its line.
 *
 * <p>[1] prctl(2), PR_SET_PDEATHSIG.
 */
final class MemberServer {
  /**
   * Between the two stands a shell that waits for the server, so that of one that has ended nothing
   * is left: a server that is started finds the number of the last one and looks whether it exists,
   * and what nobody has buried does.
   */
  private static final String GUARD =
      "exec 3<\"$1\"; shift; setpriv --pdeathsig KILL -- sh -c"
          + " 'setpriv --pdeathsig KILL -- \"$@\" & wait' sh \"$@\" 3<&- & exec cat <&3 >/dev/null";

  private static final long NAP_NANOS = 10_000_000;
  private static final long BURY_NAP_NANOS = 1_000_000;
  private static final Duration BEGIN = Duration.ofSeconds(20);

  /** So long the shell may take to bury a server that has ended. */
  private static final Duration BURIAL = Duration.ofSeconds(2);

  private static final int MOST_TITLES = 8;

  private final PostgresPrograms programs;
  private final MemberFolder folder;
  private @Nullable RandomAccessFile line;
  private @Nullable ProcessEntry guard;
  private volatile @Nullable ProcessEntry server;

  MemberServer(PostgresPrograms programs, MemberFolder folder) {
    this.programs = programs;
    this.folder = folder;
  }

  boolean isAlive() {
    ProcessEntry known = server;
    return known != null && known.isAlive();
  }

  /** 0: none runs. */
  long pid() {
    ProcessEntry known = server;
    return known == null || !known.isAlive() ? 0 : known.pid();
  }

  /** Takes over a server that runs already, from a process before this one. */
  boolean adopt() throws IOException {
    Path file = folder.data().resolve("postmaster.pid");
    if (!Files.exists(file)) {
      return false;
    }
    List<String> lines = Files.readAllLines(file);
    ProcessEntry found;
    try {
      found = lines.isEmpty() ? null : ProcessEntry.find(Long.parseLong(lines.getFirst().strip()));
    } catch (NumberFormatException _) {
      return false;
    }
    if (found == null
        || found.ended()
        || !found.name().equals("postgres")
        || !isOurs(found, lines)) {
      return false;
    }
    hold();
    ProcessEntry between = ProcessEntry.find(found.parent());
    guard = between == null ? null : ProcessEntry.find(between.parent());
    server = found;
    return true;
  }

  /** By where it works; where that is not for us to see, by its guard and what it wrote itself. */
  private boolean isOurs(ProcessEntry found, List<String> lines) throws IOException {
    String real = folder.data().toRealPath().toString();
    String works = found.folder();
    ProcessEntry parent = ProcessEntry.find(found.parent());
    return works.isEmpty()
        ? parent != null
            && parent.name().equals("sh")
            && lines.size() > 1
            && lines.get(1).equals(folder.data().toString())
        : works.equals(real);
  }

  void start() throws IOException {
    hold();
    List<String> command = new ArrayList<>(List.of("setsid"));
    command.addAll(
        programs.asUser(
            List.of(
                "sh",
                "-c",
                GUARD,
                "fairlead-guard",
                folder.line().toString(),
                programs.program("postgres").toString(),
                "-D",
                folder.data().toString())));
    Process started =
        PostgresPrograms.builder(command, Map.of())
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(folder.log().toFile()))
            .start();
    ProcessEntry own = ProcessEntry.find(started.pid());
    guard = own;
    long end = System.nanoTime() + BEGIN.toNanos();
    while (own != null && System.nanoTime() < end) {
      if (!own.isAlive()) {
        throw new IOException("cannot be started; its log is " + folder.log());
      }
      for (ProcessEntry between : own.children()) {
        for (ProcessEntry child : between.children()) {
          if (child.name().equals("postgres")) {
            server = child;
            return;
          }
        }
      }
      LockSupport.parkNanos(NAP_NANOS);
    }
    started.destroyForcibly();
    throw new IOException("cannot be started; its log is " + folder.log());
  }

  private void hold() throws IOException {
    if (line == null) {
      Path pipe = folder.line();
      if (!Files.exists(pipe)) {
        Process made =
            new ProcessBuilder("mkfifo", "-m", "600", pipe.toString())
                .redirectErrorStream(true)
                .redirectOutput(new File("/dev/null"))
                .start();
        try {
          if (!made.waitFor(10, TimeUnit.SECONDS) || made.exitValue() != 0) {
            throw new IOException("cannot make the pipe " + pipe);
          }
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
          throw new IOException("interrupted", e);
        }
        programs.give(pipe);
      }
      line = new RandomAccessFile(pipe.toFile(), "rw"); // both, so that it waits for nobody
    }
  }

  /** Ends it in order: clients are turned away, replicas get all there is. */
  boolean stop(Duration patience) {
    ProcessEntry known = server;
    if (known == null || !known.isAlive()) {
      return true;
    }
    try {
      new ProcessBuilder("/bin/sh", "-c", "kill -INT " + known.pid()).start().waitFor();
    } catch (IOException e) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
    long end = System.nanoTime() + patience.toNanos();
    while (known.isAlive()) {
      if (System.nanoTime() > end) {
        return false;
      }
      LockSupport.parkNanos(NAP_NANOS);
    }
    buryGuard();
    return true;
  }

  /** Has it read its settings again. */
  void reload() throws IOException {
    ProcessEntry known = server;
    if (known != null && known.isAlive()) {
      Process _ = new ProcessBuilder("/bin/sh", "-c", "kill -HUP " + known.pid()).start();
    }
  }

  /** Which of its processes there are, as they call themselves: what an end waits for. */
  String processes() {
    ProcessEntry known = server;
    if (known == null) {
      return "";
    }
    return known.children().stream()
        .map(ProcessEntry::title)
        .filter(title -> !title.isEmpty())
        .limit(MOST_TITLES)
        .collect(Collectors.joining(", "));
  }

  /**
   * Ends it at once, also one that is frozen, with all its processes.
   *
   * @return false if it is still there: the kernel does not let go of it
   */
  boolean kill() {
    ProcessEntry known = server;
    boolean ended = true;
    if (known != null) {
      List<ProcessEntry> all = known.isAlive() ? known.children() : List.of();
      known.kill();
      all.forEach(ProcessEntry::kill);
      long end = System.nanoTime() + BEGIN.toNanos();
      while (known.isAlive() && System.nanoTime() < end) {
        LockSupport.parkNanos(NAP_NANOS);
      }
      ended = !known.isAlive();
    }
    buryGuard();
    return ended;
  }

  /**
   * It has nothing to guard any more. It takes the shell with it, which has to have buried the
   * server before: what is left to the first process of a machine, or of a container, may be there
   * for ever, and as long as it is nothing starts on that data.
   */
  void buryGuard() {
    ProcessEntry ended = server;
    long end = System.nanoTime() + BURIAL.toNanos();
    while (ended != null && ended.isThere() && !ended.isAlive() && System.nanoTime() < end) {
      LockSupport.parkNanos(BURY_NAP_NANOS);
    }
    ProcessEntry known = guard;
    if (known != null && known.name().equals("cat")) {
      known.kill();
    }
    guard = null;
    server = null;
  }

  /** Lets go of the line: the server ends unless somebody else holds it. */
  void release() throws IOException {
    RandomAccessFile held = line;
    line = null;
    if (held != null) {
      held.close();
    }
  }
}
