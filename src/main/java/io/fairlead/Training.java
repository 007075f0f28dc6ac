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

/**
 * What the build lets the JVM watch, to record which classes a start needs; with that record a
 * start takes a fraction of the time. It does what {@code demo} and {@code run} do from their first
 * to their last line, and no more: each class in the record costs every later start a little.
 */
final class Training {
  private static final Duration TRAFFIC = Duration.ofSeconds(1);

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
    Launch launch = new Launch(Training::use);
    Path file = Files.createTempFile("fairlead", ".yaml");
    try {
      Files.writeString(file, CONFIG);
      int run = Cli.main(new String[] {"run", "--config", file.toString()}, launch);
      int demo = Cli.main(new String[] {"demo"}, launch);
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
  private static void use(Fairlead fairlead) {
    Thread.ofVirtual()
        .start(() -> {
          try {
            InetSocketAddress door = fairlead.adminAddress();
            for (String path : new String[] {"/readyz", "/", "/api/v1/live", "/metrics"}) {
              get(door, path);
            }
            Thread.sleep(TRAFFIC);
          } catch (IOException e) {
            System.err.println("fairlead: training: " + e);
          } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
          } finally {
            OsSignal.raise("TERM");
          }
        });
  }

  /** By hand: an HTTP client would be recorded as well, and no start needs it. */
  private static void get(InetSocketAddress door, String path) throws IOException {
    try (Socket socket = new Socket(door.getAddress(), door.getPort())) {
      String host = door.getHostString() + ":" + door.getPort();
      String request =
          "GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n";
      socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
      InputStream in = socket.getInputStream();
      long _ = in.transferTo(java.io.OutputStream.nullOutputStream());
    }
  }
}
