import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Caddy on one processor, for the rows of HTTP/3, which NGINX and HAProxy of Debian do not speak:
 * no access log, no admin interface, connections to the nodes kept, nothing compressed.
 */
record CaddyProxy(int port) implements Peer {
  @Override
  public String name() {
    return "caddy";
  }

  @Override
  public boolean speaks(Row.Front front) {
    return front == Row.Front.HTTP3 || front == Row.Front.HTTP2_TLS;
  }

  /** One port for both: by TCP and by UDP. */
  @Override
  public int port(Row.Front front) {
    return switch (front) {
      case HTTP2_TLS, HTTP3 -> Peer.super.port(Row.Front.TLS);
      default -> Peer.super.port(front);
    };
  }

  @Override
  public List<String> prepare(Path work, Nodes nodes) throws IOException {
    Path config = work.resolve("Caddyfile");
    Files.writeString(
        config,
        """
        {
          admin off
          auto_https off
          default_sni bench.example
          servers {
            protocols h1 h2 h3
          }
          log {
            output stderr
            level WARN
          }
        }
        (shop) {
          bind 127.0.0.1
          reverse_proxy %s {
            lb_policy round_robin
            transport http {
              keepalive 10m
              keepalive_idle_conns 1024
              keepalive_idle_conns_per_host 1024
              compression off
            }
          }
        }
        http://:%d {
          import shop
        }
        https://:%d {
          tls %s %s
          import shop
        }
        """
            .formatted(
                nodes.ports().stream()
                    .map(node -> "127.0.0.1:" + node)
                    .collect(Collectors.joining(" ")),
                port,
                port(Row.Front.HTTP3),
                Certificate.of(work).certificate(),
                Certificate.of(work).key()));
    return List.of(
        "env",
        "GOMAXPROCS=1",
        "XDG_CONFIG_HOME=" + work.resolve("caddy"),
        "XDG_DATA_HOME=" + work.resolve("caddy"),
        "caddy",
        "run",
        "--config",
        config.toString(),
        "--adapter",
        "caddyfile");
  }
}
