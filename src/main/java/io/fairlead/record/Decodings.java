package io.fairlead.record;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;

/** Reads what {@link Encodings} writes. Buffers are little endian. */
final class Decodings {
  private static final int GROUP = 8;

  private Decodings() {}

  /** Runs and groups of eight, in {@code width} bits each. */
  static int[] hybrid(ByteBuffer in, int count, int width) throws IOException {
    int[] values = new int[count];
    int at = 0;
    while (at < count) {
      long head = varint(in);
      if ((head & 1) == 0) {
        int run = (int) Math.min(head >>> 1, count - at);
        int value = low(in, (width + 7) / 8);
        if (run == 0) {
          throw new IOException("an empty run");
        }
        Arrays.fill(values, at, at + run, value);
        at += run;
      } else {
        long groups = head >>> 1;
        long bytes = groups * width;
        if (groups == 0 || bytes > in.remaining()) {
          throw new IOException("more values than bytes");
        }
        int end = in.position() + (int) bytes;
        int some = (int) Math.min(groups * GROUP, count - at);
        Bits bits = new Bits(in);
        for (int i = 0; i < some; i++) {
          values[at++] = (int) bits.next(width);
        }
        in.position(end);
      }
    }
    return values;
  }

  /** The first value, then differences in blocks. */
  static long[] delta(ByteBuffer in, int most, boolean narrow) throws IOException {
    long block = varint(in);
    long parts = varint(in);
    long count = varint(in);
    if (count > most || parts < 1 || parts > 64 || block < parts || block > 1 << 16) {
      throw new IOException("differences of another kind");
    }
    int perPart = (int) (block / parts);
    long[] values = new long[(int) count];
    long value = zigzag(in);
    byte[] widths = new byte[(int) parts];
    for (int at = 0; at < count; ) {
      if (at == 0) {
        values[at++] = value;
        continue;
      }
      long smallest = zigzag(in);
      in.get(widths);
      for (int part = 0; part < parts && at < count; part++) {
        int width = widths[part];
        int end = in.position() + perPart * width / 8;
        if (width < 0 || width > 64 || end > in.limit()) {
          throw new IOException("differences beyond the end");
        }
        Bits bits = new Bits(in);
        for (int i = 0; i < perPart && at < count; i++) {
          long next = value + smallest + bits.next(width);
          value = narrow ? (int) next : next;
          values[at++] = value;
        }
        in.position(end);
      }
    }
    return values;
  }

  private static int low(ByteBuffer in, int bytes) {
    int value = 0;
    for (int i = 0; i < bytes; i++) {
      value |= (in.get() & 0xFF) << (8 * i);
    }
    return value;
  }

  /** With its sign in the lowest bit. */
  static long zigzag(ByteBuffer in) {
    long value = varint(in);
    return value >>> 1 ^ -(value & 1);
  }

  /** Seven bits a byte, the lowest first. */
  static long varint(ByteBuffer in) {
    long value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      int next = in.get();
      value |= (long) (next & 0x7F) << shift;
      if (next >= 0) {
        break;
      }
    }
    return value;
  }

  /** Numbers of some bits each, the first in the lowest. */
  private static final class Bits {
    private final ByteBuffer in;
    private long word;
    private int held;

    Bits(ByteBuffer in) {
      this.in = in;
    }

    long next(int width) {
      if (width == 0) {
        return 0;
      }
      long value = 0;
      int got = 0;
      while (got < width) {
        if (held == 0) {
          word = in.get() & 0xFF;
          held = 8;
        }
        int take = Math.min(held, width - got);
        value |= (word & (1L << take) - 1) << got;
        word >>>= take;
        held -= take;
        got += take;
      }
      return value;
    }
  }
}
