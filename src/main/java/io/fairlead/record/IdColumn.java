package io.fairlead.record;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.util.Arrays;

/**
 * Ids of requests: mostly our own, 24 hexadecimal digits of which nearly all are those of the row
 * before; so a row says how many stay and what follows (DELTA_BYTE_ARRAY), two bytes or three. They
 * are kept as numbers and compared as such. What others called a request stands among them as it
 * is.
 */
final class IdColumn extends Column {
  static final int DIGITS = 24;

  private static final byte[] HEX = "0123456789abcdef".getBytes(US_ASCII);
  private static final int HIGH_DIGITS = 16;
  private static final int MOST_BYTES = 4 << 20;

  /** Set in the low half of one that is a text; the rest is where it begins. */
  private static final long TEXT = 1L << 62;

  private final byte[] before = new byte[256];
  private final byte[] text = new byte[256];

  private long[] highs = new long[256];
  private long[] lows = new long[256];
  private int rows;

  private byte[] texts = {};
  private int textEnd;

  IdColumn(String name) {
    super(name, Type.BYTE_ARRAY, Meaning.TEXT, false);
  }

  /** One of ours. */
  void add(long high, int low) {
    if (rows == highs.length) {
      highs = Arrays.copyOf(highs, rows * 2);
      lows = Arrays.copyOf(lows, rows * 2);
    }
    highs[rows] = high;
    lows[rows++] = low & 0xFFFF_FFFFL;
  }

  /** One of somebody else: at most 255 bytes. */
  void add(byte[] from, int offset, int length) {
    add(0, 0);
    if (texts.length - textEnd < length) {
      texts = Arrays.copyOf(texts, Math.max(textEnd + length, texts.length * 2));
    }
    System.arraycopy(from, offset, texts, textEnd, length);
    highs[rows - 1] = length;
    lows[rows - 1] = TEXT | textEnd;
    textEnd += length;
  }

  @Override
  int rows() {
    return rows;
  }

  @Override
  boolean isFull() {
    return textEnd > MOST_BYTES;
  }

  @Override
  void cut(int to) {
    rows = Math.min(rows, to); // texts stay until the row group ends
  }

  @Override
  void clear() {
    rows = 0;
    textEnd = 0;
  }

  private boolean isText(int row) {
    return (lows[row] & TEXT) != 0;
  }

  /** Writes the id and says how long it is. */
  private int write(int row, byte[] to) {
    if (isText(row)) {
      System.arraycopy(texts, (int) lows[row], to, 0, (int) highs[row]);
      return (int) highs[row];
    }
    digits(row, 0, to, 0);
    return DIGITS;
  }

  private void digits(int row, int from, byte[] to, int offset) {
    for (int digit = from; digit < DIGITS; digit++) {
      long nibble =
          digit < HIGH_DIGITS
              ? highs[row] >>> (4 * (HIGH_DIGITS - 1 - digit))
              : lows[row] >>> (4 * (DIGITS - 1 - digit));
      to[offset + digit - from] = HEX[(int) nibble & 0xF];
    }
  }

  @Override
  Chunk encode(Bytes out, Pages pages) {
    int begin = out.size();
    long[] same = pages.longs(rows);
    long[] rest = pages.moreLongs(rows);
    Bytes suffixes = pages.texts;
    suffixes.clear();
    int smallest = 0;
    int largest = 0;
    for (int row = 0; row < rows; row++) {
      pages.breathe(row);
      same[row] = row == 0 ? suffix(suffixes, row, 0) : kept(suffixes, row);
      rest[row] = suffixes.size();
      if (isBefore(row, smallest)) {
        smallest = row;
      } else if (isBefore(largest, row)) {
        largest = row;
      }
    }
    for (int row = rows - 1; row > 0; row--) {
      rest[row] -= rest[row - 1];
    }
    Bytes plain = pages.scratch;
    plain.clear();
    Encodings.delta(plain, same, rows, true, pages);
    Encodings.delta(plain, rest, rows, true, pages);
    plain.put(suffixes);
    Bytes levels = pages.scratch2;
    levels.clear();
    pages.data(out, rows, 0, Encodings.DELTA_BYTE_ARRAY, levels, plain, false);
    int bytes = out.size() - begin;
    return new Chunk(
        Encodings.DELTA_BYTE_ARRAY,
        false,
        rows,
        0,
        -1,
        begin,
        bytes,
        bytes,
        Arrays.copyOf(text, write(smallest, text)),
        Arrays.copyOf(text, write(largest, text)));
  }

  private int kept(Bytes suffixes, int row) {
    if (!isText(row) && !isText(row - 1)) {
      long high = highs[row] ^ highs[row - 1];
      long low = lows[row] ^ lows[row - 1];
      int kept =
          high != 0
              ? Long.numberOfLeadingZeros(high) / 4
              : HIGH_DIGITS + Math.min(32, Long.numberOfLeadingZeros(low) - 32) / 4;
      return suffix(suffixes, row, kept);
    }
    int mismatch = Arrays.mismatch(before, 0, write(row - 1, before), text, 0, write(row, text));
    return suffix(suffixes, row, mismatch < 0 ? write(row, text) : mismatch);
  }

  private int suffix(Bytes suffixes, int row, int kept) {
    if (!isText(row) && kept > 0) {
      digits(row, kept, text, 0);
      suffixes.put(text, 0, DIGITS - kept);
    } else {
      int length = write(row, text);
      suffixes.put(text, kept, length - kept);
    }
    return kept;
  }

  private boolean isBefore(int one, int other) {
    if (!isText(one) && !isText(other)) {
      int high = Long.compareUnsigned(highs[one], highs[other]);
      return high != 0 ? high < 0 : lows[one] < lows[other];
    }
    return Pages.isBefore(before, 0, write(one, before), text, 0, write(other, text));
  }
}
