package io.fairlead.vip.bgp;

import io.fairlead.config.BgpCommunity;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Makes the messages that we send. */
final class BgpWriter {
  /** So that a message is never too long: 100 addresses of IPv6 take 1700 of 4096 octets. */
  static final int MOST_ADDRESSES = 100;

  /** RFC 9003. */
  static final int MOST_WORDS = 255;

  private static final int TRANSITIVE = 0x40;
  private static final int OPTIONAL = 0x80;
  private static final int LONG = 0x10;

  /** What internal neighbours make of it when nothing else is said. */
  private static final int USUAL_PREFERENCE = 100;

  private final ByteBuffer bytes = ByteBuffer.allocate(BgpMessage.LONGEST);

  private BgpWriter(int type) {
    for (int i = 0; i < 16; i++) {
      bytes.put((byte) 0xFF);
    }
    bytes.putShort((short) 0).put((byte) type);
  }

  private byte[] end() {
    bytes.putShort(16, (short) bytes.position());
    return Arrays.copyOf(bytes.array(), bytes.position());
  }

  /**
   * Who we are: both families, numbers of four octets, and routes again when they are asked for.
   * Graceful restart is left out on purpose: routes of a dead instance have to go at once.
   */
  static byte[] open(long as, int holdSeconds, int identifier) {
    BgpWriter out = new BgpWriter(BgpMessage.OPEN);
    out.bytes.put((byte) 4).putShort((short) narrow(as)).putShort((short) holdSeconds);
    out.bytes.putInt(identifier);
    int at = out.bytes.position();
    out.bytes.put((byte) 0).put((byte) 2).put((byte) 0);
    for (BgpFamily family : BgpFamily.values()) {
      out.bytes.put((byte) 1).put((byte) 4).putShort((short) family.number());
      out.bytes.put((byte) 0).put((byte) BgpFamily.UNICAST);
    }
    out.bytes.put((byte) 2).put((byte) 0);
    out.bytes.put((byte) 65).put((byte) 4).putInt((int) as);
    out.bytes.put(at, (byte) (out.bytes.position() - at - 1));
    out.bytes.put(at + 2, (byte) (out.bytes.position() - at - 3));
    return out.end();
  }

  private static int narrow(long as) {
    return as > 0xFFFF ? BgpMessage.AS_TRANS : (int) as;
  }

  static byte[] keepalive() {
    return new BgpWriter(BgpMessage.KEEPALIVE).end();
  }

  static byte[] notification(int code, int subcode, byte[] data) {
    BgpWriter out = new BgpWriter(BgpMessage.NOTIFICATION);
    out.bytes.put((byte) code).put((byte) subcode);
    out.bytes.put(data, 0, Math.min(data.length, out.bytes.remaining()));
    return out.end();
  }

  /** With words for whoever reads the log there (RFC 9003). */
  static byte[] cease(int subcode, String words) {
    byte[] text = words.getBytes(StandardCharsets.UTF_8);
    int length = Math.min(text.length, MOST_WORDS);
    while (length < text.length && length > 0 && (text[length] & 0xC0) == 0x80) {
      length--; // not within a character
    }
    byte[] data = new byte[1 + length];
    data[0] = (byte) length;
    System.arraycopy(text, 0, data, 1, length);
    return notification(BgpException.CEASE, subcode, data);
  }

  /**
   * How we stand to a neighbour.
   *
   * @param as ours
   * @param internal whether it is of the same
   * @param wide whether it knows numbers of four octets
   */
  record Stand(long as, boolean internal, boolean wide) {}

  /** The messages that announce these, all of one family. */
  static List<byte[]> announce(
      Stand stand, InetAddress nextHop, BgpRoute route, List<InetAddress> addresses) {
    List<byte[]> messages = new ArrayList<>();
    for (int at = 0; at < addresses.size(); at += MOST_ADDRESSES) {
      List<InetAddress> some =
          addresses.subList(at, Math.min(addresses.size(), at + MOST_ADDRESSES));
      messages.add(one(stand, nextHop, route, some));
    }
    return messages;
  }

