package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.Loopback.Client;
import io.fairlead.scaling.DeployView;
import io.fairlead.scaling.ScaleView;
import io.fairlead.telemetry.Event;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/** Whole instances that deploy versions of real nodes under real requests. */
@Timeout(120)
class DeployTest {
  private static final Path NODE = Path.of("src/test/resources/deploy-node.py").toAbsolutePath();
  private static final int CLIENTS = 16;

  @TempDir private Path folder;

  private String config(String version, String deploy) {
    return """
    admin: { bind: "127.0.0.1:0" }
    data: %s
    listeners:
      web:
        bind: "127.0.0.1:0"
        routes:
          - { name: pay, match: { path: /pay }, service: shop }
          - { name: rest, service: shop }
    services:
      shop:
        health: { http: "/healthz", interval: 500ms, timeout: 500ms, fall: 10 }
        deploy: { version: "%s", %s }
        scale: {
          driver: process, min: 2, max: 2, grace: 5s, directory: %s,
          command: ["/usr/bin/python3", "%s", "{port}", "{name}", "{version}"] }
    """
        .formatted(folder.resolve("data"), version, deploy, folder, NODE);
  }

  /** What clients saw while it went on. */
  private static final class Clients implements AutoCloseable {
    private final List<Thread> threads = new ArrayList<>();
    private final AtomicBoolean over = new AtomicBoolean();
    private final Map<String, AtomicInteger> answers = new ConcurrentHashMap<>();
    private final ConcurrentLinkedQueue<String> broken = new ConcurrentLinkedQueue<>();
    private final AtomicInteger all = new AtomicInteger();

    Clients(int port) {
      for (int i = 0; i < CLIENTS; i++) {
        int first = i;
        threads.add(Thread.ofVirtual().start(() -> ask(port, first)));
      }
    }

    private void ask(int port, int first) {
      try (Client client = new Client(port)) {
        for (int i = first; !over.get(); i++) {
          String path = i % 2 == 0 ? "/pay" : "/";
          Loopback.Reply answer = client.get(path);
          all.incrementAndGet();
          answers
              .computeIfAbsent(
                  answer.status() + " " + answer.body().strip(), _ -> new AtomicInteger())
              .incrementAndGet();
        }
      } catch (IOException e) {
        broken.add(e.toString());
      }
    }

    int count(String answer) {
      AtomicInteger count = answers.get(answer);
      return count == null ? 0 : count.get();
    }

    /** Stops asking, and waits for the last answers. */
    void end() {
      over.set(true);
      for (Thread thread : threads) {
        try {
          thread.join();
        } catch (InterruptedException e) {
          throw new IllegalStateException(e);
        }
      }
      assertThat(broken).isEmpty();
    }

    @Override
    public void close() {
      over.set(true);
    }
  }

  private static DeployView view(Fairlead fairlead) {
    DeployView view = fairlead.deploys().view("shop");
    if (view == null) {
      throw new AssertionError("no service");
    }
    return view;
  }

  private static int post(Fairlead fairlead, String body) {
    return Loopback.door(fairlead, "POST", "/api/v1/services/shop/deploy", body).statusCode();
  }

  private static void awaitNodes(Fairlead fairlead, String version) throws InterruptedException {
    Loopback.await(
        "two nodes of " + version,
        Duration.ofSeconds(60),
        () -> {
          ScaleView scale = fairlead.scaling().view("shop");
          return scale != null
              && scale.nodes().size() == 2
              && scale.nodes().stream()
                  .allMatch(node -> node.state().equals("up") && node.version().equals(version));
        });
  }

  private static void awaitEnd(Fairlead fairlead) throws InterruptedException {
    Loopback.await(
        "the end of the deploy: " + view(fairlead).deploy(),
        Duration.ofSeconds(90),
        () -> view(fairlead).deploy().endedMillis() > 0);
  }

  private static String told(Fairlead fairlead, Class<? extends Event> kind) {
    return fairlead.events().since(0).stream()
        .filter(e -> kind.isInstance(e.event()))
        .map(e -> e.event().text())
        .findFirst()
        .orElse("");
  }

