package io.fairlead;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.demo.Behaviour;
import io.fairlead.demo.TestNode;
import io.fairlead.vip.Bird;
import io.fairlead.vip.Namespaces;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Instances that have addresses at the same time, behind a router that spreads clients of HTTP/3
 * over them by a plain hash: each change of who they are sends datagrams of some connections to
 * another instance. None of them breaks off.
 */
@Timeout(600)
class Http3FrontEndsTest {
  private static final List<String> FRONTS = List.of("192.0.2.10", "2001:db8::10");

  /** Of each family. */
  private static final int CONNECTIONS = 15;

  /** Of a datagram, by family: the most that the link carries. Wrapped, some have to be cut. */
  private static final int[] MOST = {1472, 1452};

  private static final int USUAL = 1350;

  private static final byte[] PART = "x".repeat(6_000).getBytes(US_ASCII);
  private static final long PATIENCE = Duration.ofSeconds(40).toNanos();

  /** By {@code make chaos-http3} it is done often. */
  private static final int ROUNDS = Integer.getInteger("fairlead.http3.rounds", 1);

  @TempDir private Path folder;
  private final Map<String, Process> processes = new HashMap<>();
  private final List<Http3Peer> connections = new ArrayList<>();
  private TestCertificates certificates;

  @BeforeEach
  void needs() throws IOException {
    Bird.assumeInstalled();
    certificates = new TestCertificates(folder);
    Object _ = certificates.make("first", "first.test", "127.0.0.1", "shop.test");
  }

  @AfterEach
  void stop() {
    processes.values().forEach(Process::destroyForcibly);
    connections.forEach(one -> one.connection.close());
  }

  private Process start(Namespaces machines, String name) throws Exception {
    int number = name.charAt(0) - 'a' + 1;
    Path file = folder.resolve(name + ".yaml");
    Files.writeString(
        file,
        """
        data: %1$s-data
        logs: { enabled: false }
        runtime: { event-loops: 2 }
        group:
          name: racks
          instance: %1$s
          bind: "10.77.0.%2$d:7400"
          peers: { a: "10.77.0.1:7400", b: "10.77.0.2:7400", c: "10.77.0.3:7400" }
          plain: true
        listeners:
          web:
            bind: "[::]:8443"
            tls: { certificates: [ { cert: "%3$s/first.pem", key: "%3$s/first.key" } ] }
            http3: {}
            routes: [ { service: shop } ]
        services:
          shop: { nodes: "10.77.0.5:9000", health: none }
        vips:
          front: { address: ["192.0.2.10", "2001:db8::10"], elect: bgp }
        bgp:
          as: 65010
          drain: 1s
          peers:
            rack: { address: "10.77.0.4", as: 65000, hold-time: 3s }
        """
            .formatted(name, number, folder));
    Process process =
        FairleadProcess.start(
            folder.resolve(name + ".log"),
            machines.command(name, FairleadProcess.command("-c", file.toString())));
    processes.put(name, process);
    return process;
  }

  private Process process(String name) {
    return Objects.requireNonNull(processes.get(name));
  }

  private static String neighbour(int number) {
    return """
    protocol bgp n%d {
      local 10.77.0.4 as 65000;
      neighbor 10.77.0.%d as 65010;
      passive on;
      error wait time 1, 2;
      ipv4 { import all; export none; };
      ipv6 { import all; export none; };
    }
    """
        .formatted(number, number);
  }

  private Bird router(Namespaces machines) throws Exception {
    for (String setting :
        List.of(
            "ipv4.ip_forward=1",
            "ipv4.fib_multipath_hash_policy=1", // by ports, too
            "ipv4.conf.all.send_redirects=0",
            "ipv4.conf.eth0.send_redirects=0",
            "ipv6.conf.all.forwarding=1",
            "ipv6.fib_multipath_hash_policy=1")) {
      String _ = machines.run("r", "sysctl", "-q", "-w", "net." + setting);
    }
    String _ = machines.run("client", "ip", "route", "add", FRONTS.get(0), "via", "10.77.0.4");
    String _ = machines.run("client", "ip", "route", "add", FRONTS.get(1), "via", "fd77::4");
    return Bird.start(
        machines, "r", "10.77.0.4", folder, neighbour(1) + neighbour(2) + neighbour(3));
  }

