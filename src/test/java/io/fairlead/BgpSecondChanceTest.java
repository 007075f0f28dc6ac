package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.vip.Bird;
import io.fairlead.vip.Namespaces;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Instances that have one address at the same time, behind a router that spreads connections over
 * them by a plain hash: each change of who they are sends some connections to another instance.
 * With a second chance these do not notice.
 */
@Timeout(180)
class BgpSecondChanceTest {
  private static final String FRONT = "192.0.2.10";
  private static final int CONNECTIONS = 40;
  private static final long PATIENCE = Duration.ofSeconds(40).toNanos();
  private static final Pattern PASSED_ON = Pattern.compile("counter packets (\\d+)");

  @TempDir private Path folder;
  private final List<Process> processes = new ArrayList<>();
  private final List<Socket> connections = new ArrayList<>();

  @BeforeEach
  void needs() {
    Bird.assumeInstalled();
  }

  @AfterEach
  void stop() throws IOException {
    for (Process one : processes) {
      one.destroyForcibly();
    }
    for (Socket one : connections) {
      one.close();
    }
  }

  private void startAll(Namespaces machines, boolean secondChance) throws Exception {
    Process _ = start(machines, "a", 1, secondChance);
    Process _ = start(machines, "b", 2, secondChance);
    Process _ = start(machines, "c", 3, secondChance);
    awaitWays(machines, 3);
  }

  private Process start(Namespaces machines, String name, int number, boolean secondChance)
      throws Exception {
    Path file = folder.resolve(name + ".yaml");
    Files.writeString(
        file,
        """
        data: %s-data
        logs: { enabled: false }
        group:
          name: racks
          instance: %s
          bind: "10.77.0.%d:7400"
          peers: { a: "10.77.0.1:7400", b: "10.77.0.2:7400", c: "10.77.0.3:7400" }
          plain: true
          addresses: "10.77.0.%d"
        listeners:
          lines: { bind: "0.0.0.0:8080", protocol: tcp, service: echo }
        services:
          echo: { nodes: "10.77.0.5:9000", health: none }
        vips:
          front: { address: "192.0.2.10", elect: bgp, second-chance: %s }
        bgp:
          as: 65010
          drain: 1s
          peers:
            rack: { address: "10.77.0.4", as: 65000, hold-time: 3s }
        """
            .formatted(name, name, number, number, secondChance));
    Process process =
        FairleadProcess.start(
            folder.resolve(name + ".log"),
            machines.command(name, FairleadProcess.command("-c", file.toString())));
    processes.add(process);
    return process;
  }

  private static String neighbour(int number) {
    return """
    protocol bgp n%d {
      local 10.77.0.4 as 65000;
      neighbor 10.77.0.%d as 65010;
      passive on;
      error wait time 1, 2;
      ipv4 { import all; export none; };
    }
    """
        .formatted(number, number);
  }

  private Bird router(Namespaces machines) throws Exception {
    for (String setting :
        List.of(
            "ip_forward=1",
            "fib_multipath_hash_policy=1", // by ports, too
            "conf.all.send_redirects=0",
            "conf.eth0.send_redirects=0")) {
      String _ = machines.run("r", "sysctl", "-q", "-w", "net.ipv4." + setting);
    }
    String _ = machines.run("client", "ip", "route", "add", FRONT, "via", "10.77.0.4");
    return Bird.start(
        machines, "r", "10.77.0.4", folder, neighbour(1) + neighbour(2) + neighbour(3));
  }

