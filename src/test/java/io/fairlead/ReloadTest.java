package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.Loopback.Client;
import io.fairlead.config.ConfigReader;
import io.fairlead.demo.TestNode;
import io.fairlead.service.Node;
import io.fairlead.telemetry.Event;
import io.fairlead.telemetry.EventLog;
import io.fairlead.telemetry.ListenerCounter;
import io.fairlead.telemetry.NodeCounter;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A configuration changes while everything goes on. With {@code -Dfairlead.reload.seconds=30} the
 * load test is the long one: wrk beside our own clients, and twenty downloads.
 */
@Timeout(120)
class ReloadTest {
  private static final int SECONDS = Integer.getInteger("fairlead.reload.seconds", 5);
  private static final boolean LONG = SECONDS >= 30;
  private static final int CLIENTS = 16;
  private static final int DOWNLOADS = LONG ? 20 : 5;

  @Test
  void reloadsUnderLoadFailNoRequestAndCutNoConnection() throws Exception {
    ConcurrentLinkedQueue<String> failures = new ConcurrentLinkedQueue<>();
    LongAdder answers = new LongAdder();
    AtomicBoolean over = new AtomicBoolean();
    int second = FreePort.any();
    try (TestNode a = Loopback.node("a");
        TestNode b = Loopback.node("b");
        Fairlead fairlead = Loopback.start(variant(0, a, b, second));
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      int port = Loopback.port(fairlead, "web");
      Node[] nodes = Loopback.nodes(fairlead, "shop");
      Loopback.await("both are probed", () -> probed(nodes[0]) && probed(nodes[1]));
      List<Future<?>> running = new ArrayList<>();
      for (int i = 0; i < CLIENTS; i++) {
        String path = i % 2 == 0 ? "/extra/" + i : "/products/" + i;
        running.add(threads.submit(() -> ask(port, path, over, answers, failures)));
      }
      for (int i = 0; i < DOWNLOADS; i++) {
        running.add(threads.submit(() -> download(port, failures)));
      }
      CompletableFuture<String> wrk = LONG ? wrk(port) : CompletableFuture.completedFuture("");

      long counted = 0;
      int reloads = 0;
      long end = System.nanoTime() + SECONDS * 1_000_000_000L;
      for (long next = System.nanoTime(); next < end; next += 200_000_000L) {
        Thread.sleep(Math.max(0, (next - System.nanoTime()) / 1_000_000));
        Fairlead.Applied applied =
            fairlead.apply(Loopback.read(variant(++reloads, a, b, second)), "test");
        assertThat(applied).isInstanceOf(Fairlead.Applied.Done.class);
        if (hasSecondListener(reloads)) {
          try (Client client = new Client(second)) {
            assertThat(client.get("/").status()).isEqualTo(200);
          }
        }
        long now =
            Loopback.listener(fairlead, "web").state().counters().get(ListenerCounter.REQUESTS);
        assertThat(now).isGreaterThanOrEqualTo(counted);
        counted = now;
      }
      String report = wrk.get();
      over.set(true);
      for (Future<?> each : running) {
        each.get();
      }

      System.out.println(
          reloads + " reloads, " + answers.sum() + " answers, failures: " + failures.size());
      assertThat(failures).isEmpty();
      assertThat(answers.sum()).isGreaterThan(100L * SECONDS);
      assertThat(reloads).isGreaterThan(2 * SECONDS);
      assertThat(report).doesNotContain("Socket errors").doesNotContain("Non-2xx");
      assertThat(Loopback.nodes(fairlead, "shop"))
          .as("nodes stay what they are, with health and counters")
          .containsExactly(nodes);
      assertThat(nodes).allMatch(ReloadTest::probed);
      int atOnce = CLIENTS + DOWNLOADS + (LONG ? 8 : 0) + 1;
      for (Node node : nodes) {
        assertThat(node.counters().get(NodeCounter.CONNECTIONS))
            .as("connections opened follow the clients, not the reloads")
            .isLessThanOrEqualTo(3L * atOnce);
      }
      assertNothingIsLeft(fairlead, nodes);
    }
  }

