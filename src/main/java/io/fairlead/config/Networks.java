package io.fairlead.config;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Many networks, asked at once: ranges of addresses in order, found by halving, so that 100,000
 * networks cost 17 comparisons. An address is two numbers, the upper and the lower 64 bits of its
 * IPv6 form; IPv4 is mapped ({@code ::ffff:a.b.c.d}, RFC 4291, 2.5.5.2), and lies in networks of
 * IPv4 only. Asking allocates nothing.
 */
public final class Networks {
  /** The lower half of an IPv4 address is this and the address. */
  private static final long MAPPED = 0xFFFF_0000_0000L;

  public static final Networks NONE = of(List.of());

  /** Four numbers for each range: first and last address, both included. */
  private final long[] ranges4;

  private final long[] ranges6;

  private Networks(long[] ranges4, long[] ranges6) {
    this.ranges4 = ranges4;
    this.ranges6 = ranges6;
  }

  private record Span(long firstHigh, long firstLow, long lastHigh, long lastLow) {}

  public static Networks of(List<Cidr> networks) {
    List<Span> spans4 = new ArrayList<>();
    List<Span> spans6 = new ArrayList<>();
    for (Cidr network : networks) {
      (network.address() instanceof Inet4Address ? spans4 : spans6).add(span(network));
    }
    return new Networks(ranges(spans4), ranges(spans6));
  }

  private static long[] ranges(List<Span> spans) {
    spans.sort((a, b) -> compare(a.firstHigh, a.firstLow, b.firstHigh, b.firstLow));
    List<Span> merged = new ArrayList<>();
    for (Span span : spans) {
      Span last = merged.isEmpty() ? null : merged.getLast();
      // Networks contain each other or are apart; of two that begin alike the larger must win.
      if (last == null || compare(span.firstHigh, span.firstLow, last.lastHigh, last.lastLow) > 0) {
        merged.add(span);
      } else if (compare(span.lastHigh, span.lastLow, last.lastHigh, last.lastLow) > 0) {
        merged.set(
            merged.size() - 1,
            new Span(last.firstHigh, last.firstLow, span.lastHigh, span.lastLow));
      }
    }
    long[] ranges = new long[merged.size() * 4];
    for (int i = 0; i < merged.size(); i++) {
      Span span = merged.get(i);
      ranges[4 * i] = span.firstHigh;
      ranges[4 * i + 1] = span.firstLow;
      ranges[4 * i + 2] = span.lastHigh;
      ranges[4 * i + 3] = span.lastLow;
    }
    return ranges;
  }

  private static Span span(Cidr network) {
    long high = high(network.address());
    long low = low(network.address());
    int free = network.address().getAddress().length * 8 - network.prefix();
    long lastHigh = free <= 64 ? high : high | ones(free - 64);
    return new Span(high, low, lastHigh, low | ones(Math.min(free, 64)));
  }

  private static long ones(int bits) {
    return bits == 0 ? 0 : -1L >>> (64 - bits);
  }

  public boolean isEmpty() {
    return ranges4.length == 0 && ranges6.length == 0;
  }

  /** Whether the address lies in any of the networks. */
  public boolean contains(long high, long low) {
    long[] ranges = isIpv4(high, low) ? ranges4 : ranges6;
    int from = 0;
    int to = ranges.length / 4 - 1;
    while (from <= to) {
      int middle = (from + to) >>> 1;
      int at = middle * 4;
      if (compare(high, low, ranges[at], ranges[at + 1]) < 0) {
        to = middle - 1;
      } else if (compare(high, low, ranges[at + 2], ranges[at + 3]) > 0) {
        from = middle + 1;
      } else {
        return true;
      }
    }
    return false;
  }

  private static int compare(long high, long low, long otherHigh, long otherLow) {
    int upper = Long.compareUnsigned(high, otherHigh);
    return upper != 0 ? upper : Long.compareUnsigned(low, otherLow);
  }

  /** The upper 64 bits of an address. */
  public static long high(InetAddress address) {
    byte[] bytes = address.getAddress();
    return bytes.length == 4 ? 0 : ByteBuffer.wrap(bytes).getLong(0);
  }

  /** The lower 64 bits of an address. */
  public static long low(InetAddress address) {
    byte[] bytes = address.getAddress();
    ByteBuffer buffer = ByteBuffer.wrap(bytes);
    return bytes.length == 4 ? MAPPED | (buffer.getInt(0) & 0xFFFF_FFFFL) : buffer.getLong(8);
  }

  /** Whether the two halves are those of an IPv4 address. */
  public static boolean isIpv4(long high, long low) {
    return high == 0 && low >>> 32 == MAPPED >>> 32;
  }
}
