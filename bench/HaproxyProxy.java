import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** HAProxy with one thread, keep-alive on both sides and connections to nodes shared freely. */
record HaproxyProxy(int port) implements Peer {
  @Override
  public String name() {
    return "haproxy";
  }

  @Override
  public List<String> prepare(Path work, List<Integer> nodes) throws IOException {
    StringBuilder servers = new StringBuilder();
    for (int node : nodes) {
      servers.append("  server n%d 127.0.0.1:%d\n".formatted(node, node));
    }
    // HAProxy reckons with two sockets per client and refuses to start when they might not fit;
    // idle clients need only one, so the limit is left to the kernel (no strict-limits).
    int maxConnections = Math.min(15_000, Machine.openFileLimit() - 2_000);
    Path config = work.resolve("haproxy.cfg");
    Files.writeString(
        config,
        """
        global
          nbthread 1
          no strict-limits
          maxconn %d
          hard-stop-after 1s
        defaults
          mode http
          option http-keep-alive
          option forwardfor
          http-reuse always
          timeout connect 5s
          timeout client 10m
          timeout server 10m
          timeout http-keep-alive 10m
        frontend web
          bind 127.0.0.1:%d backlog 4096
          bind 127.0.0.1:%d backlog 4096 proto h2
          bind 127.0.0.1:%d backlog 4096 ssl crt %s
          default_backend shop
        backend shop
          balance roundrobin
        %s\
        """
            .formatted(
                maxConnections,
                port,
                port(Row.Front.HTTP2),
                port(Row.Front.TLS),
                Certificate.of(work).both(),
                servers));
    return List.of("haproxy", "-db", "-f", config.toString());
  }
}