  private static boolean probed(Node node) {
    return node.facts().up() && node.facts().reason().startsWith("answered");
  }

  private static void assertNothingIsLeft(Fairlead fairlead, Node[] nodes)
      throws InterruptedException {
    Loopback.await("no exchange is left", () -> fairlead.dataPlane().exchangesInUse() == 0);
    for (Node node : nodes) {
      Loopback.await("nothing is in flight", () -> node.inFlight() == 0);
    }
  }

  private static boolean hasSecondListener(int step) {
    return step % 3 == 1;
  }

  /** One of the configurations that take turns. */
  private static String variant(int step, TestNode a, TestNode b, int second) {
    boolean extra = step % 2 == 1;
    StringBuilder yaml = new StringBuilder("admin: { bind: \"127.0.0.1:0\" }\nlisteners:\n");
    yaml.append("  web:\n    bind: \"127.0.0.1:0\"\n");
    yaml.append("    limits: { header-bytes: ").append(step % 4 == 0 ? "8KiB" : "64KiB");
    yaml.append(" }\n    routes:\n");
    if (extra) {
      yaml.append("      - { name: extra, match: { path: \"/extra/**\" }, service: extra }\n");
    }
    for (int i = 0; i < step % 5; i++) {
      yaml.append("      - { name: r").append(i).append(", match: { path: \"/r").append(i);
      yaml.append("/**\" }, service: shop }\n");
    }
    yaml.append("      - { name: all, service: shop }\n");
    if (hasSecondListener(step)) {
      yaml.append("  second: { bind: \"127.0.0.1:").append(second);
      yaml.append("\", routes: { service: shop } }\n");
    }
    yaml.append("services:\n  shop:\n    nodes:\n");
    yaml.append("      - { name: a, weight: ")
        .append(1 + step % 3)
        .append(", address: \"127.0.0.1:");
    yaml.append(a.port()).append("\" }\n      - { name: b, address: \"127.0.0.1:").append(b.port());
    yaml.append("\" }\n    health: { http: \"/healthz\" }\n");
    if (extra) {
      yaml.append("  extra: { nodes: \"127.0.0.1:").append(b.port()).append("\" }\n");
    }
    return yaml.toString();
  }

  private static void ask(
      int port,
      String path,
      AtomicBoolean over,
      LongAdder answers,
      ConcurrentLinkedQueue<String> failures) {
    try (Client client = new Client(port)) {
      while (!over.get()) {
        Loopback.Reply reply = client.get(path);
        if (reply.status() == 200) {
          answers.increment();
        } else {
          failures.add(path + ": " + reply.status() + " " + reply.field("fairlead-error"));
        }
      }
    } catch (IOException e) {
      failures.add(path + ": " + e);
    }
  }

  /** Takes nearly as long as the test. */
  private static void download(int port, ConcurrentLinkedQueue<String> failures) {
    int size = 20_000 * (SECONDS - 1);
    try (Client client = new Client(port)) {
      int got = client.get("/bytes/" + size + "?slow-body=20000").body().length();
      if (got != size) {
        failures.add("download: " + got + " of " + size);
      }
    } catch (IOException e) {
      failures.add("download: " + e);
    }
  }

  private static CompletableFuture<String> wrk(int port) {
    try {
      Process process =
          new ProcessBuilder(
                  "wrk", "-t1", "-c8", "-d" + SECONDS + "s", "http://127.0.0.1:" + port + "/extra/")
              .redirectErrorStream(true)
              .start();
      return CompletableFuture.supplyAsync(() -> {
        try {
          String report =
              new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
          System.out.println(report);
          return report;
        } catch (IOException e) {
          throw new java.io.UncheckedIOException(e);
        }
      });
    } catch (IOException e) {
      return Assertions.fail(
          "the long form needs wrk, which was not found; on Debian: apt-get install wrk", e);
    }
  }

