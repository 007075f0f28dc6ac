package io.fairlead.proxy.http;

import io.fairlead.config.Cidr;
import io.fairlead.proxy.ClientAddress;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Who is at the other end of a connection, as far as requests need to know. */
final class Client {
  private final byte[] address;
  private final int hash;
  private final boolean trusted;

  /**
   * @param trust networks whose word about clients behind them is believed
   */
  Client(InetAddress remote, List<Cidr> trust) {
    address = Ascii.bytes(remote.getHostAddress());
    hash = ClientAddress.hash(remote);
    boolean believed = false;
    for (Cidr network : trust) {
      believed |= network.contains(remote);
    }
    trusted = believed;
  }

  /** As text. */
  byte[] address() {
    return address;
  }

  int hash() {
    return hash;
  }

  /** Whether what this client says of clients behind it is believed. */
  boolean isTrusted() {
    return trusted;
  }

  /** The address as an element of Forwarded (RFC 7239, 4). */
  byte[] forwardedFor() {
    String text = new String(address, StandardCharsets.ISO_8859_1);
    return Ascii.bytes(text.indexOf(':') >= 0 ? "for=\"[" + text + "]\"" : "for=" + text);
  }
}
