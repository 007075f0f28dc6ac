import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/** Instructions and system calls per request, where the kernel and the tools at hand offer them. */
final class KernelCounters {
  /** May be set to another event in order to try this class where instructions are not offered. */
  private static final String EVENT =
      System.getenv().getOrDefault("BENCH_PERF_EVENT", "instructions");

  private final Children children;
  private final Load load;
  private final Path work;
  private final boolean instructions;
  private final boolean strace;

  KernelCounters(Children children, Load load, Path work) {
    this.children = children;
    this.load = load;
    this.work = work;
    Machine.Output perf = Machine.output("perf", "stat", "-x,", "-e", EVENT, "true");
    instructions = perf.ok() && !perf.text().contains("<not");
    strace = Machine.output("strace", "-c", "true").ok();
  }

  boolean offersInstructions() {
    return instructions;
  }

  boolean offersSystemCalls() {
    return strace;
  }

  static String event() {
    return EVENT;
  }

  /** Instructions per request over one second of the row's load; NaN when it could not be had. */
  double instructionsPerRequest(Row row, Peer peer, long pid)
      throws IOException, InterruptedException {
    Path output = work.resolve("perf.out");
    Files.deleteIfExists(output);
    String pids = Usage.tree(pid).stream().map(String::valueOf).collect(Collectors.joining(","));
    List<String> command =
        List.of("perf", "stat", "-x,", "-e", EVENT, "-o", output.toString(), "-p", pids);
    double count = Double.NaN;
    Load.Result counted = counted(row, peer, command);
    for (String line : Machine.read(output).lines().toList()) {
      if (line.contains("," + EVENT)) {
        String value = line.substring(0, line.indexOf(','));
        count = value.matches("[0-9.]+") ? Double.parseDouble(value) : Double.NaN;
      }
    }
    return counted.problem().isEmpty() ? count / counted.units() : Double.NaN;
  }

  /**
   * System calls per request over one second of the row's load; NaN when it could not be had. The
   * tracer makes each call slow, so that more events are waiting at each poll than usual: a lower
   * bound for polls, exact for reads and writes.
   */
  double systemCallsPerRequest(Row row, Peer peer, long pid)
      throws IOException, InterruptedException {
    Path output = work.resolve("strace.out");
    Files.deleteIfExists(output);
    List<String> command = new ArrayList<>(List.of("strace", "-c", "-f", "-o", output.toString()));
    Usage.tree(pid).forEach(process -> command.addAll(List.of("-p", Long.toString(process))));
    double count = Double.NaN;
    Load.Result counted = counted(row, peer, command);
    for (String line : Machine.read(output).lines().toList()) {
      if (line.endsWith(" total")) {
        count = Double.parseDouble(line.strip().split(" +")[3]);
      }
    }
    return counted.problem().isEmpty() ? count / counted.units() : Double.NaN;
  }

  /** Runs one second of load with a counting tool attached, which SIGINT makes print its counts. */
  private Load.Result counted(Row row, Peer peer, List<String> command)
      throws IOException, InterruptedException {
    Process tool = children.start(Machine.LOAD_CORE, command, work.resolve("counter.log"));
    try {
      Thread.sleep(700); // to attach; neither tool says when it has
      Load.Result result = load.run(row, peer.port(row.front()), 1);
      Machine.output("kill", "-INT", Long.toString(tool.pid()));
      if (!tool.waitFor(5, TimeUnit.SECONDS)) {
        return new Load.Result(0, 1, "the counting tool did not end");
      }
      return result;
    } finally {
      children.stop(tool);
    }
  }
}
