package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.Loopback.Client;
import io.fairlead.config.AgentReader;
import io.fairlead.config.ConfigReader;
import io.fairlead.scaling.Agent;
import io.fairlead.scaling.ScaleView;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Instances of a group have the same nodes at an agent, and one of them gives the orders. */
@Timeout(120)
class AgentsOfAGroupTest {
  private static final List<String> NAMES = List.of("a", "b", "w");
  private static final Duration PATIENCE = Duration.ofSeconds(40);
  private static final Path NODE = Path.of("src/test/resources/scale-node.py").toAbsolutePath();

  @TempDir Path folder;

  @Test
  void allHaveTheSameNodesAndTheNextOneGoesOn() throws Exception {
    int base = FreePort.row(11);
    List<Fairlead> running = new ArrayList<>();
    ConcurrentLinkedQueue<String> wrong = new ConcurrentLinkedQueue<>();
    AtomicBoolean over = new AtomicBoolean();
    try (Agent agent = agent()) {
      try {
        for (String name : NAMES) {
          running.add(start(name, base, agent.address().getPort()));
        }
        Fairlead a = running.get(0);
        Fairlead b = running.get(1);
        Loopback.await("two at both", PATIENCE, () -> serving(a) == 2 && serving(b) == 2);
        List<Long> first = pids();
        assertThat(first).hasSize(2);
        Loopback.await("one acts", () -> view(a).acting() ^ view(b).acting());
        Fairlead leads = view(a).acting() ? a : b;
        Fairlead follows = leads == a ? b : a;
        List<Thread> clients = List.of(ask(a, over, wrong), ask(b, over, wrong));
        size(leads, 4);
        Loopback.await("four at both", PATIENCE, () -> serving(a) == 4 && serving(b) == 4);
        size(leads, 2);
        Loopback.await(
            "two at both", PATIENCE, () -> nodes(a) == 2 && nodes(b) == 2 && pids().size() == 2);
        over.set(true);
        for (Thread client : clients) {
          client.join();
        }
        assertThat(wrong).isEmpty();
        List<Long> left = pids();
        leads.close();
        running.remove(leads);
        Loopback.await("the other one acts", PATIENCE, () -> view(follows).acting());
        assertThat(serving(follows)).isEqualTo(2);
        size(follows, 3);
        Loopback.await("three", PATIENCE, () -> serving(follows) == 3);
        assertThat(pids()).hasSize(3).containsAll(left);
      } finally {
        running.forEach(Fairlead::close);
        agent.stopNodes();
      }
      assertThat(pids()).isEmpty();
    }
  }

  private Agent agent() throws IOException {
    Path file = folder.resolve("agent.yaml");
    Files.writeString(
        file,
        """
        name: h1
        bind: "127.0.0.1:0"
        data: agent
        token: a-token-of-agents
        services:
          shop:
            command: ["/usr/bin/python3", "%s", "{port}", "{name}", "0.02", "0", "%s"]
            most: 8
        """
            .formatted(NODE, folder));
    return switch (AgentReader.readFile(file)) {
      case AgentReader.Result.Accepted(var config) ->
          Agent.start(config, new SplittableRandom(1), _ -> {});
      case AgentReader.Result.Refused refused -> throw new AssertionError(refused.problems());
    };
  }

  private Fairlead start(String name, int base, int agent) throws IOException {
    Path file = folder.resolve(name + "/fairlead.yaml");
    Files.createDirectories(file.getParent());
    Files.writeString(
        file,
        """
        admin: { bind: "127.0.0.1:0" }
        data: data
        group:
          name: test
          instance: %s
          bind: "127.0.0.1:%d"
          peers: { a: "127.0.0.1:%d", b: "127.0.0.1:%d", w: "127.0.0.1:%d" }
          role: %s
        """
                .formatted(
                    name,
                    base + 4 * NAMES.indexOf(name),
                    base,
                    base + 4,
                    base + 8,
                    name.equals("w") ? "witness" : "member")
            + (name.equals("w")
                ? ""
                : """
                listeners:
                  web: { bind: "127.0.0.1:0", routes: { service: shop } }
                services:
                  shop:
                    health: { http: "/healthz", interval: 200ms, timeout: 200ms, fall: 20 }
                    scale: {
                      driver: process, min: 2, max: 6, grace: 5s,
                      agents: { h1: "http://127.0.0.1:%d" }, token: a-token-of-agents }
                """
                    .formatted(agent)));
    return switch (ConfigReader.readFile(file)) {
      case ConfigReader.Result.Accepted(var config, String text) ->
          Fairlead.start(config, text, file.toString(), file);
      case ConfigReader.Result.Refused refused -> throw new AssertionError(refused.problems());
    };
  }

  private static Thread ask(
      Fairlead fairlead, AtomicBoolean over, ConcurrentLinkedQueue<String> wrong) {
    return Thread.ofVirtual()
        .start(() -> {
          try (Client client = new Client(Loopback.port(fairlead, "web"))) {
            while (!over.get()) {
              int status = client.get("/").status();
              if (status != 200) {
                wrong.add("status " + status);
              }
            }
          } catch (IOException e) {
            wrong.add(e.toString());
          }
        });
  }

  private static ScaleView view(Fairlead fairlead) {
    ScaleView view = fairlead.scaling().view("shop");
    if (view == null) {
      throw new AssertionError("not scaled");
    }
    return view;
  }

  private static int nodes(Fairlead fairlead) {
    return view(fairlead).nodes().size();
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

  private List<Long> pids() {
    return ProcessHandle.allProcesses()
        .filter(one ->
            one.info().arguments().map(List::of).orElse(List.of()).contains(folder.toString()))
        .map(ProcessHandle::pid)
        .toList();
  }
}
