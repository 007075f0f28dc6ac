package io.fairlead.group;

import io.fairlead.config.HostPort;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Who keeps the state, and who of them votes; as the engine writes it down.
 *
 * @param version rises with each change of it
 * @param all by number
 */
record Servers(long version, Map<Integer, Server> all) {
  /**
   * One that keeps the state.
   *
   * @param address the first of its ports
   */
  record Server(int number, HostPort address, boolean votes) {
    Server voting(boolean now) {
      return new Server(number, address, now);
    }

    String line() {
      String host = address.host().indexOf(':') < 0 ? address.host() : "[" + address.host() + "]";
      return "server."
          + number
          + "="
          + host
          + ":"
          + (address.port() + 1)
          + ":"
          + (address.port() + 2)
          + ":"
          + (votes ? "participant" : "observer");
    }
  }

  Servers {
    all = Collections.unmodifiableMap(new TreeMap<>(all));
  }

  static Servers of(List<Server> servers) {
    return new Servers(
        0, servers.stream().collect(Collectors.toMap(Server::number, server -> server)));
  }

  @Nullable Server find(int number) {
    return all.get(number);
  }

  List<Server> voters() {
    return all.values().stream().filter(Server::votes).toList();
  }

  /** One line for each, without the version. */
  String lines() {
    return all.values().stream().map(Server::line).collect(Collectors.joining("\n"));
  }

  /**
   * Reads what the engine wrote.
   *
   * @throws IllegalArgumentException if it is something else
   */
  static Servers parse(String text) {
    Map<Integer, Server> found = new TreeMap<>();
    long version = 0;
    for (String line : text.split("\n", -1)) {
      int equals = line.indexOf('=');
      if (equals < 0) {
        continue;
      }
      String key = line.substring(0, equals).strip();
      String value = line.substring(equals + 1).strip();
      if (key.equals("version")) {
        version = Long.parseLong(value, 16);
      } else if (key.startsWith("server.")) {
        Server server = server(Integer.parseInt(key.substring(7)), value);
        found.put(server.number(), server);
      }
    }
    return new Servers(version, found);
  }

  /** {@code HOST:PORT+1:PORT+2:ROLE[;…]} */
  private static Server server(int number, String value) {
    String spec = value.split(";", 2)[0];
    int role = spec.lastIndexOf(':');
    int election = spec.lastIndexOf(':', role - 1);
    int quorum = spec.lastIndexOf(':', election - 1);
    if (quorum <= 0) {
      throw new IllegalArgumentException("not a server: " + value);
    }
    String host = spec.substring(0, quorum);
    if (host.startsWith("[") && host.endsWith("]")) {
      host = host.substring(1, host.length() - 1);
    }
    return new Server(
        number,
        new HostPort(host, Integer.parseInt(spec.substring(quorum + 1, election)) - 1),
        spec.substring(role + 1).equals("participant"));
  }
}
