package io.fairlead.config;

import java.util.List;

/**
 * Where something listens or is reached. The spelling is the identity: two spellings of one address
 * are two addresses.
 *
 * @param host an IPv4 address, an IPv6 address without brackets, or a host name
 * @param port 0 (only where something listens: any free port) to 65535
 */
public record HostPort(String host, int port) {
  static final Range<Integer> PORTS = Range.counts(0, 65535);

  public HostPort {
    new Require()
        .unless(Syntax.host(host), List.of("host"), host)
        .within(PORTS, "port", port)
        .orRefuse();
  }

  /**
   * Reads {@code 10.0.0.1:80}, {@code [::1]:80} or {@code shop.internal:80}.
   *
   * @throws InvalidConfigException with the rule that does not hold
   */
  public static HostPort parse(String text) {
    int colon = text.lastIndexOf(':');
    if (colon < 0 || text.endsWith("]")) {
      throw Require.refusal("needs a port: HOST:PORT");
    }
    String host = text.substring(0, colon);
    String port = text.substring(colon + 1);
    if (host.isEmpty()) {
      throw Require.refusal("needs a host: 0.0.0.0:PORT means every IPv4 address");
    }
    if (host.startsWith("[") && host.endsWith("]") && host.indexOf(':') >= 0) {
      host = host.substring(1, host.length() - 1);
    } else if (host.indexOf(':') >= 0) {
      throw Require.refusal("must have an IPv6 address in brackets: [::1]:PORT");
    }
    if (port.isEmpty() || port.length() > 5 || !port.chars().allMatch(c -> c >= '0' && c <= '9')) {
      throw Require.refusal("needs a port from 0 to 65535 after the last colon");
    }
    int number = Integer.parseInt(port);
    if (!PORTS.contains(number)) {
      throw Require.refusal("needs a port from 0 to 65535 after the last colon");
    }
    return new HostPort(host, number);
  }

  /** Whether both cannot be bound at once: same port, and same host or one is every address. */
  boolean overlaps(HostPort other) {
    return port == other.port
        && port != 0
        && (host.equals(other.host) || coversHostOf(other) || other.coversHostOf(this));
  }

  // The IPv6 wildcard also takes IPv4 connections.
  private boolean coversHostOf(HostPort other) {
    return Syntax.isWildcard(host) && (host.indexOf(':') >= 0 || other.host.indexOf(':') < 0);
  }

  @Override
  public String toString() {
    return host.indexOf(':') >= 0 ? "[" + host + "]:" + port : host + ":" + port;
  }
}
