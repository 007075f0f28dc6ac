package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.Loopback.Client;
import io.fairlead.config.AgentReader;
import io.fairlead.scaling.Agent;
import io.fairlead.scaling.ScaleView;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Whole instances, and agents in processes of their own that are killed. */
@Timeout(120)
class AgentsTest {
  private static final Path NODE = Path.of("src/test/resources/scale-node.py").toAbsolutePath();
  private static final String TOKEN = "a-token-of-agents";

  @TempDir Path folder;
  private final TreeMap<String, Process> agents = new TreeMap<>();
  private final TreeMap<String, Agent> near = new TreeMap<>();
  private final TreeMap<String, Integer> ports = new TreeMap<>();

  @AfterEach
  void endAgents() throws Exception {
    near.values().forEach(Agent::close);
    for (Process agent : agents.values()) {
      agent.destroyForcibly().waitFor();
    }
    for (ProcessHandle one : ours()) {
      one.destroyForcibly();
    }
  }

  @Test
  void aServiceGrowsOverMachinesAndLosesNothingWithAnAgent() throws Exception {
    start("h1");
    start("h2");
    ConcurrentLinkedQueue<String> wrong = new ConcurrentLinkedQueue<>();
    AtomicBoolean over = new AtomicBoolean();
    AtomicInteger answered = new AtomicInteger();
    try (Fairlead fairlead = Loopback.start(config(TOKEN, "stop"))) {
      size(fairlead, 4);
      Loopback.await("four", () -> serving(fairlead) == 4);
      assertThat(view(fairlead).agents())
          .extracting(ScaleView.AgentView::nodes)
          .containsExactly(2, 2);
      assertThat(zones(fairlead)).containsExactlyInAnyOrder("h1", "h1", "h2", "h2");
      List<ProcessHandle> before = ours();
      Thread client = Thread.ofVirtual().start(() -> ask(fairlead, over, answered, wrong));

      kill("h2");
      Loopback.await("it is told", () -> told(fairlead, "agent h2 of shop does not answer"));
      assertThat(view(fairlead).agents().getLast().words())
          .contains("agent h2 has not answered for", "2 nodes there are judged by their checks");
      assertThat(Loopback.door(fairlead, "GET", "/api/v1/services/shop/scale", "").body())
          .contains("2 nodes there are judged by their checks");
      assertThat(serving(fairlead)).as("its nodes go on").isEqualTo(4);

      size(fairlead, 5);
      Loopback.await("another one at h1", () -> serving(fairlead) == 5);
      assertThat(view(fairlead).agents().getFirst().nodes()).isEqualTo(3);

      start("h2");
      Loopback.await("it is back", () -> told(fairlead, "agent h2 of shop answers again"));
      assertThat(ours()).as("none was started or stopped for that").containsAll(before).hasSize(5);
      assertThat(view(fairlead).nodes()).hasSize(5);
      size(fairlead, 2);
      Loopback.await("two", () -> view(fairlead).nodes().size() == 2 && serving(fairlead) == 2);
      over.set(true);
      client.join();
      assertThat(wrong).isEmpty();
      assertThat(answered).hasPositiveValue();
    }
    assertThat(ours()).as("on-exit: stop").isEmpty();
    assertThat(end("h1")).as("SIGTERM").isZero();
  }

  private static void ask(
      Fairlead fairlead,
      AtomicBoolean over,
      AtomicInteger answered,
      ConcurrentLinkedQueue<String> wrong) {
    try (Client client = new Client(Loopback.port(fairlead, "web"))) {
      while (!over.get()) {
        int status = client.get("/").status();
        answered.incrementAndGet();
        if (status != 200) {
          wrong.add("status " + status);
        }
      }
    } catch (IOException e) {
      wrong.add(e.toString());
    }
  }

  /** Front end and agent are both away, and the nodes go on. */
  @Test
  void whoStartsWhileAnAgentIsAwayHasItsNodesNevertheless() throws Exception {
    startHere("h1");
    startHere("h2");
    try (Fairlead fairlead = Loopback.start(config(TOKEN, "leave"))) {
      size(fairlead, 4);
      Loopback.await("four", () -> serving(fairlead) == 4);
      Agent h1 = near.remove("h1");
      if (h1 != null) {
        h1.close();
      }
    }
    assertThat(ours()).hasSize(4);
    try (Fairlead fairlead = Loopback.start(config(TOKEN, "stop"));
        Client client = new Client(Loopback.port(fairlead, "web"))) {
      assertThat(client.get("/").status()).as("at once").isEqualTo(200);
      Loopback.await("four", () -> serving(fairlead) == 4);
      assertThat(ours()).as(() -> fairlead.events().since(0).toString()).hasSize(4);
      startHere("h1");
      Loopback.await("h1", () -> view(fairlead).agents().getFirst().answers());
      assertThat(view(fairlead).nodes()).hasSize(4);
    }
  }

