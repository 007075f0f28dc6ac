package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.Loopback.Client;
import io.fairlead.demo.TestNode;
import io.fairlead.proxy.http.FloodWaves;
import io.netty.util.ResourceLeakDetector;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Floods of every protocol, one wave after the other, beside a client that asks for ordinary
 * things: buffers stay below {@link #MEMORY}, and the client's p99 within twice of what it is while
 * the same waves go to a sink of the test. So the machine, and what the sender itself takes of it,
 * count the same on both sides. A flood that does harm does so in every round; a machine that is
 * busy with something else may spoil some of either kind, so that either the best rounds or those
 * in the middle have to agree.
 */
@Alone
@Timeout(120)
class FloodTest {
  /** Of network buffers, of all connections together. */
  private static final long MEMORY = 16L * 1024 * 1024;

  private static final int ROUNDS = Integer.getInteger("fairlead.flood.rounds", 3);

  /** Others use the machine, too: what is only seen while they do is not the flood's doing. */
  private static final int MOST_ROUNDS = 4 * ROUNDS;

  private static final long ROUND_NANOS = TimeUnit.MILLISECONDS.toNanos(300);
  private static final long BETWEEN_NANOS =
      TimeUnit.MILLISECONDS.toNanos(Integer.getInteger("fairlead.flood.millis", 150));

  /** What is not worth comparing: the grain of the machine's own scheduling. */
  private static final long GRAIN_NANOS = TimeUnit.MICROSECONDS.toNanos(500);

  private static final ResourceLeakDetector.Level BEFORE = ResourceLeakDetector.getLevel();

  @TempDir static Path folder;

  private TestNode node;
  private Fairlead fairlead;
  private Sink sink;

  /**
   * @param listener that it goes to
   * @param bytes of one connection; of a datagram where the listener is UDP
   */
  @SuppressWarnings("ArrayRecordComponent") // nobody compares floods
  record Flood(String name, String listener, int connections, byte[] bytes) {
    @Override
    public String toString() {
      return name;
    }
  }

  static List<Flood> floods() {
    List<Flood> floods = new ArrayList<>();
    FloodWaves.http2().forEach((name, bytes) -> floods.add(new Flood(name, "web", 1, bytes)));
    byte[] huge = new byte[5 + 16_000];
    huge[0] = 22;
    huge[1] = 3;
    huge[2] = 1;
    huge[3] = (byte) (16_000 >> 8);
    huge[4] = (byte) (16_000 & 0xFF);
    huge[5] = 1;
    huge[7] = 0x40;
    floods.add(new Flood("TLS hellos that are none", "tls", 20, huge));
    byte[] slow = Arrays.copyOf(huge, 2000);
    floods.add(new Flood("TLS hellos that stop in the middle", "tls", 50, slow));
    floods.add(new Flood("PROXY lines without an end", "proxied", 50, text("PROXY TCP4 1")));
    floods.add(
        new Flood("PROXY headers that are none", "proxied", 50, text("PROXY TCP9 1 2 3 4\r\n")));
    floods.add(new Flood("datagrams from many ports", "udp", 100, new byte[1000]));
    floods.add(
        new Flood("heads that stop in the middle", "web", 50, text("GET / HTTP/1.1\r\nHost:")));
    return floods;
  }

  private static byte[] text(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  /** Otherwise the search for leaks, which notes a stack for each buffer, is what is measured. */
  @BeforeAll
  static void noteNoStacks() {
    ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.SIMPLE);
  }

  @AfterAll
  static void noteThemAgain() {
    ResourceLeakDetector.setLevel(BEFORE);
  }

  @BeforeEach
  void start() throws IOException {
    node = Loopback.node("a");
    sink = new Sink();
    new TestCertificates(folder).make("web", "127.0.0.1");
    fairlead =
        Loopback.start(
            """
            admin: { bind: "127.0.0.1:0" }
            runtime: { event-loops: 1 }
            listeners:
              web:
                bind: "127.0.0.1:0"
                routes: [ { match: { path: "/delay/**" }, service: silent }, { service: shop } ]
              tls:
                bind: "127.0.0.1:0"
                tls: { certificates: [ { cert: "%1$s/web.pem", key: "%1$s/web.key" } ] }
                routes: { service: shop }
              proxied:
                bind: "127.0.0.1:0"
                proxy-protocol: { accept-from: "127.0.0.0/8" }
                routes: { service: shop }
              udp:
                protocol: udp
                bind: "127.0.0.1:0"
                service: dark
                udp: { sessions-per-client: 100 }
            services:
              shop: { nodes: "127.0.0.1:%2$d", health: none }
              silent: { nodes: "127.0.0.1:%4$d", health: none }
              dark: { nodes: "127.0.0.1:%3$d", health: none }
            """
                .formatted(folder, node.port(), FreePort.any(), sink.port()));
  }

  @AfterEach
  void stop() throws IOException {
    sink.close();
    fairlead.close();
    node.close();
  }

  @ParameterizedTest
  @MethodSource("floods")
  void othersHardlyNotice(Flood flood) throws Exception {
    int port = Loopback.port(fairlead, flood.listener);
    List<Long> without = new ArrayList<>();
    List<Long> during = new ArrayList<>();
    long most = 0;
    try (Client bystander = new Client(Loopback.port(fairlead, "web"))) {
      long _ = p99(bystander, 0); // warms up
      Waves warm = new Waves(flood, port);
      long _ = p99(bystander, 0);
      warm.end();
      while (during.size() < ROUNDS || (during.size() < MOST_ROUNDS && !holds(during, without))) {
        Waves elsewhere = new Waves(flood, sink.port());
        without.add(p99(bystander, 100));
        elsewhere.end();
        Waves here = new Waves(flood, port);
        during.add(p99(bystander, 100));
        most = Math.max(most, fairlead.dataPlane().bufferBytesInUse());
        here.end();
      }
    }
    without.sort(null);
    during.sort(null);
    long usual = without.getFirst();
    long flooded = during.getFirst();
    System.out.printf(
        "flood of %s: p99 %d us, without %d us, buffers up to %d KiB%n",
        flood, flooded / 1000, usual / 1000, most / 1024);
    assertThat(most).as("bytes of buffers").isLessThan(MEMORY);
    assertThat(holds(during, without))
        .as("p99 of others within twice, ns; %s and without %s", during, without)
        .isTrue();
  }

  /** In the best rounds of both, or in those in the middle. */
  private static boolean holds(List<Long> during, List<Long> without) {
    List<Long> flooded = during.stream().sorted().toList();
    List<Long> usual = without.stream().sorted().toList();
    int middle = usual.size() / 2;
    return flooded.getFirst() <= 2 * Math.max(usual.getFirst(), GRAIN_NANOS)
        || flooded.get(middle) <= 2 * Math.max(usual.get(middle), GRAIN_NANOS);
  }

  private static long p99(Client client, int least) throws IOException {
    long[] took = new long[100_000];
    int count = 0;
    long until = System.nanoTime() + ROUND_NANOS;
    long begun = System.nanoTime();
    while ((begun < until || count < least) && count < took.length) {
      assertThat(client.get("/bytes/300").status()).isEqualTo(200);
      long now = System.nanoTime();
      took[count++] = now - begun;
      begun = now;
    }
    Arrays.sort(took, 0, count);
    return took[count - 1 - count / 100];
  }

  /** Sends a wave, waits a moment, sends the next. */
  private static final class Waves {
    private final Flood flood;
    private final int port;
    private final Thread thread;
    private volatile boolean enough;

    Waves(Flood flood, int port) {
      this.flood = flood;
      this.port = port;
      thread = Thread.ofPlatform().start(this::send);
    }

    private void send() {
      List<AutoCloseable> open = new ArrayList<>();
      while (!enough) {
        try {
          for (int i = 0; i < flood.connections; i++) {
            if (flood.listener.equals("udp")) {
              DatagramSocket socket = new DatagramSocket();
              open.add(socket);
              socket.send(
                  new DatagramPacket(
                      flood.bytes, flood.bytes.length, InetAddress.getLoopbackAddress(), port));
            } else {
              Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
              open.add(socket);
              socket.getOutputStream().write(flood.bytes);
            }
          }
        } catch (IOException _) {
          // Cut off while it was sending.
        }
        LockSupport.parkNanos(BETWEEN_NANOS);
        if (open.size() > 500) {
          close(open);
        }
      }
      close(open);
    }

    private static void close(List<AutoCloseable> open) {
      for (AutoCloseable each : open) {
        try {
          each.close();
        } catch (Exception e) {
          throw new AssertionError(e);
        }
      }
      open.clear();
    }

    void end() throws InterruptedException {
      enough = true;
      thread.join();
    }
  }

  /** Takes whatever comes. */
  private static final class Sink implements AutoCloseable {
    private final ServerSocket server =
        new ServerSocket(FreePort.any(), 200, InetAddress.getLoopbackAddress());
    private final DatagramSocket datagrams =
        new DatagramSocket(server.getLocalPort(), InetAddress.getLoopbackAddress());

    Sink() throws IOException {
      Thread.ofVirtual().start(this::accept);
    }

    int port() {
      return server.getLocalPort();
    }

    private void accept() {
      try {
        while (true) {
          Socket client = server.accept();
          Thread.ofVirtual()
              .start(() -> {
                try (client) {
                  long _ =
                      client.getInputStream().transferTo(java.io.OutputStream.nullOutputStream());
                } catch (IOException _) {
                  // It has gone.
                }
              });
        }
      } catch (IOException _) {
        // Closed.
      }
    }

    @Override
    public void close() throws IOException {
      server.close();
      datagrams.close();
    }
  }
}
