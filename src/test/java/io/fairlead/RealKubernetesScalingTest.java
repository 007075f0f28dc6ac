package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import io.fairlead.Loopback.Client;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/**
 * A whole instance and the example, before the real API server: {@code make test-kubernetes}. The
 * one pod that there is at a time serves at an address of this machine, as Kubernetes lets none
 * have one of loopback.
 */
@EnabledIfSystemProperty(named = "fairlead.kubernetes", matches = ".+")
@Timeout(240)
class RealKubernetesScalingTest {
  @TempDir private Path folder;

  private static InetAddress address() throws SocketException {
    InetAddress found =
        NetworkInterface.networkInterfaces()
            .flatMap(NetworkInterface::inetAddresses)
            .filter(one ->
                one instanceof Inet4Address
                    && !one.isLoopbackAddress()
                    && !one.isLinkLocalAddress())
            .findFirst()
            .orElse(null);
    Assumptions.assumeTrue(found != null, "needs an IPv4 address that is not loopback");
    return found;
  }

  private String config(RealCluster cluster, String namespace, int port) throws IOException {
    Path token = folder.resolve("token");
    Files.writeString(token, cluster.token(namespace, "first"));
    return "admin: { bind: \"127.0.0.1:0\" }\ndata: "
        + folder.resolve("data")
        + "\n"
        + Files.readString(Path.of("examples/scaling-kubernetes.yaml"))
            .replace("0.0.0.0:8080", "127.0.0.1:0")
            .replace("port: 8080", "port: " + port)
            .replace("min: 2", "min: 0\n      idle: 2s")
            .replace("namespace: prod", "namespace: " + namespace)
            .replace("https://10.96.0.1:443", cluster.url())
            .replace("/etc/fairlead/kubernetes-token", token.toString())
            .replace("/etc/fairlead/kubernetes-ca.pem", cluster.ca().toString());
  }

  private static int size(RealCluster cluster, String namespace) {
    try {
      return cluster.size(namespace);
    } catch (IOException e) {
      return -1;
    }
  }

  @Test
  void aRequestBringsThePodThatAnswersItAndIdlenessTakesItAway() throws Exception {
    InetAddress address = address();
    int port = FreePort.any();
    HttpServer pod = HttpServer.create(new InetSocketAddress(address, port), 0);
    pod.createContext(
        "/",
        exchange -> {
          byte[] text = "from the pod".getBytes(StandardCharsets.US_ASCII);
          exchange.sendResponseHeaders(200, text.length);
          exchange.getResponseBody().write(text);
          exchange.close();
        });
    pod.start();
    try (RealCluster cluster = new RealCluster(folder)) {
      cluster.kubelet().address(address.getHostAddress());
      String namespace = cluster.namespace(RealCluster.rules("scaling.md"));
      cluster.deploy(namespace, 0);
      try (Fairlead fairlead = Loopback.start(config(cluster, namespace, port))) {
        for (int i = 0; i < 3; i++) {
          try (Client client = new Client(Loopback.port(fairlead, "web"))) {
            assertThat(client.get("/").body()).isEqualTo("from the pod");
          }
          assertThat(cluster.size(namespace)).isEqualTo(1);
          Loopback.await("none", () -> size(cluster, namespace) == 0);
        }
      }
    } finally {
      pod.stop(0);
    }
  }
}