  @Test
  void connectionsOutliveEachChangeOfWhoHasTheAddress() throws Exception {
    try (Namespaces machines = Namespaces.make("a", "b", "c", "r", "client");
        Bird _ = router(machines);
        TestNode _ =
            machines.inside(
                "client", () -> TestNode.start("10.77.0.5", 9000, "n", Behaviour.PLAIN))) {
      for (String name : List.of("a", "b", "c")) {
        Process _ = start(machines, name);
      }
      awaitWays(machines, 3);
      connect(machines);
      connectLarge(machines);
      for (int round = 0; round < ROUNDS; round++) {
        leaveAndComeBack(machines, round % 2 == 0 ? "b" : "c");
      }

      long lost = count(machines, "a", "connections_open");
      Process _ = process("a").destroyForcibly();
      awaitWays(machines, 2);
      assertThat(broken((int) lost)).as("those of a").hasSize((int) lost);
    } catch (AssertionError | IOException | TimeoutException | ExecutionException e) {
      throw new AssertionError(e.getMessage() + "\n" + logs(), e);
    }
  }

  private void leaveAndComeBack(Namespaces machines, String who) throws Exception {
    String other = who.equals("b") ? "c" : "b";
    long before = passedOn(machines, "a") + passedOn(machines, other);
    long its = count(machines, who, "connections_open");
    assertThat(its).as("all have some").isPositive();
    List<Http3Peer.Answer> held = new ArrayList<>();
    for (Http3Peer one : connections) {
      held.add(one.begin("POST", "/echo"));
    }
    goOn(held);
    Process leaving = process(who);
    assertThat(Tool.run("", "kill", "-TERM", Long.toString(leaving.pid())).status()).isZero();
    awaitWays(machines, 2);
    await("it has no address any more", () -> !machines.has(who, FRONTS.getFirst()));
    for (int i = 0; i < 3; i++) {
      goOn(held);
    }
    for (Http3Peer.Answer each : held) {
      Http3Peer.end(each);
    }
    for (Http3Peer.Answer each : held) {
      assertThat(each.await(20).body().length()).isGreaterThan(4 * PART.length);
    }
    assertThat(passedOn(machines, "a") + passedOn(machines, other) - before)
        .as("what came to others, for %s", who)
        .isGreaterThan(10);
    assertThat(fragments(machines, "a") + fragments(machines, other))
        .as("wrapped datagrams that the link does not carry whole")
        .isPositive();
    assertThat(leaving.waitFor(40, TimeUnit.SECONDS)).isTrue();
    assertThat(leaving.exitValue()).isZero();
    List<Http3Peer> left = connections.stream().filter(one -> one.goAway.isDone()).toList();
    assertThat(left).as("clients of %s have been told to leave", who).hasSize((int) its);
    left.forEach(Http3Peer::close);
    connections.removeAll(left);
    assertThat(broken(0)).as("%s has ended", who).isEmpty();

    connect(machines); // some of them are to go to it when it is there
    Process _ = start(machines, who);
    awaitWays(machines, 3);
    assertThat(broken(0)).as("%s has come", who).isEmpty();
    assertThat(passedOn(machines, who)).as("what it does not know").isGreaterThan(10);
    connect(machines);
    connectLarge(machines);
  }

  private static void goOn(List<Http3Peer.Answer> held) {
    for (Http3Peer.Answer each : held) {
      Http3Peer.send(each, PART);
    }
  }

  // --- clients -----------------------------------------------------------------------------

  private void connect(Namespaces machines) throws Exception {
    connect(machines, 2 * CONNECTIONS);
  }

