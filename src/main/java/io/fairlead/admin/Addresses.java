package io.fairlead.admin;

import io.fairlead.config.HostPort;
import org.jspecify.annotations.Nullable;

/** Reads {@code HOST:PORT} as it stands in a path of the API. */
final class Addresses {
  private static final int MAX_HOST = 253; // RFC 1035, section 2.3.4, without the final dot

  private Addresses() {}

  /** The address, or null if it is none. IPv6 in brackets. */
  static @Nullable HostPort parse(String text) {
    int colon = text.lastIndexOf(':');
    if (colon <= 0) {
      return null;
    }
    String host = text.substring(0, colon);
    if (host.startsWith("[") && host.endsWith("]")) {
      host = host.substring(1, host.length() - 1);
      if (host.indexOf(':') < 0 || !host.matches("[0-9A-Fa-f:.]+(%[0-9A-Za-z._-]+)?")) {
        return null;
      }
    } else if (!host.matches("[0-9A-Za-z]([0-9A-Za-z._-]*[0-9A-Za-z])?")) {
      return null;
    }
    String port = text.substring(colon + 1);
    if (host.length() > MAX_HOST || !port.matches("[1-9][0-9]{0,4}")) {
      return null;
    }
    int number = Integer.parseInt(port);
    return number <= 65535 ? new HostPort(host, number) : null;
  }
}
