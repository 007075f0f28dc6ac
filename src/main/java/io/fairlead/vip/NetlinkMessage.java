package io.fairlead.vip;

import io.fairlead.config.VipAddress;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Messages to and from the kernel about interfaces, addresses and routes, see rtnetlink(7). In the
 * byte order of the machine, as netlink is.
 */
final class NetlinkMessage {
  static final int ERROR = 2;
  static final int DONE = 3;
  static final int NEW_LINK = 16;
  static final int GET_LINK = 18;
  static final int NEW_ADDRESS = 20;
  static final int DELETE_ADDRESS = 21;
  static final int GET_ADDRESS = 22;
  static final int NEW_ROUTE = 24;
  static final int DELETE_ROUTE = 25;

  static final int HEADER = 16;

  /** The kernel does not look for others that have an IPv6 address: it moves at once or never. */
  static final int NO_DUPLICATE_DETECTION = 0x02;

  /** No route to the network comes and goes with the address. */
  static final int NO_PREFIX_ROUTE = 0x200;

  static final int FOR_EVER = -1;

  private static final int DUPLICATE = 0x08;
  private static final int DEPRECATED = 0x20;
  private static final int TENTATIVE = 0x40;

  /**
   * By which we know our own: {@code IFA_PROTO}, which the kernel keeps since 5.18 and does not
   * look at. Ours by choice; what is below 4 is the kernel's.
   */
  static final byte OWN_PROTOCOL = (byte) 0xF1;

  private static final int REQUEST = 1;
  private static final int ACKNOWLEDGE = 4;
  private static final int REPLACE = 0x100;
  private static final int CREATE = 0x400;
  private static final int DUMP = 0x300;

  private static final int IFA_ADDRESS = 1;
  private static final int IFA_LOCAL = 2;
  private static final int IFA_BROADCAST = 4;
  private static final int IFA_CACHEINFO = 6;
  private static final int IFA_FLAGS = 8;
  private static final int IFA_PROTO = 11;
  private static final int IFLA_ADDRESS = 1;
  private static final int IFLA_IFNAME = 3;
  private static final int RTA_OIF = 4;
  private static final int RTA_GATEWAY = 5;
  private static final int RTA_TABLE = 15;

  private final ByteBuffer bytes = ByteBuffer.allocate(512).order(ByteOrder.nativeOrder());

  private NetlinkMessage(int type, int flags, int sequence) {
    bytes.putInt(0).putShort((short) type).putShort((short) flags).putInt(sequence).putInt(0);
  }

  /**
   * Adds the address, or gives the one that is there that much more time.
   *
   * <p>It is never preferred: whatever this machine begins by itself has one of its own addresses.
   *
   * @param index of the interface
   * @param seconds after which the kernel takes it away; {@link #FOR_EVER}: never
   */
  static byte[] addAddress(int sequence, int index, VipAddress address, int seconds) {
    NetlinkMessage message =
        new NetlinkMessage(NEW_ADDRESS, REQUEST | ACKNOWLEDGE | REPLACE | CREATE, sequence);
    int flags = address.isIpv4() ? 0 : NO_DUPLICATE_DETECTION | NO_PREFIX_ROUTE;
    message.address(index, address, flags);
    message.attribute(
        IFA_CACHEINFO, message.words(seconds == FOR_EVER ? FOR_EVER : 0, seconds, 0, 0));
    message.attribute(IFA_FLAGS, message.words(flags));
    message.attribute(IFA_PROTO, new byte[] {OWN_PROTOCOL});
    return message.end();
  }

  static byte[] removeAddress(int sequence, int index, VipAddress address) {
    NetlinkMessage message = new NetlinkMessage(DELETE_ADDRESS, REQUEST | ACKNOWLEDGE, sequence);
    message.address(index, address, 0);
    return message.end();
  }

