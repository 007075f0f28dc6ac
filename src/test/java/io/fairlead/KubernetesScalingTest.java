package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import io.fairlead.Loopback.Client;
import io.fairlead.scaling.FakeCluster;
import io.fairlead.scaling.ScaleView;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A whole instance and the example, before a scripted API server; its pods are servers here. */
@Timeout(240)
class KubernetesScalingTest {
  @TempDir private Path folder;

  private static final class Machine implements FakeCluster.Machine {
    private final int port;
    private final Map<String, HttpServer> servers = new ConcurrentHashMap<>();

    Machine(int port) {
      this.port = port;
    }

    @Override
    public void begin(String ip) throws IOException {
      InetSocketAddress address = new InetSocketAddress(InetAddress.ofLiteral(ip), port);
      HttpServer server = HttpServer.create(address, 0);
      server.createContext(
          "/",
          exchange -> {
            byte[] text = ip.getBytes(StandardCharsets.US_ASCII);
            exchange.sendResponseHeaders(200, text.length);
            exchange.getResponseBody().write(text);
            exchange.close();
          });
      server.start();
      servers.put(ip, server);
    }

    @Override
    public void end(String ip) {
      HttpServer server = servers.remove(ip);
      if (server != null) {
        server.stop(0);
      }
    }
  }

  private String config(FakeCluster cluster, int port) throws IOException {
    Path token = folder.resolve("token");
    Files.writeString(token, "secret");
    return "admin: { bind: \"127.0.0.1:0\" }\ndata: "
        + folder.resolve("data")
        + "\n"
        + Files.readString(Path.of("examples/scaling-kubernetes.yaml"))
            .replace("0.0.0.0:8080", "127.0.0.1:0")
            .replace("port: 8080", "port: " + port)
            .replace("https://10.96.0.1:443", cluster.url())
            .replace("/etc/fairlead/kubernetes-token", token.toString())
            .replaceAll("\n +ca: .*", "");
  }

  private static void await(Fairlead fairlead, FakeCluster cluster, int nodes)
      throws InterruptedException {
    Loopback.await(
        nodes + " pods",
        () -> {
          ScaleView view = fairlead.scaling().view("shop");
          return view != null
              && view.nodes().size() == nodes
              && view.nodes().stream().allMatch(node -> node.state().equals("up"))
              && cluster.replicas() == nodes;
        });
  }

  @Test
  void podsComeServeGoAndAreReplaced() throws Exception {
    int port = FreePort.any();
    try (FakeCluster cluster = new FakeCluster(new Machine(port))) {
      TakeoverLoad load = new TakeoverLoad();
      try (Fairlead fairlead = Loopback.start(config(cluster, port));
          load) {
        await(fairlead, cluster, 2);
        try (Client client = new Client(Loopback.port(fairlead, "web"))) {
          assertThat(client.get("/").body()).startsWith("127.0.1.");
        }
        load.newConnections("requests", Loopback.port(fairlead, "web"));
        Loopback.door(fairlead, "POST", "/api/v1/services/shop/scale", "{\"size\":4}");
        await(fairlead, cluster, 4);
        Loopback.door(fairlead, "POST", "/api/v1/services/shop/scale", "{\"size\":2}");
        await(fairlead, cluster, 2);
        String lost = cluster.addresses().getFirst();
        cluster.lose(lost);
        Loopback.await(
            "another one",
            () -> cluster.addresses().size() == 2 && !cluster.addresses().contains(lost));
        await(fairlead, cluster, 2);
      }
      assertThat(load.failures()).isEmpty();
      assertThat(load.done().values()).allMatch(count -> count.get() > 10);
      assertThat(cluster.replicas()).as("told to end, it stops its nodes").isZero();
    }
  }
}
