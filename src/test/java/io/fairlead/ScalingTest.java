package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.Loopback.Client;
import io.fairlead.scaling.ScaleView;
import io.fairlead.telemetry.Event;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Whole instances that start and stop real nodes under real requests. */
@Timeout(90)
class ScalingTest {
  private static final Path NODE = Path.of("src/test/resources/scale-node.py").toAbsolutePath();

  @TempDir Path folder;

  private String config(String scale, String node) {
    return """
    admin: { bind: "127.0.0.1:0" }
    data: %s
    listeners:
      web: { bind: "127.0.0.1:0", routes: { service: shop } }
    services:
      shop:
        health: { http: "/healthz", interval: 200ms, timeout: 200ms, fall: 20 }
        scale: {
          driver: process, %s, grace: 5s, directory: %s,
          command: ["/usr/bin/python3", "%s", "{port}", "{name}", %s] }
    """
        .formatted(folder.resolve("data"), scale, folder, NODE, node);
  }

  private static ScaleView view(Fairlead fairlead) {
    ScaleView view = fairlead.scaling().view("shop");
    if (view == null) {
      throw new AssertionError("not scaled");
    }
    return view;
  }

  private static int serving(Fairlead fairlead) {
    return (int) view(fairlead).nodes().stream().filter(node -> node.state().equals("up")).count();
  }

  private static void size(Fairlead fairlead, int size) {
    assertThat(
            Loopback.door(
                    fairlead, "POST", "/api/v1/services/shop/scale", "{\"size\":" + size + "}")
                .statusCode())
        .isEqualTo(200);
  }

  /** Four that ask one thing after another, each on its connection, until they are told to end. */
  private static final class Clients {
    /** By status and reason, or by what broke. */
    final Map<String, Integer> answers = new ConcurrentHashMap<>();

    private final AtomicBoolean over = new AtomicBoolean();
    private final List<Thread> all = new ArrayList<>();

    Clients(Fairlead fairlead) {
      for (int i = 0; i < 4; i++) {
        all.add(Thread.ofVirtual().start(() -> ask(Loopback.port(fairlead, "web"))));
      }
    }

    private void ask(int port) {
      try (Client client = new Client(port)) {
        while (!over.get()) {
          Loopback.Reply reply = client.get("/");
          String what = reply.status() + " " + reply.field("fairlead-error");
          answers.merge(what.strip(), 1, Integer::sum);
        }
      } catch (IOException e) {
        answers.merge(e.toString(), 1, Integer::sum);
      }
    }

    void awaitAnswers() throws InterruptedException {
      Loopback.await("answers", () -> answers.containsKey("200"));
    }

    void end() throws InterruptedException {
      over.set(true);
      for (Thread each : all) {
        each.join();
      }
    }
  }

  /** Nodes come and go, and nobody notices. */
  @Test
  void noRequestBreaksWhileNodesComeAndGo() throws Exception {
    try (Fairlead fairlead = Loopback.start(config("min: 1, max: 4", "0.01"))) {
      Clients clients = new Clients(fairlead);
      for (int size : new int[] {4, 1, 3, 2, 4, 1}) {
        size(fairlead, size);
        Loopback.await(
            size + " nodes",
            () -> view(fairlead).nodes().size() == size && serving(fairlead) == size);
      }
      clients.end();
      assertThat(clients.answers).containsOnlyKeys("200");
      assertThat(fairlead.events().since(0))
          .noneMatch(e ->
              e.event() instanceof Event.NodeNotStarted
                  || e.event() instanceof Event.NodeNotStopped);
    }
    assertThat(ours()).isEmpty();
  }

  @Test
  void theFirstRequestWaitsForTheFirstNode() throws Exception {
    try (Fairlead fairlead = Loopback.start(config("min: 0, max: 2, idle: 1s", "0"))) {
      Loopback.await("its turn", () -> view(fairlead).acting());
      try (Client client = new Client(Loopback.port(fairlead, "web"))) {
        assertThat(view(fairlead).nodes()).isEmpty();
        assertThat(client.get("/").status()).isEqualTo(200);
        assertThat(view(fairlead).startSeconds()).isLessThan(10);
        Loopback.await("nobody asks", () -> view(fairlead).nodes().isEmpty());
        assertThat(client.get("/").body()).startsWith("shop-1 ");
      }
    }
    assertThat(ours()).isEmpty();
  }

