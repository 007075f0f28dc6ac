import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Hurts one of six nodes of each kind in every way we know of ({@link Hurt}), while requests go on,
 * and tells what clients felt of it and for how long. All processes are real; Fairlead runs as it
 * does when nothing but the nodes is said. See chaos/README.md.
 */
final class Chaos {
  private static final int ADMIN = 21_450;
  private static final double RATE = 300;
  private static final Duration WARM_UP = Duration.ofSeconds(4);
  private static final Duration BEFORE = Duration.ofSeconds(2);
  private static final Duration DURING = Duration.ofSeconds(10);
  private static final Duration AFTER = Duration.ofSeconds(10);

  /** Slower than this is felt; the nodes take 10 ms on average. */
  private static final double FELT_MILLIS = 150;

  /** Requests that began so long before the fault may have been at the node when it came. */
  private static final long IN_FLIGHT = 1_000_000_000;

  private final Path work = Path.of("chaos/work").toAbsolutePath();
  private final Children children = new Children();
  private final HttpClient http = HttpClient.newHttpClient();
  private final Map<Integer, Process> nodes = new HashMap<>();

  private Chaos() {}

  public static void main(String[] args) throws Exception {
    System.exit(new Chaos().run(List.of(args)));
  }

  private int run(List<String> only) throws Exception {
    List<Hurt> chosen =
        Hurt.ALL.stream()
            .filter(hurt -> only.isEmpty() || only.stream().anyMatch(hurt::isMeantBy))
            .toList();
    if (chosen.isEmpty()) {
      System.err.println("chaos: no fault is called so; there are " + Hurt.ALL.stream().map(Hurt::name).toList());
      return 2;
    }
    ChaosReport report = new ChaosReport(work.resolve("rows"), RATE, FELT_MILLIS, DURING);
    startNodes();
    System.out.println(ChaosReport.HEAD);
    List<String> missed = new ArrayList<>();
    for (Hurt hurt : chosen) {
      ChaosReport.Row row = play(hurt);
      System.out.println(row.line(hurt));
      report.keep(hurt, row);
      missed.addAll(row.missed(hurt));
    }
    children.stopAll();
    System.out.println();
    System.out.println(missed.isEmpty() ? "All within their bounds." : "Missed: " + missed);
    report.write(Path.of("chaos/report.md"));
    return missed.isEmpty() ? 0 : 1;
  }

  private void startNodes() throws IOException {
    for (Kind kind : Kind.values()) {
      for (int i = 0; i < Kind.NODES; i++) {
        startNode(kind, i);
      }
    }
  }

  /** Fairlead anew: what it remembers of the last fault would decide about the next one. */
  private Process startFairlead(Kind kind) throws Exception {
    Path config = work.resolve("fairlead.yaml");
    Files.writeString(
        config,
        """
        admin: { bind: "127.0.0.1:%d" }
        data: "%s"
        listeners:
        %sservices:
        %s"""
            .formatted(
                ADMIN,
                Files.createTempDirectory(work, "data"),
                perKind(each -> each.listener()),
                perKind(each -> each.service())));
    Process fairlead =
        children.start(
            Machine.PROXY_CORE,
            List.of("./fairlead", "run", "-c", config.toString()),
            work.resolve("fairlead.log"));
    long deadline = System.nanoTime() + 30_000_000_000L;
    while (load(kind, 100, Duration.ofMillis(100), 1).errors() > 0) {
      if (System.nanoTime() > deadline) {
        throw new IOException(kind + ": no answer; see " + work.resolve("fairlead.log"));
      }
      Thread.sleep(100);
    }
    LiveClient.Result _ = load(kind, RATE, WARM_UP, 1);
    return fairlead;
  }

  private static String perKind(Function<Kind, String> what) {
    return Arrays.stream(Kind.values())
        .map(kind -> "  %s: %s\n".formatted(kind.service, what.apply(kind)))
        .collect(Collectors.joining());
  }

  private static LiveClient.Result load(Kind kind, double rate, Duration length, long seed)
      throws InterruptedException {
    return LiveClient.run(new int[] {kind.front}, rate, length, seed, kind.isRelayed());
  }

  /** Starts what is to be at the port of that node, unless it is there already. */
  private void startNode(Kind kind, int i) throws IOException {
    int port = kind.port(i);
    Process before = nodes.get(port);
    if (before == null || !before.isAlive()) {
      nodes.put(
          port,
          children.start(
              Machine.LOAD_CORE,
              kind == Kind.HTTP2 ? http2Node(port, i) : testNode(port, i),
              work.resolve("node-" + port + ".log")));
    }
  }

  private static List<String> testNode(int port, int i) {
    return List.of(
        "./fairlead",
        "node",
        "--port",
        Integer.toString(port),
        "--name",
        "n" + i,
        "--latency",
        "exp:10ms");
  }

