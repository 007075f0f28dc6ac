import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * What a process and all its descendants have used so far, read from /proc.
 *
 * <p>{@code /proc/PID/stat} counts all threads, those that ended included, but in clock ticks;
 * {@code /proc/PID/task/TID/schedstat} counts nanoseconds, but only of threads that still live. The
 * total between two readings is taken from schedstat and checked against stat. The split into user
 * and system is stat's: the kernel samples it at its tick, so over a second or more it is good to a
 * few per cent, and the total is better than the split.
 *
 * @param threadNanos processor time of each living thread
 * @param waitNanos time in which living threads could run and had no core
 * @param userTicks processor time in user mode, in clock ticks of 10 ms
 * @param systemTicks processor time in the kernel, in clock ticks of 10 ms
 * @param coreBusyTicks time in which the proxies' core was not idle, whoever used it
 */
record Usage(
    Map<Long, Long> threadNanos,
    long waitNanos,
    long userTicks,
    long systemTicks,
    long coreBusyTicks) {

  private static final double NANOS_PER_TICK = 10_000_000.0; // USER_HZ is 100 on Linux

  /**
   * What was used between two readings.
   *
   * @param totalNanos processor time
   * @param systemShare part of it spent in the kernel, 0 to 1
   * @param coreBusyNanos time in which the proxies' core was not idle
   * @param waitNanos time in which threads could run and had no core
   */
  record Delta(double totalNanos, double systemShare, double coreBusyNanos, double waitNanos) {}

  static Usage of(long rootPid) {
    Map<Long, Long> threads = new HashMap<>();
    long waited = 0;
    long user = 0;
    long system = 0;
    for (long pid : tree(rootPid)) {
      String[] stat = statFields(pid);
      if (stat.length > 12) {
        user += Long.parseLong(stat[11]);
        system += Long.parseLong(stat[12]);
      }
      for (long tid : numbers(Path.of("/proc/" + pid + "/task"))) {
        String line = Machine.read(Path.of("/proc/" + pid + "/task/" + tid + "/schedstat"));
        if (!line.isBlank()) {
          String[] fields = line.trim().split(" ");
          threads.put(tid, Long.parseLong(fields[0]));
          waited += Long.parseLong(fields[1]);
        }
      }
    }
    return new Usage(threads, waited, user, system, coreBusyTicks(Machine.PROXY_CORE));
  }

  Delta since(Usage before) {
    double nanos = 0;
    for (Map.Entry<Long, Long> thread : threadNanos.entrySet()) {
      nanos += thread.getValue() - before.threadNanos.getOrDefault(thread.getKey(), 0L);
    }
    double user = userTicks - before.userTicks;
    double system = systemTicks - before.systemTicks;
    double byTicks = (user + system) * NANOS_PER_TICK;
    // A thread that ended in between (a JIT compiler thread, say) took its schedstat with it.
    double total = nanos < byTicks - 4 * NANOS_PER_TICK ? byTicks : nanos;
    double share = user + system == 0 ? 0 : system / (user + system);
    return new Delta(
        total,
        share,
        (coreBusyTicks - before.coreBusyTicks) * NANOS_PER_TICK,
        Math.max(0, waitNanos - before.waitNanos));
  }

  /** Resident memory of the process and its descendants, in bytes. */
  static long residentBytes(long rootPid) {
    long kib = 0;
    for (long pid : tree(rootPid)) {
      kib += Machine.kib(Machine.lineValue("/proc/" + pid + "/status", "VmRSS"));
    }
    return kib * 1024;
  }

  /** Open files of the process of the tree that has the most. */
  static int openFiles(long rootPid) {
    int most = 0;
    for (long pid : tree(rootPid)) {
      most = Math.max(most, numbers(Path.of("/proc/" + pid + "/fd")).size());
    }
    return most;
  }

  /** A process and its descendants, the ids in ascending order. */
  static Set<Long> tree(long rootPid) {
    Map<Long, List<Long>> children = new HashMap<>();
    for (long pid : numbers(Path.of("/proc"))) {
      String[] stat = statFields(pid);
      if (stat.length > 1) {
        children.computeIfAbsent(Long.parseLong(stat[1]), _ -> new ArrayList<>()).add(pid);
      }
    }
    Set<Long> tree = new TreeSet<>();
    List<Long> open = new ArrayList<>(List.of(rootPid));
    while (!open.isEmpty()) {
      long pid = open.removeLast();
      if (tree.add(pid)) {
        open.addAll(children.getOrDefault(pid, List.of()));
      }
    }
    return tree;
  }

  /** The fields of /proc/PID/stat after the name: state, parent, …, utime at 11, stime at 12. */
  private static String[] statFields(long pid) {
    String stat = Machine.read(Path.of("/proc/" + pid + "/stat"));
    int name = stat.lastIndexOf(')');
    return name < 0 ? new String[0] : stat.substring(name + 2).split(" ");
  }

  private static long coreBusyTicks(int core) {
    for (String line : Machine.read(Path.of("/proc/stat")).lines().toList()) {
      if (line.startsWith("cpu" + core + " ")) {
        String[] fields = line.split(" +");
        long busy = 0;
        for (int i = 1; i <= 7; i++) {
          busy += i == 4 || i == 5 ? 0 : Long.parseLong(fields[i]); // neither idle nor iowait
        }
        return busy;
      }
    }
    return 0;
  }

  private static List<Long> numbers(Path directory) {
    List<Long> numbers = new ArrayList<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory, "[0-9]*")) {
      for (Path entry : entries) {
        numbers.add(Long.parseLong(entry.getFileName().toString()));
      }
    } catch (IOException | java.nio.file.DirectoryIteratorException _) {
      // The process ended while we looked.
    }
    return numbers;
  }
}
