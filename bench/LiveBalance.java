import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * How well proxies choose, with real processes: HAProxy, NGINX and Fairlead before the same nodes
 * ({@link LiveNodes}) and the same arrivals ({@link LiveClient}), one after the other, in rounds.
 * See bench/README.md.
 */
final class LiveBalance {
  private static final List<String> SCENARIOS =
      List.of("antagonists-100", "antagonists-12", "black-hole", "join-hang", "overload");
  private static final Duration LONGEST = Duration.ofMinutes(60);
  private static final int SLOTS = 4;
  private static final double MEAN_MILLIS = 100;
  private static final int NODES_PORT = 21_900;
  private static final int PROXY_PORT = 22_100;

  private final Path work = Path.of("bench/work/live").toAbsolutePath();
  private final Children children = new Children();
  private final boolean quick;
  private final String only;
  private final StringBuilder report = new StringBuilder();
  private final List<String> missed = new ArrayList<>();
  private Process nodeProcess;
  private Writer toNodes;
  private BufferedReader fromNodes;

  private LiveBalance(boolean quick, String only) {
    this.quick = quick;
    this.only = only;
  }

  public static void main(String[] args) throws Exception {
    List<String> words = List.of(args);
    List<String> unknown = words.stream().filter(word -> !isKnown(word)).toList();
    if (!unknown.isEmpty()) {
      System.err.println("bench: not known: " + String.join(" ", unknown));
      System.err.println(
          "usage: bench/live [--quick] [--only=WORD] [" + String.join("|", SCENARIOS) + "]...");
      System.exit(2);
    }
    LiveBalance bench =
        new LiveBalance(
            words.contains("--quick"),
            words.stream()
                .filter(word -> word.startsWith("--only="))
                .map(word -> word.substring("--only=".length()))
                .findFirst()
                .orElse(""));
    Thread.ofPlatform()
        .daemon()
        .start(() -> {
          try {
            Thread.sleep(LONGEST);
          } catch (InterruptedException _) {
            return;
          }
          System.err.println("no end after " + LONGEST.toMinutes() + " minutes");
          System.exit(1);
        });
    System.exit(bench.run(words));
  }

  private static boolean isKnown(String word) {
    return SCENARIOS.contains(word) || word.equals("--quick") || word.startsWith("--only=");
  }

  private int run(List<String> words) throws IOException, InterruptedException {
    Files.createDirectories(work);
    say("# Choosing nodes, with real processes");
    say("");
    say("Commit " + Machine.commit() + ".");
    Machine.facts().forEach(fact -> say("- " + fact));
    say(
        "- Nodes: %d slots each, first come first served, exponential service time of %.0f ms mean;"
                .formatted(SLOTS, MEAN_MILLIS)
            + " open-loop clients, latency from the time a request was due, given up after "
            + LiveClient.TIMEOUT.toSeconds()
            + " s. Without any queue p99 would be %.0f ms.".formatted(MEAN_MILLIS * Math.log(100)));
    boolean all = words.stream().allMatch(word -> word.startsWith("--"));
    if (all || words.contains("antagonists-100")) {
      antagonists("antagonists-100", 100, 10, 0.9, 0.6);
    }
    if (all || words.contains("antagonists-12")) {
      antagonists("antagonists-12", 12, 1, 0.8, 0.85);
    }
    if (all || words.contains("black-hole")) {
      blackHole();
    }
    if (all || words.contains("join-hang")) {
      joinHang();
    }
    if (all || words.contains("overload")) {
      overload();
    }
    say("");
    say(missed.isEmpty() ? "All targets met." : "Missed: " + String.join("; ", missed) + ".");
    Files.writeString(work.resolve("report.md"), report);
    return 0;
  }

  private void say(String line) {
    report.append(line).append('\n');
    System.out.println(line);
  }