  /** What was on its way to it can be asked again, and what comes meanwhile waits, too. */
  @Test
  void theOnlyNodeIsKilledAndRequestsWaitForTheNext() throws Exception {
    try (Fairlead fairlead = Loopback.start(config("min: 1, max: 1", "0.02"))) {
      Loopback.await("one", () -> serving(fairlead) == 1);
      Clients clients = new Clients(fairlead);
      clients.awaitAnswers();
      kill();
      Loopback.await("known", () -> left(fairlead));
      clients.answers.remove("200");
      clients.awaitAnswers();
      clients.end();
      assertThat(clients.answers).containsOnlyKeys("200");
    }
    assertThat(ours()).isEmpty();
  }

  private static boolean left(Fairlead fairlead) {
    return fairlead.events().since(0).stream()
        .anyMatch(entry -> entry.event() instanceof Event.NodeLeft);
  }

  @Test
  void aServiceWithoutANodeThatStartsIsToldSo() throws Exception {
    String broken = config("min: 0, max: 2, hold: 300ms", "0").replace(NODE.toString(), "/no/such");
    try (Fairlead fairlead = Loopback.start(broken);
        Client client = new Client(Loopback.port(fairlead, "web"))) {
      assertThat(client.get("/").field("fairlead-error")).isEqualTo("overloaded");
      Loopback.await(
          "the event",
          () ->
              fairlead.events().since(0).stream()
                  .anyMatch(e -> e.event().text().contains("could not be started: ended with 2")));
    }
    assertThat(ours()).isEmpty();
  }

  @Test
  void aChangeOfTheConfigurationIsFollowedLive() throws Exception {
    try (Fairlead fairlead = Loopback.start(config("min: 1, max: 4", "0"))) {
      Loopback.await("one", () -> serving(fairlead) == 1);
      apply(fairlead, config("min: 3, max: 4", "0"));
      Loopback.await("three", () -> serving(fairlead) == 3);
      apply(fairlead, config("min: 1, max: 2", "0"));
      Loopback.await("two", () -> view(fairlead).nodes().size() == 2);
      apply(fairlead, config("min: 1, max: 2", "0.001"));
      Loopback.await(
          "others",
          () -> {
            try {
              return ours().size() == 2
                  && ours().stream().allMatch(command -> command.contains(" 0.001"));
            } catch (IOException e) {
              return false;
            }
          });
      String without =
          config("max: 1", "0").replaceAll("(?s)scale:.*", "nodes: [\"127.0.0.1:1\"]\n");
      apply(fairlead, without);
      Loopback.await("none", () -> fairlead.scaling().view("shop") == null);
      assertThat(ours()).isEmpty();
    }
  }

  private static void apply(Fairlead fairlead, String text) {
    assertThat(fairlead.apply(Loopback.read(text), "test"))
        .isInstanceOf(Fairlead.Applied.Done.class);
  }

  /** Who may reach the door may not run programs because of that. */
  @Test
  void theDoorTakesNoOtherProgram() throws Exception {
    try (Fairlead fairlead = Loopback.start(config("min: 1, max: 2", "0"))) {
      assertThat(put(fairlead, config("min: 1, max: 3", "0"))).isEqualTo(200);
      assertThat(put(fairlead, config("min: 1, max: 3", "0.5"))).isEqualTo(422);
    }
    assertThat(ours()).isEmpty();
  }

  private static int put(Fairlead fairlead, String text) {
    return Loopback.door(fairlead, "PUT", "/api/v1/config", text).statusCode();
  }

