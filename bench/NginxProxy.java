import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * NGINX with one worker and keep-alive on both sides; nothing is written to disk, and its buffers
 * are larger than by default, which makes 1 MiB bodies several times cheaper for it.
 */
record NginxProxy(int port) implements Peer {
  @Override
  public String name() {
    return "nginx";
  }

  @Override
  public List<String> prepare(Path work, List<Integer> nodes) throws IOException {
    StringBuilder servers = new StringBuilder();
    for (int node : nodes) {
      servers.append("    server 127.0.0.1:%d max_fails=0;\n".formatted(node));
    }
    Path config = work.resolve("nginx.conf");
    Files.writeString(
        config,
        """
        %sworker_processes 1;
        daemon off;
        pid %s;
        error_log stderr warn;
        worker_rlimit_nofile %d;
        events { worker_connections %d; multi_accept on; }
        http {
          access_log off;
          keepalive_timeout 10m;
          keepalive_requests 1000000000;
          keepalive_time 24h;
          client_body_buffer_size 128k;
          proxy_max_temp_file_size 0;
          proxy_buffers 16 32k;
          proxy_busy_buffers_size 256k;
        %s  upstream shop {
        %s    keepalive 1024;
            keepalive_requests 1000000000;
            keepalive_time 24h;
            keepalive_timeout 10m;
          }
          server {
            listen 127.0.0.1:%d backlog=4096;
            listen 127.0.0.1:%d backlog=4096 http2;
            listen 127.0.0.1:%d backlog=4096 ssl;
            ssl_certificate %s;
            ssl_certificate_key %s;
            ssl_protocols TLSv1.2 TLSv1.3;
            location / {
              proxy_pass http://shop;
              proxy_http_version 1.1;
              proxy_set_header Connection "";
              proxy_set_header Host $http_host;
              proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            }
          }
        }
        """
            .formatted(
                user(),
                work.resolve("nginx.pid"),
                Math.min(32_000, Machine.openFileLimit()),
                Math.min(15_000, Machine.openFileLimit() - 1_000),
                tempPaths(work, "nginx"),
                servers,
                port,
                port(Row.Front.HTTP2),
                port(Row.Front.TLS),
                Certificate.of(work).certificate(),
                Certificate.of(work).key()));
    return List.of("nginx", "-e", "stderr", "-p", work.toString(), "-c", config.toString());
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
