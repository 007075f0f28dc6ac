package io.fairlead.config;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Where nodes of a service are looked for, beside those of the configuration. */
public sealed interface DiscoverSource {
  /** Of one service. */
  int MOST = 16;

  /** The kinds, as the configuration names them. */
  String WORDS = "file, dns, srv and docker";

  /** For messages, unique within its service. */
  String name();

  /**
   * A list of nodes in a file of YAML or JSON.
   *
   * @param file looked at once a second
   */
  record File(Path file) implements DiscoverSource {
    @Override
    public String name() {
      return "file " + file;
    }
  }

  /**
   * Addresses of a name.
   *
   * @param host its A and AAAA records are asked for
   * @param server who is asked; empty: whom this machine asks
   */
  record Dns(HostPort host, Optional<HostPort> server) implements DiscoverSource {
    @Override
    public String name() {
      return "dns " + host + DiscoverSource.at(server);
    }
  }

  /**
   * Places of a service (RFC 2782).
   *
   * @param service its SRV records are asked for, and then the addresses of their targets
   * @param server who is asked; empty: whom this machine asks
   */
  record Srv(String service, Optional<HostPort> server) implements DiscoverSource {
    @Override
    public String name() {
      return "srv " + service + DiscoverSource.at(server);
    }
  }

  /**
   * Containers of this machine that ask for it by their labels, by Docker or Podman.
   *
   * @param socket where the engine listens
   * @param network at their addresses in which containers are reached; empty: where their ports are
   *     published, or in the only one
   */
  record Docker(Path socket, String network) implements DiscoverSource {
    public Docker {
      new Require()
          .that(
              network.matches("([A-Za-z0-9][A-Za-z0-9_.-]{0,252})?"),
              "network",
              network,
              "must be the name of a network")
          .orRefuse();
    }

    @Override
    public String name() {
      return "docker " + socket + (network.isEmpty() ? "" : " in " + network);
    }
  }

  private static String at(Optional<HostPort> server) {
    return server.map(asked -> " at " + asked).orElse("");
  }

  /** The one of them that is set. */
  static DiscoverSource one(List<DiscoverSource> set) {
    if (set.size() != 1) {
      throw Require.refusal("needs one of " + WORDS);
    }
    return set.getFirst();
  }
}
