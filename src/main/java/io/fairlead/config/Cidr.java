package io.fairlead.config;

import java.net.InetAddress;

/**
 * A network: an address and how many of its leading bits count.
 *
 * @param address with all bits after {@code prefix} zero
 * @param prefix 0 to 32 (IPv4) or 128 (IPv6)
 */
public record Cidr(InetAddress address, int prefix) {
  public Cidr {
    byte[] bytes = address.getAddress();
    boolean fits = prefix >= 0 && prefix <= bytes.length * 8;
    for (int bit = Math.max(prefix, 0); fits && bit < bytes.length * 8; bit++) {
      fits = (bytes[bit / 8] & (0x80 >> (bit % 8))) == 0;
    }
    if (!fits) {
      throw Require.refusal("must be a network such as 10.0.0.0/8, all bits after the prefix zero");
    }
  }

  /**
   * Reads {@code 10.0.0.0/8} or {@code fd00::/8}; an address alone is a network of one.
   *
   * @throws InvalidConfigException with the rule that does not hold
   */
  public static Cidr parse(String text) {
    int slash = text.indexOf('/');
    String host = slash < 0 ? text : text.substring(0, slash);
    String bits = slash < 0 ? "" : text.substring(slash + 1);
    boolean number =
        !bits.isEmpty() && bits.length() <= 3 && bits.chars().allMatch(c -> c >= '0' && c <= '9');
    if (!(Syntax.isIpv4(host) || Syntax.isIpv6(host)) || !(number || slash < 0)) {
      throw Require.refusal("must be a network such as 10.0.0.0/8 or fd00::/8");
    }
    InetAddress address = InetAddress.ofLiteral(host);
    return new Cidr(address, number ? Integer.parseInt(bits) : address.getAddress().length * 8);
  }

  @Override
  public String toString() {
    return address.getHostAddress() + "/" + prefix;
  }

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
