package io.fairlead.vip;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the owner of a virtual router says (RFC 9568, 5).
 *
 * @param vrid of the virtual router
 * @param priority of who says it; 0: leaves
 * @param centis hundredths of a second until it says it again, 1 to 4095
 * @param addresses of the virtual router, of one family
 */
record VrrpAdvert(int vrid, int priority, int centis, List<InetAddress> addresses) {
  static final int PROTOCOL = 112;

  /** Nobody on the link is further away than this. */
  static final int HOPS = 255;

  private static final int HEADER = 8;
  private static final int IPV4_HEADER = 20;
  private static final byte VERSION_AND_TYPE = 0x31;

  /** Network control (RFC 4594): the last that a busy link drops. */
  static final int TRAFFIC_CLASS = 0xC0;

  VrrpAdvert {
    addresses = List.copyOf(addresses);
  }

  /** What came in and is of no use. */
  enum Fault {
    /** It has passed a router. */
    HOPS,
    /** Version 2, or no advertisement. */
    VERSION,
    LENGTH,
    CHECKSUM,
    /** No address in it. */
    EMPTY,
    /** It promises to come again in no time. */
    INTERVAL,
    /** Not one of those that are believed. */
    STRANGER
  }

  /** What was made of a packet. */
  sealed interface Read {
    /**
     * An advertisement.
     *
     * @param pseudoHeader whether its checksum is the one of RFC 5798
     */
    record Good(InetAddress from, VrrpAdvert advert, boolean pseudoHeader) implements Read {}

    record Bad(InetAddress from, Fault fault) implements Read {}
  }

  /** The message with a checksum of 0, which the kernel fills in over IPv6. */
  byte[] message() {
    int width = addresses.getFirst().getAddress().length;
    ByteBuffer out = ByteBuffer.allocate(HEADER + addresses.size() * width);
    out.put(VERSION_AND_TYPE).put((byte) vrid).put((byte) priority).put((byte) addresses.size());
    out.putShort((short) (centis & 0xFFF)).putShort((short) 0);
    addresses.forEach(address -> out.put(address.getAddress()));
    return out.array();
  }

  /**
   * The whole packet of IPv4.
   *
   * @param pseudoHeader whether its checksum covers addresses of the header (RFC 5798), too
   */
  byte[] ipv4(InetAddress source, InetAddress destination, boolean pseudoHeader) {
    byte[] message = message();
    byte[] from = source.getAddress();
    byte[] to = destination.getAddress();
    short sum = pseudoHeader ? Checksum.ofIpv4(from, to, PROTOCOL, message) : Checksum.of(message);
    message[6] = (byte) (sum >> 8);
    message[7] = (byte) sum;
    byte[] header =
        ByteBuffer.allocate(IPV4_HEADER)
            .put((byte) 0x45)
            .put((byte) TRAFFIC_CLASS)
            .putShort((short) (IPV4_HEADER + message.length))
            .putInt(0)
            .put((byte) HOPS)
            .put((byte) PROTOCOL)
            .putShort((short) 0)
            .put(from)
            .put(to)
            .array();
    short headerSum = Checksum.of(header);
    header[10] = (byte) (headerSum >> 8);
    header[11] = (byte) headerSum;
    return ByteBuffer.allocate(IPV4_HEADER + message.length).put(header).put(message).array();
  }

  /**
   * Reads a packet with its IPv4 header. What follows the packet, up to the least that Ethernet
   * carries, is left out.
   *
   * @param near whether it must not have passed a router
   */
  static Read readIpv4(byte[] packet, boolean near) {
    int header = packet.length < IPV4_HEADER ? IPV4_HEADER : (packet[0] & 0xF) * 4;
    if (packet.length < IPV4_HEADER || header < IPV4_HEADER || packet.length < header) {
      return new Read.Bad(InetAddress.ofLiteral("0.0.0.0"), Fault.LENGTH);
    }
    byte[] source = Arrays.copyOfRange(packet, 12, 16);
    byte[] destination = Arrays.copyOfRange(packet, 16, 20);
    InetAddress from = address(source);
    int end = Short.toUnsignedInt(ByteBuffer.wrap(packet).getShort(2));
    if (end < header || end > packet.length) {
      return new Read.Bad(from, Fault.LENGTH);
    }
    byte[] message = Arrays.copyOfRange(packet, header, end);
    Fault fault = fault(message, 4, near, packet[8] & 0xFF);
    if (fault != null) {
      return new Read.Bad(from, fault);
    }
    boolean pseudoHeader = Checksum.ofIpv4(source, destination, PROTOCOL, message) == 0;
    if (!pseudoHeader && Checksum.of(message) != 0) {
      return new Read.Bad(from, Fault.CHECKSUM);
    }
    return new Read.Good(from, advert(message, 4), pseudoHeader);
  }

  /**
   * Reads a message that came over IPv6; the kernel has looked at its checksum.
   *
   * @param hops that it had left
   */
  static Read readIpv6(InetAddress from, byte[] message, boolean near, int hops) {
    Fault fault = fault(message, 16, near, hops);
    return fault != null
        ? new Read.Bad(from, fault)
        : new Read.Good(from, advert(message, 16), true);
  }

  private static @Nullable Fault fault(byte[] message, int width, boolean near, int hops) {
    if (near && hops != HOPS) {
      return Fault.HOPS;
    }
    if (message.length < HEADER) {
      return Fault.LENGTH;
    }
    if (message[0] != VERSION_AND_TYPE) {
      return Fault.VERSION;
    }
    int count = message[3] & 0xFF;
    if (count == 0) {
      return Fault.EMPTY; // erratum 8299
    }
    if (message.length != HEADER + count * width) {
      return Fault.LENGTH;
    }
    // Erratum 8301: whoever believed it would take over at once.
    return (ByteBuffer.wrap(message).getShort(4) & 0xFFF) == 0 ? Fault.INTERVAL : null;
  }

  private static VrrpAdvert advert(byte[] message, int width) {
    List<InetAddress> addresses = new ArrayList<>();
    for (int at = HEADER; at < message.length; at += width) {
      addresses.add(address(Arrays.copyOfRange(message, at, at + width)));
    }
    return new VrrpAdvert(
        message[1] & 0xFF,
        message[2] & 0xFF,
        ByteBuffer.wrap(message).getShort(4) & 0xFFF,
        addresses);
  }

  static InetAddress address(byte[] bytes) {
    try {
      return InetAddress.getByAddress(bytes);
    } catch (UnknownHostException e) {
      throw new IllegalArgumentException("an address has 4 or 16 bytes", e);
    }
  }

  boolean isIpv4() {
    return addresses.getFirst() instanceof Inet4Address;
  }
}