  @Test
  void aVersionThatFailsOnOneRouteIsRolledBackAndAGoodOneCompletes() throws Exception {
    try (Fairlead fairlead = Loopback.start(config("good-1", "hold: 1s, warm-up: 0s"))) {
      awaitNodes(fairlead, "good-1");
      try (Clients clients = new Clients(Loopback.port(fairlead, "web"))) {
        long from = System.nanoTime();
        assertThat(post(fairlead, "{\"version\":\"bad-2\"}")).isEqualTo(200);
        assertThat(post(fairlead, "{\"version\":\"good-3\"}")).as("one at a time").isEqualTo(409);
        awaitEnd(fairlead);
        clients.end();
        report("5xx on a route of a half", fairlead, clients, clients.count("500 bad-2"), from);
        assertThat(view(fairlead).deploy().state()).isEqualTo("rolled-back");
        assertThat(clients.count("500 bad-2"))
            .as("of %s", clients.answers)
            .isLessThan(clients.all.get() / 100);
      }
      assertThat(told(fairlead, Event.DeployRolledBack.class))
          .matches(
              "version bad-2 of shop is rolled back to good-1 after .* requests: 100 % of .*"
                  + " requests failed on route pay, of the old version none");
      awaitNodes(fairlead, "good-1");

      String quick = "steps: [10%, 50%], hold: 500ms, exposure: 20%, warm-up: 0s, slower: 90%";
      try (Clients clients = new Clients(Loopback.port(fairlead, "web"))) {
        assertThat(fairlead.apply(Loopback.read(config("good-3", quick)), "test"))
            .isInstanceOf(Fairlead.Applied.Done.class);
        Loopback.await("its begin", () -> view(fairlead).deploy().to().equals("good-3"));
        awaitEnd(fairlead);
        assertThat(view(fairlead).deploy().state()).as(view(fairlead).toString()).isEqualTo("done");
        awaitNodes(fairlead, "good-3");
        clients.end();
        assertThat(clients.answers.keySet()).containsExactlyInAnyOrder("200 good-1", "200 good-3");
      }
      assertThat(told(fairlead, Event.Deployed.class))
          .startsWith("version good-3 of shop is deployed in place of good-1, after ");
      try (Client client = new Client(Loopback.port(fairlead, "web"))) {
        assertThat(client.get("/").body()).isEqualTo("good-3\n");
      }
    }
    assertThat(ours()).isEmpty();
  }

  @Test
  void whoIsKilledOrReplacedInTheMiddleIsFollowedByOneThatGoesOn() throws Exception {
    Path file = folder.resolve("fairlead.yaml");
    int port = FreePort.any();
    String text =
        config("good-1", "hold: 1h")
            .replace(
                "web:\n    bind: \"127.0.0.1:0\"", "web:\n    bind: \"127.0.0.1:" + port + "\"");
    assertThat(text).contains(":" + port);
    Files.writeString(file, text);
    Process first = FairleadProcess.run(folder.resolve("first"), "-c", file.toString());
    try {
      Loopback.await("the first", Duration.ofSeconds(60), () -> count("first", " is up") == 2);
      Files.writeString(file, text.replace("good-1", "good-2"));
      Loopback.await(
          "a step",
          Duration.ofSeconds(60),
          () -> count("first", "gets 0.5 % of the requests") == 1);
    } finally {
      first.destroyForcibly().waitFor();
    }
    assertThat(ours()).hasSize(3);
    Process second = FairleadProcess.run(folder.resolve("second"), "-c", file.toString());
    Process third = null;
    try {
      Loopback.await(
          "that it goes on",
          Duration.ofSeconds(60),
          () -> count("second", "gets 0.5 % of the requests") == 1);
      assertThat(count("second", "was under way")).isEqualTo(1);
      assertThat(ours()).hasSize(3);
      third = FairleadProcess.run(folder.resolve("third"), "-c", file.toString(), "--takeover");
      assertThat(second.waitFor(60, TimeUnit.SECONDS)).isTrue();
      Loopback.await(
          "that the third goes on",
          Duration.ofSeconds(60),
          () -> count("third", "gets 0.5 % of the requests") == 1);
      assertThat(count("third", "was under way")).isEqualTo(1);
      assertThat(ours()).hasSize(3);
      Files.writeString(file, text); // the old version is wanted after all
      Loopback.await(
          "that it is taken back",
          Duration.ofSeconds(60),
          () -> count("third", "is rolled back to good-1") == 1 && ours().size() == 2);
      assertThat(ours()).allMatch(command -> command.contains("good-1"));
    } finally {
      second.destroyForcibly().waitFor();
      if (third != null) {
        third.destroy();
        assertThat(third.waitFor(60, TimeUnit.SECONDS)).isTrue();
      }
    }
    assertThat(ours()).isEmpty();
  }

