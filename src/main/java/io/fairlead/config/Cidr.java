package io.fairlead.config;

import java.net.InetAddress;

/**
 * A network: an address and how many of its leading bits count.
 *
 * @param address with all bits after {@code prefix} zero
 * @param prefix 0 to 32 (IPv4) or 128 (IPv6)
 */
public record Cidr(InetAddress address, int prefix) {
  /** Whether the address lies in this network. */
  public boolean contains(InetAddress candidate) {
    byte[] network = address.getAddress();
    byte[] other = candidate.getAddress();
    if (network.length != other.length) {
      return false;
    }
    int whole = prefix / 8;
    for (int i = 0; i < whole; i++) {
      if (network[i] != other[i]) {
        return false;
      }
    }
    int rest = prefix % 8;
    return rest == 0 || ((network[whole] ^ other[whole]) & (0xFF << (8 - rest)) & 0xFF) == 0;
  }
}