  /** A fifth of the nodes is three times slower; which fifth changes every ten seconds. */
  private void antagonists(String name, int nodes, int proxies, double load, double bar)
      throws IOException, InterruptedException {
    int slow = (int) Math.round(nodes * 0.2);
    double rate = load * SLOTS * 1000 / MEAN_MILLIS * (nodes - slow + slow / 3.0);
    heading(
        "%s: %d of %d nodes 3 × slower, others every 10 s; %d × each proxy; load %.1f (%.0f/s)"
            .formatted(name, slow, nodes, proxies, load, rate));
    List<LiveProxies> all =
        List.of(
                LiveProxies.haproxy("leastconn"),
                LiveProxies.haproxy("random(2)"),
                LiveProxies.nginx("least_conn"),
                LiveProxies.fairlead("least-requests"),
                LiveProxies.fairlead("power-of-two"),
                LiveProxies.fairlead("peak-ewma"),
                LiveProxies.fairlead("adaptive"))
            .stream()
            .filter(each -> each.name().contains(only) && (!quick || isForQuick(each)))
            .toList();
    Map<LiveProxies, List<LiveClient.Result>> results = new LinkedHashMap<>();
    startNodes(nodes);
    // Of one proxy 1 % are a hundred requests in a round: what two differ by takes more of them.
    int rounds = quick ? 1 : proxies == 1 ? 4 : 2;
    for (int round = 0; round < rounds; round++) {
      for (LiveProxies each : all) {
        tell("antagonists " + (round + 1) + " 0.2 3 10");
        results
            .computeIfAbsent(each, key -> new ArrayList<>())
            .add(measure(each, proxies, nodes, rate, round));
        tell("heal");
      }
    }
    stopNodes();
    table(results);
    double best = median(results.get(all.getFirst()), 0.99);
    double ours = median(results.get(all.getLast()), 0.99);
    verdict(name + ": p99 of adaptive / haproxy leastconn", ours / best, bar, "%.2f");
  }

  private static boolean isForQuick(LiveProxies proxies) {
    return List.of("leastconn", "least_conn", "least-requests", "adaptive")
        .contains(proxies.rule());
  }

  /** One node of twelve answers 500 in a millisecond. */
  private void blackHole() throws IOException, InterruptedException {
    int nodes = 12;
    double rate = 0.7 * SLOTS * 1000 / MEAN_MILLIS * nodes;
    heading("black-hole: 1 of 12 nodes answers 500 in 1 ms; load 0.7 (%.0f/s)".formatted(rate));
    LiveProxies base = LiveProxies.haproxy("leastconn");
    LiveProxies alone = LiveProxies.fairlead("adaptive");
    LiveProxies judged =
        new LiveProxies(
            "fairlead as installed, no retry",
            LiveProxies.Kind.FAIRLEAD,
            "adaptive",
            "",
            "{ attempts: 0 }");
    LiveProxies retried =
        new LiveProxies(
            "fairlead, retry on 500",
            LiveProxies.Kind.FAIRLEAD,
            "adaptive",
            "",
            "{ attempts: 1, on: [connect, reset, \"500\"] }");
    Map<LiveProxies, List<LiveClient.Result>> results = new LinkedHashMap<>();
    startNodes(nodes);
    for (LiveProxies each :
        List.of(base, LiveProxies.nginx("least_conn"), alone, judged, retried)) {
      int[] ports = each.start(children, work, PROXY_PORT, 1, ports(nodes));
      LiveClient.Result _ = LiveClient.run(ports, rate, warmUp(), 1);
      tell("fail 0");
      results.put(each, List.of(LiveClient.run(ports, rate, length(), 2)));
      tell("heal");
      stopProxies();
    }
    stopNodes();
    table(results);
    double theirs = results.get(base).getFirst().errorShare();
    verdict(
        "black-hole: errors of adaptive / haproxy leastconn, no retry",
        results.get(alone).getFirst().errorShare() / theirs,
        1 / 50.0,
        "%.4f");
    verdict("black-hole: errors with retries", results.get(retried).getFirst().errors(), 0, "%.0f");
  }

  /** A node comes in that accepts connections and never answers. */
  private void joinHang() throws IOException, InterruptedException {
    int nodes = 12;
    double rate = 0.7 * SLOTS * 1000 / MEAN_MILLIS * nodes;
    heading(
        "join-hang: a 13th node joins, accepts and never answers; load 0.7 (%.0f/s)"
            .formatted(rate));
    say("| proxy | requests it got | of all | given up by clients |");
    say("|---|---|---|---|");
    startNodes(nodes + 1);
    for (LiveProxies each :
        List.of(
            LiveProxies.haproxy("leastconn"),
            LiveProxies.fairlead("least-requests"),
            LiveProxies.fairlead("adaptive"))) {
      int[] ports = each.start(children, work, PROXY_PORT, 1, ports(nodes));
      tell("hang " + nodes);
      LiveClient.Result _ = LiveClient.run(ports, rate, warmUp(), 1);
      each.join(work, ports[0], NODES_PORT + nodes);
      long[] _ = counts();
      LiveClient.Result result = LiveClient.run(ports, rate, length(), 2);
      long[] counts = counts();
      double share = counts[nodes] / (double) Arrays.stream(counts).sum();
      say(
          "| %s | %d | %.3f %% | %d |"
              .formatted(each.name(), counts[nodes], 100 * share, result.timeouts()));
      if (each.rule().equals("adaptive")) {
        say("");
        verdict("join-hang: share of the node that never answers", share, 0.001, "%.5f");
      }
      tell("heal");
      stopProxies();
    }
    stopNodes();
  }

