package io.fairlead.vip;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * Frames that tell everybody on a link that an address is here now: what they remember of where it
 * was is replaced, and switches learn the port.
 */
final class Announcement {
  private static final byte[] EVERYBODY = {-1, -1, -1, -1, -1, -1};

  /** Of ff02::1, by RFC 2464, 7. */
  private static final byte[] ALL_NODES_MAC = {0x33, 0x33, 0, 0, 0, 1};

  private static final byte[] ALL_NODES = {
    (byte) 0xFF, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1
  };
  private static final int ICMPV6 = 58;

  private Announcement() {}

  static byte[] of(InetAddress ip, byte[] mac) {
    return ip instanceof Inet4Address ? arp(ip, mac) : neighbour(ip, mac);
  }

  /** An ARP request for the address by the address (RFC 5227, 2.3). */
  private static byte[] arp(InetAddress ip, byte[] mac) {
    byte[] address = ip.getAddress();
    return ByteBuffer.allocate(60) // the least that Ethernet carries
        .put(EVERYBODY)
        .put(mac)
        .putShort((short) 0x0806)
        .putShort((short) 1) // Ethernet
        .putShort((short) 0x0800) // IPv4
        .put((byte) 6)
        .put((byte) 4)
        .putShort((short) 1) // request
        .put(mac)
        .put(address)
        .put(new byte[6])
        .put(address)
        .array();
  }

  /**
   * An unsolicited neighbour advertisement that overrides (RFC 4861, 7.2.6). Not from a router:
   * this is where packets end.
   */
  private static byte[] neighbour(InetAddress ip, byte[] mac) {
    byte[] address = ip.getAddress();
    byte[] message =
        ByteBuffer.allocate(32)
            .put((byte) 136)
            .put((byte) 0)
            .putShort((short) 0)
            .putInt(0x20000000) // override
            .put(address)
            .put((byte) 2) // the target's link-layer address
            .put((byte) 1) // in units of 8 bytes
            .put(mac)
            .array();
    short sum = Checksum.ofIpv6(address, ALL_NODES, ICMPV6, message);
    message[2] = (byte) (sum >> 8);
    message[3] = (byte) sum;
    return ByteBuffer.allocate(14 + 40 + message.length)
        .put(ALL_NODES_MAC)
        .put(Arrays.copyOf(mac, 6))
        .putShort((short) 0x86DD)
        .putInt(0x60000000)
        .putShort((short) message.length)
        .put((byte) ICMPV6)
        .put((byte) 255)
        .put(address)
        .put(ALL_NODES)
        .put(message)
        .array();
  }
}
