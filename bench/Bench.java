import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Runs Fairlead, HAProxy, NGINX and, for HTTP/3, Caddy on the same core before the same nodes,
 * interleaved, and reports ratios with their spread. Started by {@code bench/run}; bench/README.md
 * says what and why.
 */
final class Bench {
  private static final Duration START_BOUND = Duration.ofSeconds(60);

  /** What starting takes, compilers above all, is over by then. */
  private static final long UNTIL_IDLE_MILLIS = 15_000;

  /** A warm-up ends when this many windows in a row were no cheaper than the best before. */
  private static final int SETTLED_WINDOWS = 2;

  private static final double SETTLED_WITHIN = 0.98;
  private static final double LATENCY_LOAD = 0.6;

  /** Why rows fall short, in words: written by hand, and put behind each report. */
  private static final Path SHORTFALLS = Path.of("bench/shortfalls.md");

  /** A p99 of generator and node alone above this, in µs: they have more than they can do. */
  private static final double LATENCY_FLOOR_MICROS = 5_000;

  private static final double LATENCY_STEP = 0.7;
  private static final int LATENCY_STEPS = 3;

  private final Options options;

  private final Path work = Path.of("bench/work").toAbsolutePath();
  private final Children children = new Children();
  private final Load load = new Load(children, work);
  private final Verify verify = new Verify();
  private final Results results = new Results();
  private final Nodes nodes;
  private final List<Peer> peers = new ArrayList<>();
  private final Map<Peer, Process> running = new LinkedHashMap<>();
  private final long started = System.nanoTime();

  private Bench(Options options) {
    this.options = options;
    this.nodes = new Nodes(options.basePort() + 121, work);
  }

  public static void main(String[] args) throws Exception {
    if (List.of(args).contains("--help")) {
      System.out.print(Options.USAGE);
      return;
    }
    Options options;
    try {
      options = Options.parse(args);
    } catch (IllegalArgumentException e) {
      System.err.println("bench: " + e.getMessage());
      System.err.print(Options.USAGE);
      System.exit(2);
      return;
    }
    watch(options.budget().plusMinutes(4));
    int status = new Bench(options).run();
    System.exit(status);
  }

  /** Whatever hangs, the run ends: exit runs the hook that ends the children. */
  private static void watch(Duration bound) {
    Thread.ofPlatform()
        .daemon()
        .name("watchdog")
        .start(() -> {
          try {
            Thread.sleep(bound);
            System.err.println("bench: no end after " + bound + ", giving up");
            System.exit(1);
          } catch (InterruptedException _) {
            // Nobody interrupts this thread; if somebody does, the run is simply unwatched.
          }
        });
  }

  private int run() throws IOException, InterruptedException {
    Files.createDirectories(work);
    if (!startNodes()) {
      return 1;
    }
    startPeers();
    if (running.isEmpty()) {
      results.notes.forEach(Bench::say);
      say("no proxy could be measured");
      return 1;
    }
    KernelCounters counters = new KernelCounters(children, load, work);
    warmGenerator();
    for (Row row : Row.ALL) {
      if (options.wantsRow(row.name())) {
        measure(row, counters);
      }
    }
    if (options.wantsRow("calls")) {
      countSystemCalls(counters);
    }
    for (Idle kind : Idle.values()) {
      if (options.wantsRow(kind.row)) {
        measureIdle(kind);
      }
    }
    Duration took = Duration.ofNanos(System.nanoTime() - started);
    String report = Report.of(results, options, took, counters.offersInstructions());
    if (options.rows().isEmpty() && Files.exists(SHORTFALLS)) {
      report += "\n" + Files.readString(SHORTFALLS);
    }
    Files.writeString(Path.of(options.report()), report);
    System.out.println();
    System.out.print(report);
    say("report written to " + options.report());
    boolean complete = !options.wantsPeer("fairlead") || results.peers.contains("fairlead");
    return complete ? 0 : 1;
  }

  private boolean startNodes() throws IOException, InterruptedException {
    Process process = nodes.start(children);
    for (int port : nodes.ports()) {
      if (!verify.awaitReady(port, process, Duration.ofSeconds(10))) {
        say("the nodes did not start: " + lastLine("nodes.log"));
        return false;
      }
      if (!Verify.readsWholeBody(port)) {
        say("the nodes answer a POST before its body has arrived: POST rows would mean nothing");
        return false;
      }
    }
    return true;
  }