  private static byte[] one(
      Stand stand, InetAddress nextHop, BgpRoute route, List<InetAddress> addresses) {
    BgpWriter out = new BgpWriter(BgpMessage.UPDATE);
    boolean plain = BgpFamily.of(addresses.getFirst()) == BgpFamily.IPV4;
    ByteBuffer in = out.bytes;
    in.putShort((short) 0);
    int at = in.position();
    in.putShort((short) 0);
    if (!plain) {
      // First, so that it is found whatever is wrong with what follows (RFC 7606, 5.1).
      int length = 5 + 16 + addresses.size() * 17;
      in.put((byte) (OPTIONAL | LONG)).put((byte) 14).putShort((short) length);
      in.putShort((short) BgpFamily.IPV6.number()).put((byte) BgpFamily.UNICAST);
      in.put((byte) 16).put(nextHop.getAddress()).put((byte) 0);
      out.addresses(addresses);
    }
    in.put((byte) TRANSITIVE).put((byte) 1).put((byte) 1).put((byte) 0); // ORIGIN: IGP
    out.path(stand);
    if (plain) {
      in.put((byte) TRANSITIVE).put((byte) 3).put((byte) 4).put(nextHop.getAddress());
    }
    if (route.med().isPresent()) {
      in.put((byte) OPTIONAL).put((byte) 4).put((byte) 4).putInt(route.med().get());
    }
    if (stand.internal()) {
      int preference = route.leaving() ? 0 : USUAL_PREFERENCE; // RFC 8326, 4
      in.put((byte) TRANSITIVE).put((byte) 5).put((byte) 4).putInt(preference);
    }
    out.communities(route);
    if (!stand.wide() && !stand.internal() && stand.as() > 0xFFFF) {
      in.put((byte) (OPTIONAL | TRANSITIVE)).put((byte) 17).put((byte) 6);
      in.put((byte) 2).put((byte) 1).putInt((int) stand.as());
    }
    in.putShort(at, (short) (in.position() - at - 2));
    if (plain) {
      out.addresses(addresses);
    }
    return out.end();
  }

  private void path(Stand stand) {
    bytes.put((byte) TRANSITIVE).put((byte) 2);
    if (stand.internal()) {
      bytes.put((byte) 0);
    } else if (stand.wide()) {
      bytes.put((byte) 6).put((byte) 2).put((byte) 1).putInt((int) stand.as());
    } else {
      bytes.put((byte) 4).put((byte) 2).put((byte) 1).putShort((short) narrow(stand.as()));
    }
  }

  private void communities(BgpRoute route) {
    List<BgpCommunity> all = new ArrayList<>(route.communities());
    if (route.leaving()) {
      all.add(BgpCommunity.GRACEFUL_SHUTDOWN);
    }
    if (!all.isEmpty()) {
      bytes.put((byte) (OPTIONAL | TRANSITIVE)).put((byte) 8).put((byte) (all.size() * 4));
      all.forEach(one -> bytes.putShort((short) one.high()).putShort((short) one.low()));
    }
  }

  /** The messages that withdraw these, all of one family. */
  static List<byte[]> withdraw(List<InetAddress> addresses) {
    List<byte[]> messages = new ArrayList<>();
    for (int at = 0; at < addresses.size(); at += MOST_ADDRESSES) {
      List<InetAddress> some =
          addresses.subList(at, Math.min(addresses.size(), at + MOST_ADDRESSES));
      BgpWriter out = new BgpWriter(BgpMessage.UPDATE);
      if (BgpFamily.of(some.getFirst()) == BgpFamily.IPV4) {
        out.bytes.putShort((short) (some.size() * 5));
        out.addresses(some);
        out.bytes.putShort((short) 0);
      } else {
        int length = 3 + some.size() * 17;
        out.bytes.putShort((short) 0).putShort((short) (length + 4));
        out.bytes.put((byte) (OPTIONAL | LONG)).put((byte) 15).putShort((short) length);
        out.bytes.putShort((short) BgpFamily.IPV6.number()).put((byte) BgpFamily.UNICAST);
        out.addresses(some);
      }
      messages.add(out.end());
    }
    return messages;
  }

  private void addresses(List<InetAddress> addresses) {
    for (InetAddress address : addresses) {
      bytes.put((byte) BgpFamily.of(address).bits()).put(address.getAddress());
    }
  }
}
