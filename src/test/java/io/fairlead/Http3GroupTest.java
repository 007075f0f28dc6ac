package io.fairlead;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.ConfigReader;
import io.fairlead.demo.TestNode;
import io.fairlead.group.Group;
import io.fairlead.telemetry.ListenerCounter;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.IntSupplier;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Instances of a group whose clients' datagrams come to whichever of them. */
@Timeout(120)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class Http3GroupTest {
  private static final Duration PATIENCE = Duration.ofSeconds(40);
  private static final byte[] BODY = "x".repeat(20_000).getBytes(US_ASCII);

  @TempDir private static Path folder;

  private final long seed = new Random().nextLong();
  private final List<Fairlead> running = new ArrayList<>();
  private final List<Integer> ports = new ArrayList<>();
  private TestCertificates certificates;
  private TestNode node;
  private int base;

  /** The first of the group is a process of its own, so that another one can take over. */
  private final List<Process> first = new ArrayList<>();

  @BeforeAll
  void start() throws Exception {
    certificates = new TestCertificates(folder);
    node = Loopback.node("n");
    Object _ = certificates.make("first", "first.test", "127.0.0.1", "shop.test");
    base = FreePort.row(15);
    for (int i = 0; i < 3; i++) {
      ports.add(base + 12 + i);
    }
    Files.writeString(folder.resolve("0.yaml"), yaml(0));
    first.add(FairleadProcess.run(folder.resolve("0.log"), "-c", folder + "/0.yaml"));
    for (int i = 1; i < 3; i++) {
      switch (ConfigReader.read("test", yaml(i), folder, _ -> null)) {
        case ConfigReader.Result.Accepted(var config, String text) ->
            running.add(Fairlead.start(config, text, "test", null));
        case ConfigReader.Result.Refused refused -> throw new AssertionError(refused.problems());
      }
    }
    try {
      for (Fairlead each : running) {
        Loopback.await("all are there", PATIENCE, () -> isWhole(each));
      }
    } catch (AssertionError e) {
      throw new AssertionError(
          e.getMessage() + "\n" + Files.readString(folder.resolve("0.log")), e);
    }
    for (int i = 0; i < 3; i++) {
      awaitKnown(i);
    }
  }

  private static boolean isWhole(Fairlead fairlead) {
    Group group = fairlead.group();
    return group != null
        && group.view().connected()
        && group.view().members().stream().allMatch(member -> member.present());
  }

  /** A client of that instance is led home by all. */
  private void awaitKnown(int instance) throws Exception {
    try (Router router = new Router(instance)) {
      try (Http3Peer peer = new Http3Peer(router.port(), certificates.ca())) {
        for (int j = 0; j < 3; j++) {
          router.to(j);
          assertThat(peer.get("/").await().status).isEqualTo("200");
        }
      }
      leavesNothing(); // what says that it ends has to go the same way
    }
  }

  private String yaml(int i) {
    return """
    admin: { bind: "127.0.0.1:0" }
    data: %1$s/data-%2$d
    runtime: { event-loops: 2 }
    group:
      name: test
      instance: i%2$d
      bind: "127.0.0.1:%3$d"
      peers: { i0: "127.0.0.1:%4$d", i1: "127.0.0.1:%5$d", i2: "127.0.0.1:%6$d" }
    listeners:
      web:
        bind: "127.0.0.1:%7$d"
        tls: { certificates: [ { cert: "%1$s/first.pem", key: "%1$s/first.key" } ] }
        http3: {}
        routes: [ { service: shop } ]
    services:
      shop: { nodes: ["127.0.0.1:%8$d"], health: none }
    """
        .formatted(folder, i, base + 4 * i, base, base + 4, base + 8, ports.get(i), node.port());
  }

  @AfterAll
  void close() {
    running.forEach(Fairlead::close);
    first.forEach(Process::destroyForcibly);
    node.close();
  }

  private void leavesNothing() throws InterruptedException {
    for (Fairlead each : running) {
      Loopback.await(
          "no connection", () -> Loopback.listener(each, "web").state().connections() == 0);
      assertThat(each.dataPlane().exchangesInUse()).isZero();
    }
  }

  /**
   * @param instance 1 or 2
   */
  private long count(int instance, ListenerCounter what) {
    return Loopback.listener(running.get(instance - 1), "web").state().counters().get(what);
  }

  @Test
  void whicheverInstanceItsDatagramsComeToAConnectionGoesOn() throws Exception {
    SplittableRandom random = new SplittableRandom(seed);
    try (Router router = new Router(1)) {
      try (Http3Peer peer =
          new Http3Peer(
              new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
              new InetSocketAddress(InetAddress.getLoopbackAddress(), router.port()),
              certificates.ca(),
              10,
              1472)) {
        long connections = count(2, ListenerCounter.CONNECTIONS);
        long passedOn = count(2, ListenerCounter.DATAGRAMS_PASSED_ON);
        long taken = count(1, ListenerCounter.DATAGRAMS_TAKEN);
        assertThat(peer.get("/").await().status).isEqualTo("200");
        router.to(2);
        for (int i = 0; i < 20; i++) {
          assertThat(peer.post("/echo", BODY).await().body()).contains(new String(BODY, US_ASCII));
        }
        assertThat(count(2, ListenerCounter.DATAGRAMS_PASSED_ON) - passedOn).isGreaterThan(20 * 14);
        assertThat(count(1, ListenerCounter.DATAGRAMS_TAKEN) - taken).isGreaterThan(20 * 14);
        router.moves(); // the client's address is another one, too
        assertThat(peer.post("/echo", BODY).await().status).isEqualTo("200");
        router.to(() -> random.nextInt(3)); // a way of its own for each datagram
        for (int i = 0; i < 20; i++) {
          assertThat(peer.post("/echo", BODY).await().status).as("seed %d", seed).isEqualTo("200");
        }
        assertThat(count(2, ListenerCounter.CONNECTIONS)).isEqualTo(connections);
        assertThat(count(1, ListenerCounter.DATAGRAMS_LOST)).isZero();
        assertThat(count(2, ListenerCounter.DATAGRAMS_LOST)).isZero();
      }
      leavesNothing();
    }
  }

  @Test
  void whatComesByTheSideFromElsewhereIsNotHeard() throws Exception {
    int side = base + 4;
    int tag = running.getFirst().dataPlane().quicDoors().tags().iterator().next();
    long before = count(1, ListenerCounter.DATAGRAMS_TAKEN);
    long passedOn = count(1, ListenerCounter.DATAGRAMS_PASSED_ON);
    SplittableRandom random = new SplittableRandom(seed);
    try (Http3Peer good = new Http3Peer(ports.get(1), certificates.ca());
        DatagramSocket stranger = new DatagramSocket(0, InetAddress.ofLiteral("127.0.0.2"));
        DatagramSocket member = new DatagramSocket(0, InetAddress.getLoopbackAddress())) {
      for (int i = 0; i < 2000; i++) {
        send(stranger, side, wrapped(random, tag, 0x40));
      }
      assertThat(good.get("/").await().status).isEqualTo("200");
      assertThat(count(1, ListenerCounter.DATAGRAMS_TAKEN)).isEqualTo(before);
      // From where a member is: of no use either, but looked at.
      for (int i = 0; i < 2000; i++) {
        byte[] any = new byte[random.nextInt(1, 60)];
        random.nextBytes(any);
        any[0] = (byte) random.nextInt(18);
        any[any.length - 1] = (byte) (tag + 1); // not by chance ours
        send(member, side, any);
        send(member, side, wrapped(random, tag ^ 1, 0x40)); // of nobody
        send(member, side, wrapped(random, tag, 0xC0)); // begins something
      }
      assertThat(good.get("/").await().status).isEqualTo("200");
      assertThat(count(1, ListenerCounter.DATAGRAMS_TAKEN)).isEqualTo(before);
      send(member, side, wrapped(random, tag, 0x40));
      Loopback.await(
          "one that looks right", () -> count(1, ListenerCounter.DATAGRAMS_TAKEN) == before + 1);
      assertThat(good.get("/").await().status).isEqualTo("200");
      assertThat(Loopback.listener(running.getFirst(), "web").state().connections()).isEqualTo(1);
      assertThat(count(1, ListenerCounter.DATAGRAMS_PASSED_ON)).isEqualTo(passedOn);
    }
  }

  /** A datagram of that form for a connection with that tag, as if a client had sent it. */
  private static byte[] wrapped(SplittableRandom random, int tag, int form) {
    byte[] junk = new byte[1200];
    random.nextBytes(junk);
    ByteBuffer all = ByteBuffer.wrap(junk);
    all.put((byte) 4).put(new byte[] {127, 0, 0, 9}).putShort((short) 4433).put((byte) form);
    if (form == 0xC0) {
      all.putInt(1).put((byte) 20);
    }
    all.putShort((short) tag).putShort((short) 0);
    return junk;
  }

  private static void send(DatagramSocket by, int port, byte[] data) throws IOException {
    by.send(new DatagramPacket(data, data.length, InetAddress.getLoopbackAddress(), port));
  }

  /**
   * The process that has the connection is not the one any more that has the instance's place in
   * the group, and its datagrams come to another instance: they go by way of both.
   */
  @Test
  void aConnectionOfAProcessThatIsReplacedIsFoundFromElsewhere() throws Exception {
    try (Router router = new Router(0);
        Http3Peer before = new Http3Peer(router.port(), certificates.ca())) {
      Http3Peer.Answer held = before.begin("POST", "/echo");
      Http3Peer.send(held, BODY);
      router.to(1);
      Path log = folder.resolve("1.log");
      Process next = FairleadProcess.run(log, "--takeover", "-c", folder + "/0.yaml");
      first.add(next);
      assertThat(before.goAway.get(40, TimeUnit.SECONDS)).isPositive();
      long passedOn = count(1, ListenerCounter.DATAGRAMS_PASSED_ON);
      for (int i = 0; i < 5; i++) {
        Http3Peer.send(held, BODY);
      }
      Http3Peer.end(held);
      assertThat(held.await().body()).contains(new String(BODY, US_ASCII));
      assertThat(count(1, ListenerCounter.DATAGRAMS_PASSED_ON) - passedOn).isGreaterThan(5 * 14);
      assertThat(before.closeCode.get(20, TimeUnit.SECONDS)).isEqualTo(0x100);
      assertThat(first.getFirst().waitFor(40, TimeUnit.SECONDS)).isTrue();
      assertThat(first.getFirst().exitValue()).as(Files.readString(log)).isZero();
      awaitKnown(0);
    }
  }

  @Test
  void whatIsInTheWayIsSaidAndTriedAgain() throws Exception {
    int port = FreePort.row(3);
    String text =
        yaml(0)
            .replace("127.0.0.1:" + base + "\"", "127.0.0.1:" + port + "\"")
            .replaceAll("peers: .*", "")
            .replace("data-0", "data-alone")
            .replace("127.0.0.1:" + ports.getFirst(), "127.0.0.1:0");
    DatagramSocket other = new DatagramSocket(port, InetAddress.getLoopbackAddress());
    try (Fairlead alone = Loopback.start(text)) {
      Loopback.await("an event", PATIENCE, () -> hasSaid(alone, "break off when their datagrams"));
      other.close();
      Loopback.await("another", PATIENCE, () -> hasSaid(alone, "HTTP/3 are passed on"));
    } finally {
      other.close();
    }
  }

  private static boolean hasSaid(Fairlead fairlead, String words) {
    return fairlead.events().since(0).stream()
        .anyMatch(entry -> entry.event().text().contains(words));
  }

  /** Gives datagrams of one client to an instance that changes, and answers from any to it. */
  private final class Router implements AutoCloseable {
    private final DatagramSocket front = new DatagramSocket(0, InetAddress.getLoopbackAddress());
    private volatile IntSupplier to;
    private volatile DatagramSocket back;
    private volatile int client;

    Router(int instance) throws IOException {
      to = () -> instance;
      back = new DatagramSocket(0, InetAddress.getLoopbackAddress());
      Thread _ = Thread.ofVirtual().start(this::forth);
      answers(back);
    }

    int port() {
      return front.getLocalPort();
    }

    void to(int instance) {
      to = () -> instance;
    }

    void to(IntSupplier instance) {
      to = instance;
    }

    void moves() throws IOException {
      DatagramSocket next = new DatagramSocket(0, InetAddress.getLoopbackAddress());
      back = next;
      answers(next);
    }

    private void forth() {
      byte[] bytes = new byte[2048];
      try {
        while (true) {
          DatagramPacket packet = new DatagramPacket(bytes, bytes.length);
          front.receive(packet);
          client = packet.getPort();
          Http3GroupTest.send(
              back, ports.get(to.getAsInt()), Arrays.copyOf(bytes, packet.getLength()));
        }
      } catch (IOException _) {
        // Closed.
      }
    }

    private void answers(DatagramSocket from) {
      Thread _ =
          Thread.ofVirtual()
              .start(() -> {
                byte[] bytes = new byte[2048];
                try (from) {
                  while (true) {
                    DatagramPacket packet = new DatagramPacket(bytes, bytes.length);
                    from.receive(packet);
                    Http3GroupTest.send(front, client, Arrays.copyOf(bytes, packet.getLength()));
                  }
                } catch (IOException _) {
                  // Closed.
                }
              });
    }

    @Override
    public void close() {
      front.close();
      back.close();
    }
  }
}
