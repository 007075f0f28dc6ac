package io.fairlead.record;

import java.util.Arrays;
import java.util.zip.CRC32;
import java.util.zip.Deflater;

/**
 * Writes the pages of a column: at most one with the distinct values and one with all of the row
 * group. Only texts are compressed, by the JDK's deflate at its fastest: what is packed in bits
 * does not get smaller. Whether a page is, is said by the page (version 2) or, for distinct values,
 * by the column.
 */
final class Pages implements AutoCloseable {
  private static final int DATA_PAGE_V2 = 3;
  private static final int DICTIONARY_PAGE = 2;

  /** Shorter pages are not worth the time. */
  private static final int LEAST = 512;

  /** Some ten microseconds of rows. */
  private static final int OFTEN = (1 << 10) - 1;

  private static final byte[] GZIP_HEADER = {0x1f, (byte) 0x8b, 8, 0, 0, 0, 0, 0, 0, 0};

  /** Texts are compressed so many bytes at a time, and columns have a rest between them. */
  private static final int PIECE = 1 << 13;

  final Pace pace;
  private final Deflater deflater = new Deflater(Deflater.BEST_SPEED, true);
  private final CRC32 crc = new CRC32();
  private byte[] packed = new byte[1 << 16];

  /** Work space of columns: emptied by who uses it. */
  final Bytes scratch = new Bytes(1 << 16);

  final Bytes scratch2 = new Bytes(1 << 12);

  final Bytes texts = new Bytes(1 << 12);

  final long[] block = new long[128];

  /** Off for rows that will soon be written again together with others. */
  boolean compresses = true;

  private int[] ints = {};
  private int[] moreInts = {};
  private long[] longs = {};
  private long[] moreLongs = {};

  Pages(Pace pace) {
    this.pace = pace;
  }

  /** Called by loops over rows, for each or now and then: rests if it is time to. */
  void breathe(int row) {
    if ((row & OFTEN) == 0) {
      pace.breathe();
    }
  }

  int[] ints(int count) {
    if (ints.length < count) {
      ints = new int[Math.max(count, ints.length * 2)];
    }
    return ints;
  }

  int[] moreInts(int count) {
    if (moreInts.length < count) {
      moreInts = new int[Math.max(count, moreInts.length * 2)];
    }
    return moreInts;
  }

  long[] longs(int count) {
    if (longs.length < count) {
      longs = new long[Math.max(count, longs.length * 2)];
    }
    return longs;
  }

  long[] moreLongs(int count) {
    if (moreLongs.length < count) {
      moreLongs = new long[Math.max(count, moreLongs.length * 2)];
    }
    return moreLongs;
  }

  /**
   * Writes the page of distinct values.
   *
   * @return whether it is compressed
   */
  boolean dictionary(Bytes out, Bytes plain, int entries, boolean compress) {
    int length = compress && compresses ? compress(plain) : -1;
    Thrift header = new Thrift(out);
    header.begin();
    header.int32(1, DICTIONARY_PAGE);
    header.int32(2, plain.size());
    header.int32(3, length < 0 ? plain.size() : length);
    header.struct(7);
    header.int32(1, entries);
    header.int32(2, Encodings.PLAIN);
    header.end();
    header.end();
    body(out, plain, length);
    return length >= 0;
  }

  /**
   * Writes the page of values.
   *
   * @param levels which of them are null, encoded; empty where none may be
   * @return whether it is compressed
   */
  boolean data(
      Bytes out, int values, int nulls, int encoding, Bytes levels, Bytes plain, boolean compress) {
    int length = compress && compresses ? compress(plain) : -1;
    Thrift header = new Thrift(out);
    header.begin();
    header.int32(1, DATA_PAGE_V2);
    header.int32(2, levels.size() + plain.size());
    header.int32(3, levels.size() + (length < 0 ? plain.size() : length));
    header.struct(8);
    header.int32(1, values);
    header.int32(2, nulls);
    header.int32(3, values);
    header.int32(4, encoding);
    header.int32(5, levels.size());
    header.int32(6, 0);
    header.bool(7, length >= 0);
    header.end();
    header.end();
    out.put(levels);
    body(out, plain, length);
    return length >= 0;
  }

  private void body(Bytes out, Bytes plain, int length) {
    if (length < 0) {
      out.put(plain);
    } else {
      out.put(packed, 0, length);
    }
  }

  /** Into {@link #packed}, as gzip [RFC 1952]; -1: not worth it. */
  private int compress(Bytes plain) {
    int size = plain.size();
    if (size < LEAST) {
      return -1;
    }
    if (packed.length < size) {
      packed = new byte[Math.max(size, packed.length * 2)];
    }
    System.arraycopy(GZIP_HEADER, 0, packed, 0, GZIP_HEADER.length);
    deflater.reset();
    crc.reset();
    int most = size - size / 8 - GZIP_HEADER.length - 8;
    int length = 0;
    for (int at = 0; at < size; at += PIECE) {
      int piece = Math.min(PIECE, size - at);
      crc.update(plain.array(), at, piece);
      deflater.setInput(plain.array(), at, piece);
      if (at + piece == size) {
        deflater.finish();
      }
      length += deflater.deflate(packed, GZIP_HEADER.length + length, most - length);
      if (!deflater.needsInput() && !deflater.finished()) {
        return -1; // no room is left
      }
      pace.breathe();
    }
    if (!deflater.finished()) {
      return -1;
    }
    int end = GZIP_HEADER.length + length;
    little(end, (int) crc.getValue());
    little(end + 4, size);
    return end + 8;
  }

  private void little(int at, int value) {
    for (int i = 0; i < 4; i++) {
      packed[at + i] = (byte) (value >>> (8 * i));
    }
  }

  /** Which values are there: one bit each, in runs. */
  Bytes levels(int[] present, int values, int nulls) {
    Bytes levels = scratch2;
    levels.clear();
    if (nulls == 0 || nulls == values) {
      Encodings.run(levels, nulls == 0 ? 1 : 0, values, 1);
    } else {
      Encodings.hybrid(levels, present, values, 1, this);
    }
    return levels;
  }

  /** Unsigned, byte by byte: Parquet's order of texts. */
  static boolean isBefore(byte[] a, int aFrom, int aTo, byte[] b, int bFrom, int bTo) {
    return Arrays.compareUnsigned(a, aFrom, aTo, b, bFrom, bTo) < 0;
  }

  @Override
  public void close() {
    deflater.end();
  }
}