  /**
   * Twice as much as the nodes can do, then a cut of what they can do; the two limits of Fairlead
   * beside the nodes alone, which get what they can do without a queue.
   */
  private void overload() throws IOException, InterruptedException {
    int nodes = 12;
    double capacity = SLOTS * 1000 / MEAN_MILLIS * nodes;
    int twice = 20;
    heading(
        "overload: 12 nodes, together %.0f/s; normal is load 0.7, then twice as much as they can do for"
                .formatted(capacity)
            + " %d s; load 0.9 with 10 s in which they are 2.5 × slower".formatted(twice));
    startNodes(nodes);
    LiveClient.Result _ = LiveClient.run(nodePorts(nodes), capacity * 0.3, warmUp(), 1);
    LiveClient.Result direct = LiveClient.run(nodePorts(nodes), capacity * 0.3, length(), 2);
    say("Nodes alone at load 0.3: p99 %.0f ms.".formatted(direct.millis(0.99)));
    say("");
    say(
        "| proxy | normal p99 | 2 ×: good/s | p99 | p99 from 2 s on | 0.9: good in the cut | the second"
            + " after | from 5 s after |");
    say("|---|---|---|---|---|---|---|---|");
    Map<String, double[]> ratios = new LinkedHashMap<>();
    for (String limits :
        List.of(
            "adaptive-limit: true",
            "adaptive-limit: true, queue-timeout: 300ms",
            "requests-per-node: 6, queue-timeout: 300ms")) {
      if (!limits.contains(only)) {
        continue;
      }
      LiveProxies proxy =
          new LiveProxies(
              "fairlead, " + limits,
              LiveProxies.Kind.FAIRLEAD,
              "adaptive",
              ", outlier: { enabled: false }, limits: { " + limits + " }",
              "{ attempts: 2, on: [connect, reset, timeout], per-try-timeout: 5s }");
      int[] ports = proxy.start(children, work, PROXY_PORT, 1, ports(nodes));
      LiveClient.Result _ = LiveClient.run(ports, capacity * 0.7, warmUp(), 1);
      LiveClient.Result normal = LiveClient.run(ports, capacity * 0.7, length(), 2);
      LiveClient.Result over = LiveClient.run(ports, capacity * 2, Duration.ofSeconds(twice), 3);
      LiveClient.Result _ = LiveClient.run(ports, capacity * 0.5, Duration.ofSeconds(5), 4);
      Thread cut = Thread.ofPlatform().start(this::cut);
      double rate = capacity * 0.9;
      LiveClient.Result storm = LiveClient.run(ports, rate, Duration.ofSeconds(27), 5);
      cut.join();
      stopProxies();
      double p99 = over.goodMillis(0.99, 0, twice);
      double after = storm.goodRate(20, 26) / rate;
      say(
          "| %s | %.0f | %.0f | %.0f | %.0f | %.0f %% | %.0f %% | %.0f %% |"
              .formatted(
                  proxy.name(),
                  normal.millis(0.99),
                  over.goodRate(0, twice),
                  p99,
                  over.goodMillis(0.99, 2, twice),
                  100 * storm.goodRate(5, 15) / rate,
                  100 * storm.goodRate(15, 16) / rate,
                  100 * after));
      ratios.put(
          limits,
          new double[] {
            capacity / over.goodRate(0, twice),
            p99 / normal.millis(0.99),
            over.goodMillis(0.99, 2, twice) / normal.millis(0.99),
            1 / after
          });
    }
    stopNodes();
    say("");
    ratios.forEach((limits, its) -> {
      verdict("overload, " + limits + ": what nodes can do / good", its[0], 1 / 0.9, "%.2f");
      verdict("overload, " + limits + ": p99 / normal p99", its[1], 2, "%.2f");
      verdict("overload, " + limits + ": the same from 2 s on", its[2], 2, "%.2f");
      verdict("overload, " + limits + ": asked / good from 5 s after", its[3], 1 / 0.95, "%.2f");
    });
  }

