import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.URI;
import java.net.UnixDomainSocketAddress;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * A proxy with a rule for choosing nodes, started once or several times before the same nodes. All
 * keep connections to nodes, use one core together, write no log and, unless said otherwise, try no
 * request again.
 *
 * @param name in the tables
 * @param kind which program
 * @param rule how it chooses, in its own language
 * @param more further keys of Fairlead's service, each with a comma in front
 * @param retry what Fairlead's route says of retries
 */
record LiveProxies(String name, Kind kind, String rule, String more, String retry) {
  enum Kind {
    FAIRLEAD,
    HAPROXY,
    NGINX
  }

  /** The distance from a Fairlead's port to that of its API. */
  private static final int ADMIN = 100;

  static LiveProxies haproxy(String rule) {
    return new LiveProxies("haproxy " + rule, Kind.HAPROXY, rule, "", "");
  }

  static LiveProxies nginx(String rule) {
    return new LiveProxies("nginx " + rule, Kind.NGINX, rule, "", "");
  }

  /** Its rule alone: it does not judge nodes by their answers. */
  static LiveProxies fairlead(String rule) {
    return new LiveProxies(
        "fairlead " + rule,
        Kind.FAIRLEAD,
        rule,
        ", outlier: { enabled: false }",
        "{ attempts: 0 }");
  }

  /** Whether it is as fast when it begins as it gets. */
  boolean isCompiledFirst() {
    return kind != Kind.FAIRLEAD;
  }

  /** Starts so many, and returns their ports when each has answered. */
  int[] start(Children children, Path work, int firstPort, int count, List<Integer> nodes)
      throws IOException, InterruptedException {
    int[] ports = IntStream.range(firstPort, firstPort + count).toArray();
    for (int port : ports) {
      Path folder = Files.createDirectories(work.resolve(kind.name().toLowerCase() + "-" + port));
      List<String> command =
          switch (kind) {
            case FAIRLEAD -> fairlead(folder, port, nodes);
            case HAPROXY -> haproxy(folder, port, nodes);
            case NGINX -> nginx(folder, port, nodes);
          };
      children.start(
          count > 1 ? Machine.ANY_CORE : Machine.PROXY_CORE, command, folder.resolve("log"));
    }
    for (int port : ports) {
      awaitAnswer(port);
    }
    return ports;
  }

  /** A node comes in while the proxy runs. */
  void join(Path work, int port, int node) throws IOException, InterruptedException {
    switch (kind) {
      case FAIRLEAD -> {
        HttpResponse<String> answer =
            HttpClient.newHttpClient()
                .send(
                    HttpRequest.newBuilder(
                            URI.create(
                                "http://127.0.0.1:%d/api/v1/services/shop/nodes/127.0.0.1:%d"
                                    .formatted(port + ADMIN, node)))
                        .header("content-type", "application/json")
                        .PUT(HttpRequest.BodyPublishers.ofString("{}"))
                        .build(),
                    HttpResponse.BodyHandlers.ofString());
        if (answer.statusCode() / 100 != 2) {
          throw new IOException("registration: " + answer.statusCode() + " " + answer.body());
        }
      }
      case HAPROXY -> {
        Path socket = work.resolve("haproxy-" + port).resolve("socket");
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
          channel.connect(UnixDomainSocketAddress.of(socket));
          channel.write(
              ByteBuffer.wrap(
                  ("set server shop/n" + node + " state ready\n")
                      .getBytes(StandardCharsets.US_ASCII)));
          ByteBuffer answer = ByteBuffer.allocate(1024);
          while (channel.read(answer) > 0) {
            // nothing is said if it went well
          }
        }
      }
      case NGINX -> throw new IOException("it has no way to add a node while it runs");
    }
  }

  private List<String> fairlead(Path folder, int port, List<Integer> nodes) throws IOException {
    Path config = folder.resolve("fairlead.yaml");
    Files.writeString(
        config,
        """
        admin: { bind: "127.0.0.1:%d" }
        data: "%s"
        logs: { enabled: false }
        runtime: { event-loops: 1 }
        listeners:
          web: { bind: "127.0.0.1:%d", routes: [ { service: shop, timeout: 10s, retry: %s } ] }
        services:
          shop: { balance: %s, health: { tcp: true, interval: 10s }%s, nodes: [%s] }
        """
            .formatted(
                port + ADMIN,
                folder.resolve("data"),
                port,
                retry,
                rule,
                more,
                nodes.stream()
                    .map(node -> "\"127.0.0.1:" + node + "\"")
                    .collect(Collectors.joining(", "))));
    return List.of("./fairlead", "run", "-c", config.toString());
  }

  private List<String> haproxy(Path folder, int port, List<Integer> nodes) throws IOException {
    StringBuilder servers = new StringBuilder();
    for (int node : nodes) {
      servers.append("  server n%d 127.0.0.1:%d\n".formatted(node, node));
    }
    servers.append("  server n%d 127.0.0.1:%d disabled\n".formatted(joiner(nodes), joiner(nodes)));
    Path config = folder.resolve("haproxy.cfg");
    Files.writeString(
        config,
        """
        global
          nbthread 1
          stats socket %s level admin
        defaults
          mode http
          option http-keep-alive
          option forwardfor
          http-reuse always
          retries 0
          timeout connect 5s
          timeout client 1m
          timeout server 10s
        frontend web
          bind 127.0.0.1:%d
          default_backend shop
        backend shop
          balance %s
        %s\
        """
            .formatted(folder.resolve("socket"), port, rule, servers));
    return List.of("haproxy", "-db", "-f", config.toString());
  }

  /** The node that may come in later: the one behind the last. */
  static int joiner(List<Integer> nodes) {
    return nodes.getLast() + 1;
  }

  private List<String> nginx(Path folder, int port, List<Integer> nodes) throws IOException {
    List<String> lines = new ArrayList<>();
    lines.add("    " + rule + ";");
    nodes.forEach(node -> lines.add("    server 127.0.0.1:%d max_fails=0;".formatted(node)));
    Path config = folder.resolve("nginx.conf");
    Files.writeString(
        config,
        """
        %sworker_processes 1;
        daemon off;
        pid %s;
        error_log stderr warn;
        events { worker_connections 8192; }
        http {
          access_log off;
          keepalive_requests 1000000000;
        %s  upstream shop {
        %s
            keepalive 1024;
            keepalive_requests 1000000000;
          }
          server {
            listen 127.0.0.1:%d backlog=4096;
            location / {
              proxy_pass http://shop;
              proxy_next_upstream off;
              proxy_read_timeout 10s;
              proxy_http_version 1.1;
              proxy_set_header Connection "";
            }
          }
        }
        """
            .formatted(
                NginxProxy.user(),
                folder.resolve("pid"),
                NginxProxy.tempPaths(folder, "t"),
                String.join("\n", lines),
                port));
    return List.of("nginx", "-e", "stderr", "-p", folder.toString(), "-c", config.toString());
  }

  private static void awaitAnswer(int port) throws IOException, InterruptedException {
    long deadline = System.nanoTime() + 60_000_000_000L;
    while (LiveClient.run(new int[] {port}, 100, java.time.Duration.ofMillis(10), 1).errors() > 0) {
      if (System.nanoTime() > deadline) {
        throw new IOException("nobody answers on port " + port);
      }
      Thread.sleep(50);
    }
  }
}