  /**
   * Until b and c have one whose datagrams have to be cut when they are wrapped: the first of each
   * four, as what is added to those of IPv6 is just not too much. Whom the router gives it to is
   * chance.
   */
  private void connectLarge(Namespaces machines) throws Exception {
    for (String who : List.of("b", "c")) {
      long had = count(machines, who, "connections_open");
      long deadline = System.nanoTime() + PATIENCE;
      while (count(machines, who, "connections_open") <= had) {
        assertThat(System.nanoTime()).as("%s gets one", who).isLessThan(deadline);
        connect(machines, 1);
      }
    }
  }

  private void connect(Namespaces machines, int count) throws Exception {
    List<Http3Peer> more =
        machines.inside(
            "client",
            () -> {
              List<Http3Peer> made = new ArrayList<>();
              for (int i = 0; i < count; i++) {
                InetSocketAddress to =
                    new InetSocketAddress(InetAddress.ofLiteral(FRONTS.get(i % 2)), 8443);
                InetSocketAddress from =
                    new InetSocketAddress(
                        InetAddress.ofLiteral(i % 2 == 0 ? "10.77.0.5" : "fd77::5"), 0);
                made.add(
                    new Http3Peer(
                        from, to, certificates.ca(), 20, i % 4 < 2 ? MOST[i % 2] : USUAL));
              }
              return made;
            });
    connections.addAll(more);
    assertThat(broken(0)).as("new ones").isEmpty();
  }

  /**
   * Those by which nothing comes back.
   *
   * @param expected so many of them; when all others have been answered it is not waited for them
   */
  private List<String> broken(int expected) throws Exception {
    List<Http3Peer.Answer> asked = new ArrayList<>();
    List<String> broken = new ArrayList<>();
    for (Http3Peer one : connections) {
      Http3Peer.Answer answer = one.begin("POST", "/echo");
      Http3Peer.send(answer, PART);
      Http3Peer.endInFrame(answer);
      asked.add(answer);
    }
    long deadline = System.nanoTime() + PATIENCE;
    while (asked.stream().filter(one -> !one.whole.isDone()).count() > expected
        && System.nanoTime() < deadline) {
      Thread.sleep(5);
    }
    for (int i = 0; i < asked.size(); i++) {
      Http3Peer.Answer answer = asked.get(i);
      if (!answer.whole.isDone()
          || answer.whole.isCompletedExceptionally()
          || !answer.status.equals("200")) {
        broken.add(connections.get(i).local() + ": " + answer.whole);
      }
    }
    return broken;
  }

  // --- what machines say -------------------------------------------------------------------

  private static long passedOn(Namespaces machines, String name) throws Exception {
    return count(machines, name, "datagrams_passed_on_total");
  }

  private static long count(Namespaces machines, String name, String what) throws Exception {
    String page =
        machines.inside(
            name,
            () -> {
              try (Socket door = new Socket(InetAddress.getLoopbackAddress(), 9900)) {
                door.getOutputStream()
                    .write(
                        "GET /metrics HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"
                            .getBytes(US_ASCII));
                return new String(door.getInputStream().readAllBytes(), US_ASCII);
              }
            });
    Matcher found =
        Pattern.compile("fairlead_listener_" + what + "\\{listener=\"web\"} (\\d+)").matcher(page);
    assertThat(found.find()).as(page).isTrue();
    return Long.parseLong(found.group(1));
  }

  /** Parts that the machine has made of what is too large for its link. */
  private static long fragments(Namespaces machines, String name) throws Exception {
    Matcher found =
        Pattern.compile("IpFragCreates +(\\d+)")
            .matcher(machines.run(name, "nstat", "-asz", "IpFragCreates"));
    assertThat(found.find()).isTrue();
    return Long.parseLong(found.group(1));
  }

  private static void awaitWays(Namespaces machines, int count) throws Exception {
    for (int i = 0; i < 2; i++) {
      String family = i == 0 ? "-4" : "-6";
      String front = FRONTS.get(i);
      await(
          count + " ways to " + front,
          () -> {
            String said = machines.run("r", "ip", family, "route", "show", front);
            return said.split("via ", -1).length - 1 == count;
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
      return false; // there is no such route yet
    }
  }
}
