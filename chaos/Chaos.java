import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Hurts one of six nodes in every way we know of, while requests go on, and tells what clients felt
 * of it and for how long. All processes are real; Fairlead runs as it does when nothing but the
 * nodes is said. See chaos/README.md.
 */
final class Chaos {
  private static final int NODES = 6;
  private static final int FIRST_NODE = 22_400;
  private static final int FRONT = 22_420;
  private static final int ADMIN = 22_421;
  private static final double RATE = 300;
  private static final Duration BEFORE = Duration.ofSeconds(5);
  private static final Duration DURING = Duration.ofSeconds(15);
  private static final Duration AFTER = Duration.ofSeconds(15);

  /** Slower than this is felt; the nodes take 10 ms on average. */
  private static final double FELT_MILLIS = 150;

  /**
   * A way to hurt.
   *
   * @param name in the table
   * @param how a control document for the node, or a signal
   * @param mostFailed requests that may fail, -1: any number
   * @param reaction seconds after which hardly anybody may feel it any more
   */
  private record Hurt(String name, String how, int mostFailed, double reaction) {}

  private static final List<Hurt> ALL =
      List.of(
          new Hurt("kill -9", "KILL", 0, 0.5),
          new Hurt("frozen (SIGSTOP)", "STOP", -1, 5),
          new Hurt("accepts no connection", "{\"hang-connect\":true,\"reset\":true}", 0, 3),
          new Hurt("never answers", "{\"hang\":true}", -1, 2),
          new Hurt("10 x slower", "{\"latency\":\"exp:100ms\"}", 0, 3),
          new Hurt("50 x slower", "{\"latency\":\"exp:500ms\"}", 0, 3),
          new Hurt("answers 500, all", "{\"error-rate\":1}", -1, 2),
          new Hurt("answers 500, one in five", "{\"error-rate\":0.2}", -1, 3),
          new Hurt("resets connections", "{\"reset\":true}", 0, 2),
          new Hurt("sends garbage", "{\"garbage\":true}", -1, 2),
          new Hurt("cuts bodies", "{\"cut\":true}", -1, 2),
          new Hurt("endless header", "{\"endless-header\":true}", -1, 2),
          new Hurt("a byte a second", "{\"slow-head\":1}", -1, 3),
          new Hurt("health check fails", "{\"health\":\"fail\"}", 0, 5));

  private final Path work = Path.of("chaos/work").toAbsolutePath();
  private final Children children = new Children();
  private final HttpClient http = HttpClient.newHttpClient();
  private final Process[] nodes = new Process[NODES];

  private Chaos() {}

  public static void main(String[] args) throws Exception {
    System.exit(new Chaos().run(List.of(args)));
  }

  private int run(List<String> only) throws Exception {
    Files.createDirectories(work);
    start();
    List<String> missed = new ArrayList<>();
    System.out.printf(
        Locale.ROOT,
        "%d nodes, exp:10ms; %.0f requests/s; felt: failed, or more than %.0f ms.%n"
            + "Share: of the requests in %d s with the fault; a sixth would be this node's.%n%n",
        NODES,
        RATE,
        FELT_MILLIS,
        DURING.toSeconds());
    System.out.println(
        "| fault | failed | felt | share felt | last felt after | within | back after | what Fairlead says of the node |");
    System.out.println("|---|---|---|---|---|---|---|---|");
    for (Hurt hurt : ALL) {
      if (only.isEmpty() || only.stream().anyMatch(hurt.name()::contains)) {
        play(hurt, missed);
      }
    }
    System.out.println();
    System.out.println(missed.isEmpty() ? "All within their bounds." : "Missed: " + missed);
    children.stopAll();
    return missed.isEmpty() ? 0 : 1;
  }

