package io.fairlead.record;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.nio.file.StandardOpenOption.READ;

import io.fairlead.record.ThriftReader.Struct;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads rows of a part again, in the order in which they were written: a part that is still added
 * to keeps those it has where they are. Knows what {@link Parquet} writes and nothing else of that
 * format.
 */
public final class PartReader implements Closeable {
  private static final int TAIL = 8;
  private static final int MOST_FOOTER = 64 << 20;

  private final FileChannel file;
  private final List<Struct> groups;
  private final List<String> names = new ArrayList<>();
  private final List<Boolean> times = new ArrayList<>();
  private final List<Integer> types = new ArrayList<>();
  private final long rows;
  private int loaded = -1;
  private List<ColumnValues> values = List.of();

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
    if (at < 0 || length < 0 || length > file.size() - at || length > ColumnValues.MOST_BYTES) {
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
      ColumnValues column = values.get(i);
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
    List<ColumnValues> read = new ArrayList<>();
    List<Struct> columns = groups.get(group).structs(1);
    for (int i = 0; i < columns.size(); i++) {
      Struct meta = columns.get(i).struct(3);
      ByteBuffer chunk = read(file, ColumnValues.begin(meta), meta.number(7));
      read.add(ColumnValues.read(chunk, meta, types.get(i)));
    }
    values = read;
    loaded = group;
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
