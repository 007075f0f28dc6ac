package io.fairlead.health;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.fairlead.config.HealthCheckConfig;
import io.fairlead.config.HostPort;
import io.fairlead.config.NodeProtocol;
import io.fairlead.config.Probe;
import io.fairlead.config.ServiceTls;
import io.fairlead.config.TlsVersion;
import io.fairlead.service.NodeSpec;
import io.fairlead.service.Service;
import io.fairlead.telemetry.EventLog;
import io.fairlead.trust.NodeTrust;
import io.fairlead.trust.OwnCertificate;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

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
    return said(prober(probe, port), timeoutMillis, port);
  }

  /** By TLS, as a service has it that asks for that. */
  static String said(Probe probe, ServiceTls tls, int port) throws IOException {
    return said(
        Prober.of(config(probe), address(port), secure(tls, port), new KeptTalk()), 5000, port);
  }

  private static ProbeLink secure(ServiceTls tls, int port) throws IOException {
    Service service = new Service("databases", 1, new EventLog(() -> 0), () -> 0);
    service.setMembers(List.of(new NodeSpec(address(port), "node", 1, "", "file")));
    return new ProbeLink.Secure(
        ProbeTls.of(tls, NodeProtocol.HTTP1, NodeTrust.of(tls), OwnCertificate.of(tls)),
        service.nodes().all()[0]);
  }

  /** With that authority, which has issued what tells the name. */
  static ServiceTls trusting(Path authority, String name) {
    return new ServiceTls(
        true,
        true,
        false,
        List.of(authority),
        name,
        Optional.empty(),
        Optional.empty(),
        TlsVersion.TLS_1_2);
  }

  private static String said(Prober prober, int timeoutMillis, int port) {
    ProbeResult result =
        prober.probe(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), port),
            Deadline.after(Duration.ofMillis(timeoutMillis)));
    return result.passed() ? "passed" : result.text();
  }

  static Prober prober(Probe probe, int port) {
    return Prober.of(config(probe), address(port), ProbeLink.CLEAR, new KeptTalk());
  }

  private static HealthCheckConfig config(Probe probe) {
    return new HealthCheckConfig(Duration.ofSeconds(1), Duration.ofMillis(500), 2, 3, probe);
  }

  private static HostPort address(int port) {
    return new HostPort("127.0.0.1", port);
  }
}
