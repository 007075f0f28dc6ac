package io.fairlead.proxy.http;

import io.fairlead.config.Cidr;
import io.fairlead.config.Networks;
import io.fairlead.proxy.ClientAddress;
import io.fairlead.proxy.tls.TlsSession;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Who is at the other end of a connection, as far as requests need to know. */
final class Client {
  private static final byte[] NONE = {};

  private final byte[] address;
  private final int port;
  private final int hash;
  private final long high;
  private final long low;
  private final boolean trusted;
  private final boolean secure;
  private final byte[] certificate;

  /**
   * @param trust networks whose word about clients behind them is believed
   * @param tls what the handshake has settled; null: the connection is in the clear
   */
  Client(InetSocketAddress from, List<Cidr> trust, @Nullable TlsSession tls) {
    InetAddress remote = from.getAddress();
    port = from.getPort();
    address = Ascii.bytes(remote.getHostAddress());
    hash = ClientAddress.hash(remote);
    high = Networks.high(remote);
    low = Networks.low(remote);
    boolean believed = false;
    for (Cidr network : trust) {
      believed |= network.contains(remote);
    }
    trusted = believed;
    secure = tls != null;
    certificate = tls == null ? NONE : tls.clientCertificate();
  }

  /** As text. */
  byte[] address() {
    return address;
  }

  int hash() {
    return hash;
  }

  int port() {
    return port;
  }

  /** The address as a number, as in {@link Networks}. */
  long high() {
    return high;
  }

  long low() {
    return low;
  }

  /** Whether what this client says of clients behind it is believed. */
  boolean isTrusted() {
    return trusted;
  }

  /** Whether it came by TLS. */
  boolean isSecure() {
    return secure;
  }

  /** The value of X-Forwarded-Client-Cert; empty: nothing is to be told. */
  byte[] certificate() {
    return certificate;
  }

  /** The address as an element of Forwarded (RFC 7239, 4). */
  byte[] forwardedFor() {
    String text = new String(address, StandardCharsets.ISO_8859_1);
    return Ascii.bytes(text.indexOf(':') >= 0 ? "for=\"[" + text + "]\"" : "for=" + text);
  }
}
