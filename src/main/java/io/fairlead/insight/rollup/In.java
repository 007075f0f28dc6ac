package io.fairlead.insight.rollup;

import static java.nio.charset.StandardCharsets.UTF_8;

/** Reads what {@link Out} wrote; whoever asks for more than there is gets an exception. */
final class In {
  private final byte[] bytes;
  private final int end;
  private int at;

  In(byte[] bytes, int from, int end) {
    this.bytes = bytes;
    this.at = from;
    this.end = end;
  }

  /** A number. */
  long number() {
    long value = 0;
    int shift = 0;
    while (true) {
      if (at >= end || shift > 63) {
        throw new IllegalArgumentException("a number goes beyond its end");
      }
      byte next = bytes[at++];
      value |= (next & 0x7FL) << shift;
      if (next >= 0) {
        return value;
      }
      shift += 7;
    }
  }

  /** A number of things of which each takes a byte at least. */
  int count() {
    long count = number();
    if (count < 0 || count > end - at) {
      throw new IllegalArgumentException("more things than there are bytes");
    }
    return (int) count;
  }

  String text() {
    int length = count();
    String text = new String(bytes, at, length, UTF_8);
    at += length;
    return text;
  }
}
