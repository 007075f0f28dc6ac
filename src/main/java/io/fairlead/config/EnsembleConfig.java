package io.fairlead.config;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * A ZooKeeper ensemble that is there already, where a group keeps its state.
 *
 * @param connect its servers, and where in it the state is
 * @param credentials a user and its password with a colon between them, by which nobody else reads
 *     the state; empty: whoever reaches the ensemble does
 * @param tls how the servers prove who they are, and this instance to them
 * @param plain whether they may be spoken to in the clear beyond this machine
 */
public record EnsembleConfig(
    ConnectString connect, Optional<Secret> credentials, Optional<Tls> tls, boolean plain) {
  /**
   * What ZooKeeper's clients are given: servers with commas between them, and a path.
   *
   * @param servers where clients reach them
   * @param path below which the state is; nothing else is there
   */
  public record ConnectString(List<HostPort> servers, String path) {
    static final String DEFAULT_PATH = "/fairlead";
    private static final int MAX_SERVERS = 32;
    private static final int MAX_PATH = 256;

    /** Of each word of a path: what means nothing to it or to a shell. */
    private static final String WORD = "[A-Za-z0-9][A-Za-z0-9._-]*";

    public ConnectString {
      servers = List.copyOf(servers);
    }

    /**
     * Reads {@code zk1:2181,zk2:2181/fairlead}.
     *
     * @throws InvalidConfigException with the rule that does not hold
     */
    public static ConnectString parse(String text) {
      int slash = text.indexOf('/');
      String path = slash < 0 ? DEFAULT_PATH : text.substring(slash);
      if (path.length() > MAX_PATH || !path.matches("(/" + WORD + ")+")) {
        throw Require.refusal(
            "must end with a path of words of a-z, A-Z, 0-9, '.', '_' and '-', such as"
                + " zk1:2181,zk2:2181/fairlead");
      }
      if (path.equals("/zookeeper") || path.startsWith("/zookeeper/")) {
        throw Require.refusal("must not be below /zookeeper, which is the ensemble's own");
      }
      List<HostPort> servers = new ArrayList<>();
      for (String server : (slash < 0 ? text : text.substring(0, slash)).split(",", -1)) {
        HostPort address = HostPort.parse(server.strip());
        if (address.port() == 0 || Syntax.isWildcard(address.host())) {
          throw Require.refusal("must name addresses that servers can be reached at");
        }
        if (servers.contains(address)) {
          throw Require.refusal("must name each server once (" + address + " is there twice)");
        }
        servers.add(address);
      }
      if (servers.size() > MAX_SERVERS) {
        throw Require.refusal("must name at most " + MAX_SERVERS + " servers");
      }
      return new ConnectString(servers, path);
    }

    /** The servers alone, as clients are given them. */
    public String hosts() {
      return servers.stream().map(HostPort::toString).collect(Collectors.joining(","));
    }

    @Override
    public String toString() {
      return hosts() + path;
    }
  }

  /**
   * TLS towards the ensemble.
   *
   * @param ca the authorities that its servers' certificates come from; the host is verified
   * @param cert what this instance shows; empty: nothing
   * @param key of that certificate
   */
  public record Tls(List<Path> ca, Optional<Path> cert, Optional<Path> key) {
    public Tls {
      ca = List.copyOf(ca);
      new Require()
          .that(cert.isPresent() || key.isEmpty(), "key", null, "must not be given without cert")
          .that(key.isPresent() || cert.isEmpty(), "cert", null, "must not be given without key")
          .orRefuse();
    }

    @Override
    public String toString() {
      return ca.toString();
    }
  }

  public EnsembleConfig {
    Require require =
        new Require()
            .that(
                tls.isEmpty() || !plain,
                List.of("plain"),
                null,
                "must not be true beside tls",
                List.of(List.of("tls")))
            .that(
                tls.isPresent()
                    || plain
                    || connect.servers().stream()
                        .allMatch(server -> Syntax.isLoopback(server.host())),
                List.of("connect"),
                connect,
                "must be loopback, or tls be given, or plain: true say that nobody else is there",
                List.of(List.of("tls"), List.of("plain")));
    credentials.ifPresent(secret -> {
      int colon = secret.value().indexOf(':');
      require.that(
          colon > 0 && colon < secret.value().length() - 1,
          "credentials",
          null,
          "must be USER:PASSWORD");
    });
    require.orRefuse();
  }
}
