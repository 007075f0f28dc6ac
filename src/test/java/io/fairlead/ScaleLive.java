package io.fairlead;

import io.fairlead.Loopback.Client;
import io.fairlead.scaling.ScaleView;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.DoubleUnaryOperator;

/**
 * Scaling with real nodes under real requests: {@code bench/scale} runs it, and puts what it prints
 * behind the simulated table. A step and a ramp, 200 times a node less under load, and the first
 * request to a service without nodes.
 */
final class ScaleLive {
  private static final Path NODE = Path.of("src/test/resources/scale-node.py").toAbsolutePath();
  private static final long LATE_NANOS = Duration.ofSeconds(1).toNanos();
  private static final int MAX_AT_ONCE = 2000;

  private ScaleLive() {}

  /** What came of requests at a given rate. */
  private record Answers(int asked, int broken, int turnedAway, int late) {}

  /**
   * @param args which of step, ramp, ins, nothing; none: all
   */
  static void main(String[] args) throws Exception {
    List<String> parts =
        args.length > 0 ? List.of(args) : List.of("step", "ramp", "ins", "nothing");
    Path folder = Files.createTempDirectory("scale-live-");
    if (parts.contains("step")) {
      trace(folder, "step ×4: 40/s, 160/s for 60 s, 40/s", 150, t -> t < 30 || t > 90 ? 40 : 160);
    }
    if (parts.contains("ramp")) {
      trace(
          folder,
          "ramp ×10 in 60 s: 16/s to 160/s",
          120,
          t -> 16 + 144 * Math.clamp((t - 20) / 60, 0, 1));
    }
    if (parts.contains("ins")) {
      scaleIns(folder, Integer.getInteger("fairlead.scale-ins", 200));
    }
    if (parts.contains("nothing")) {
      fromNothing(folder);
    }
  }

  private static String config(Path folder, String scale, String node) {
    return """
    admin: { bind: "127.0.0.1:0" }
    data: %s
    logs: { enabled: false }
    listeners:
      web:
        bind: "127.0.0.1:0"
        routes: [ { match: { path: /here }, respond: 200 }, { service: shop } ]
    services:
      shop:
        health: { http: "/healthz", interval: 500ms, timeout: 400ms }
        limits: { requests-per-node: 8, queue: 1000, queue-timeout: 1s }
        scale: {
          driver: process, %s, grace: 5s,
          command: ["/usr/bin/python3", "%s", "{port}", "{name}", %s] }
    """
        .formatted(folder, scale, NODE, node);
  }

  private static ScaleView view(Fairlead fairlead) {
    ScaleView view = fairlead.scaling().view("shop");
    if (view == null) {
      throw new IllegalStateException("not scaled");
    }
    return view;
  }

  /** Nodes answer in 100 ms and need 3 s to start; four requests in flight at each are wanted. */
  private static void trace(Path folder, String words, int seconds, DoubleUnaryOperator rate)
      throws Exception {
    String text =
        config(
            folder.resolve("trace"),
            "min: 2, max: 10, target: { requests-in-flight: 4 }, down-after: 20s",
            "0.1, 3");
    try (Fairlead fairlead = Loopback.start(text)) {
      Loopback.await("two nodes", () -> serving(fairlead) == 2);
      int[] bounds = {Integer.MAX_VALUE, 0};
      long[] nodeMillis = {0};
      AtomicBoolean over = new AtomicBoolean();
      Thread watch =
          Thread.ofVirtual()
              .start(() -> {
                long last = System.nanoTime();
                while (!over.get()) {
                  LockSupport.parkNanos(100_000_000);
                  int nodes = view(fairlead).nodes().size();
                  bounds[0] = Math.min(bounds[0], nodes);
                  bounds[1] = Math.max(bounds[1], nodes);
                  long now = System.nanoTime();
                  nodeMillis[0] += nodes * (now - last) / 1_000_000;
                  last = now;
                }
              });
      Answers answers = ask(Loopback.port(fairlead, "web"), seconds, rate, () -> false);
      over.set(true);
      watch.join();
      System.out.printf(
          Locale.ROOT,
          "| %s | %d | %d | %d | %d | %.3f | %d | %d |%n",
          words,
          answers.asked(),
          answers.broken(),
          answers.turnedAway(),
          answers.late(),
          nodeMillis[0] / 3.6e6,
          bounds[0],
          bounds[1]);
      view(fairlead)
          .changes()
          .forEach(one -> System.err.println(one.from() + " to " + one.to() + ": " + one.why()));
    }
  }