  /** A process that is killed leaves its nodes, and the next one has them again. */
  @Test
  void whoIsKilledLeavesNodesThatTheNextOneFinds() throws Exception {
    Path file = folder.resolve("fairlead.yaml");
    Files.writeString(file, config("min: 2, max: 4", "0"));
    Map<String, Long> before;
    Process first = FairleadProcess.run(folder.resolve("first"), "-c", file.toString());
    try {
      before = await(folder.resolve("first"), first, 2);
    } finally {
      first.destroyForcibly().waitFor();
    }
    Process second = FairleadProcess.run(folder.resolve("second"), "-c", file.toString());
    try {
      assertThat(await(folder.resolve("second"), second, 2)).isEqualTo(before);
    } finally {
      second.destroy(); // SIGTERM
      assertThat(second.waitFor(60, TimeUnit.SECONDS)).isTrue();
    }
    assertThat(ours()).isEmpty();
  }

  /** A process that takes over has the nodes of the one before, which leaves them. */
  @Test
  void whoTakesOverHasTheNodes() throws Exception {
    Path file = folder.resolve("fairlead.yaml");
    int port = FreePort.any();
    Files.writeString(
        file,
        config("min: 2, max: 4", "0")
            .replace("web: { bind: \"127.0.0.1:0\"", "web: { bind: \"127.0.0.1:" + port + "\""));
    Process first = FairleadProcess.run(folder.resolve("first"), "-c", file.toString());
    Process second = null;
    try {
      Map<String, Long> before = await(folder.resolve("first"), first, 2);
      second = FairleadProcess.run(folder.resolve("second"), "-c", file.toString(), "--takeover");
      assertThat(first.waitFor(60, TimeUnit.SECONDS)).isTrue();
      assertThat(await(folder.resolve("second"), second, 2)).isEqualTo(before);
      assertThat(ours()).hasSize(2);
    } finally {
      first.destroyForcibly().waitFor();
      if (second != null) {
        second.destroy();
        assertThat(second.waitFor(60, TimeUnit.SECONDS)).isTrue();
      }
    }
    assertThat(ours()).isEmpty();
  }

  /** Processes by the name of the node that answers, once there are so many. */
  private static Map<String, Long> await(Path output, Process process, int nodes) throws Exception {
    Pattern listener = Pattern.compile("listener web serves on 127.0.0.1:([0-9]+)");
    Loopback.await("a listener", () -> !process.isAlive() || listener.matcher(text(output)).find());
    Matcher found = listener.matcher(text(output));
    assertThat(found.find()).as(text(output)).isTrue();
    Map<String, Long> seen = new TreeMap<>();
    try (Client client = new Client(Integer.parseInt(found.group(1)))) {
      long end = System.nanoTime() + Duration.ofSeconds(20).toNanos();
      while (seen.size() < nodes) {
        String[] words = client.get("/").body().strip().split(" ", -1);
        seen.put(words[0], Long.parseLong(words[1]));
        assertThat(System.nanoTime()).as("nodes seen: %s", seen).isLessThan(end);
      }
    }
    return seen;
  }

  private static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      return "";
    }
  }

  /** Command lines of nodes of this test that live. */
  private List<String> ours() throws IOException {
    return List.copyOf(processes().values());
  }

  private void kill() {
    processes().keySet().forEach(ProcessHandle::destroyForcibly);
  }

  private Map<ProcessHandle, String> processes() {
    Map<ProcessHandle, String> ours = new HashMap<>();
    String mark = mark();
    for (ProcessHandle process : ProcessHandle.allProcesses().toList()) {
      Path environ = Path.of("/proc", Long.toString(process.pid()), "environ");
      try {
        if (!mark.isEmpty() && Files.readString(environ).contains("FAIRLEAD_NODE=" + mark)) {
          ours.put(process, Files.readString(environ.resolveSibling("cmdline")).replace('\0', ' '));
        }
      } catch (IOException e) {
        // Ended, or somebody else's.
      }
    }
    return ours;
  }

  private String mark() {
    return text(folder.resolve("data/scaling/mark")).strip();
  }
}
