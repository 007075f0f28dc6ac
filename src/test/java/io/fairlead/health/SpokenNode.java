package io.fairlead.health;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.fairlead.config.HealthCheckConfig;
import io.fairlead.config.HostPort;
import io.fairlead.config.Probe;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;

/** A node on loopback that does one thing with one connection, and what a probe says of it. */
final class SpokenNode {
  /** What the node does with the connection it accepted. */
  interface Conduct {
    void with(Socket socket) throws IOException, InterruptedException;
  }

  private SpokenNode() {}

  static void send(Socket socket, String text) throws IOException {
    socket.getOutputStream().write(text.getBytes(ISO_8859_1));
    socket.shutdownOutput();
    awaitClose(socket);
  }

  /** Reads what the prober sends until it is gone: closing earlier would reset the connection. */
  static void awaitClose(Socket socket) throws IOException {
    byte[] ignored = new byte[1000];
    while (socket.getInputStream().read(ignored) >= 0) {
      // the request
    }
  }

  static String said(Probe probe, int timeoutMillis, Conduct conduct) throws Exception {
    try (ServerSocket node = new ServerSocket(0, 10, InetAddress.getLoopbackAddress())) {
      Thread serving =
          Thread.ofVirtual()
              .start(() -> {
                try (Socket socket = node.accept()) {
                  conduct.with(socket);
                } catch (IOException | InterruptedException _) {
                  // the prober has gone
                }
              });
      String said = said(probe, timeoutMillis, node.getLocalPort());
      serving.interrupt();
      return said;
    }
  }

  static String said(Probe probe, int timeoutMillis, int port) {
    ProbeResult result =
        prober(probe, port)
            .probe(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), port),
                Deadline.after(Duration.ofMillis(timeoutMillis)));
    return result.passed() ? "passed" : result.text();
  }

  static Prober prober(Probe probe, int port) {
    HealthCheckConfig config =
        new HealthCheckConfig(Duration.ofSeconds(1), Duration.ofMillis(500), 2, 3, probe);
    return Prober.of(config, new HostPort("127.0.0.1", port), ProbeLink.CLEAR);
  }
}