  private static int serving(Fairlead fairlead) {
    return (int) view(fairlead).nodes().stream().filter(node -> node.state().equals("up")).count();
  }

  private interface Stop {
    boolean now();
  }

  /** Requests at their times, whatever becomes of those before. */
  private static Answers ask(int port, int seconds, DoubleUnaryOperator rate, Stop stop)
      throws InterruptedException {
    int asked = 0;
    AtomicInteger broken = new AtomicInteger();
    AtomicInteger turnedAway = new AtomicInteger();
    AtomicInteger late = new AtomicInteger();
    AtomicInteger atOnce = new AtomicInteger();
    ConcurrentLinkedQueue<Client> idle = new ConcurrentLinkedQueue<>();
    List<Thread> threads = new ArrayList<>();
    long begin = System.nanoTime();
    double due = 0;
    while (due < seconds && !stop.now()) {
      long at = begin + (long) (due * 1e9);
      LockSupport.parkNanos(at - System.nanoTime());
      if (System.nanoTime() < at) {
        continue;
      }
      due += 1 / rate.applyAsDouble(due);
      asked++;
      if (atOnce.incrementAndGet() > MAX_AT_ONCE) {
        throw new IllegalStateException("too many requests under way");
      }
      threads.add(
          Thread.ofVirtual()
              .start(() -> {
                try {
                  Client client = idle.poll();
                  client = client == null ? new Client(port) : client;
                  int status = client.get("/").status();
                  if (status == 503) {
                    turnedAway.incrementAndGet();
                  } else if (status != 200) {
                    broken.incrementAndGet();
                  }
                  if (System.nanoTime() - at > LATE_NANOS) {
                    late.incrementAndGet();
                  }
                  idle.add(client);
                } catch (IOException e) {
                  System.err.println(e);
                  broken.incrementAndGet();
                } finally {
                  atOnce.decrementAndGet();
                }
              }));
      if (threads.size() > 500) {
        threads.removeIf(thread -> !thread.isAlive());
      }
    }
    for (Thread thread : threads) {
      thread.join();
    }
    return new Answers(asked, broken.get(), turnedAway.get(), late.get());
  }

  /** Up to four nodes and down to one again, while 100 requests a second go on. */
  private static void scaleIns(Path folder, int wanted) throws Exception {
    String text = config(folder.resolve("ins"), "min: 1, max: 4", "0.02");
    try (Fairlead fairlead = Loopback.start(text)) {
      Loopback.await("one node", () -> serving(fairlead) == 1);
      AtomicBoolean over = new AtomicBoolean();
      Answers[] answers = new Answers[1];
      Thread load =
          Thread.ofVirtual()
              .start(() -> {
                try {
                  answers[0] = ask(Loopback.port(fairlead, "web"), 3600, t -> 100, over::get);
                } catch (InterruptedException e) {
                  Thread.currentThread().interrupt();
                }
              });
      int ins = 0;
      while (ins < wanted) {
        set(fairlead, 4);
        for (int size = 3; size >= 1 && ins < wanted; size--) {
          set(fairlead, size);
          ins++;
        }
      }
      over.set(true);
      load.join();
      System.out.printf(
          Locale.ROOT,
          "| %d times a node less, under 100/s | %d | %d | %d | %d | | 1 | 4 |%n",
          ins,
          answers[0].asked(),
          answers[0].broken(),
          answers[0].turnedAway(),
          answers[0].late());
    }
  }

  private static void set(Fairlead fairlead, int size) throws InterruptedException {
    int status =
        Loopback.door(fairlead, "POST", "/api/v1/services/shop/scale", "{\"size\":" + size + "}")
            .statusCode();
    if (status != 200) {
      throw new IllegalStateException("status " + status);
    }
    Loopback.await(
        size + " nodes", () -> view(fairlead).nodes().size() == size && serving(fairlead) == size);
  }

