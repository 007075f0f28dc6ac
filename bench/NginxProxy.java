import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * NGINX with one worker and keep-alive on both sides; no body is written to disk, and its buffers
 * are larger than by default, which makes 1 MiB bodies several times cheaper for it.
 */
record NginxProxy(int port) implements Peer {
  /** Debian has the module for TCP and UDP in a package of its own. */
  private static final Path STREAM_MODULE = Path.of("/usr/lib/nginx/modules/ngx_stream_module.so");

  @Override
  public String name() {
    return "nginx";
  }

  @Override
  public boolean speaks(Row.Front front) {
    return switch (front) {
      case TCP, UDP -> Files.exists(STREAM_MODULE);
      case HTTP3 -> false; // 1.22, Debian's, has none
      default -> true;
    };
  }

  @Override
  public List<String> prepare(Path work, Nodes nodes) throws IOException {
    Files.deleteIfExists(log(work));
    Path config = work.resolve("nginx.conf");
    Files.writeString(
        config,
        """
        %s%sworker_processes 1;
        daemon off;
        pid %s;
        error_log stderr warn;
        worker_rlimit_nofile %d;
        events { worker_connections %d; multi_accept on; }
        %shttp {
          access_log off;
          keepalive_timeout 10m;
          keepalive_requests 1000000000;
          keepalive_time 24h;
          client_body_buffer_size 128k;
          proxy_max_temp_file_size 0;
          proxy_buffers 16 32k;
          proxy_busy_buffers_size 256k;
          proxy_http_version 1.1;
        %s%s%s  upstream messages { %s}
          server {
            listen 127.0.0.1:%d backlog=4096;
            listen 127.0.0.1:%d backlog=4096 http2;
            listen 127.0.0.1:%d backlog=4096 ssl;
            ssl_certificate %s;
            ssl_certificate_key %s;
            ssl_protocols TLSv1.2 TLSv1.3;
            location / {
              proxy_pass http://shop;
              proxy_set_header Connection "";
              proxy_set_header Host $http_host;
              proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            }
          }
          server {
            listen 127.0.0.1:%d backlog=4096;
            access_log %s combined;
            location / {
              proxy_pass http://shop;
              proxy_set_header Connection "";
              proxy_set_header Host $http_host;
              proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            }
          }
          server {
            listen 127.0.0.1:%d backlog=4096 http2;
            location / {
              grpc_pass grpc://calls;
              grpc_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            }
          }
          server {
            listen 127.0.0.1:%d backlog=4096;
            location / {
              proxy_pass http://messages;
              proxy_set_header Connection upgrade;
              proxy_set_header Upgrade $http_upgrade;
              proxy_set_header Host $http_host;
              proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
              proxy_read_timeout 10m;
              proxy_send_timeout 10m;
            }
          }
        }
        """
            .formatted(
                Files.exists(STREAM_MODULE) ? "load_module " + STREAM_MODULE + ";\n" : "",
                user(),
                work.resolve("nginx.pid"),
                Math.min(32_000, Machine.openFileLimit()),
                Math.min(15_000, Machine.openFileLimit() - 1_000),
                Files.exists(STREAM_MODULE) ? stream(nodes) : "",
                tempPaths(work, "nginx"),
                upstream("shop", nodes.ports()),
                upstream("calls", nodes.ports(Row.Front.GRPC)),
                servers(nodes.ports(Row.Front.WEBSOCKET)),
                port,
                port(Row.Front.HTTP2),
                port(Row.Front.TLS),
                Certificate.of(work).certificate(),
                Certificate.of(work).key(),
                port(Row.Front.LOGGED),
                log(work),
                port(Row.Front.GRPC),
                port(Row.Front.WEBSOCKET)));
    return List.of("nginx", "-e", "stderr", "-p", work.toString(), "-c", config.toString());
  }

  private String stream(Nodes nodes) {
    return """
    stream {
      upstream bytes { %s}
      upstream datagrams { %s}
      server {
        listen 127.0.0.1:%d backlog=4096;
        proxy_pass bytes;
        proxy_buffer_size 64k;
      }
      server {
        listen 127.0.0.1:%d udp;
        proxy_pass datagrams;
        proxy_timeout 10s;
      }
    }
    """
        .formatted(
            servers(nodes.ports(Row.Front.TCP)),
            servers(nodes.ports(Row.Front.UDP)),
            port(Row.Front.TCP),
            port(Row.Front.UDP));
  }

  private static String upstream(String name, List<Integer> ports) {
    return """
      upstream %s {
        %s
        keepalive 1024;
        keepalive_requests 1000000000;
        keepalive_time 24h;
        keepalive_timeout 10m;
      }
    """
        .formatted(name, servers(ports));
  }

  private static String servers(List<Integer> ports) {
    StringBuilder servers = new StringBuilder();
    for (int node : ports) {
      servers.append("server 127.0.0.1:%d max_fails=0; ".formatted(node));
    }
    return servers.toString();
  }

  /** As root, the worker keeps the driver's user, so that it can read files of this checkout. */
  static String user() {
    return System.getProperty("user.name").equals("root") ? "user root;\n" : "";
  }

  /** Temporary files below the work directory: an ordinary user cannot use the system's. */
  static String tempPaths(Path work, String prefix) {
    StringBuilder paths = new StringBuilder();
    for (String kind : List.of("client_body", "proxy", "fastcgi", "uwsgi", "scgi")) {
      paths.append(
          "  %s_temp_path %s;\n".formatted(kind, work.resolve(prefix + "-" + kind + "-temp")));
    }
    return paths.toString();
  }
}
