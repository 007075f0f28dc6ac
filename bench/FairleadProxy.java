import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;

/** Fairlead with one event loop; its command may be replaced by the environment. */
record FairleadProxy(int port, int adminPort) implements Peer {
  @Override
  public String name() {
    return "fairlead";
  }

  @Override
  public List<String> prepare(Path work, List<Integer> nodes) throws IOException {
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
        services: { shop: { nodes: [%s] } }
        """
            .formatted(
                adminPort,
                port,
                port(Row.Front.HTTP2),
                port(Row.Front.TLS),
                Certificate.of(work).certificate(),
                Certificate.of(work).key(),
                nodes.stream()
                    .map(node -> "\"127.0.0.1:" + node + "\"")
                    .collect(Collectors.joining(", "))));
    String command = System.getenv().getOrDefault("FAIRLEAD_CMD", "");
    return command.isBlank()
        ? List.of("./fairlead", "run", "-c", config.toString())
        : List.of("sh", "-c", "exec " + command);
  }
}
