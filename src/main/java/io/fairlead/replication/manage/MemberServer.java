package io.fairlead.replication.manage;

import io.fairlead.replication.ServerPrograms;
import java.io.File;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
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

  private static final long NAP_NANOS = 3_000_000;
  private static final long BURY_NAP_NANOS = 1_000_000;
  private static final Duration BEGIN = Duration.ofSeconds(20);

  /** So long the shell may take to bury a server that has ended. */
  private static final Duration BURIAL = Duration.ofSeconds(2);

  private static final int MOST_TITLES = 8;

  /** What must be in the environment of all that a server has started, so that it is found. */
  private static final String MARK = "FAIRLEAD_SERVER";

  /**
   * What is run, and where.
   *
   * @param program by its name, which is that of the process, too
   * @param data where it works
   * @param line a pipe that somebody of us holds open as long as the server is to live
   * @param log where it says what it has to say
   * @param pid a file whose first line is its number
   * @param stop the signal by which it ends in order
   * @param variables what it is told beside by its environment
   */
  record Place(
      String program,
      Path data,
      Path line,
      Path log,
      Path pid,
      ProcessEntry.Signal stop,
      Map<String, String> variables) {
    /** What programs are told that work on that data, so that they are found. */
    Map<String, String> environment() {
      Map<String, String> all = new HashMap<>(variables);
      all.put(MARK, data.toString());
      return all;
    }
  }

  /**
   * Lines of servers that are left to whoever comes next in this process, by where they are. Nobody
   * else refers to them until then: a garbage collection would close them, and end the servers.
   */
  private static final Map<Path, RandomAccessFile> LEFT = new ConcurrentHashMap<>();

  private final ServerPrograms programs;
  private final Place place;
  private @Nullable RandomAccessFile line;
  private @Nullable ProcessEntry guard;
  private volatile @Nullable ProcessEntry server;

  MemberServer(ServerPrograms programs, Place place) {
    this.programs = programs;
    this.place = place;
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
    Path file = place.pid();
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
        || !found.name().equals(place.program())
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
    String real = place.data().toRealPath().toString();
    String works = found.folder();
    ProcessEntry parent = ProcessEntry.find(found.parent());
    return works.isEmpty()
        ? parent != null
            && parent.name().equals("sh")
            && lines.size() > 1
            && lines.get(1).equals(place.data().toString())
        : works.equals(real);
  }

  /**
   * Starts it.
   *
   * @param arguments of the program
   */
  void start(List<String> arguments) throws IOException {
    hold();
    List<String> command = new ArrayList<>(List.of("setsid"));
    List<String> guarded =
        new ArrayList<>(
            List.of(
                "sh",
                "-c",
                GUARD,
                "fairlead-guard",
                place.line().toString(),
                programs.program(place.program()).toString()));
    guarded.addAll(arguments);
    command.addAll(programs.asUser(guarded));
    Process started =
        ServerPrograms.builder(command, place.environment())
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(place.log().toFile()))
            .start();
    ProcessEntry own = ProcessEntry.find(started.pid());
    guard = own;
    long end = System.nanoTime() + BEGIN.toNanos();
    while (own != null && System.nanoTime() < end) {
      if (!own.isAlive()) {
        throw new IOException("cannot be started; its log is " + place.log());
      }
      for (ProcessEntry between : own.children()) {
        for (ProcessEntry child : between.children()) {
          if (child.name().equals(place.program())) {
            server = child;
            return;
          }
        }
      }
      LockSupport.parkNanos(NAP_NANOS);
    }
    started.destroyForcibly();
    throw new IOException("cannot be started; its log is " + place.log());
  }

  private void hold() throws IOException {
    if (line == null) {
      Path pipe = place.line();
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
    close(LEFT.remove(place.line()));
  }

  private static void close(@Nullable RandomAccessFile held) throws IOException {
    if (held != null) {
      held.close();
    }
  }

  /** Ends it in order: clients are turned away, replicas get all there is. */
  boolean stop(Duration patience) {
    ProcessEntry known = server;
    if (known == null || !known.isAlive()) {
      return true;
    }
    boolean _ = known.tell(place.stop());
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
  void reload() {
    ProcessEntry known = server;
    if (known != null) {
      boolean _ = known.tell(ProcessEntry.Signal.HANGUP);
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
   * Ends what a server that is no more has started and left: it may be at work on the data, or have
   * a port that is needed.
   */
  void endRemains() {
    String mark = MARK + "=" + place.data();
    end(one -> one.environment().contains(mark));
  }

  /**
   * Ends also what is left of the server itself, if that is of several processes: one that hangs,
   * or waits for a lock that nobody holds any more, has not noticed that the first is gone, and as
   * long as it is there no server starts on that data.
   */
  void endOrphans() {
    endRemains();
    long first = written();
    end(one ->
        one.name().equals(place.program())
            && one.pid() != first // somebody else's, which he has started on the data
            && isData(one.folder())
            && !isOfServer(one));
  }

  private static void end(Predicate<ProcessEntry> which) {
    List<ProcessEntry> left =
        ProcessEntry.all().stream().filter(one -> !one.ended() && which.test(one)).toList();
    left.forEach(ProcessEntry::kill);
    long end = System.nanoTime() + BURIAL.toNanos();
    while (left.stream().anyMatch(ProcessEntry::isAlive) && System.nanoTime() < end) {
      LockSupport.parkNanos(BURY_NAP_NANOS);
    }
  }

  private boolean isOfServer(ProcessEntry one) {
    ProcessEntry parent = ProcessEntry.find(one.parent());
    return parent != null && parent.name().equals(place.program());
  }

  /** Whom the data is said to belong to at this moment; negative: one without clients. */
  private long written() {
    try {
      return Math.abs(Long.parseLong(Files.readAllLines(place.pid()).getFirst().strip()));
    } catch (IOException | RuntimeException _) {
      return 0; // nobody has written that, or not all of it yet
    }
  }

  /** Or data that was there, as the kernel calls what is no more. */
  private boolean isData(String works) {
    String data;
    try {
      data = place.data().toRealPath().toString();
    } catch (IOException _) {
      data = place.data().toString();
    }
    return works.equals(data) || works.equals(data + " (deleted)");
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
    close(held);
  }

  /** The server goes on, for whoever adopts it, here or in another process. */
  void leave() throws IOException {
    RandomAccessFile held = line;
    line = null;
    if (held != null) {
      leave(place.line(), held);
    }
  }

  /** The same of a line that was held before it was known whether its server runs. */
  static void leave(Path pipe, RandomAccessFile held) throws IOException {
    close(LEFT.put(pipe, held));
  }
}
