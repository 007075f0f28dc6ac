package io.fairlead.proxy.http;

/** An integer of QUIC (RFC 9000, 16), however its bytes come. */
final class QuicInteger {
  /** Bytes that are still to come; 0: none has begun. */
  private int left;

  private long value;

  /** Takes its first byte, or the next; whether that was the last. */
  boolean take(byte next) {
    if (left == 0) {
      left = 1 << ((next & 0xC0) >>> 6);
      value = next & 0x3F;
    } else {
      value = (value << 8) | (next & 0xFF);
    }
    left--;
    return left == 0;
  }

  boolean hasBegun() {
    return left > 0;
  }

  /** The one that has ended last. */
  long value() {
    return value;
  }
}
