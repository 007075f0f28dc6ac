package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.Loopback.Client;
import io.fairlead.demo.TestNode;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Real processes, started as the launcher script does, and real signals. */
@Timeout(60)
class ProcessTest {
  @TempDir Path folder;

  private final List<Started> started = new ArrayList<>();

  /** A process whose output goes to a file, where a test can look for a line. */
  private record Started(Process process, Path output) {
    String text() {
      try {
        return Files.readString(output);
      } catch (IOException e) {
        throw new java.io.UncheckedIOException(e);
      }
    }

    String awaitMatch(String pattern) throws InterruptedException {
      Matcher[] found = {Pattern.compile(pattern).matcher("")};
      Loopback.await(
          pattern + " in the output",
          () -> {
            String text = text();
            found[0] = Pattern.compile(pattern).matcher(text);
            return found[0].find() || (!process.isAlive() && !text.equals(text()));
          });
      return found[0].group(found[0].groupCount());
    }

    void signal(String name) throws IOException, InterruptedException {
      new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start().waitFor();
    }

    int exit() throws InterruptedException {
      if (!process.waitFor(20, TimeUnit.SECONDS)) {
        throw new AssertionError("still running: " + text());
      }
      return process.exitValue();
    }
  }

  private Started fairlead(List<String> options, String... arguments) throws IOException {
    Path output = folder.resolve("output-" + started.size());
    List<String> command = FairleadProcess.java(options.toArray(String[]::new));
    command.add("io.fairlead.Main");
    command.addAll(List.of(arguments));
    Process process = FairleadProcess.start(output, command);
    Started made = new Started(process, output);
    started.add(made);
    return made;
  }

  @AfterEach
  void end() throws InterruptedException {
    for (Started each : started) {
      each.process().descendants().forEach(ProcessHandle::destroyForcibly);
      each.process().destroyForcibly().waitFor();
    }
  }

  private Path config(String bind, int nodePort) throws IOException {
    return Files.writeString(
        folder.resolve("fairlead.yaml"),
        """
        admin: { bind: "127.0.0.1:0" }
        listeners:
          web: { bind: "%s", routes: { service: shop } }
        services:
          shop: { nodes: "127.0.0.1:%d" }
        """
            .formatted(bind, nodePort));
  }

  @Test
  void runServesReloadsAtHupAndDrainsAtTerm() throws Exception {
    try (TestNode a = Loopback.node("a");
        TestNode b = Loopback.node("b")) {
      Path file = config("127.0.0.1:0", a.port());
      Started run = fairlead(List.of(), "run", "-c", file.toString());
      int port = Integer.parseInt(run.awaitMatch("listener web serves on 127.0.0.1:([0-9]+)"));
      int admin = Integer.parseInt(run.awaitMatch("dashboard and API: http://.*:([0-9]+)/"));
      try (Client door = new Client(admin);
          Client client = new Client(port)) {
        assertThat(door.get("/readyz").body()).contains("ready");
        assertThat(client.get("/").field("x-node")).isEqualTo("a");
        config("127.0.0.1:0", b.port());
        run.signal("HUP");
        String applied = run.awaitMatch("configuration 2 from .* applied: (.*)");
        assertThat(applied).contains("shop");
        assertThat(client.get("/").field("x-node")).isEqualTo("b");

        client.send("GET /delay/1000 HTTP/1.1\r\nHost: a\r\n\r\n");
        Thread.sleep(200); // the request has to be on its way; nothing outside shows that it is
        run.signal("TERM");
        assertThat(client.reply().status()).as("in flight at SIGTERM").isEqualTo(200);
        assertThat(run.exit()).isZero();
      }
    }
  }

  @Test
  void aSecondTermEndsItAtOnce() throws Exception {
    try (TestNode a = Loopback.node("a")) {
      Started run = fairlead(List.of(), "run", "-c", config("127.0.0.1:0", a.port()).toString());
      int port = Integer.parseInt(run.awaitMatch("listener web serves on 127.0.0.1:([0-9]+)"));
      run.awaitMatch("(dashboard and API)");
      try (Client client = new Client(port)) {
        assertThat(client.get("/").status()).isEqualTo(200);
        client.send("GET /delay/20000 HTTP/1.1\r\nHost: a\r\n\r\n");
        Thread.sleep(200); // as above
        run.signal("TERM");
        run.awaitMatch("stopping: (draining)");
        assertThat(run.process().isAlive()).isTrue();
        run.signal("TERM");
        assertThat(run.process().waitFor(3, TimeUnit.SECONDS)).isTrue();
      }
    }
  }

