import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;

/** Fairlead with one event loop, round robin as the others; its command may be replaced. */
record FairleadProxy(int port, int adminPort) implements Peer {
  @Override
  public String name() {
    return "fairlead";
  }

  @Override
  public boolean speaks(Row.Front front) {
    return true;
  }

  @Override
  public List<String> prepare(Path work, Nodes nodes) throws IOException {
    Path config = work.resolve("fairlead.yaml");
    Files.writeString(
        config,
        """
        admin: { bind: "127.0.0.1:%d" }
        runtime: { event-loops: 1 }
        listeners:
          web: { bind: ["127.0.0.1:%d", "127.0.0.1:%d"], routes: [ { service: shop } ] }
          secure:
            bind: "127.0.0.1:%d"
            tls: { certificates: [ { cert: "%s", key: "%s" } ] }
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
                port,
                port(Row.Front.HTTP2),
                port(Row.Front.TLS),
                Certificate.of(work).certificate(),
                Certificate.of(work).key(),
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
    return command.isBlank()
        ? List.of("./fairlead", "run", "-c", config.toString())
        : List.of("sh", "-c", "exec " + command);
  }

  private static String list(List<Integer> ports) {
    return ports.stream()
        .map(port -> "\"127.0.0.1:" + port + "\"")
        .collect(Collectors.joining(", "));
  }
}
