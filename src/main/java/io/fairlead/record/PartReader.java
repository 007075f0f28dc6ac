package io.fairlead.record;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.nio.file.StandardOpenOption.READ;

import io.fairlead.record.ThriftReader.Struct;
import java.io.ByteArrayInputStream;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;

/**
 * Reads rows of a part again, in the order in which they were written: a part that is still added
 * to keeps those it has where they are. Knows what {@link Parquet} writes and nothing else of that
 * format.
 */
public final class PartReader implements Closeable {
  private static final int TAIL = 8;
  private static final int MOST_FOOTER = 64 << 20;
  private static final int GZIP = 2;
  private static final byte[] EMPTY = {};

  /** Of a column; a damaged file must not cost more. */
  private static final int MOST_CHUNK = 256 << 20;

  private final FileChannel file;
  private final List<Struct> groups;
  private final List<String> names = new ArrayList<>();
  private final List<Boolean> times = new ArrayList<>();
  private final List<Integer> types = new ArrayList<>();
  private final long rows;
  private int loaded = -1;
  private List<Values> values = List.of();

  /**
   * The values of a column.
   *
   * @param numbers or bits of a double, by row; null: there are texts
   * @param texts by row; null: there are numbers
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Values(long @Nullable [] numbers, byte @Nullable [][] texts, boolean[] present) {}

  private PartReader(FileChannel file, Struct footer) throws IOException {
    this.file = file;
    groups = footer.structs(4);
    rows = footer.number(3);
    List<Struct> schema = footer.structs(2);
    for (Struct column : schema.subList(Math.min(1, schema.size()), schema.size())) {
      names.add(new String(column.bytes(4), UTF_8));
      types.add((int) column.number(1));
      Struct meaning = column.find(10);
      times.add(meaning != null && meaning.find(8) != null);
    }
  }

  /**
   * Opens a part.
   *
   * @throws IOException if it cannot be read, or is none of ours
   */
  public static PartReader open(Path path) throws IOException {
    FileChannel file = FileChannel.open(path, READ);
    try {
      long size = file.size();
      ByteBuffer tail = read(file, size - TAIL, TAIL);
      int length = tail.getInt();
      if (length < 0 || length > Math.min(MOST_FOOTER, size - TAIL)) {
        throw new IOException("no footer");
      }
      return new PartReader(
          file, new ThriftReader(read(file, size - TAIL - length, length)).struct());
    } catch (IOException | RuntimeException e) {
      file.close();
      throw new IOException(path.getFileName() + " is damaged: " + e.getMessage(), e);
    }
  }

  private static ByteBuffer read(FileChannel file, long at, long length) throws IOException {
    if (at < 0 || length < 0 || length > file.size() - at || length > MOST_CHUNK) {
      throw new IOException("too short");
    }
    ByteBuffer bytes = ByteBuffer.allocate((int) length).order(ByteOrder.LITTLE_ENDIAN);
    while (bytes.hasRemaining()) {
      if (file.read(bytes, at + bytes.position()) < 0) {
        throw new IOException("too short");
      }
    }
    return bytes.flip();
  }

  /** Rows that there are. */
  public long rows() {
    return rows;
  }

  /** Names of the columns, in their order. */
  public List<String> columns() {
    return List.copyOf(names);
  }

  /**
   * Adds rows, each as an object of JSON and a newline behind it; nulls are left out. Times are
   * {@code 2026-11-26 15:30:00.123456}, in UTC.
   *
   * @param from the first one
   * @param most rows
   * @param bytes that are enough
   * @return how many rows were added
   */
  public int json(long from, int most, int bytes, RowJson to) throws IOException {
    long first = 0;
    int added = 0;
    try {
      for (int group = 0; group < groups.size() && added < most; group++) {
        long count = groups.get(group).number(3);
        if (from < first + count) {
          load(group);
          for (long row = Math.max(0, from - first);
              row < count && added < most && to.size() < bytes;
              row++) {
            json((int) row, to);
            added++;
          }
          if (to.size() >= bytes) {
            break;
          }
        }
        first += count;
      }
      return added;
    } catch (IOException | RuntimeException e) {
      throw new IOException("a part is damaged: " + e.getMessage(), e);
    }
  }

  private void json(int row, RowJson to) {
    to.begin();
    for (int i = 0; i < values.size(); i++) {
      Values column = values.get(i);
      if (column.present()[row]) {
        to.name(names.get(i));
        if (column.numbers() != null) {
          number(i, column.numbers()[row], to);
        } else if (column.texts() != null) {
          to.text(column.texts()[row]);
        }
      }
    }
    to.end();
  }

  private void number(int column, long value, RowJson to) {
    if (times.get(column)) {
      to.time(value);
    } else if (types.get(column) == Column.Type.DOUBLE.number) {
      to.real(Double.longBitsToDouble(value));
    } else {
      to.number(value);
    }
  }

  private void load(int group) throws IOException {
    if (loaded == group) {
      return;
    }
    List<Values> read = new ArrayList<>();
    List<Struct> columns = groups.get(group).structs(1);
    for (int i = 0; i < columns.size(); i++) {
      read.add(column(columns.get(i).struct(3), types.get(i)));
    }
    values = read;
    loaded = group;
  }

  private Values column(Struct meta, int type) throws IOException {
    long data = meta.number(9);
    long begin = meta.number(11, data);
    ByteBuffer in = read(file, begin, meta.number(7));
    boolean packed = meta.number(4) == GZIP;
    ByteBuffer distinct = null;
    int entries = 0;
    if (begin < data) {
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
        ? new Values(null, spread(texts(encoding, body, some, distinct, entries), present), present)
        : new Values(
            spread(numbers(encoding, type, body, some, distinct, entries), present), null, present);
  }

  private static ByteBuffer page(ByteBuffer in, int length, boolean packed) throws IOException {
    byte[] bytes = bytes(in, length);
    if (packed && length > 0) {
      try (GZIPInputStream unpacked = new GZIPInputStream(new ByteArrayInputStream(bytes))) {
        bytes = unpacked.readNBytes(MOST_CHUNK);
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

  @Override
  public void close() throws IOException {
    file.close();
  }
}