  private static void fromNothing(Path folder) throws Exception {
    int rounds = Integer.getInteger("fairlead.from-nothing", 50);
    double[] alone = new double[rounds];
    double[] through = new double[rounds];
    double[] own = new double[rounds];
    double[] rest = new double[rounds];
    double first = 0;
    String text = config(folder.resolve("nothing"), "min: 0, max: 1, idle: 1s", "0");
    try (Fairlead fairlead = Loopback.start(text);
        Client client = new Client(Loopback.port(fairlead, "web"))) {
      Loopback.await("its turn", () -> view(fairlead).acting());
      int here = client.get("/here").status(); // the first request of all is another matter
      if (here != 200) {
        throw new IllegalStateException("status " + here);
      }
      for (int i = -1; i < rounds; i++) {
        Loopback.await("no node", () -> view(fairlead).nodes().isEmpty());
        double other = i < 0 ? 0 : startAlone(folder);
        long begin = System.nanoTime();
        Loopback.Reply reply = client.get("/");
        double took = (System.nanoTime() - begin) / 1e6;
        if (reply.status() != 200) {
          throw new IllegalStateException("status " + reply.status());
        }
        if (i < 0) {
          first = took;
          continue;
        }
        alone[i] = other;
        through[i] = took;
        String name = reply.body().split(" ", -1)[0];
        own[i] = ownStart(folder.resolve("nothing/scaling/shop/" + name + ".log"));
        rest[i] = took - own[i];
      }
    }
    tellAll("alone", alone);
    tellAll("through", through);
    tellAll("own start", own);
    tellAll("rest", rest);
    System.out.printf(
        Locale.ROOT,
        "%nFrom nothing, %d times each and by turns, milliseconds (median, 95 of 100, most): a node by"
            + " itself answers %s after its start; the first request through Fairlead is answered"
            + " after %s. Of that its node needed %s from the begin of its process until it"
            + " served, by what it says itself, and the rest was %s, 10 ms too much at most. The first"
            + " start of the process, which loads what starts need, is not among them: %.0f.%n",
        rounds,
        spread(alone),
        spread(through),
        spread(own),
        spread(rest),
        first);
  }

  /**
   * What the node that was started last says it needed to start, in milliseconds. The kernel knows
   * when it began to 10 ms: never too long here.
   */
  private static double ownStart(Path log) throws IOException {
    List<String> lines = Files.readAllLines(log);
    for (String line : lines.reversed()) {
      if (line.contains(" serves on ")) {
        String[] words = line.split(" ", -1);
        return Double.parseDouble(words[words.length - 2]) - 10;
      }
    }
    throw new IllegalStateException("it does not say when it began");
  }

  private static void tellAll(String what, double[] millis) {
    System.err.println(
        what + " " + Arrays.toString(Arrays.stream(millis).mapToLong(Math::round).toArray()));
  }

  private static String spread(double[] millis) {
    double[] sorted = millis.clone();
    Arrays.sort(sorted);
    int late = (int) Math.ceil(0.95 * sorted.length) - 1;
    return String.format(
        Locale.ROOT,
        "%.0f (%.0f, %.0f)",
        sorted[sorted.length / 2],
        sorted[late],
        sorted[sorted.length - 1]);
  }

  /** From the start of a node to its first answer, asked every 2 ms. */
  private static double startAlone(Path folder) throws Exception {
    int port;
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = socket.getLocalPort();
    }
    long begin = System.nanoTime();
    Process node =
        new ProcessBuilder("/usr/bin/python3", NODE.toString(), Integer.toString(port), "alone")
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("alone.log").toFile())
            .start();
    try {
      while (true) {
        try (Socket socket = new Socket()) {
          socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1000);
          break;
        } catch (IOException e) {
          LockSupport.parkNanos(2_000_000);
        }
      }
      try (Client client = new Client(port)) {
        if (client.get("/").status() != 200) {
          throw new IllegalStateException("no answer");
        }
      }
      return (System.nanoTime() - begin) / 1e6;
    } finally {
      node.destroy();
      node.waitFor();
    }
  }
}