  private void startPeers() throws IOException, InterruptedException {
    List<Peer> wanted = new ArrayList<>();
    int base = options.basePort();
    wanted.add(new FairleadProxy(FairleadProxy.NAME, Path.of("."), base + 80, base + 70));
    wanted.add(new HaproxyProxy(base + 81));
    wanted.add(new NginxProxy(base + 82));
    wanted.add(new CaddyProxy(base + 83));
    if (!options.earlier().isEmpty()) {
      Path home = Path.of(options.earlier());
      wanted.add(1, new FairleadProxy(FairleadProxy.EARLIER, home, base + 164, base + 71));
    }
    for (Peer peer : wanted) {
      if (options.wantsPeer(peer.name()) && isOfUse(peer)) {
        start(peer);
      }
    }
    Thread.sleep(UNTIL_IDLE_MILLIS);
    for (Map.Entry<Peer, Process> entry : running.entrySet()) {
      long bytes = Usage.residentBytes(entry.getValue().pid());
      results.startedBytes.put(entry.getKey().name(), bytes);
    }
    for (Peer peer : List.copyOf(running.keySet())) {
      String problem = verify.problem(peer.port());
      if (problem.isEmpty()) {
        peers.add(peer);
        results.peers.add(peer.name());
        say(peer.name() + " works: balances over 3 nodes, bodies are right");
      } else {
        note(peer.name() + " is left out: " + problem);
        children.stop(running.remove(peer));
      }
    }
  }

  private boolean isOfUse(Peer peer) {
    return Row.ALL.stream()
        .anyMatch(row -> options.wantsRow(row.name()) && peer.speaks(row.front()));
  }

  private boolean start(Peer peer) throws IOException, InterruptedException {
    if (!free(peer.port())) {
      note(peer.name() + " is left out: port " + peer.port() + " is already taken");
      return false;
    }
    try {
      List<String> command = peer.prepare(work, nodes);
      Process process =
          children.start(Machine.PROXY_CORE, command, work.resolve(peer.name() + ".log"));
      if (verify.awaitReady(peer.port(), process, START_BOUND)) {
        running.put(peer, process);
        return true;
      }
      String state = process.isAlive() ? "does not answer" : "ended at once";
      children.stop(process);
      note(peer.name() + " is left out: it " + state + ": " + lastLine(peer.name() + ".log"));
    } catch (IOException e) {
      note(peer.name() + " is left out: it cannot be run: " + e.getMessage());
    }
    return false;
  }

  private static boolean free(int port) {
    try (java.net.ServerSocket socket = new java.net.ServerSocket()) {
      socket.setReuseAddress(true);
      socket.bind(new java.net.InetSocketAddress("127.0.0.1", port));
      return true;
    } catch (IOException _) {
      return false;
    }
  }

  /** Compiles the generator's own code before anything is measured with it. */
  private void warmGenerator() throws IOException {
    say("warming the generator");
    int node = nodes.ports().getFirst();
    for (Row row : Row.ALL) {
      if (options.wantsRow(row.name()) && row.front().isClear()) {
        RateLoad.run(node, row, 1_000, Duration.ofMillis(300), 1);
      }
    }
    RateLoad.run(node, Row.ALL.getFirst(), 5_000, Duration.ofSeconds(3), 1);
  }

  private void measure(Row row, KernelCounters counters) throws IOException, InterruptedException {
    Results.RowResult result = new Results.RowResult(row);
    results.rows.put(row, result);
    if (overBudget(row.name())) {
      return;
    }
    say(row.name() + ": " + row.says());
    for (Peer peer : peers) {
      if (!peer.speaks(row.front())) {
        result.lacking.add(peer.name());
      }
    }
    for (Peer peer : subjects(row, 0)) {
      if (peer.speaks(row.front()) && alive(peer)) {
        warm(row, peer);
      }
    }
    for (int round = 0; round < options.rounds() && !overBudget(row.name()); round++) {
      Map<String, Results.Sample> samples = new LinkedHashMap<>();
      for (Peer peer : subjects(row, round)) {
        if (peer.speaks(row.front()) && alive(peer)) {
          samples.put(peer.name(), sample(row, peer, options.seconds()));
        }
      }
      result.rounds.add(samples);
      say("  " + summary(samples));
    }
    if (row.front().isClear()) { // the fixed-rate generator speaks nothing else
      measureLatency(row, result);
    }
    if (counters.offersInstructions()) {
      for (Peer peer : subjects(row, 0)) {
        if (!peer.speaks(row.front())) {
          continue;
        }
        ready(row, peer);
        double count = counters.instructionsPerRequest(row, peer, process(peer).pid());
        if (!Double.isNaN(count)) {
          result.instructions.put(peer.name(), count);
        }
      }
    }
    if (row.front() == Row.Front.LOGGED) {
      for (Peer peer : subjects(row, 0)) {
        if (peer instanceof Unrecorded) {
          ready(row, peer); // as the other rows want it
        }
      }
    }
  }