  /** Asks for all addresses of the machine. */
  static byte[] listAddresses(int sequence) {
    NetlinkMessage message = new NetlinkMessage(GET_ADDRESS, REQUEST | DUMP, sequence);
    message.bytes.putInt(0).putInt(0);
    return message.end();
  }

  /** Asks for an interface. */
  static byte[] findLink(int sequence, String name) {
    NetlinkMessage message = new NetlinkMessage(GET_LINK, REQUEST, sequence);
    message.bytes.putInt(0).putInt(0).putInt(0).putInt(0);
    byte[] text = name.getBytes(java.nio.charset.StandardCharsets.US_ASCII);
    message.attribute(IFLA_IFNAME, Arrays.copyOf(text, text.length + 1));
    return message.end();
  }

  /**
   * Sets the only route of a table: everything goes to that machine of the link.
   *
   * @param table a number of its own
   */
  static byte[] setRoute(int sequence, int index, InetAddress gateway, int table) {
    NetlinkMessage message =
        new NetlinkMessage(NEW_ROUTE, REQUEST | ACKNOWLEDGE | REPLACE | CREATE, sequence);
    message.route(4); // static
    message.attribute(RTA_GATEWAY, gateway.getAddress());
    message.attribute(RTA_OIF, message.words(index));
    message.attribute(RTA_TABLE, message.words(table));
    return message.end();
  }

  static byte[] removeRoute(int sequence, int table) {
    NetlinkMessage message = new NetlinkMessage(DELETE_ROUTE, REQUEST | ACKNOWLEDGE, sequence);
    message.route(0);
    message.attribute(RTA_TABLE, message.words(table));
    return message.end();
  }

  /** {@code struct rtmsg}: IPv4, to everywhere, unicast. */
  private void route(int protocol) {
    bytes.put((byte) Posix.AF_INET).put((byte) 0).put((byte) 0).put((byte) 0);
    bytes.put((byte) 0).put((byte) protocol).put((byte) 0).put((byte) 1).putInt(0);
  }

  /** {@code struct ifaddrmsg} and the address itself. */
  private void address(int index, VipAddress address, int flags) {
    bytes.put((byte) (address.isIpv4() ? Posix.AF_INET : Posix.AF_INET6));
    bytes.put((byte) address.prefix()).put((byte) flags).put((byte) 0).putInt(index);
    byte[] ip = address.ip().getAddress();
    attribute(IFA_LOCAL, ip);
    attribute(IFA_ADDRESS, ip);
    if (address.isIpv4() && address.prefix() < 31) {
      byte[] broadcast = ip.clone();
      for (int bit = address.prefix(); bit < 32; bit++) {
        broadcast[bit / 8] |= (byte) (0x80 >> bit % 8);
      }
      attribute(IFA_BROADCAST, broadcast);
    }
  }

  private byte[] words(int... values) {
    ByteBuffer words = ByteBuffer.allocate(values.length * 4).order(ByteOrder.nativeOrder());
    for (int value : values) {
      words.putInt(value);
    }
    return words.array();
  }

  private void attribute(int type, byte[] value) {
    bytes.putShort((short) (4 + value.length)).putShort((short) type).put(value);
    while (bytes.position() % 4 != 0) {
      bytes.put((byte) 0);
    }
  }

  private byte[] end() {
    bytes.putInt(0, bytes.position());
    return Arrays.copyOf(bytes.array(), bytes.position());
  }

  // --- answers -----------------------------------------------------------------------------