  private void cut() {
    try {
      Thread.sleep(Duration.ofSeconds(5));
      tell("slow 2.5");
      Thread.sleep(Duration.ofSeconds(10));
      tell("heal");
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static int[] nodePorts(int nodes) {
    return ports(nodes).stream().mapToInt(Integer::intValue).toArray();
  }

  private void heading(String text) {
    say("");
    say("## " + text);
    say("");
    System.err.println("bench: " + text);
  }

  private LiveClient.Result measure(
      LiveProxies proxies, int count, int nodes, double rate, int round)
      throws IOException, InterruptedException {
    int[] ports = proxies.start(children, work, PROXY_PORT, count, ports(nodes));
    LiveClient.Result _ = LiveClient.run(ports, rate, warmUp(proxies, count), 100 + round);
    LiveClient.Result result = LiveClient.run(ports, rate, length(), 200 + round);
    System.err.println(
        "bench:   %s: p50 %.0f, p99 %.0f ms, %d errors"
            .formatted(proxies.name(), result.millis(0.5), result.millis(0.99), result.errors()));
    stopProxies();
    return result;
  }

  private Duration warmUp() {
    return Duration.ofSeconds(quick ? 5 : 10);
  }

  /** With so few requests each, ten Java processes take minutes to be compiled, and one a while. */
  private Duration warmUp(LiveProxies proxies, int count) {
    if (count == 1) {
      return quick ? warmUp() : Duration.ofSeconds(45);
    }
    return Duration.ofSeconds(proxies.isCompiledFirst() ? 45 : 150);
  }

  private Duration length() {
    return Duration.ofSeconds(quick ? 15 : 30);
  }

  private void table(Map<LiveProxies, List<LiveClient.Result>> results) {
    say("| proxy | p50 ms | p99 ms | p99.9 ms | errors % | given up |");
    say("|---|---|---|---|---|---|");
    results.forEach((proxy, runs) ->
        say(
            "| %s | %.0f | %.0f (%s) | %.0f | %.3f | %d |"
                .formatted(
                    proxy.name(),
                    median(runs, 0.5),
                    median(runs, 0.99),
                    String.join(
                        ", ",
                        runs.stream().map(run -> "%.0f".formatted(run.millis(0.99))).toList()),
                    median(runs, 0.999),
                    100
                        * runs.stream()
                            .mapToDouble(LiveClient.Result::errorShare)
                            .average()
                            .orElseThrow(),
                    runs.stream().mapToInt(LiveClient.Result::timeouts).sum())));
    say("");
  }

  private static double median(List<LiveClient.Result> runs, double quantile) {
    double[] sorted = runs.stream().mapToDouble(run -> run.millis(quantile)).sorted().toArray();
    return (sorted[(sorted.length - 1) / 2] + sorted[sorted.length / 2]) / 2;
  }

  private void verdict(String what, double measured, double bar, String format) {
    boolean met = measured <= bar;
    say(
        "%s: %s, target ≤ %s: %s."
            .formatted(
                what,
                String.format(Locale.ROOT, format, measured),
                String.format(Locale.ROOT, format, bar),
                met ? "met" : "missed"));
    if (!met) {
      missed.add(what);
    }
  }

  private static List<Integer> ports(int nodes) {
    return IntStream.range(NODES_PORT, NODES_PORT + nodes).boxed().toList();
  }

  private void startNodes(int count) throws IOException, InterruptedException {
    ProcessBuilder builder =
        new ProcessBuilder(
            Machine.pinned(
                Machine.LOAD_CORE,
                List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "-Xmx512m",
                    "-XX:+UseSerialGC",
                    "bench/LiveNodes.java",
                    Integer.toString(NODES_PORT),
                    Integer.toString(count),
                    Integer.toString(SLOTS),
                    Double.toString(MEAN_MILLIS))));
    nodeProcess = builder.redirectError(work.resolve("nodes.log").toFile()).start();
    toNodes = nodeProcess.outputWriter(StandardCharsets.UTF_8);
    fromNodes =
        new BufferedReader(
            new InputStreamReader(nodeProcess.getInputStream(), StandardCharsets.UTF_8));
    if (!"ready".equals(fromNodes.readLine())) {
      throw new IOException("the nodes did not start; see " + work.resolve("nodes.log"));
    }
  }

  private void tell(String line) throws IOException {
    toNodes.write(line + "\n");
    toNodes.flush();
  }

  private long[] counts() throws IOException {
    tell("counts");
    String line = fromNodes.readLine();
    return Arrays.stream(line.split(" ")).skip(1).mapToLong(Long::parseLong).toArray();
  }

  /** They end when their input does, and so also when this process does. */
  private void stopNodes() throws IOException, InterruptedException {
    toNodes.close();
    int _ = nodeProcess.waitFor();
  }

  private void stopProxies() {
    children.stopAll();
  }
}
