package io.fairlead.proxy.http;

import io.netty.buffer.ByteBuf;

/**
 * The Huffman code of HPACK and QPACK (RFC 7541, appendix B). It is canonical: of two symbols whose
 * codes are equally long the smaller has the smaller code, so that lengths say all.
 */
final class HuffmanCode {
  /** Of each byte, and of the end, which must not come. */
  private static final byte[] LENGTHS = {
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28,
    28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11,
    10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8,
    15, 6, 12, 10, 13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
    7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, 15, 5, 6, 5,
    6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7,
    7, 7, 7, 15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23,
    23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
    22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21,
    23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, 26, 26, 20, 19, 22, 23, 22, 25,
    26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26,
    28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
    26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, 30
  };

  private static final int END = 256;
  private static final int LONGEST = 30;

  /** So many bits are looked up at once; most text has no longer codes. */
  private static final int QUICK_BITS = 9;

  /** By the next bits: the symbol and how long its code is; 0: longer than that. */
  private static final short[] QUICK = new short[1 << QUICK_BITS];

  private static final int LENGTH_BITS = 4;

  /** By length: the first code, and where its symbol is; there are as many as to the next. */
  private static final int[] FIRST = new int[LONGEST + 1];

  private static final int[] PLACE = new int[LONGEST + 2];
  private static final short[] SYMBOLS = new short[LENGTHS.length];

  static {
    int code = 0;
    int place = 0;
    for (int length = 1; length <= LONGEST; length++) {
      code <<= 1;
      FIRST[length] = code;
      PLACE[length] = place;
      for (int symbol = 0; symbol < LENGTHS.length; symbol++) {
        if (LENGTHS[symbol] == length) {
          SYMBOLS[place] = (short) symbol;
          place++;
          if (length <= QUICK_BITS) {
            int from = code << (QUICK_BITS - length);
            int until = (code + 1) << (QUICK_BITS - length);
            for (int bits = from; bits < until; bits++) {
              QUICK[bits] = (short) (symbol << LENGTH_BITS | length);
            }
          }
          code++;
        }
      }
    }
    PLACE[LONGEST + 1] = place;
  }

  private HuffmanCode() {}

  /** More bytes than so many coded ones can be. */
  static int bound(int coded) {
    return coded * 8 / 5 + 1;
  }

  /**
   * Decodes a string.
   *
   * @param out with room for {@link #bound}
   * @return where it ends in {@code out}, or -1 if it is none: it has the end in it, or its last
   *     byte is not filled up as it has to be (5.2)
   */
  static int decode(ByteBuf in, int start, int length, byte[] out, int outStart) {
    int next = start;
    int end = start + length;
    int to = outStart;
    long bits = 0;
    int count = 0;
    while (true) {
      while (count <= LONGEST && next < end) {
        bits = (bits << 8) | (in.getByte(next) & 0xFF);
        next++;
        count += 8;
      }
      int symbol = next(bits, count);
      if (symbol < 0) {
        return count < 8 && (bits & ((1L << count) - 1)) == (1L << count) - 1 ? to : -1;
      }
      if (symbol == END) {
        return -1;
      }
      out[to] = (byte) symbol;
      to++;
      count -= LENGTHS[symbol];
    }
  }

  /** The symbol that the last {@code count} bits begin with; -1: they are too few. */
  private static int next(long bits, int count) {
    int ahead =
        count >= QUICK_BITS
            ? (int) (bits >>> (count - QUICK_BITS))
            : (int) (bits << (QUICK_BITS - count)) | ((1 << (QUICK_BITS - count)) - 1);
    int quick = QUICK[ahead & ((1 << QUICK_BITS) - 1)];
    if (quick != 0) {
      return (quick & ((1 << LENGTH_BITS) - 1)) <= count ? quick >> LENGTH_BITS : -1;
    }
    for (int length = QUICK_BITS + 1; length <= Math.min(count, LONGEST); length++) {
      int code = (int) (bits >>> (count - length)) & ((1 << length) - 1);
      int offset = code - FIRST[length];
      if (offset >= 0 && offset < PLACE[length + 1] - PLACE[length]) {
        return SYMBOLS[PLACE[length] + offset];
      }
    }
    return -1;
  }
}