  @Test
  void aConfigurationWithProblemsChangesNothing(@TempDir Path folder) throws Exception {
    Path file = folder.resolve("fairlead.yaml");
    try (TestNode node = Loopback.node("a")) {
      String good = simple("web", "127.0.0.1:0", node);
      Files.writeString(file, good);
      try (Fairlead fairlead = Fairlead.start(Loopback.config(good), good, "test", file)) {
        Fairlead.State before = fairlead.state();
        Files.writeString(file, good.replace("service: shop", "service: shpo") + "nonsense: 1\n");
        Fairlead.Applied applied = fairlead.reload("test");
        assertThat(applied).isInstanceOf(Fairlead.Applied.Refused.class);
        assertThat(((Fairlead.Applied.Refused) applied).problems())
            .extracting(ConfigReader.Problem::toString)
            .anyMatch(text -> text.contains("did you mean shop"))
            .anyMatch(text -> text.contains("nonsense"));
        assertThat(fairlead.state()).isSameAs(before);
        assertThat(fairlead.lastReloadSucceeded()).isFalse();
        assertThat(events(fairlead)).last().isInstanceOf(Event.ConfigRefused.class);
        assertServes(Loopback.port(fairlead, "web"));

        Files.writeString(file, good);
        assertThat(fairlead.reload("test")).isInstanceOf(Fairlead.Applied.Done.class);
        assertThat(fairlead.lastReloadSucceeded()).isTrue();
      }
    }
  }

  @Test
  void anAddressThatIsTakenChangesNothingAndLeavesNothingOpen() throws Exception {
    int free = FreePort.any();
    int free2 = FreePort.any();
    try (TestNode node = Loopback.node("a");
        ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        Fairlead fairlead = Loopback.start(simple("web", "127.0.0.1:0", node))) {
      Fairlead.State before = fairlead.state();
      String text =
          simple("web", "127.0.0.1:0\", \"127.0.0.1:" + free2, node)
              .replace(
                  "services:",
                  "  one: { bind: \"127.0.0.1:%d\", routes: { service: other } }\n".formatted(free)
                      + "  two: { bind: \"127.0.0.1:%d\", routes: { service: shop } }\n"
                          .formatted(taken.getLocalPort())
                      + "services:\n  other: { nodes: \"127.0.0.1:%d\" }\n".formatted(node.port()));
      Fairlead.Applied applied = fairlead.apply(Loopback.read(text), "test");
      assertThat(applied).isInstanceOf(Fairlead.Applied.Refused.class);
      assertThat(applied.toString())
          .contains("listeners.two.bind: cannot listen on 127.0.0.1:" + taken.getLocalPort());
      assertThat(fairlead.state()).isSameAs(before);
      assertThat(fairlead.lastReloadSucceeded()).isFalse();
      assertServes(Loopback.port(fairlead, "web"));
      assertRefuses(free);
      assertRefuses(free2);
      assertThat(Loopback.listener(fairlead, "web").addresses()).hasSize(1);
    }
  }

  @Test
  void aListenerThatIsCalledOtherwiseKeepsItsAddressAndTurnsNobodyAway() throws Exception {
    int port = FreePort.any();
    try (TestNode node = Loopback.node("a");
        Fairlead fairlead = Loopback.start(simple("old", "127.0.0.1:" + port, node));
        Client before = new Client(port)) {
      before.send("GET /delay/500 HTTP/1.1\r\nHost: a\r\n\r\n");
      Loopback.await("it is under way", () -> fairlead.dataPlane().exchangesInUse() == 1);
      assertThat(fairlead.apply(Loopback.read(simple("new", "127.0.0.1:" + port, node)), "test"))
          .isInstanceOf(Fairlead.Applied.Done.class);
      assertServes(port);
      assertThat(
              Loopback.listener(fairlead, "new").state().counters().get(ListenerCounter.REQUESTS))
          .isEqualTo(1);
      assertThat(before.reply().status()).as("what was under way is answered").isEqualTo(200);
      assertThat(before.isEnded()).as("then the old listener's connection ends").isTrue();
    }
  }