  private void start() throws Exception {
    for (int i = 0; i < NODES; i++) {
      startNode(i);
    }
    Path config = work.resolve("fairlead.yaml");
    Files.writeString(
        config,
        """
        admin: { bind: "127.0.0.1:%d" }
        data: "%s"
        listeners:
          web: { bind: "127.0.0.1:%d", routes: [ { service: shop, timeout: 10s } ] }
        services:
          shop: { health: { http: /healthz }, nodes: [%s] }
        """
            .formatted(
                ADMIN,
                work.resolve("data"),
                FRONT,
                IntStream.range(0, NODES)
                    .mapToObj(i -> "{ address: \"127.0.0.1:%d\", name: n%d }".formatted(port(i), i))
                    .collect(Collectors.joining(", "))));
    children.start(
        Machine.PROXY_CORE,
        List.of("./fairlead", "run", "-c", config.toString()),
        work.resolve("fairlead.log"));
    long deadline = System.nanoTime() + 60_000_000_000L;
    while (LiveClient.run(new int[] {FRONT}, 100, Duration.ofMillis(50), 1).errors() > 0) {
      if (System.nanoTime() > deadline) {
        throw new IOException("nobody answers; see " + work.resolve("fairlead.log"));
      }
      Thread.sleep(100);
    }
    LiveClient.Result _ = LiveClient.run(new int[] {FRONT}, RATE, Duration.ofSeconds(10), 1);
  }

  private void startNode(int i) throws IOException {
    nodes[i] =
        children.start(
            Machine.LOAD_CORE,
            List.of(
                "./fairlead",
                "node",
                "--port",
                Integer.toString(port(i)),
                "--name",
                "n" + i,
                "--latency",
                "exp:10ms"),
            work.resolve("node-" + i + ".log"));
  }

  private static int port(int node) {
    return FIRST_NODE + node;
  }

  private void play(Hurt hurt, List<String> missed) throws Exception {
    Duration all = BEFORE.plus(DURING).plus(AFTER);
    long start = System.nanoTime() + 50_000_000;
    CompletableFuture<LiveClient.Result> load =
        CompletableFuture.supplyAsync(() -> {
          try {
            return LiveClient.run(new int[] {FRONT}, RATE, all, hurt.name().hashCode());
          } catch (InterruptedException e) {
            throw new IllegalStateException(e);
          }
        });
    until(start + BEFORE.toNanos());
    long hurtAt = System.nanoTime() - start;
    hurt(hurt.how());
    until(start + hurtAt + DURING.toNanos());
    String said = said();
    long healedAt = System.nanoTime() - start;
    heal(hurt.how());
    LiveClient.Result result = load.get(2, TimeUnit.MINUTES);
    tell(hurt, result, hurtAt, healedAt, said, missed);
    awaitWell();
  }

  private static void until(long nanos) throws InterruptedException {
    long left = nanos - System.nanoTime();
    if (left > 0) {
      TimeUnit.NANOSECONDS.sleep(left);
    }
  }

  private void hurt(String how) throws Exception {
    switch (how) {
      case "KILL" -> nodes[0].destroyForcibly().waitFor();
      case "STOP" -> signal("STOP");
      default -> control("PUT", how);
    }
  }

  private void heal(String how) throws Exception {
    switch (how) {
      case "KILL" -> startNode(0);
      case "STOP" -> signal("CONT");
      default -> control("DELETE", "");
    }
  }

  private void signal(String name) throws Exception {
    // the script has made way for the process itself
    int _ =
        new ProcessBuilder("kill", "-" + name, Long.toString(nodes[0].pid())).start().waitFor();
  }