  private List<String> http2Node(int port, int i) throws IOException {
    Path root = Files.createDirectories(work.resolve("http2-n" + i));
    Files.writeString(root.resolve("index.html"), "n" + i + "\n");
    Files.writeString(root.resolve("healthz"), "well\n");
    return List.of(
        "nghttpd", "--no-tls", "-a", "127.0.0.1", "-d", root.toString(), Integer.toString(port));
  }

  private ChaosReport.Row play(Hurt hurt) throws Exception {
    Process fairlead = startFairlead(hurt.kind());
    Duration all = BEFORE.plus(DURING).plus(AFTER);
    long start = System.nanoTime() + 50_000_000;
    CompletableFuture<LiveClient.Result> load =
        CompletableFuture.supplyAsync(() -> {
          try {
            return load(hurt.kind(), RATE, all, hurt.name().hashCode());
          } catch (InterruptedException e) {
            throw new IllegalStateException(e);
          }
        });
    until(start + BEFORE.toNanos());
    long hurtAt = System.nanoTime() - start;
    hurt(hurt);
    until(start + hurtAt + DURING.toNanos());
    String said = said(hurt.kind());
    long healedAt = System.nanoTime() - start;
    heal(hurt);
    ChaosReport.Row row = judge(load.get(2, TimeUnit.MINUTES), hurtAt, healedAt, said);
    fairlead.destroyForcibly();
    children.stop(fairlead);
    return row;
  }

  private static void until(long nanos) throws InterruptedException {
    long left = nanos - System.nanoTime();
    if (left > 0) {
      TimeUnit.NANOSECONDS.sleep(left);
    }
  }

  private void hurt(Hurt hurt) throws Exception {
    switch (hurt.how()) {
      case "KILL" -> nodes.get(hurt.kind().port(0)).destroyForcibly().waitFor();
      case "STOP" -> signal(hurt.kind(), "STOP");
      default -> control(hurt.kind(), "PUT", hurt.how());
    }
  }

  private void heal(Hurt hurt) throws Exception {
    switch (hurt.how()) {
      case "KILL" -> startNode(hurt.kind(), 0);
      case "STOP" -> signal(hurt.kind(), "CONT");
      default -> control(hurt.kind(), "DELETE", "");
    }
  }

  private void signal(Kind kind, String name) throws Exception {
    // the script has made way for the process itself
    String pid = Long.toString(nodes.get(kind.port(0)).pid());
    int _ = new ProcessBuilder("kill", "-" + name, pid).start().waitFor();
  }

  private void control(Kind kind, String method, String document) throws Exception {
    HttpResponse<String> answer =
        http.send(
            HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + kind.port(0) + "/_control"))
                .timeout(Duration.ofSeconds(5))
                .method(method, HttpRequest.BodyPublishers.ofString(document))
                .build(),
            HttpResponse.BodyHandlers.ofString());
    if (answer.statusCode() / 100 != 2) {
      throw new IOException(answer.statusCode() + " " + answer.body());
    }
  }

  /** What the node table says of the node that was hurt. */
  private String said(Kind kind) throws Exception {
    for (String line : Machine.output(
            "./fairlead", "nodes", kind.service, "--admin", "http://127.0.0.1:" + ADMIN)
        .text()
        .lines()
        .toList()) {
      if (line.contains("n0 ")) {
        return line.strip().replaceAll("\\s{2,}", "; ");
      }
    }
    return "";
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

  private static ChaosReport.Row judge(
      LiveClient.Result result, long hurtAt, long healedAt, String said) {
    int requests = 0;
    int failed = 0;
    int felt = 0;
    for (int i = 0; i < result.due().length; i++) {
      failed += result.status()[i] == 200 ? 0 : 1; // also before, or while it came back
      boolean during = result.due()[i] >= hurtAt && result.due()[i] < healedAt;
      requests += during ? 1 : 0;
      felt += (during || wasInFlight(result, i, hurtAt)) && isFelt(result, i) ? 1 : 0;
    }
    return new ChaosReport.Row(
        share(result, 0, hurtAt) * Kind.NODES,
        failed,
        felt,
        requests,
        lastFelt(result, hurtAt, healedAt),
        back(result, healedAt),
        said);
  }

  /** It was on its way when the fault began. */
  private static boolean wasInFlight(LiveClient.Result result, int i, long hurtAt) {
    long due = result.due()[i];
    return due < hurtAt && due >= hurtAt - IN_FLIGHT && due + result.nanos()[i] > hurtAt;
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
      if (share(result, from, from + 1_000_000_000L) > 0.5 / Kind.NODES) {
        return (from - healedAt) / 1e9;
      }
    }
    return -1;
  }
}
