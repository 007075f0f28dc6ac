package io.fairlead;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.demo.TestNode;
import io.fairlead.vip.LossyWire;
import io.fairlead.vip.Namespaces;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** HTTP/3 between two machines where the kernel's filter drops datagrams and others come late. */
@Timeout(120)
final class Http3LossTest {
  private static final InetSocketAddress SERVER = new InetSocketAddress("10.77.0.1", 12443);
  private static final InetAddress CLIENT = InetAddress.ofLiteral("10.77.0.2");
  private static final List<Integer> PORTS = List.of(12101, 12102, 12103);

  /** Of each connection, half of them with a body that comes back. */
  private static final int EXCHANGES = 40;

  private static final int AT_ONCE = 10;
  private static final int[] BODIES = {10, 1_000, 12_000, 60_000};
  private static final int[] ANSWERS = {0, 100, 5_000, 120_000};

  /** Where each fifth is lost, handshakes begin anew after 1, 3, 7 and 15 s. */
  private static final long HANDSHAKE_SECONDS = 40;

  private static final long BOUND_SECONDS = 60;

  @TempDir private static Path folder;

  private static Namespaces machines;
  private static TestCertificates certificates;
  private static TestNode node;
  private static Fairlead fairlead;

  private static final Queue<LogRecord> MISTAKES = new ConcurrentLinkedQueue<>();
  private static final Handler LISTENING =
      new Handler() {
        @Override
        public void publish(LogRecord entry) {
          MISTAKES.add(entry);
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
      };

  private final long seed = new Random().nextLong();

  @BeforeAll
  static void start() throws Exception {
    machines = Namespaces.make("server", "client");
    certificates = new TestCertificates(folder);
    certificates.make("first", "first.test", "127.0.0.1", "shop.test");
    node = machines.inside("server", () -> Loopback.node("a"));
    fairlead =
        machines.inside(
            "server",
            () ->
                Loopback.start(
                    """
                    admin: { bind: "127.0.0.1:0" }
                    runtime: { event-loops: 2 }
                    listeners:
                      web:
                        bind: "%1$s:%2$d"
                        tls:
                          certificates: [ { cert: "%3$s/first.pem", key: "%3$s/first.key" } ]
                          handshake-timeout: 60s
                        http3: {}
                        limits: { idle-timeout: 60s }
                        routes: [ { service: shop } ]
                    services:
                      shop: { nodes: ["127.0.0.1:%4$d"], health: none }
                    """
                        .formatted(SERVER.getHostString(), SERVER.getPort(), folder, node.port())));
    Http3NetworkTest.LOGS.forEach(each -> Logger.getLogger(each).addHandler(LISTENING));
  }

  @AfterAll
  static void stop() throws Exception {
    Http3NetworkTest.LOGS.forEach(each -> Logger.getLogger(each).removeHandler(LISTENING));
    if (fairlead != null) {
      fairlead.close();
    }
    if (node != null) {
      node.close();
    }
    if (machines != null) {
      machines.close();
    }
  }

  /** Takes longer: {@code make chaos-http3}. */
  @ParameterizedTest
  @CsvSource({"20, 0", "5, 20", "20, 30"})
  void norDoesMoreOfThem(int lost, int late) throws Exception {
    Assumptions.assumeTrue(Boolean.getBoolean("fairlead.loss"), "only by make chaos-http3");
    lossAndReorderingByTheKernelsRulesDoNoHarm(lost, late);
  }

  @ParameterizedTest
  @CsvSource({"0, 0", "1, 0", "5, 0", "0, 30"})
  void lossAndReorderingByTheKernelsRulesDoNoHarm(int lost, int late) throws Exception {
    long began = System.nanoTime();
    List<Http3Peer> peers = new ArrayList<>();
    try (LossyWire wire = new LossyWire(machines, SERVER, CLIENT, PORTS, lost, late)) {
      for (int port : PORTS) {
        InetSocketAddress from = new InetSocketAddress(CLIENT, port);
        peers.add(
            machines.inside(
                "client", () -> new Http3Peer(from, SERVER, certificates.ca(), HANDSHAKE_SECONDS)));
      }
      exchange(peers);
      if (lost > 0) {
        assertThat(wire.lostToServer()).isPositive();
        assertThat(wire.lostToClient()).isPositive();
      }
      if (late > 0) {
        assertThat(wire.late("server")).isPositive();
        assertThat(wire.late("client")).isPositive();
      }
      System.out.printf(
          "%d %% lost (%d to the server, %d to clients), %d %% late (%d, %d): %d ms%n",
          lost,
          wire.lostToServer(),
          wire.lostToClient(),
          late,
          wire.late("server"),
          wire.late("client"),
          (System.nanoTime() - began) / 1_000_000);
    } finally {
      peers.forEach(Http3Peer::close);
    }
    assertThat(Duration.ofNanos(System.nanoTime() - began).toSeconds())
        .as("seconds")
        .isLessThan(BOUND_SECONDS);
    Loopback.await("no exchange", () -> fairlead.dataPlane().exchangesInUse() == 0);
    Loopback.await(
        "no connection", () -> Loopback.listener(fairlead, "web").state().connections() == 0);
    assertThat(MISTAKES).as("seed %d", seed).extracting(LogRecord::getThrown).isEmpty();
  }

  /** What is asked of a connection, and what has to come back. */
  private record Asked(Http3Peer.Answer answer, String wanted, boolean echoed) {
    void check(long seed) throws Exception {
      answer.await(BOUND_SECONDS);
      assertThat(answer.status).as("seed %d", seed).isEqualTo("200");
      if (echoed) {
        assertThat(answer.body()).as("seed %d", seed).contains("\"body\":\"" + wanted + '"');
      } else {
        assertThat(answer.body()).as("seed %d", seed).isEqualTo(wanted);
      }
    }
  }

  private void exchange(List<Http3Peer> peers) throws Exception {
    SplittableRandom random = new SplittableRandom(seed);
    Queue<Asked> open = new ArrayDeque<>();
    for (int i = 0; i < EXCHANGES; i++) {
      for (Http3Peer peer : peers) {
        open.add(i % 2 == 0 ? post(peer, random) : get(peer, random));
        if (open.size() > AT_ONCE * peers.size()) {
          open.remove().check(seed);
        }
      }
    }
    for (Asked each : open) {
      each.check(seed);
    }
  }

  private static Asked post(Http3Peer peer, SplittableRandom random) throws Exception {
    byte[] letters = new byte[BODIES[random.nextInt(BODIES.length)]];
    for (int i = 0; i < letters.length; i++) {
      letters[i] = (byte) random.nextInt('a', 'z' + 1);
    }
    Http3Peer.Answer answer = peer.begin("POST", "/echo");
    Http3Peer.send(answer, letters);
    Http3Peer.endInFrame(answer);
    return new Asked(answer, new String(letters, US_ASCII), true);
  }

  private static Asked get(Http3Peer peer, SplittableRandom random) throws Exception {
    byte[] pattern = new byte[ANSWERS[random.nextInt(ANSWERS.length)]];
    for (int i = 0; i < pattern.length; i++) {
      pattern[i] = (byte) ('!' + i % 89); // the test node's
    }
    // Without a length the end of the answer is known behind its last byte only.
    String how = random.nextBoolean() ? "" : "?until-close";
    Http3Peer.Answer answer = peer.begin("GET", "/bytes/" + pattern.length + how);
    Http3Peer.endInFrame(answer);
    return new Asked(answer, new String(pattern, US_ASCII), false);
  }
}
