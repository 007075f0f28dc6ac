package io.fairlead.insight.rollup;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.Arrays;

/** Bytes that are written one behind the other; numbers take as many as they need. */
final class Out {
  byte[] bytes = new byte[1024];
  int size;

  void clear() {
    size = 0;
  }

  private void room(int more) {
    if (size + more > bytes.length) {
      bytes = Arrays.copyOf(bytes, Math.max(bytes.length * 2, size + more));
    }
  }

  void put(int one) {
    room(1);
    bytes[size++] = (byte) one;
  }

  /** Seven bits to a byte, the lowest first; a negative number takes ten. */
  void number(long value) {
    room(10);
    long rest = value;
    while ((rest & ~0x7FL) != 0) {
      bytes[size++] = (byte) (rest | 0x80);
      rest >>>= 7;
    }
    bytes[size++] = (byte) rest;
  }

  void text(String text) {
    byte[] utf8 = text.getBytes(UTF_8);
    number(utf8.length);
    put(utf8, utf8.length);
  }

  void put(byte[] from, int length) {
    room(length);
    System.arraycopy(from, 0, bytes, size, length);
    size += length;
  }
}
