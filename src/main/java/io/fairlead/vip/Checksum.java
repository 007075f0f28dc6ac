package io.fairlead.vip;

/** The checksum of the Internet protocols (RFC 1071). */
final class Checksum {
  private Checksum() {}

  /** Of these bytes alone; where they hold their own checksum and it is right, 0. */
  static short of(byte[] bytes) {
    return fold(sum(bytes));
  }

  /** With the addresses of the IPv4 header in front. */
  static short ofIpv4(byte[] source, byte[] destination, int protocol, byte[] bytes) {
    return fold(sum(source) + sum(destination) + protocol + bytes.length + sum(bytes));
  }

  /** With the addresses of the IPv6 header in front (RFC 8200, 8.1). */
  static short ofIpv6(byte[] source, byte[] destination, int protocol, byte[] bytes) {
    return ofIpv4(source, destination, protocol, bytes); // the sum does not know how long they are
  }

  private static long sum(byte[] bytes) {
    long sum = 0;
    for (int i = 0; i < bytes.length; i++) {
      sum += i % 2 == 0 ? (bytes[i] & 0xFFL) << 8 : bytes[i] & 0xFFL;
    }
    return sum;
  }

  private static short fold(long sum) {
    long folded = sum;
    while (folded > 0xFFFF) {
      folded = (folded & 0xFFFF) + (folded >> 16);
    }
    return (short) ~folded;
  }
}
