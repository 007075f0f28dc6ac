package io.fairlead.config;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A virtual address and the network it stands in.
 *
 * @param ip neither of this machine alone nor of many: no loopback, wildcard or multicast
 * @param prefix bits of the network, 1 to 32 (IPv4) or 128 (IPv6)
 */
public record VipAddress(InetAddress ip, int prefix) {
  private static final Pattern ZEROS = Pattern.compile("(?<![0-9a-f])0(:0)*(?![0-9a-f])");

  public VipAddress {
    int bits = ip.getAddress().length * 8;
    new Require()
        .that(prefix >= 1 && prefix <= bits, "prefix", prefix, "must be from 1 to " + bits)
        .that(
            !ip.isLoopbackAddress() && !ip.isAnyLocalAddress() && !ip.isMulticastAddress(),
            "ip",
            ip.getHostAddress(),
            "must be an address that one machine at a time has")
        .orRefuse();
  }

  /**
   * Reads {@code 10.0.0.100/24} or {@code fd00::100/64}; without a prefix it is a network of one.
   *
   * @throws InvalidConfigException with the rule that does not hold
   */
  public static VipAddress parse(String text) {
    int slash = text.indexOf('/');
    String host = slash < 0 ? text : text.substring(0, slash);
    String bits = slash < 0 ? "" : text.substring(slash + 1);
    boolean number = bits.matches("[0-9]{1,3}");
    if (!(Syntax.isIpv4(host) || Syntax.isIpv6(host)) || !(number || slash < 0)) {
      throw Require.refusal("must be an address such as 10.0.0.100/24 or fd00::100/64");
    }
    InetAddress ip = InetAddress.ofLiteral(host);
    try {
      return new VipAddress(ip, number ? Integer.parseInt(bits) : ip.getAddress().length * 8);
    } catch (InvalidConfigException e) {
      Require.Violation first = e.violations().getFirst();
      throw Require.refusal(
          first.path().equals(List.of("prefix"))
              ? "needs a prefix " + first.rule().substring("must be ".length())
              : first.rule());
    }
  }

  public boolean isIpv4() {
    return ip instanceof Inet4Address;
  }

  @Override
  public String toString() {
    return text(ip) + "/" + prefix;
  }

  /** As people write it: of IPv6, the longest run of zeros is left out (RFC 5952, 4.2). */
  public static String text(InetAddress ip) {
    String text = ip.getHostAddress();
    if (ip instanceof Inet4Address) {
      return text;
    }
    Matcher zeros = ZEROS.matcher(text);
    int start = 0;
    int end = 0;
    while (zeros.find()) {
      if (zeros.end() - zeros.start() > end - start) {
        start = zeros.start();
        end = zeros.end();
      }
    }
    if (end - start < 3) {
      return text; // a single one is written
    }
    String before = text.substring(0, start);
    String after = text.substring(end);
    return (before.endsWith(":") ? before.substring(0, before.length() - 1) : before)
        + "::"
        + (after.startsWith(":") ? after.substring(1) : after);
  }
}