  private void control(String method, String document) throws Exception {
    HttpResponse<String> answer =
        http.send(
            HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port(0) + "/_control"))
                .timeout(Duration.ofSeconds(5))
                .method(method, HttpRequest.BodyPublishers.ofString(document))
                .build(),
            HttpResponse.BodyHandlers.ofString());
    if (answer.statusCode() / 100 != 2) {
      throw new IOException(answer.statusCode() + " " + answer.body());
    }
  }

  /** What the node table says of the node that was hurt. */
  private String said() throws Exception {
    for (String line : Machine.output(
            "./fairlead", "nodes", "shop", "--admin", "http://127.0.0.1:" + ADMIN)
        .text()
        .lines()
        .toList()) {
      if (line.contains("n0 ")) {
        return line.strip().replaceAll("\\s{2,}", "; ");
      }
    }
    return "";
  }

  /** The next fault begins when this one is forgotten. */
  private void awaitWell() throws Exception {
    for (int i = 0; i < 60; i++) {
      LiveClient.Result result =
          LiveClient.run(new int[] {FRONT}, RATE, Duration.ofSeconds(2), 1_000 + i);
      if (share(result, 0, Long.MAX_VALUE) > 0.8 / NODES) {
        return;
      }
    }
    throw new IOException("the node does not come back: " + said());
  }

  private static double share(LiveClient.Result result, long from, long to) {
    int all = 0;
    int his = 0;
    for (int i = 0; i < result.due().length; i++) {
      if (result.due()[i] >= from && result.due()[i] < to) {
        all++;
        his += result.node()[i].equals("n0") ? 1 : 0;
      }
    }
    return all == 0 ? 0 : his / (double) all;
  }

  private static boolean isFelt(LiveClient.Result result, int i) {
    return result.status()[i] != 200 || result.nanos()[i] > FELT_MILLIS * 1e6;
  }

  private static void tell(
      Hurt hurt,
      LiveClient.Result result,
      long hurtAt,
      long healedAt,
      String said,
      List<String> missed) {
    int requests = 0;
    int failed = 0;
    int felt = 0;
    for (int i = 0; i < result.due().length; i++) {
      if (result.due()[i] >= hurtAt && result.due()[i] < healedAt) {
        requests++;
        failed += result.status()[i] == 200 ? 0 : 1;
        felt += isFelt(result, i) ? 1 : 0;
      } else if (result.status()[i] != 200) {
        failed++; // before, or while it came back
      }
    }
    double last = lastFelt(result, hurtAt, healedAt);
    double back = back(result, healedAt);
    System.out.printf(
        Locale.ROOT,
        "| %s | %d | %d | %.3f %% | %.1f s | %.1f s | %s | %s |%n",
        hurt.name(),
        failed,
        felt,
        100.0 * felt / requests,
        last,
        hurt.reaction(),
        back < 0 ? "–" : "%.1f s".formatted(back),
        said);
    if (hurt.mostFailed() >= 0 && failed > hurt.mostFailed()) {
      missed.add(hurt.name() + ": " + failed + " failed");
    }
    if (last > hurt.reaction()) {
      missed.add(hurt.name() + ": felt for " + "%.1f s".formatted(last));
    }
  }

  /**
   * Seconds until the last second in which more than 2 % felt it, which is an eighth of what the
   * node's full share would be; a try now and then whether it is well again is no fault.
   */
  private static double lastFelt(LiveClient.Result result, long hurtAt, long healedAt) {
    double last = 0;
    long step = 100_000_000;
    for (long from = hurtAt; from + 10 * step <= healedAt; from += step) {
      int all = 0;
      int felt = 0;
      long latest = 0;
      for (int i = 0; i < result.due().length; i++) {
        if (result.due()[i] >= from && result.due()[i] < from + 10 * step) {
          all++;
          if (isFelt(result, i)) {
            felt++;
            latest = result.due()[i];
          }
        }
      }
      if (felt > 0.02 * all) {
        last = Math.max(last, (latest - hurtAt) / 1e9);
      }
    }
    return last;
  }

  /** Seconds until it has half of its share again, a second long. */
  private static double back(LiveClient.Result result, long healedAt) {
    long end = result.due()[result.due().length - 1] - 1_000_000_000L;
    for (long from = healedAt; from < end; from += 100_000_000) {
      if (share(result, from, from + 1_000_000_000L) > 0.5 / NODES) {
        return (from - healedAt) / 1e9;
      }
    }
    return -1;
  }
}
