package io.fairlead.proxy;

import io.netty.channel.Channel;
import io.netty.util.AttributeKey;
import java.net.InetAddress;
import java.net.InetSocketAddress;

/** Who the client of a connection is: its other end, unless a trusted one in front said who. */
public final class ClientAddress {
  private static final AttributeKey<InetSocketAddress> SAID =
      AttributeKey.valueOf(ClientAddress.class, "said");

  private ClientAddress() {}

  public static InetSocketAddress of(Channel connection) {
    InetSocketAddress said = connection.hasAttr(SAID) ? connection.attr(SAID).get() : null;
    return said != null ? said : (InetSocketAddress) connection.remoteAddress();
  }

  /** What {@code ip-hash} looks at. */
  public static int hash(InetAddress client) {
    // Neighbouring addresses must not become neighbouring hashes (the finaliser of MurmurHash3).
    int h = client.hashCode();
    h ^= h >>> 16;
    h *= 0x85ebca6b;
    h ^= h >>> 13;
    h *= 0xc2b2ae35;
    return h ^ (h >>> 16);
  }
}
