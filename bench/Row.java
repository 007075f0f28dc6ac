import java.util.List;

/**
 * One kind of traffic.
 *
 * @param name as in {@code --rows}
 * @param says what it is, for the report
 * @param connections client connections held at once
 * @param path what is asked for
 * @param postBytes size of the request's body; 0: a GET
 * @param responseBytes size of the response's body; -1: not checked
 * @param newConnections whether each request comes on a connection of its own
 * @param front what the client speaks
 * @param streams requests at once on each connection; more than 1 only with HTTP/2 and HTTP/3
 * @param againstHaproxy target for CPU per request, as a ratio to HAProxy's
 * @param againstNginx target for CPU per request, as a ratio to NGINX's
 */
record Row(
    String name,
    String says,
    int connections,
    String path,
    int postBytes,
    int responseBytes,
    boolean newConnections,
    Front front,
    int streams,
    double againstHaproxy,
    double againstNginx) {

  /** What a client speaks, and so which port it asks and what is counted. */
  enum Front {
    /** HTTP/1.1 in the clear. */
    CLEAR("request"),
    /** The same, and each request is logged. */
    LOGGED("request"),
    /** HTTP/2 in the clear, by prior knowledge. */
    HTTP2("request"),
    /** HTTP/1.1 inside TLS 1.3. */
    TLS("request"),
    /** The same, each connection continuing the session of one before. */
    TLS_RESUMED("request"),
    /** HTTP/2 inside TLS 1.3. */
    HTTP2_TLS("request"),
    /** HTTP/3. */
    HTTP3("request"),
    /** gRPC on HTTP/2 in the clear, to nodes that speak it, too. */
    GRPC("call"),
    /** Bytes from a node, relayed. */
    TCP("MiB"),
    /** Messages to a node and back after an upgrade from HTTP/1.1. */
    WEBSOCKET("message"),
    /** Datagrams to a node and back. */
    UDP("datagram");

    /** What processor time is divided by. */
    final String unit;

    /** Whether it is HTTP/1.1 in the clear. */
    boolean isClear() {
      return this == CLEAR || this == LOGGED;
    }

    Front(String unit) {
      this.unit = unit;
    }
  }

  /** A row of HTTP/1.1 in the clear. */
  Row(
      String name,
      String says,
      int connections,
      String path,
      int postBytes,
      int responseBytes,
      boolean newConnections,
      double againstHaproxy,
      double againstNginx) {
    this(
        name,
        says,
        connections,
        path,
        postBytes,
        responseBytes,
        newConnections,
        Front.CLEAR,
        1,
        againstHaproxy,
        againstNginx);
  }

  static final int SMALL = 100;

  static final List<Row> ALL =
      List.of(
          get("get-8", "small GET, keep-alive, 8 connections", 8, "/small", SMALL, 1.0, 1.0),
          get("get-64", "small GET, keep-alive, 64 connections", 64, "/small", SMALL, 0.85, 0.9),
          new Row(
              "get-64-log",
              "the same as get-64 with an access log, Fairlead with its records",
              64,
              "/small",
              0,
              SMALL,
              false,
              Front.LOGGED,
              1,
              0.85,
              0.9),
          get("get-512", "small GET, keep-alive, 512 connections", 512, "/small", SMALL, 0.85, 0.9),
          get("body-16k", "GET of 16 KiB, 64 connections", 64, "/16k", 16 << 10, 1.0, 1.0),
          get("body-1m", "GET of 1 MiB, 16 connections", 16, "/1m", 1 << 20, 1.0, 1.0),
          new Row(
              "post-1k", "POST of 1 KiB, 64 connections", 64, "/post", 1 << 10, -1, false, 1, 1),
          new Row(
              "post-64k", "POST of 64 KiB, 64 connections", 64, "/post", 64 << 10, -1, false, 1, 1),
          new Row(
              "new-conn",
              "small GET, a new client connection each, 64 at once",
              64,
              "/small",
              0,
              SMALL,
              true,
              1,
              1),
          http2("h2-10", "HTTP/2, small GET, 8 connections with 10 streams each", 10),
          http2("h2-100", "HTTP/2, small GET, 8 connections with 100 streams each", 100),
          tls("tls-64", "HTTPS (TLS 1.3), small GET, keep-alive, 64 connections", false),
          tls("tls-new", "HTTPS, small GET, a new full TLS 1.3 handshake each, 64 at once", true),
          new Row(
              "tls-resumed",
              "HTTPS, small GET, a new connection with a resumed TLS 1.3 session each, 16 at once",
              16,
              "/small",
              0,
              SMALL,
              true,
              Front.TLS_RESUMED,
              1,
              1,
              1),
          new Row(
              "grpc",
              "gRPC unary, 100 bytes both ways, 8 connections with 10 calls each",
              8,
              "/bench.Echo/Unary",
              SMALL + 5,
              -1,
              false,
              Front.GRPC,
              10,
              1,
              1),
          stream("tcp", "TCP relay, bytes from the node, 8 connections", 8, Front.TCP),
          stream("ws", "WebSocket, 100 bytes echoed, 64 connections", 64, Front.WEBSOCKET),
          stream("udp", "UDP, 100 bytes echoed, 64 clients", 64, Front.UDP),
          http3("h3-10", "HTTP/3, small GET, 8 connections with 10 streams each", 8, "/small", 10),
          http3("h3-100", "HTTP/3, small GET, 8 connections with 100 each", 8, "/small", 100),
          http3("h3-body", "HTTP/3, GET of 1 MiB, 4 connections with 4 streams each", 4, "/1m", 4));

  private static Row stream(String name, String says, int connections, Front front) {
    return new Row(name, says, connections, "/", 0, -1, false, front, 1, 1, 1);
  }

  static Row named(String name) {
    return ALL.stream().filter(row -> row.name.equals(name)).findFirst().orElseThrow();
  }

  private static Row http2(String name, String says, int streams) {
    return new Row(name, says, 8, "/small", 0, SMALL, false, Front.HTTP2, streams, 1, 1);
  }

  private static Row http3(String name, String says, int connections, String path, int streams) {
    int length = path.equals("/small") ? SMALL : 1 << 20;
    return new Row(name, says, connections, path, 0, length, false, Front.HTTP3, streams, 1, 1);
  }

  /** The same, asked by other means. */
  Row by(Front other) {
    return new Row(
        name,
        says,
        connections,
        path,
        postBytes,
        responseBytes,
        newConnections,
        other,
        streams,
        againstHaproxy,
        againstNginx);
  }

  private static Row tls(String name, String says, boolean newConnections) {
    return new Row(name, says, 64, "/small", 0, SMALL, newConnections, Front.TLS, 1, 1, 1);
  }

  private static Row get(
      String name,
      String says,
      int connections,
      String path,
      int responseBytes,
      double againstHaproxy,
      double againstNginx) {
    return new Row(
        name, says, connections, path, 0, responseBytes, false, againstHaproxy, againstNginx);
  }

  /** The request as sent by the fixed-rate generator; wrk sends the same. */
  byte[] request(String host) {
    StringBuilder head = new StringBuilder();
    head.append(postBytes > 0 ? "POST " : "GET ").append(path).append(" HTTP/1.1\r\n");
    head.append("Host: ").append(host).append("\r\n");
    if (newConnections) {
      head.append("Connection: close\r\n");
    }
    if (postBytes > 0) {
      head.append("Content-Length: ").append(postBytes).append("\r\n");
    }
    head.append("\r\n").append("x".repeat(postBytes));
    return head.toString().getBytes(java.nio.charset.StandardCharsets.US_ASCII);
  }

  /** The same for wrk, with a closing line that a program can read. */
  String wrkScript() {
    StringBuilder lua = new StringBuilder();
    if (postBytes > 0) {
      lua.append("wrk.method = 'POST'\nwrk.body = string.rep('x', %d)\n".formatted(postBytes));
    }
    if (newConnections) {
      lua.append("wrk.headers['Connection'] = 'close'\n");
    }
    lua.append(
        """
        function done(s, latency, requests)
          local e = s.errors
          io.write(string.format("RESULT %d %d %d %d %d %d %d\\n", s.requests, s.duration,
            e.connect, e.read, e.write, e.timeout, e.status))
        end
        """);
    return lua.toString();
  }
}