  /** Not often: takes a minute. */
  @Test
  @EnabledIfSystemProperty(named = "fairlead.deploys", matches = "true")
  void aVersionThatIsTwiceAsSlowIsRolledBack() throws Exception {
    try (Fairlead fairlead = Loopback.start(config("good-1", "hold: 5s, warm-up: 0s"))) {
      awaitNodes(fairlead, "good-1");
      try (Clients clients = new Clients(Loopback.port(fairlead, "web"))) {
        long from = System.nanoTime();
        assertThat(post(fairlead, "{\"version\":\"slow-2\"}")).isEqualTo(200);
        awaitEnd(fairlead);
        clients.end();
        report("2 × slower", fairlead, clients, clients.count("200 slow-2"), from);
        assertThat(clients.count("200 slow-2")).isLessThan(clients.all.get() / 100);
      }
      assertThat(view(fairlead).deploy().state()).isEqualTo("rolled-back");
      assertThat(view(fairlead).deploy().why()).contains("times as long");
    }
    assertThat(ours()).isEmpty();
  }

  /**
   * Killed again and again while versions come and go: in the end there is one, and no other node.
   */
  @Test
  @Timeout(900)
  @EnabledIfSystemProperty(named = "fairlead.deploys", matches = "true")
  void nothingLeaksHoweverOftenFairleadIsKilledInDeploys() throws Exception {
    int cycles = Integer.getInteger("fairlead.cycles", 30);
    SplittableRandom random = new SplittableRandom(23);
    Path file = folder.resolve("fairlead.yaml");
    String deploy = "hold: 300ms, patience: 1s, warm-up: 0s";
    int most = 0;
    for (int i = 0; i < cycles; i++) {
      Files.writeString(file, config("good-" + random.nextInt(3), deploy));
      Process fairlead = FairleadProcess.run(folder.resolve("out"), "-c", file.toString());
      Loopback.await("that it begins", () -> count("out", "listener web serves") == 1);
      Thread.sleep(random.nextInt(4000)); // the moment is what is tried out
      fairlead.destroyForcibly().waitFor();
      most = Math.max(most, ours().size());
      assertThat(ours().size()).as("after %d", i).isLessThanOrEqualTo(8);
    }
    Files.writeString(file, config("good-9", deploy));
    Process last = FairleadProcess.run(folder.resolve("out"), "-c", file.toString());
    try {
      Loopback.await(
          "two nodes of the last version and no other",
          Duration.ofSeconds(60),
          () ->
              ours().size() == 2
                  && ours().stream().allMatch(command -> command.contains("good-9")));
    } catch (AssertionError e) {
      throw new AssertionError(ours() + "\n" + text(folder.resolve("out")), e);
    } finally {
      last.destroy();
      last.waitFor();
    }
    assertThat(ours()).isEmpty();
    System.out.printf("%d times killed, at most %d nodes, 0 left%n", cycles, most);
  }

  private static void report(
      String what, Fairlead fairlead, Clients clients, int affected, long from) throws IOException {
    String file = System.getProperty("fairlead.report", "");
    if (!file.isEmpty()) {
      Files.writeString(
          Path.of(file),
          String.format(
              Locale.ROOT,
              "| %s | %d | %d | %.2f %% | %.0f | %s |%n",
              what,
              clients.all.get(),
              affected,
              100.0 * affected / clients.all.get(),
              (System.nanoTime() - from) / 1e9,
              told(fairlead, Event.DeployRolledBack.class)),
          StandardOpenOption.CREATE,
          StandardOpenOption.APPEND);
    }
  }

  private int count(String output, String words) {
    return (int) text(folder.resolve(output)).lines().filter(line -> line.contains(words)).count();
  }

  private static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      return "";
    }
  }

  /** Command lines of nodes of this test that live. */
  private List<String> ours() {
    List<String> ours = new ArrayList<>();
    String mark = text(folder.resolve("data/scaling/mark")).strip();
    for (ProcessHandle process : ProcessHandle.allProcesses().toList()) {
      Path environ = Path.of("/proc", Long.toString(process.pid()), "environ");
      if (!mark.isEmpty() && text(environ).contains("FAIRLEAD_NODE=" + mark)) {
        ours.add(text(environ.resolveSibling("cmdline")).replace('\0', ' '));
      }
    }
    return ours;
  }
}