  @Test
  void anotherTokenIsToldAndNothingIsStarted() throws Exception {
    startHere("h1");
    startHere("h2");
    try (Fairlead fairlead = Loopback.start(config("some-other-token", "stop"))) {
      Loopback.await("it is told", () -> told(fairlead, "does not take our token (401)"));
      assertThat(ours()).isEmpty();
    }
  }

  // --- helpers -----------------------------------------------------------------------------

  private String config(String token, String onExit) {
    return """
    admin: { bind: "127.0.0.1:0" }
    data: %s
    listeners:
      web: { bind: "127.0.0.1:0", routes: { service: shop } }
    services:
      shop:
        health: { http: "/healthz", interval: 200ms, timeout: 200ms, fall: 20 }
        scale: {
          driver: process, min: 2, max: 6, grace: 5s, drain: 5s, on-exit: %s,
          agents: { h1: "http://127.0.0.1:%d", h2: "http://127.0.0.1:%d" }, token: %s }
    """
        .formatted(folder.resolve("data"), onExit, ports.get("h1"), ports.get("h2"), token);
  }

  private Path file(String name) throws IOException {
    Integer before = ports.get(name);
    int port = before == null ? FreePort.any() : before;
    ports.put(name, port);
    Path file = folder.resolve(name + ".yaml");
    Files.writeString(
        file,
        """
        name: %s
        bind: "127.0.0.1:%d"
        data: %s
        token: %s
        services:
          shop:
            command: ["/usr/bin/python3", "%s", "{port}", "{name}", "0", "0", "%s"]
            most: 4
        """
            .formatted(name, port, folder.resolve("agent-" + name), TOKEN, NODE, folder));
    return file;
  }

  private void startHere(String name) throws IOException {
    near.put(
        name,
        switch (AgentReader.readFile(file(name))) {
          case AgentReader.Result.Accepted(var config) ->
              Agent.start(config, new SplittableRandom(name.hashCode()), _ -> {});
          case AgentReader.Result.Refused refused -> throw new AssertionError(refused.problems());
        });
  }

  private void start(String name) throws Exception {
    Path file = file(name);
    List<String> command = new ArrayList<>(FairleadProcess.command());
    command.removeLast();
    command.addAll(List.of("agent", "-c", file.toString()));
    Path output = folder.resolve(name + "-" + System.nanoTime());
    Process agent = FairleadProcess.start(output, command);
    agents.put(name, agent);
    Loopback.await(
        name,
        () -> {
          try {
            if (!agent.isAlive()) {
              throw new AssertionError(Files.readString(output));
            }
            return Files.readString(output).contains("listens on");
          } catch (IOException e) {
            return false;
          }
        });
  }

  private void kill(String name) throws Exception {
    Process agent = agents.remove(name);
    if (agent != null) {
      agent.destroyForcibly().waitFor();
    }
  }

  private int end(String name) throws Exception {
    Process agent = agents.remove(name);
    if (agent == null) {
      throw new AssertionError("no agent " + name);
    }
    agent.destroy();
    return agent.waitFor();
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

  private static List<String> zones(Fairlead fairlead) {
    return Stream.of(Loopback.nodes(fairlead, "shop")).map(node -> node.facts().zone()).toList();
  }

  private static boolean told(Fairlead fairlead, String text) {
    return fairlead.events().since(0).stream().anyMatch(e -> e.event().text().contains(text));
  }

  private static void size(Fairlead fairlead, int size) {
    assertThat(
            Loopback.door(
                    fairlead, "POST", "/api/v1/services/shop/scale", "{\"size\":" + size + "}")
                .statusCode())
        .isEqualTo(200);
  }

  private List<ProcessHandle> ours() {
    return ProcessHandle.allProcesses()
        .filter(one ->
            one.info().arguments().map(List::of).orElse(List.of()).contains(folder.toString()))
        .toList();
  }
}
