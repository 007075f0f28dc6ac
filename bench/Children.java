import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * The processes started by this run. Each is ended by its own id, with its descendants: when it is
 * no longer needed, and in any case when the driver ends (Ctrl-C included).
 */
final class Children {
  private static final long GRACE_MILLIS = 3_000;

  private final List<Process> running = new ArrayList<>();
  private boolean closed;

  Children() {
    Runtime.getRuntime().addShutdownHook(new Thread(this::end, "stop children"));
  }

  /** Starts a command on one core; what it prints goes to the file. */
  Process start(int core, List<String> command, Path output) throws IOException {
    return start(core, command, output.toFile(), output.toFile());
  }

  Process start(int core, List<String> command, File out, File err) throws IOException {
    return begin(Machine.pinned(core, command), out, err);
  }

  /** Starts a command on any core, with the priority of others. */
  Process start(List<String> command, Path output) throws IOException {
    return begin(command, output.toFile(), output.toFile());
  }

  private synchronized Process begin(List<String> command, File out, File err) throws IOException {
    if (closed) {
      throw new IOException("the run is ending");
    }
    ProcessBuilder builder = new ProcessBuilder(command).redirectOutput(out).redirectError(err);
    Process process = builder.start();
    process.getOutputStream().close();
    running.add(process);
    return process;
  }

  /** Waits for the end of a process, and ends it when that takes longer than the bound. */
  boolean await(Process process, long seconds) throws InterruptedException {
    boolean ended = process.waitFor(seconds, TimeUnit.SECONDS);
    stop(process);
    return ended;
  }

  /** Ends a process and its descendants: asked first, then by force. */
  void stop(Process process) {
    List<ProcessHandle> tree = tree(process);
    tree.forEach(ProcessHandle::destroy);
    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(GRACE_MILLIS);
    for (ProcessHandle handle : tree) {
      awaitEnd(handle, deadline);
      if (handle.isAlive()) {
        handle.destroyForcibly();
      }
    }
    synchronized (this) {
      running.remove(process);
    }
  }

  private static void awaitEnd(ProcessHandle handle, long deadline) {
    try {
      handle.onExit().get(Math.max(1, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
    } catch (Exception _) {
      // Still alive, or we were interrupted: the caller goes on to force.
    }
  }

  private static List<ProcessHandle> tree(Process process) {
    List<ProcessHandle> tree = new ArrayList<>();
    tree.add(process.toHandle());
    try (Stream<ProcessHandle> below = process.descendants()) {
      below.sorted(Comparator.comparingLong(ProcessHandle::pid)).forEach(tree::add);
    }
    return tree;
  }

  /** Ends all that run now. */
  void stopAll() {
    List<Process> left;
    synchronized (this) {
      left = List.copyOf(running);
    }
    left.forEach(process -> tree(process).forEach(ProcessHandle::destroy));
    left.forEach(this::stop);
  }

  private void end() {
    synchronized (this) {
      closed = true;
    }
    stopAll();
  }
}
