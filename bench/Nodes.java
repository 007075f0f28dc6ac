import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/**
 * The nodes that every proxy stands in front of, three of each kind, on the load generator's core:
 * one NGINX process with three ports for HTTP/1.1, three of nghttpd for gRPC, and {@link
 * StreamNodes} for the rest.
 *
 * <p>A POST is answered when its whole body has arrived: {@code return} alone would answer after
 * the head. {@code mirror} makes NGINX read the body, the static handler then refuses the method,
 * and the refusal is turned into the answer.
 */
final class Nodes {
  static final int COUNT = 3;

  private final int firstPort;
  private final Path work;

  Nodes(int firstPort, Path work) {
    this.firstPort = firstPort;
    this.work = work;
  }

  /** Of the nodes for HTTP/1.1. */
  List<Integer> ports() {
    return ports(Row.Front.CLEAR);
  }

  /** Of the nodes behind a kind of listener. */
  List<Integer> ports(Row.Front front) {
    int first =
        firstPort
            + switch (front) {
              case CLEAR, LOGGED, HTTP2, TLS, TLS_RESUMED, HTTP2_TLS, HTTP3 -> 0;
              case GRPC -> 10;
              case TCP -> 20;
              case WEBSOCKET -> 30;
              case UDP -> 40;
            };
    return List.of(first, first + 1, first + 2);
  }

  /** The byte that fills a file of the given size. */
  static byte filler(int size) {
    return (byte) ('a' + Integer.numberOfTrailingZeros(size) % 26);
  }

  Process start(Children children) throws IOException {
    Path root = Files.createDirectories(work.resolve("www"));
    for (Row row : Row.ALL) {
      if (row.path().matches("/1[6km]+")) {
        byte[] bytes = new byte[row.responseBytes()];
        Arrays.fill(bytes, filler(bytes.length));
        Files.write(root.resolve(row.path().substring(1)), bytes);
      }
    }
    Files.writeString(root.resolve("post"), "never served\n");
    StringBuilder servers = new StringBuilder();
    for (int port : ports()) {
      servers.append(server(port));
    }
    Path config = work.resolve("nodes.conf");
    Files.writeString(
        config,
        """
        %sworker_processes 1;
        daemon off;
        pid %s;
        error_log stderr warn;
        worker_rlimit_nofile %d;
        events { worker_connections 8192; }
        http {
          access_log off;
          default_type text/plain;
          sendfile on;
          open_file_cache max=100;
          open_file_cache_valid 1h;
          client_body_buffer_size 256k;
          keepalive_timeout 1h;
          keepalive_requests 1000000000;
          keepalive_time 24h;
        %s%s}
        """
            .formatted(
                NginxProxy.user(),
                work.resolve("nodes.pid"),
                Math.min(20_000, Machine.openFileLimit()),
                NginxProxy.tempPaths(work, "nodes"),
                servers));
    startGrpc(children);
    StreamNodes.start(this);
    return children.start(
        Machine.LOAD_CORE,
        List.of("nginx", "-e", "stderr", "-p", work.toString(), "-c", config.toString()),
        work.resolve("nodes.log"));
  }

  /** Each call is answered with the same message and the trailer that says it went well. */
  private void startGrpc(Children children) throws IOException {
    Path root = work.resolve("grpc");
    Files.createDirectories(root.resolve("bench.Echo"));
    Files.write(root.resolve("bench.Echo/Unary"), H2load.grpcMessage());
    for (int port : ports(Row.Front.GRPC)) {
      List<String> command =
          List.of(
              "nghttpd",
              "--no-tls",
              "-a",
              "127.0.0.1",
              "-d",
              root.toString(),
              "--trailer=grpc-status: 0",
              Integer.toString(port));
      try {
        children.start(Machine.LOAD_CORE, command, work.resolve("grpc-" + port + ".log"));
      } catch (IOException _) {
        return; // not installed: the row's calls will fail and say so
      }
    }
  }

  private String server(int port) {
    return """
      server {
        listen 127.0.0.1:%d backlog=4096;
        root %s;
        add_header X-Node %d;
        location = /small { return 200 "%s"; }
        location = /forwarded { return 200 "$http_x_forwarded_for"; }
        location = /post { mirror /sink; error_page 405 =200 @posted; }
        location = /sink { internal; return 204; }
        location @posted { return 200 "$content_length"; }
      }
    """
        .formatted(port, work.resolve("www"), port, smallBody());
  }

  static String smallBody() {
    return new String(filled(Row.SMALL), StandardCharsets.US_ASCII);
  }

  static byte[] filled(int size) {
    byte[] bytes = new byte[size];
    Arrays.fill(bytes, filler(size));
    return bytes;
  }
}
