package io.fairlead.vip.bgp;

import java.net.Inet4Address;
import java.net.InetAddress;
import org.jspecify.annotations.Nullable;

/** Kinds of routes that we have: to single machines of IPv4 and IPv6 (RFC 4760). */
enum BgpFamily {
  IPV4(1, 32),
  IPV6(2, 128);

  /** To one machine each; the other kinds are not ours. */
  static final int UNICAST = 1;

  private final int number;
  private final int bits;

  BgpFamily(int number, int bits) {
    this.number = number;
    this.bits = bits;
  }

  /** "AFI" in messages. */
  int number() {
    return number;
  }

  /** Of an address. */
  int bits() {
    return bits;
  }

  static BgpFamily of(InetAddress address) {
    return address instanceof Inet4Address ? IPV4 : IPV6;
  }

  /** Null if it is none of ours. */
  static @Nullable BgpFamily of(int number, int kind) {
    if (kind != UNICAST) {
      return null;
    }
    return number == IPV4.number ? IPV4 : number == IPV6.number ? IPV6 : null;
  }

  @Override
  public String toString() {
    return this == IPV4 ? "IPv4" : "IPv6";
  }
}