  @Test
  void problemsAreAllToldAndEndInOne() throws Exception {
    Path file = folder.resolve("bad.yaml");
    Files.writeString(
        file,
        """
        listeners:
          web: { bind: "127.0.0.1:0", routes: { service: shpo } }
        services:
          shop: { nodes: "127.0.0.1:1", blance: random }
        """);
    for (String verb : List.of("run", "check")) {
      Started run = fairlead(List.of(), verb, "-c", file.toString());
      assertThat(run.exit()).isEqualTo(1);
      assertThat(run.text().lines())
          .hasSize(2)
          .allMatch(line -> line.matches(Pattern.quote(file.toString()) + ":\\d+:\\d+: .+: .+"))
          .anyMatch(line -> line.contains("did you mean shop"))
          .anyMatch(line -> line.contains("did you mean balance"));
    }
    assertThat(fairlead(List.of(), "check", "-c", config("127.0.0.1:0", 1).toString()).exit())
        .isZero();
  }

  @Test
  void anAddressThatIsTakenEndsInOneAndIsNamed() throws Exception {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      String address = "127.0.0.1:" + taken.getLocalPort();
      Started run = fairlead(List.of(), "run", "-c", config(address, 1).toString());
      assertThat(run.exit()).isEqualTo(1);
      assertThat(run.text())
          .contains("listeners.web.bind: cannot listen on " + address)
          .contains("already in use");
      Path file = config("127.0.0.1:0", 1);
      Files.writeString(
          file,
          Files.readString(file)
              .replace("admin: { bind: \"127.0.0.1:0\"", "admin: { bind: \"" + address + "\""));
      Started door = fairlead(List.of(), "run", "-c", file.toString());
      assertThat(door.exit()).isEqualTo(1);
      assertThat(door.text()).contains("admin.bind: cannot listen on " + address);
    }
  }

  @Test
  void aNodeServesUntilItIsTold() throws Exception {
    Started node = fairlead(List.of(), "node", "--port", "0", "--name", "n7");
    int port = Integer.parseInt(node.awaitMatch("test node n7 serves on 127.0.0.1:([0-9]+)"));
    try (Client client = new Client(port)) {
      assertThat(client.get("/").field("x-node")).isEqualTo("n7");
    }
    node.signal("TERM");
    assertThat(node.exit()).isZero();
  }

  @Test
  void theDemoLosesNoIdempotentRequestWhenANodeIsKilled() throws Exception {
    Started demo =
        fairlead(List.of("-Dfairlead.demo.port=0", "-Dfairlead.demo.admin-port=0"), "demo");
    String door = demo.awaitMatch("dashboard +(http://[^ /]+)/");
    String pid = demo.awaitMatch("kill -9 ([0-9]+)");
    int admin = Integer.parseInt(door.substring(door.lastIndexOf(':') + 1));
    Thread.sleep(1500); // traffic goes on for a while
    assertThat(new ProcessBuilder("kill", "-9", pid).start().waitFor()).isZero();
    try (Client client = new Client(admin)) {
      Loopback.await(
          "it is seen to be down",
          Duration.ofSeconds(2),
          () -> {
            try {
              String nodes = client.get("/api/v1/services/shop/nodes").body();
              return nodes.contains("\"state\":\"down\"") && nodes.contains("refused");
            } catch (IOException e) {
              throw new java.io.UncheckedIOException(e);
            }
          });
    }
    Thread.sleep(1000); // and after it
    demo.signal("TERM");
    assertThat(demo.exit()).isZero();
    String summary = demo.awaitMatch("traffic: (.*)");
    Matcher failed = Pattern.compile("(\\d+) sent, .* (\\d+) failed").matcher(summary);
    assertThat(failed.find()).isTrue();
    assertThat(Integer.parseInt(failed.group(1))).isGreaterThan(50);
    // A POST that the node had already got must not be repeated; all others are.
    if (!summary.contains("last error: POST")) {
      assertThat(failed.group(2)).as(summary).isEqualTo("0");
    }
    assertThat(demo.process().descendants()).isEmpty();
  }
}
