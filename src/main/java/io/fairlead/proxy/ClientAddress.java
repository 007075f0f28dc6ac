package io.fairlead.proxy;

import io.netty.channel.Channel;
import io.netty.util.AttributeKey;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import org.jspecify.annotations.Nullable;

/** Who the client of a connection is: its other end, unless a trusted one in front said who. */
public final class ClientAddress {
  private record Ends(InetSocketAddress client, InetSocketAddress destination) {}

  private static final AttributeKey<Ends> SAID = AttributeKey.valueOf(ClientAddress.class, "said");

  private ClientAddress() {}

  public static InetSocketAddress of(Channel connection) {
    Ends said = said(connection);
    return said != null ? said.client() : known(connection.remoteAddress());
  }

  /** Where the client had connected to. */
  public static InetSocketAddress destination(Channel connection) {
    Ends said = said(connection);
    return said != null ? said.destination() : known(connection.localAddress());
  }

  /** Takes the word of a trusted one in front. */
  public static void say(
      Channel connection, InetSocketAddress client, InetSocketAddress destination) {
    connection.attr(SAID).set(new Ends(client, destination));
  }

  private static @Nullable Ends said(Channel connection) {
    return connection.hasAttr(SAID) ? connection.attr(SAID).get() : null;
  }

  /** A connection that has closed may not know its ends any more. */
  private static InetSocketAddress known(@Nullable SocketAddress end) {
    return end instanceof InetSocketAddress address ? address : new InetSocketAddress(0);
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
