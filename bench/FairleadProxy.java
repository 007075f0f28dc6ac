import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Fairlead with one event loop, round robin as the others; its command may be replaced. It records
 * only where the others log, and listens for HTTP/3 from the first such row on.
 *
 * @param home folder of the sources whose build runs
 */
record FairleadProxy(String name, Path home, int port, int adminPort) implements Peer {
  static final String NAME = "fairlead";

  /** The build of an earlier commit, which shows what has become dearer since. */
  static final String EARLIER = "earlier";

  private static final String NO_RECORDS = "logs: { enabled: false }";

  /** Not loaded before it is wanted, so that memory is that of a process without it. */
  private static final String NO_HTTP3 = "# no http3";

  private static final String HTTP3 = "http3: {}";

  @Override
  public boolean speaks(Row.Front front) {
    return true;
  }

  @Override
  public List<String> prepare(Path work, Nodes nodes) throws IOException {
    Path config = config(work);
    Path data = work.resolve(name + "-data");
    Machine.output("rm", "-rf", data.toString()); // records of earlier runs
    Files.writeString(
        config,
        """
        admin: { bind: "127.0.0.1:%d" }
        data: "%s"
        %s
        runtime: { event-loops: 1 }
        listeners:
          web: { bind: ["127.0.0.1:%d", "127.0.0.1:%d", "127.0.0.1:%d"], routes: [ { service: shop } ] }
          secure:
            bind: "127.0.0.1:%d"
            tls: { certificates: [ { cert: "%s", key: "%s" } ] }
            routes: [ { service: shop } ]
          quic:
            bind: "127.0.0.1:%d"
            tls: { certificates: [ { cert: "%s", key: "%s" } ] }
            %s
            routes: [ { service: shop } ]
          calls: { bind: "127.0.0.1:%d", routes: [ { service: calls } ] }
          bytes: { bind: "127.0.0.1:%d", protocol: tcp, service: bytes }
          messages: { bind: "127.0.0.1:%d", routes: [ { service: messages } ] }
          datagrams:
            bind: "127.0.0.1:%d"
            protocol: udp
            service: datagrams
            limits: { idle-timeout: 10s }
            udp: { sessions-per-client: 1000 }
        services:
          shop: { balance: round-robin, nodes: [%s] }
          calls: { balance: round-robin, protocol: h2, nodes: [%s] }
          bytes: { balance: round-robin, nodes: [%s] }
          messages: { balance: round-robin, nodes: [%s] }
          datagrams: { balance: round-robin, health: none, nodes: [%s] }
        """
            .formatted(
                adminPort,
                data,
                NO_RECORDS,
                port,
                port(Row.Front.LOGGED),
                port(Row.Front.HTTP2),
                port(Row.Front.TLS),
                Certificate.of(work).certificate(),
                Certificate.of(work).key(),
                port(Row.Front.HTTP3),
                Certificate.of(work).certificate(),
                Certificate.of(work).key(),
                NO_HTTP3,
                port(Row.Front.GRPC),
                port(Row.Front.TCP),
                port(Row.Front.WEBSOCKET),
                port(Row.Front.UDP),
                list(nodes.ports()),
                list(nodes.ports(Row.Front.GRPC)),
                list(nodes.ports(Row.Front.TCP)),
                list(nodes.ports(Row.Front.WEBSOCKET)),
                list(nodes.ports(Row.Front.UDP))));
    String command = System.getenv().getOrDefault("FAIRLEAD_CMD", "");
    return command.isBlank() || !name.equals(NAME)
        ? List.of(home.resolve("fairlead").toString(), "run", "-c", config.toString())
        : List.of("sh", "-c", "exec " + command);
  }

  private Path config(Path work) {
    return work.resolve(name + ".yaml");
  }

  @Override
  public void ready(Path work, Row.Front front) throws IOException, InterruptedException {
    switch (front) {
      case LOGGED -> record(work, true);
      case HTTP3 -> change(work, NO_HTTP3, HTTP3);
      default -> {}
    }
  }

  /** Has requests recorded or not from now on, and all else left as it is. */
  void record(Path work, boolean on) throws IOException, InterruptedException {
    change(work, NO_RECORDS, "logs: { enabled: " + on + " }");
  }

  /** Gives the running process what it was started with, but for this. */
  private void change(Path work, String from, String to) throws IOException, InterruptedException {
    String text = Files.readString(config(work)).replace(from, to);
    HttpResponse<String> answer =
        ask(
            request("/api/v1/config")
                .header("content-type", "application/yaml")
                .PUT(HttpRequest.BodyPublishers.ofString(text)));
    if (answer.statusCode() != 200) {
      throw new IOException("cannot change to " + to + ": " + answer.body());
    }
  }

  /** Whatever loops had no room for, or the recorder could not keep, would have cost more. */
  @Override
  public String logProblem(Path work, long sizeBefore, double requests)
      throws IOException, InterruptedException {
    boolean dropped =
        ask(request("/metrics"))
            .body()
            .lines()
            .anyMatch(
                line -> line.startsWith("fairlead_records_dropped_total{") && !line.endsWith(" 0"));
    return dropped ? "records were dropped" : "";
  }

  private HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + adminPort + path));
  }

  private static HttpResponse<String> ask(HttpRequest.Builder request)
      throws IOException, InterruptedException {
    try (HttpClient client = HttpClient.newHttpClient()) {
      return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }
  }

  private static String list(List<Integer> ports) {
    return ports.stream()
        .map(port -> "\"127.0.0.1:" + port + "\"")
        .collect(Collectors.joining(", "));
  }
}
