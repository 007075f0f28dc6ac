package io.fairlead.record;

import io.fairlead.record.ThriftReader.Struct;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;

/**
 * The values of a column of a row group, read again.
 *
 * @param numbers or bits of a double, by row; null: there are texts
 * @param texts by row; null: there are numbers
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record ColumnValues(long @Nullable [] numbers, byte @Nullable [][] texts, boolean[] present) {
  /** A damaged file must not cost more. */
  static final int MOST_BYTES = 256 << 20;

  private static final int GZIP = 2;
  private static final byte[] EMPTY = {};

  /** Where its bytes begin in the file. */
  static long begin(Struct meta) throws IOException {
    return meta.number(11, meta.number(9));
  }

  /**
   * Reads a column of a row group.
   *
   * @param in all its bytes
   */
  static ColumnValues read(ByteBuffer in, Struct meta, int type) throws IOException {
    boolean packed = meta.number(4) == GZIP;
    ByteBuffer distinct = null;
    int entries = 0;
    if (begin(meta) < meta.number(9)) {
      Struct header = new ThriftReader(in).struct();
      distinct = page(in, (int) header.number(3), packed);
      entries = (int) header.struct(7).number(1);
      if (entries < 0 || entries > Table.MOST_ROWS) {
        throw new IOException("more values than we write");
      }
    }
    Struct header = new ThriftReader(in).struct();
    Struct page = header.struct(8);
    int count = (int) page.number(1);
    if (count < 0 || count > Table.MOST_ROWS) {
      throw new IOException("more rows than we write");
    }
    int levels = (int) page.number(5);
    boolean[] present = new boolean[count];
    if (levels == 0) {
      Arrays.fill(present, true);
    } else {
      ByteBuffer bits = in.slice(in.position(), levels).order(ByteOrder.LITTLE_ENDIAN);
      int[] each = Decodings.hybrid(bits, count, 1);
      for (int i = 0; i < count; i++) {
        present[i] = each[i] != 0;
      }
      in.position(in.position() + levels);
    }
    int some = count - (int) page.number(2);
    ByteBuffer body = page(in, (int) header.number(3) - levels, page.flag(7));
    int encoding = (int) page.number(4);
    return type == Column.Type.BYTE_ARRAY.number
        ? new ColumnValues(
            null, spread(texts(encoding, body, some, distinct, entries), present), present)
        : new ColumnValues(
            spread(numbers(encoding, type, body, some, distinct, entries), present), null, present);
  }

  private static ByteBuffer page(ByteBuffer in, int length, boolean packed) throws IOException {
    byte[] bytes = bytes(in, length);
    if (packed && length > 0) {
      try (GZIPInputStream unpacked = new GZIPInputStream(new ByteArrayInputStream(bytes))) {
        bytes = unpacked.readNBytes(MOST_BYTES);
      }
    }
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static long[] numbers(
      int encoding,
      int type,
      ByteBuffer body,
      int count,
      @Nullable ByteBuffer distinct,
      int entries)
      throws IOException {
    return switch (encoding) {
      case Encodings.PLAIN -> plain(body, type, count);
      case Encodings.DELTA_BINARY_PACKED ->
          Decodings.delta(body, count, type == Column.Type.INT32.number);
      case Encodings.RLE_DICTIONARY -> {
        long[] known = plain(some(distinct), type, entries);
        int[] which = Decodings.hybrid(body, count, body.get());
        long[] all = new long[count];
        for (int i = 0; i < count; i++) {
          all[i] = known[which[i]];
        }
        yield all;
      }
      default -> throw new IOException("numbers in the encoding " + encoding);
    };
  }

  private static long[] plain(ByteBuffer in, int type, int count) {
    long[] all = new long[count];
    for (int i = 0; i < count; i++) {
      all[i] = type == Column.Type.INT32.number ? in.getInt() : in.getLong();
    }
    return all;
  }

  private static byte[][] texts(
      int encoding, ByteBuffer body, int count, @Nullable ByteBuffer distinct, int entries)
      throws IOException {
    byte[][] all = new byte[count][];
    switch (encoding) {
      case Encodings.PLAIN -> {
        for (int i = 0; i < count; i++) {
          all[i] = bytes(body, body.getInt());
        }
      }
      case Encodings.RLE_DICTIONARY -> {
        byte[][] known = texts(Encodings.PLAIN, some(distinct), entries, null, 0);
        int[] which = Decodings.hybrid(body, count, body.get());
        for (int i = 0; i < count; i++) {
          all[i] = known[which[i]];
        }
      }
      case Encodings.DELTA_LENGTH_BYTE_ARRAY -> {
        long[] lengths = Decodings.delta(body, count, true);
        for (int i = 0; i < count; i++) {
          all[i] = bytes(body, lengths[i]);
        }
      }
      case Encodings.DELTA_BYTE_ARRAY -> {
        long[] same = Decodings.delta(body, count, true);
        long[] rest = Decodings.delta(body, count, true);
        byte[] before = {};
        for (int i = 0; i < count; i++) {
          byte[] more = bytes(body, rest[i]);
          byte[] whole = Arrays.copyOf(before, (int) same[i] + more.length);
          System.arraycopy(more, 0, whole, (int) same[i], more.length);
          all[i] = whole;
          before = whole;
        }
      }
      default -> throw new IOException("texts in the encoding " + encoding);
    }
    return all;
  }

  private static byte[] bytes(ByteBuffer in, long length) throws IOException {
    if (length < 0 || length > in.remaining()) {
      throw new IOException("a text beyond the end");
    }
    byte[] bytes = new byte[(int) length];
    in.get(bytes);
    return bytes;
  }

  private static ByteBuffer some(@Nullable ByteBuffer distinct) throws IOException {
    if (distinct == null) {
      throw new IOException("no distinct values");
    }
    return distinct.duplicate().order(ByteOrder.LITTLE_ENDIAN);
  }

  private static long[] spread(long[] dense, boolean[] present) {
    if (dense.length == present.length) {
      return dense;
    }
    long[] all = new long[present.length];
    for (int i = 0, at = 0; i < all.length; i++) {
      all[i] = present[i] ? dense[at++] : 0;
    }
    return all;
  }

  private static byte[][] spread(byte[][] dense, boolean[] present) {
    if (dense.length == present.length) {
      return dense;
    }
    byte[][] all = new byte[present.length][];
    for (int i = 0, at = 0; i < all.length; i++) {
      all[i] = present[i] ? dense[at++] : EMPTY;
    }
    return all;
  }
}