  /** Loads a proxy until its CPU per request stops falling, within bounds. */
  private void warm(Row row, Peer peer) throws IOException, InterruptedException {
    if (row.front() == Row.Front.TLS_RESUMED) {
      // The generator is slow here; the code that is to be compiled is mostly the same.
      load.run(Row.named("tls-new"), peer.port(Row.Front.TLS), options.maxWarmUps());
    }
    double best = Double.MAX_VALUE;
    int settled = 0;
    int windows = 0;
    boolean first = results.rows.size() == 1;
    int bound = first ? 3 * options.maxWarmUps() : options.maxWarmUps();
    while (settled < SETTLED_WINDOWS && windows < bound) {
      double cpu = sample(row, peer, 1).cpuMicros();
      settled = cpu < best * SETTLED_WITHIN ? 0 : settled + 1;
      best = Math.min(best, cpu);
      windows++;
    }
    say("  %s warmed for %d s, %.1f µs".formatted(peer.name(), windows, best));
  }

  private Results.Sample sample(Row row, Peer peer, int seconds)
      throws IOException, InterruptedException {
    ready(row, peer);
    Row asked = row.by(peer.asked(row.front()));
    long logged = peer.logSize(work);
    long pid = process(peer).pid();
    Usage before = Usage.of(pid);
    long start = System.nanoTime();
    Load.Running going = load.start(asked, peer.port(asked.front()), seconds);
    Thread.sleep(seconds * 800L);
    long resident = Usage.residentBytes(pid);
    Load.Result result = going.finish();
    Usage.Delta used = Usage.of(pid).since(before);
    double elapsed = System.nanoTime() - start;
    double micros = used.totalNanos() / 1e3 / Math.max(1, result.units());
    String problem = result.problem();
    if (!process(peer).isAlive()) {
      problem = "the proxy ended under the load";
    } else if (row.front() == Row.Front.LOGGED && problem.isEmpty()) {
      problem = peer.logProblem(work, logged, result.units());
    }
    return new Results.Sample(
        result.units() / result.seconds(),
        micros,
        micros * used.systemShare(),
        used.totalNanos() / elapsed,
        Math.max(0, used.coreBusyNanos() - used.totalNanos()) / elapsed,
        resident,
        problem);
  }

  /**
   * The same arrivals for every proxy, at 60 % of what the slowest could do; at less where
   * generator and node cannot keep up by themselves, since all would only show how late those two
   * are.
   */
  private void measureLatency(Row row, Results.RowResult result)
      throws IOException, InterruptedException {
    double lowest = Double.MAX_VALUE;
    for (Peer peer : subjects(row, 0)) {
      Spread rate = result.of(peer.name(), Results.Sample::perSecond);
      if (rate.known() && result.problem(peer.name()).isEmpty()) {
        lowest = Math.min(lowest, rate.median());
      }
    }
    if (lowest == Double.MAX_VALUE) {
      return;
    }
    result.load = LATENCY_LOAD;
    int node = nodes.ports().getFirst();
    Duration length = Duration.ofSeconds(options.latencySeconds());
    for (int step = 0; step < LATENCY_STEPS; step++) {
      Results.Latency floor = latency(node, 0, row, lowest * result.load, length, step);
      if (floor.p99() < LATENCY_FLOOR_MICROS && floor.problem().isEmpty()) {
        break;
      }
      result.load *= LATENCY_STEP;
    }
    result.rate = lowest * result.load;
    for (int round = 0; round < options.latencyRounds() && !overBudget(row.name()); round++) {
      Map<String, Results.Latency> latencies = new LinkedHashMap<>();
      for (Peer peer : subjects(row, round)) {
        if (alive(peer) && result.problem(peer.name()).isEmpty()) {
          ready(row, peer);
          long pid = process(peer).pid();
          int port = peer.port(row.front());
          latencies.put(peer.name(), latency(port, pid, row, result.rate, length, round));
        }
      }
      latencies.put("direct", latency(node, 0, row, result.rate, length, round));
      result.latencies.add(latencies);
    }
  }

  /**
   * @param pid of the proxy; 0: none
   */
  private static Results.Latency latency(
      int port, long pid, Row row, double rate, Duration length, int round) {
    try {
      Usage before = pid == 0 ? null : Usage.of(pid);
      RateLoad.Result result = RateLoad.run(port, row, rate, length, 1_000 + round);
      double waited =
          before == null ? 0 : Usage.of(pid).since(before).waitNanos() / (double) length.toNanos();
      return Results.Latency.of(result, waited);
    } catch (IOException e) {
      return new Results.Latency(0, 0, 0, 0, 0, e.toString());
    }
  }

  private void countSystemCalls(KernelCounters counters) throws IOException, InterruptedException {
    if (!counters.offersSystemCalls()) {
      return;
    }
    say("calls: system calls per request at 64 connections");
    Row row = Row.named("get-64");
    for (Peer peer : peers) {
      if (peer.speaks(row.front()) && alive(peer)) {
        double calls = counters.systemCallsPerRequest(row, peer, running.get(peer).pid());
        if (!Double.isNaN(calls)) {
          results.systemCalls.put(peer.name(), calls);
        }
      }
    }
  }