  @Test
  void anAddressMayMoveFromOneListenerToAnother() throws Exception {
    int port = FreePort.any();
    try (TestNode node = Loopback.node("a");
        Fairlead fairlead =
            Loopback.start(two("127.0.0.1:0\", \"127.0.0.1:" + port, "127.0.0.1:0", node));
        Client before = new Client(port)) {
      assertThat(before.get("/").status()).isEqualTo(200);
      String moved = two("127.0.0.1:0", "127.0.0.1:0\", \"127.0.0.1:" + port, node);
      assertThat(fairlead.apply(Loopback.read(moved), "test"))
          .isInstanceOf(Fairlead.Applied.Done.class);
      assertServes(port);
      assertThat(
              Loopback.listener(fairlead, "two").state().counters().get(ListenerCounter.REQUESTS))
          .isEqualTo(1);
      assertThat(before.get("/").status()).as("its listener is still there").isEqualTo(200);
    }
  }

  @Test
  void partOfTheAddressesMayChange() throws Exception {
    int first = FreePort.any();
    int other = FreePort.any();
    try (TestNode node = Loopback.node("a");
        Fairlead fairlead =
            Loopback.start(simple("web", "127.0.0.1:0\", \"127.0.0.1:" + first, node));
        Client kept = new Client(first)) {
      assertThat(kept.get("/").status()).isEqualTo(200);
      int port = Loopback.port(fairlead, "web");
      for (int i = 0; i < 10; i++) {
        int now = i % 2 == 0 ? other : first;
        String text = simple("web", "127.0.0.1:0\", \"127.0.0.1:" + now, node);
        assertThat(fairlead.apply(Loopback.read(text), "test"))
            .isInstanceOf(Fairlead.Applied.Done.class);
        assertServes(now);
        assertServes(port);
        assertRefuses(i % 2 == 0 ? first : other);
      }
      assertThat(kept.get("/").status()).as("a connection outlives its address").isEqualTo(200);
      assertThat(events(fairlead))
          .contains(
              new Event.ListenerStopped("web", "127.0.0.1:" + first),
              new Event.ListenerStarted("web", "127.0.0.1:" + other));
    }
  }

  @Test
  void whatIsUnderWayAtARemovedServiceOrListenerIsAnswered() throws Exception {
    int port = FreePort.any();
    try (TestNode node = Loopback.node("a");
        TestNode gone = Loopback.node("gone");
        Fairlead fairlead =
            Loopback.start(
                simple("web", "127.0.0.1:0", node)
                    .replace(
                        "- { service: shop }",
                        "- { match: { path: \"/delay/**\" }, service: gone }\n      - { service: shop }")
                    .replace(
                        "services:",
                        """
                          second: { bind: "127.0.0.1:%d", routes: { service: gone } }
                        services:
                          gone: { nodes: "127.0.0.1:%d" }
                        """
                            .formatted(port, gone.port())));
        Client one = new Client(Loopback.port(fairlead, "web"));
        Client half = new Client(Loopback.port(fairlead, "web"));
        Client two = new Client(port);
        Client idle = new Client(port)) {
      assertThat(idle.get("/").field("x-node")).isEqualTo("gone");
      one.send("GET /delay/700 HTTP/1.1\r\nHost: a\r\n\r\n");
      half.send("GET /delay/1 HTTP/1.1\r\nHo");
      two.send("GET /delay/700 HTTP/1.1\r\nHost: a\r\n\r\n");
      Loopback.await("all are under way", () -> fairlead.dataPlane().exchangesInUse() == 3);

      assertThat(fairlead.apply(Loopback.read(simple("web", "127.0.0.1:0", node)), "test"))
          .isInstanceOf(Fairlead.Applied.Done.class);

      assertRefuses(port);
      assertThat(idle.isEnded()).as("an idle connection of a listener that leaves ends").isTrue();
      half.send("st: a\r\n\r\n");
      assertThat(half.reply().field("x-node"))
          .as("a request that began before goes by the routes from before")
          .isEqualTo("gone");
      assertThat(half.get("/delay/1").field("x-node")).as("the next one does not").isEqualTo("a");
      assertThat(one.reply().field("x-node")).isEqualTo("gone");
      assertThat(one.get("/").field("x-node")).as("its connection stays").isEqualTo("a");
      assertThat(two.reply().field("x-node")).isEqualTo("gone");
      assertThat(two.isEnded()).as("its listener has left").isTrue();
    }
  }

