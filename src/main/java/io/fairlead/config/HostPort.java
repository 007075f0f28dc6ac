package io.fairlead.config;

/**
 * Where something listens or is reached. The spelling is the identity: two spellings of one address
 * are two addresses.
 *
 * @param host an IPv4 address, an IPv6 address without brackets, or a host name
 * @param port 0 (only where something listens: any free port) to 65535
 */
public record HostPort(String host, int port) {
  @Override
  public String toString() {
    return host.indexOf(':') >= 0 ? "[" + host + "]:" + port : host + ":" + port;
  }
}