  /**
   * One message of an answer.
   *
   * @param body without the header
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared, and nobody changes it
  record Part(int type, int sequence, byte[] body) {
    /** Of a message of type {@link #ERROR}: 0 is "done", what is below is an error. */
    int error() {
      return body.length < 4 ? -KernelException.EAGAIN : order(body).getInt(0);
    }
  }

  /**
   * An address that an interface has.
   *
   * @param index of the interface
   * @param forEver whether it has no end
   * @param protocol who added it, where the kernel knows; 0: it does not
   */
  record Present(int index, InetAddress ip, int prefix, boolean forEver, byte protocol, int flags) {
    /** Whether an instance of ours has added it, this one or one that was killed. */
    boolean isOurs() {
      boolean preferred = (flags & DEPRECATED) == 0;
      return !forEver && !preferred && (protocol == OWN_PROTOCOL || protocol == 0);
    }

    /** Whether it cannot be used yet, or never. */
    boolean isTentative() {
      return (flags & (TENTATIVE | DUPLICATE)) != 0;
    }
  }

  /**
   * An interface.
   *
   * @param mac its hardware address; empty: it has none
   * @param running up, and with a carrier
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared, and nobody changes it
  record Interface(String name, int index, byte[] mac, boolean running) {}

  /** The messages in what was received; what is cut off is left out. */
  static List<Part> split(byte[] received) {
    List<Part> parts = new ArrayList<>();
    ByteBuffer in = order(received);
    int at = 0;
    while (at + HEADER <= received.length) {
      int length = in.getInt(at);
      if (length < HEADER || length > received.length - at) {
        break;
      }
      parts.add(
          new Part(
              in.getShort(at + 4),
              in.getInt(at + 8),
              Arrays.copyOfRange(received, at + HEADER, at + length)));
      at += (length + 3) & ~3;
    }
    return parts;
  }

  /** Null if it is nothing that an IPv4 or IPv6 address could be read from. */
  static @Nullable Present address(byte[] body) {
    if (body.length < 8) {
      return null;
    }
    ByteBuffer in = order(body);
    byte[] ip = null;
    boolean forEver = true;
    byte protocol = 0;
    int flags = body[2] & 0xFF;
    for (int at = 8; at + 4 <= body.length; ) {
      int length = in.getShort(at) & 0xFFFF;
      if (length < 4 || at + length > body.length) {
        break;
      }
      switch (in.getShort(at + 2) & 0x3FFF) {
        case IFA_ADDRESS -> ip = ip == null ? Arrays.copyOfRange(body, at + 4, at + length) : ip;
        case IFA_LOCAL -> ip = Arrays.copyOfRange(body, at + 4, at + length);
        case IFA_CACHEINFO -> forEver = length < 12 || in.getInt(at + 8) == FOR_EVER;
        case IFA_FLAGS -> flags = length < 8 ? flags : in.getInt(at + 4);
        case IFA_PROTO -> protocol = length < 5 ? 0 : body[at + 4];
        default -> {}
      }
      at += (length + 3) & ~3;
    }
    if (ip == null || (ip.length != 4 && ip.length != 16)) {
      return null;
    }
    try {
      return new Present(
          in.getInt(4), InetAddress.getByAddress(ip), body[1] & 0xFF, forEver, protocol, flags);
    } catch (UnknownHostException e) {
      return null;
    }
  }

  /** Null if it is none. */
  static @Nullable Interface link(byte[] body, String name) {
    if (body.length < 16) {
      return null;
    }
    ByteBuffer in = order(body);
    byte[] mac = {};
    for (int at = 16; at + 4 <= body.length; ) {
      int length = in.getShort(at) & 0xFFFF;
      if (length < 4 || at + length > body.length) {
        break;
      }
      if ((in.getShort(at + 2) & 0x3FFF) == IFLA_ADDRESS) {
        mac = Arrays.copyOfRange(body, at + 4, at + length);
      }
      at += (length + 3) & ~3;
    }
    int flags = in.getInt(8);
    if ((flags & 0x08) != 0) { // IFF_LOOPBACK: nobody is there to be told
      mac = new byte[0];
    }
    boolean running = (flags & 0x41) == 0x41; // IFF_UP, IFF_RUNNING
    return new Interface(name, in.getInt(4), mac, running);
  }

  private static ByteBuffer order(byte[] bytes) {
    return ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder());
  }
}