  /** Each proxy is started anew, warmed, and then given the idle connections. */
  private void measureIdle(Idle kind) throws IOException, InterruptedException {
    int count = Math.min(options.idleConnections(), Machine.openFileLimit() - 2_000);
    say(kind.row + ": " + count + " idle connections, " + kind.says);
    Map<String, Results.Memory> memory = new LinkedHashMap<>();
    results.memory.put(kind, memory);
    Row row = Row.named("get-64");
    for (Peer peer : List.copyOf(peers)) {
      if (!peer.speaks(kind.front)) {
        continue;
      }
      Process old = running.remove(peer);
      if (old != null) {
        children.stop(old);
      }
      if (!start(peer)) {
        peers.remove(peer);
        continue;
      }
      for (int i = 0; i < 3; i++) {
        load.run(row, peer.port(), 1);
      }
      warmIdle(kind, peer);
      Thread.sleep(1_000);
      memory.put(peer.name(), idle(kind, peer, count));
      say("  " + peer.name() + " " + memory.get(peer.name()).text());
    }
  }

  /** What is loaded or compiled for the first such connections is not theirs. */
  private static void warmIdle(Idle kind, Peer peer) {
    IdleConnections.open(kind, peer.port(kind.front), 200).close();
  }

  private Results.Memory idle(Idle kind, Peer peer, int count) throws InterruptedException {
    long pid = running.get(peer).pid();
    long started = results.startedBytes.getOrDefault(peer.name(), 0L);
    long before = Usage.residentBytes(pid);
    try (IdleConnections idle = IdleConnections.open(kind, peer.port(kind.front), count)) {
      Thread.sleep(2_000);
      long with = Usage.residentBytes(pid);
      int files = Usage.openFiles(pid);
      String problem = idle.problem();
      if (problem.isEmpty() && files < count) {
        problem = "only %d files are open for %d connections".formatted(files, count);
      }
      return new Results.Memory(started, before, with, idle.count(), problem);
    }
  }

  /**
   * Whom a row compares, each round beginning with another one: the proxies; where requests are
   * logged Fairlead without its records, beside Fairlead with them; and beside those that are asked
   * by HTTP/3 the same by HTTP/2.
   */
  private List<Peer> subjects(Row row, int round) {
    List<Peer> order = new ArrayList<>();
    for (int i = 0; i < peers.size(); i++) {
      Peer peer = peers.get((i + round) % peers.size());
      order.add(peer);
      if (row.front() == Row.Front.LOGGED
          && peer instanceof FairleadProxy fairlead
          && fairlead.name().equals(FairleadProxy.NAME)) {
        order.add(order.size() - round % 2, new Unrecorded(fairlead)); // behind it or before it
      }
      if (row.front() == Row.Front.HTTP3 && peer.speaks(row.front())) {
        order.add(order.size() - round % 2, new ByHttp2(peer));
      }
    }
    return order;
  }

  private void ready(Row row, Peer peer) throws IOException, InterruptedException {
    peer.ready(work, row.front());
  }

  private Process process(Peer peer) {
    return running.get(peer.started());
  }

  /** Whether a proxy still runs; one that does not is said so and left out from here on. */
  private boolean alive(Peer peer) {
    Process process = process(peer);
    if (process != null && process.isAlive()) {
      return true;
    }
    if (running.remove(peer.started()) != null) {
      note(peer.name() + " ended during the run: " + lastLine(peer.name() + ".log"));
    }
    return false;
  }

  private boolean overBudget(String row) {
    boolean over = System.nanoTime() - started > options.budget().toNanos();
    if (over && results.notes.stream().noneMatch(note -> note.contains("time was up"))) {
      note("the time was up at row " + row + ": it and what follows have fewer rounds or none");
    }
    return over;
  }

  private static String summary(Map<String, Results.Sample> samples) {
    StringBuilder line = new StringBuilder();
    samples.forEach((peer, sample) ->
        line.append(
            sample.problem().isEmpty()
                ? "%s %.1f µs %.0f/s   ".formatted(peer, sample.cpuMicros(), sample.perSecond())
                : "%s INVALID: %s   ".formatted(peer, sample.problem())));
    return line.toString().stripTrailing();
  }

  private String lastLine(String log) {
    List<String> lines =
        Machine.read(work.resolve(log)).lines().filter(line -> !line.isBlank()).toList();
    return lines.isEmpty() ? "it printed nothing" : lines.getLast().strip();
  }

  private void note(String note) {
    results.notes.add(note);
    say(note);
  }

  private static void say(String line) {
    System.err.println("bench: " + line);
  }
}