  @Test
  void connectionsOutliveEachChangeOfWhoHasTheAddress() throws Exception {
    try (Namespaces machines = Namespaces.make("a", "b", "c", "r", "client");
        Bird _ = router(machines);
        ServerSocket _ = machines.inside("client", () -> echo("10.77.0.5", 9000))) {
      startAll(machines, true);
      Process a = processes.get(0);
      Process b = processes.get(1);
      Process c = processes.get(2);
      awaitRing(machines, 3, "a", "b", "c");
      connect(machines);
      Set<Integer> ofB = ports(machines, "b");
      for (String name : List.of("a", "b", "c")) {
        assertThat(ports(machines, name)).as("all have some").isNotEmpty();
        assertThat(passedOn(machines, name)).as("each came to the right one").isZero();
      }

      signal("TERM", b);
      awaitWays(machines, 2);
      for (int i = 0; i < 5; i++) {
        assertThat(broken(connections)).as("b has gone from the router's ways").isEmpty();
      }
      assertThat(ports(machines, "b")).as("they are still b's").isEqualTo(ofB);
      assertThat(passedOn(machines, "a") + passedOn(machines, "c")).isPositive();
      close(ofB);
      assertThat(b.waitFor(40, TimeUnit.SECONDS)).isTrue();
      assertThat(b.exitValue()).isZero();
      awaitRing(machines, 2, "a", "c");
      assertThat(broken(connections)).as("b has ended").isEmpty();
      assertThat(machines.has("b", FRONT)).isFalse();
      assertThat(machines.run("b", "nft", "list", "tables")).doesNotContain("fairlead");
      assertThat(machines.run("b", "ip", "rule")).startsWith("0:\tfrom all lookup local");

      connect(machines); // some of them are to go to b when it is there
      Process _ = start(machines, "b", 2, true);
      awaitWays(machines, 3);
      assertThat(broken(connections)).as("b has come").isEmpty();
      assertThat(passedOn(machines, "b")).as("what b does not know").isPositive();
      connect(machines);
      assertThat(ports(machines, "b")).isNotEmpty();

      // Nobody has what a killed one had: clients are told so, in place of waiting for nothing.
      Set<Integer> lost = ports(machines, "a");
      a.destroyForcibly();
      awaitRing(machines, 2, "b", "c");
      List<Socket> gone =
          connections.stream().filter(s -> lost.contains(s.getLocalPort())).toList();
      long began = System.nanoTime();
      assertThat(broken(gone)).hasSameSizeAs(gone);
      assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(10));
      close(lost);
      assertThat(broken(connections)).as("those of b and c").isEmpty();
      assertThat(c.isAlive()).isTrue();
    } catch (AssertionError | IOException e) {
      throw new AssertionError(e.getMessage() + "\n" + logs(), e);
    }
  }

  /** What the test above would not notice if the router sent each connection where it was. */
  @Test
  void withoutItTheyAreReset() throws Exception {
    try (Namespaces machines = Namespaces.make("a", "b", "c", "r", "client");
        Bird _ = router(machines);
        ServerSocket _ = machines.inside("client", () -> echo("10.77.0.5", 9000))) {
      startAll(machines, false);
      connect(machines);
      signal("TERM", processes.get(1));
      awaitWays(machines, 2);
      assertThat(broken(connections)).isNotEmpty();
    }
  }

  // --- clients -----------------------------------------------------------------------------

  private static ServerSocket echo(String host, int port) throws IOException {
    ServerSocket server = new ServerSocket();
    server.setReuseAddress(true);
    server.bind(new InetSocketAddress(host, port), 200);
    Thread.ofVirtual()
        .start(() -> {
          try {
            while (true) {
              Socket one = server.accept();
              Thread.ofVirtual().start(() -> answer(one));
            }
          } catch (IOException _) {
            // The test has ended.
          }
        });
    return server;
  }

  private static void answer(Socket one) {
    try (one) {
      for (int b = one.getInputStream().read(); b >= 0; b = one.getInputStream().read()) {
        one.getOutputStream().write(b);
      }
    } catch (IOException _) {
      // It is over.
    }
  }

  private void connect(Namespaces machines) throws Exception {
    List<Socket> more =
        machines.inside(
            "client",
            () -> {
              List<Socket> made = new ArrayList<>();
              for (int i = 0; i < CONNECTIONS; i++) {
                Socket one = new Socket();
                made.add(one);
                one.connect(new InetSocketAddress(FRONT, 8080), 5000);
                one.setTcpNoDelay(true);
                one.setSoTimeout(8000);
              }
              return made;
            });
    connections.addAll(more);
    assertThat(broken(more)).as("new ones").isEmpty();
  }

  /** Those by which nothing comes back. */
  private static List<String> broken(List<Socket> connections) {
    List<String> broken = new ArrayList<>();
    for (Socket one : connections) {
      try {
        one.getOutputStream().write('x');
        int back = one.getInputStream().read();
        if (back != 'x') {
          broken.add(one.getLocalPort() + ": " + back);
        }
      } catch (IOException e) {
        broken.add(one.getLocalPort() + ": " + e.getMessage());
      }
    }
    return broken;
  }

  private void close(Set<Integer> ports) throws IOException {
    for (Socket one : connections) {
      if (ports.contains(one.getLocalPort())) {
        one.close();
      }
    }
    connections.removeIf(Socket::isClosed);
  }

  // --- what machines say -------------------------------------------------------------------

  /** Ports of the client's side of connections to the address that this machine has. */
  private static Set<Integer> ports(Namespaces machines, String name) throws Exception {
    Set<Integer> ports = new HashSet<>();
    String said = machines.run(name, "ss", "-Htn", "state", "established", "src", FRONT);
    for (String line : said.lines().toList()) {
      ports.add(Integer.parseInt(line.substring(line.lastIndexOf(':') + 1).strip()));
    }
    return ports;
  }

  /** Packets that the machine has passed on as long as the ring has been as it is. */
  private static long passedOn(Namespaces machines, String name) throws Exception {
    Matcher found = PASSED_ON.matcher(machines.run(name, "nft", "list", "table", "ip", "fairlead"));
    assertThat(found.find()).isTrue();
    return Long.parseLong(found.group(1));
  }

  private static void awaitWays(Namespaces machines, int count) throws Exception {
    await(
        count + " ways",
        () -> {
          String said = machines.run("r", "ip", "-4", "route", "show", FRONT);
          return said.split("via ", -1).length - 1 == count;
        });
  }

  private static void awaitRing(Namespaces machines, int members, String... names)
      throws Exception {
    for (String name : names) {
      await(
          name + " knows " + members,
          () -> {
            String rules = machines.run(name, "nft", "list", "table", "ip", "fairlead");
            return rules.contains("ip ttl set " + members + "\n");
          });
    }
  }

  private String logs() throws IOException {
    StringBuilder all = new StringBuilder();
    for (String name : List.of("a", "b", "c", "bird-r")) {
      Path log = folder.resolve(name + ".log");
      all.append(name).append(":\n").append(Files.exists(log) ? Files.readString(log) : "none");
    }
    return all.toString();
  }

  private static void signal(String name, Process process) throws Exception {
    assertThat(Tool.run("", "kill", "-" + name, Long.toString(process.pid())).status()).isZero();
  }

  private static void await(String what, Callable<Boolean> condition) throws Exception {
    long deadline = System.nanoTime() + PATIENCE;
    while (!holds(condition)) {
      assertThat(System.nanoTime()).as(what).isLessThan(deadline);
      Thread.sleep(20);
    }
  }

  private static boolean holds(Callable<Boolean> condition) throws Exception {
    try {
      return condition.call();
    } catch (IOException _) {
      return false; // there is no such table or route yet
    }
  }
}
