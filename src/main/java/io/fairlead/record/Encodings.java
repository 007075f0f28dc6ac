package io.fairlead.record;

/**
 * The ways in which Parquet writes the values of a page [1]. Two pack numbers into as few bits as a
 * few neighbours need; so packed, hardly anything is left for a general compressor, whose time we
 * save for texts.
 *
 * <p>[1] Apache Parquet format 2.11, Encodings.md.
 */
final class Encodings {
  static final int PLAIN = 0;
  static final int RLE = 3;
  static final int DELTA_BINARY_PACKED = 5;
  static final int DELTA_LENGTH_BYTE_ARRAY = 6;
  static final int DELTA_BYTE_ARRAY = 7;
  static final int RLE_DICTIONARY = 8;

  private static final int BLOCK = 128;
  private static final int PARTS = 4;
  private static final int PART = BLOCK / PARTS;

  /**
   * Equal values in a row from which on a run is shorter than bits; bits come in groups of so many.
   */
  private static final int GROUP = 8;

  /** So many values in a row are packed at a time. */
  private static final int MOST_BITS = 1 << 12;

  private Encodings() {}

  /** How many bits numbers from 0 to {@code largest} need; at least 1. */
  static int width(int largest) {
    return Math.max(1, 32 - Integer.numberOfLeadingZeros(largest));
  }

  /** Runs of one value, and groups of eight values in {@code width} bits each. */
  static void hybrid(Bytes out, int[] values, int count, int width, Pages pages) {
    int from = 0;
    int at = 0;
    while (at < count) {
      int end = runFrom(values, at, count);
      if (end - at < GROUP) {
        at = Math.min(at + GROUP, count);
        if (at - from >= MOST_BITS) {
          bits(out, values, from, at, width);
          from = at;
          pages.breathe(0);
        }
      } else {
        bits(out, values, from, at, width);
        run(out, values[at], end - at, width);
        at = end;
        from = end;
      }
    }
    bits(out, values, from, count, width);
  }

  static void run(Bytes out, int value, int count, int width) {
    out.varint((long) count << 1);
    out.low(value, (width + 7) / 8);
  }

  private static int runFrom(int[] values, int at, int count) {
    int value = values[at];
    int end = at + 1;
    while (end < count && values[end] == value) {
      end++;
    }
    return end;
  }

  private static void bits(Bytes out, int[] values, int from, int to, int width) {
    if (from == to) {
      return;
    }
    int groups = (to - from + GROUP - 1) / GROUP;
    out.varint((long) groups << 1 | 1);
    int end = out.size() + groups * width;
    out.pack(values, from, to - from, width);
    while (out.size() < end) {
      out.put(0);
    }
  }

  /**
   * The first value, then differences: blocks of {@value #BLOCK} with the smallest one, and each
   * quarter's excess over it in as many bits as its largest needs.
   *
   * @param narrow whether the values are of 32 bits: differences then wrap there
   */
  static void delta(Bytes out, long[] values, int count, boolean narrow, Pages pages) {
    out.varint(BLOCK);
    out.varint(PARTS);
    out.varint(count);
    out.zigzag(count == 0 ? 0 : values[0]);
    for (int from = 1; from < count; from += BLOCK) {
      block(out, values, from, Math.min(BLOCK, count - from), narrow, pages.block);
      pages.breathe(from - 1);
    }
  }

  private static void block(
      Bytes out, long[] values, int from, int count, boolean narrow, long[] deltas) {
    long smallest = Long.MAX_VALUE;
    long before = values[from - 1];
    for (int i = 0; i < count; i++) {
      long value = values[from + i];
      long delta = narrow ? (int) (value - before) : value - before;
      before = value;
      deltas[i] = delta;
      smallest = Math.min(smallest, delta);
    }
    out.zigzag(smallest);
    int widths = out.size();
    out.int32(0);
    long mask = narrow ? 0xFFFF_FFFFL : -1;
    for (int part = 0; part * PART < count; part++) {
      int end = Math.min(count, (part + 1) * PART);
      long used = 0;
      for (int i = part * PART; i < end; i++) {
        deltas[i] = deltas[i] - smallest & mask;
        used |= deltas[i];
      }
      for (int i = end; i < (part + 1) * PART; i++) {
        deltas[i] = 0;
      }
      int width = 64 - Long.numberOfLeadingZeros(used);
      out.array()[widths + part] = (byte) width;
      out.pack(deltas, part * PART, PART, width);
    }
  }
}