  @Test
  void theFileTheDoorAndTheOperatorsTextAllReload(@TempDir Path folder) throws Exception {
    Path file = folder.resolve("fairlead.yaml");
    try (TestNode a = Loopback.node("a");
        TestNode b = Loopback.node("b")) {
      String toA = simple("web", "127.0.0.1:0", a);
      String toB = simple("web", "127.0.0.1:0", b);
      Files.writeString(file, toA);
      ConfigWatch watch = ConfigWatch.of(file);
      try (watch;
          Fairlead fairlead = Fairlead.start(Loopback.config(toA), toA, "test", file)) {
        int port = Loopback.port(fairlead, "web");
        Files.writeString(file, toB);
        watch.start(() -> fairlead.reload("file change")); // changed before, and still seen
        Loopback.await("the file's change", () -> fairlead.state().version() == 2);
        assertServes(port, "b");

        Files.delete(file);
        HttpResponse<String> none = Loopback.door(fairlead, "POST", "/api/v1/config/reload", "");
        assertThat(none.statusCode()).isEqualTo(422);
        assertThat(none.body()).contains("there is no such file");
        assertServes(port, "b");

        Files.writeString(file, toA);
        Loopback.await("the new file", () -> fairlead.state().version() == 3);
        assertServes(port, "a");

        assertThat(Loopback.door(fairlead, "PUT", "/api/v1/config", toB).statusCode())
            .isEqualTo(200);
        assertServes(port, "b");
        assertThat(Loopback.door(fairlead, "POST", "/api/v1/config/reload", "").statusCode())
            .isEqualTo(200);
        assertServes(port, "a");
        assertThat(fairlead.state().version()).isEqualTo(5);
      }
    }
  }

  @Test
  void anInstanceThatStopsChangesNothingAnyMore() throws Exception {
    try (TestNode node = Loopback.node("a");
        Fairlead fairlead = Loopback.start(simple("web", "127.0.0.1:0", node))) {
      assertThat(fairlead.drain(Fairlead.DRAIN_PATIENCE)).isZero();
      Fairlead.Applied applied =
          fairlead.apply(Loopback.read(two("127.0.0.1:0", "127.0.0.1:0", node)), "test");
      assertThat(applied.toString()).contains("the instance is stopping");
      assertThat(fairlead.state().listeners()).containsOnlyKeys("web");
    }
  }

  private static String simple(String listener, String bind, TestNode node) {
    return """
    admin: { bind: "127.0.0.1:0" }
    listeners:
      %s:
        bind: ["%s"]
        routes:
          - { service: shop }
    services:
      shop: { nodes: "127.0.0.1:%d" }
    """
        .formatted(listener, bind, node.port());
  }

  private static String two(String first, String second, TestNode node) {
    return """
    admin: { bind: "127.0.0.1:0" }
    listeners:
      one: { bind: ["%s"], routes: { service: shop } }
      two: { bind: ["%s"], routes: { service: shop } }
    services:
      shop: { nodes: "127.0.0.1:%d" }
    """
        .formatted(first, second, node.port());
  }

  private static List<Event> events(Fairlead fairlead) {
    return fairlead.events().since(0).stream().map(EventLog.Entry::event).toList();
  }

  private static void assertServes(int port) throws IOException {
    try (Client client = new Client(port)) {
      assertThat(client.get("/").status()).isEqualTo(200);
    }
  }

  private static void assertServes(int port, String node) throws IOException {
    try (Client client = new Client(port)) {
      assertThat(client.get("/").field("x-node")).isEqualTo(node);
    }
  }

  private static void assertRefuses(int port) {
    Assertions.assertThatThrownBy(() -> new Client(port).close())
        .isInstanceOf(ConnectException.class);
  }
}
