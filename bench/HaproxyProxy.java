import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * HAProxy with one thread, keep-alive on both sides and connections to nodes shared freely. Its log
 * goes to a file that is handed to it open.
 */
record HaproxyProxy(int port) implements Peer {
  @Override
  public String name() {
    return "haproxy";
  }

  @Override
  public boolean speaks(Row.Front front) {
    return front != Row.Front.UDP && front != Row.Front.HTTP3;
  }

  @Override
  public List<String> prepare(Path work, Nodes nodes) throws IOException {
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
          timeout tunnel 10m
        frontend web
          bind 127.0.0.1:%d backlog 4096
          bind 127.0.0.1:%d backlog 4096 proto h2
          bind 127.0.0.1:%d backlog 4096 ssl crt %s
          default_backend shop
        frontend logged
          log fd@3 format raw local0
          option httplog
          bind 127.0.0.1:%d backlog 4096
          default_backend shop
        backend shop
          balance roundrobin
        %s\
        frontend calls
          bind 127.0.0.1:%d backlog 4096 proto h2
          default_backend calls
        backend calls
          balance roundrobin
        %s\
        frontend bytes
          mode tcp
          bind 127.0.0.1:%d backlog 4096
          default_backend bytes
        backend bytes
          mode tcp
          balance roundrobin
          option splice-response
        %s\
        frontend messages
          bind 127.0.0.1:%d backlog 4096
          default_backend messages
        backend messages
          balance roundrobin
        %s\
        """
            .formatted(
                maxConnections,
                port,
                port(Row.Front.HTTP2),
                port(Row.Front.TLS),
                Certificate.of(work).both(),
                port(Row.Front.LOGGED),
                servers(nodes.ports(), ""),
                port(Row.Front.GRPC),
                servers(nodes.ports(Row.Front.GRPC), " proto h2"),
                port(Row.Front.TCP),
                servers(nodes.ports(Row.Front.TCP), ""),
                port(Row.Front.WEBSOCKET),
                servers(nodes.ports(Row.Front.WEBSOCKET), "")));
    return List.of(
        "sh", "-c", "exec haproxy -db -f \"$0\" 3>\"$1\"", config.toString(), log(work).toString());
  }

  private static String servers(List<Integer> ports, String options) {
    StringBuilder servers = new StringBuilder();
    for (int node : ports) {
      servers.append("  server n%d 127.0.0.1:%d%s\n".formatted(node, node, options));
    }
    return servers.toString();
  }
}
