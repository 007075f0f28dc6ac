package io.fairlead;

import io.fairlead.cli.Cli;
import io.fairlead.demo.TestNode;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * What the build lets the JVM watch, to record which classes a start needs, and how the code that
 * serves requests runs; with that record a start takes a fraction of the time, and the compilers
 * know at once what is hot and which branches are taken (JEP 483, 515). It does what {@code demo}
 * and {@code run} do from their first to their last line, with much traffic for some seconds, and
 * no more: each class in the record costs every later start a little.
 */
final class Training {
  private static final Duration TRAFFIC = Duration.ofSeconds(1);

  /** Long enough for the compilers to have had all that requests go through. */
  private static final Duration LOAD = Duration.ofSeconds(5);

  private static final int CONNECTIONS = 32;

  /** Then a connection is closed and opened anew: that is not to look as if it never happened. */
  private static final int REQUESTS = 300;

  private static final byte[] GET =
      ascii("GET /load HTTP/1.1\r\nHost: training\r\nUser-Agent: training\r\n\r\n");

  private static final byte[] POST =
      ascii(
          "POST /load HTTP/1.1\r\nHost: training\r\nUser-Agent: training\r\n"
              + "Content-Length: 1000\r\n\r\n"
              + "x".repeat(1000));

  private static final String CONFIG =
      """
      admin: { bind: "127.0.0.1:0" }
      listeners:
        web: { bind: "127.0.0.1:0", routes: [ { service: shop } ] }
      services:
        shop: { nodes: [ "127.0.0.1:9" ], health: { http: "/healthz" } }
      """;

  private Training() {}

  /** On any free ports, whatever the properties of the demo say. */
  static int run() throws IOException {
    System.setProperty(Demo.PORT, "0");
    System.setProperty(Demo.ADMIN_PORT, "0");
    Path file = Files.createTempFile("fairlead", ".yaml");
    try {
      Files.writeString(file, CONFIG);
      int run =
          Cli.main(
              new String[] {"run", "--config", file.toString()},
              new Launch(started -> use(started, Duration.ZERO)));
      int demo = Cli.main(new String[] {"demo"}, new Launch(started -> use(started, LOAD)));
      return Math.max(run, demo);
    } finally {
      Files.delete(file);
    }
  }

  /**
   * The same for a node of the demo, which has a record of its own: it needs little of the rest.
   */
  static int runNode() throws IOException {
    try (TestNode node = DemoNode.start("training", "exp:1ms")) {
      InetSocketAddress door = new InetSocketAddress(InetAddress.getLoopbackAddress(), node.port());
      for (String path : new String[] {"/healthz", "/", "/page"}) {
        get(door, path);
      }
    }
    return 0;
  }

  /** What people do with an instance that has just started; then it is told to end. */
  private static void use(Fairlead fairlead, Duration load) {
    Thread.ofVirtual()
        .start(() -> {
          try {
            InetSocketAddress door = fairlead.adminAddress();
            for (String path : new String[] {"/readyz", "/", "/api/v1/live", "/metrics"}) {
              get(door, path);
            }
            Thread.sleep(TRAFFIC);
            load(fairlead, load);
          } catch (IOException e) {
            System.err.println("fairlead: training: " + e);
          } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
          } finally {
            OsSignal.raise("TERM");
          }
        });
  }

  /** As much as there can be, by connections that come and go. */
  private static void load(Fairlead fairlead, Duration time) throws InterruptedException {
    InetSocketAddress front =
        fairlead.state().listeners().values().iterator().next().boundAddresses().getFirst();
    long end = System.nanoTime() + time.toNanos();
    List<Thread> all = new ArrayList<>();
    for (int i = 0; i < CONNECTIONS; i++) {
      all.add(
          Thread.ofVirtual()
              .start(() -> {
                while (System.nanoTime() < end) {
                  try {
                    ask(front, end);
                  } catch (IOException e) {
                    System.err.println("fairlead: training: " + e);
                    return;
                  }
                }
              }));
    }
    for (Thread each : all) {
      each.join();
    }
  }

  /** One connection's part of it; a node's answer is short and comes as one piece. */
  private static void ask(InetSocketAddress front, long end) throws IOException {
    try (Socket socket = new Socket(front.getAddress(), front.getPort())) {
      socket.setTcpNoDelay(true);
      byte[] answer = new byte[8192];
      for (int n = 0; n < REQUESTS && System.nanoTime() < end; n++) {
        socket.getOutputStream().write(n % 10 == 9 ? POST : GET);
        if (socket.getInputStream().read(answer) < 0) {
          return;
        }
      }
    }
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  /** By hand: an HTTP client would be recorded as well, and no start needs it. */
  private static void get(InetSocketAddress door, String path) throws IOException {
    try (Socket socket = new Socket(door.getAddress(), door.getPort())) {
      String host = door.getHostString() + ":" + door.getPort();
      String request =
          "GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n";
      socket.getOutputStream().write(ascii(request));
      InputStream in = socket.getInputStream();
      long _ = in.transferTo(java.io.OutputStream.nullOutputStream());
    }
  }
}
