package io.fairlead.record;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Numbers. Few different ones that are close to each other (states, tries, a weight that is always
 * 1) go by a dictionary, others as differences.
 */
final class NumberColumn extends Column {
  /** What stands for null; no record says it. */
  private static final long NULL = Long.MIN_VALUE;

  /** Values that are at most so far from each other are looked at for a dictionary. */
  private static final int NEAR = 1 << 10;

  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private final int[] indexes = new int[NEAR];
  private long[] values = new long[256];
  private int rows;
  private int nulls;

  NumberColumn(String name, Type type, Meaning meaning, boolean optional) {
    super(name, type, meaning, optional);
  }

  void add(long value) {
    if (rows == values.length) {
      values = Arrays.copyOf(values, rows * 2);
    }
    values[rows++] = value;
  }

  void add(double value) {
    add(Double.doubleToRawLongBits(value));
  }

  void addNull() {
    add(NULL);
    nulls++;
  }

  @Override
  int rows() {
    return rows;
  }

  @Override
  void clear() {
    rows = 0;
    nulls = 0;
  }

  @Override
  void cut(int to) {
    for (; rows > to; rows--) {
      nulls -= values[rows - 1] == NULL ? 1 : 0;
    }
  }

  /**
   * What is encoded: a value for each row, or none.
   *
   * @param isOne whether all have the first
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Dealt(long[] values, int rows, int nulls, boolean isOne) {
    /** Values without nulls, and which of all are none. */
    void compact(long[] dense, int[] present) {
      int count = 0;
      for (int i = 0; i < rows; i++) {
        boolean is = values[i] != NULL;
        present[i] = is ? 1 : 0;
        dense[count] = values[i];
        count += is ? 1 : 0;
      }
    }
  }

  private Dealt deal(Pages pages) {
    AlikeRows dealing = alike;
    if (dealing == null) {
      return new Dealt(values, rows, nulls, false);
    }
    int all = dealing.rows();
    if (dealing.isOne(values)) {
      return new Dealt(values, all, values[0] == NULL ? all : 0, true);
    }
    long[] valuesOfAll = dealing.deal(values, pages.moreLongs(all));
    int none = 0;
    for (int i = 0; nulls > 0 && i < all; i++) {
      none += valuesOfAll[i] == NULL ? 1 : 0;
    }
    return new Dealt(valuesOfAll, all, none, false);
  }

  @Override
  Chunk encode(Bytes out, Pages pages) {
    int begin = out.size();
    Dealt all = deal(pages);
    long[] dense = all.values;
    Bytes levels = pages.scratch2;
    levels.clear();
    if (optional) {
      if (all.nulls > 0 && all.nulls < all.rows) {
        dense = pages.longs(all.rows);
        all.compact(dense, pages.ints(all.rows));
      }
      levels = pages.levels(pages.ints(0), all.rows, all.nulls);
    }
    int count = all.rows - all.nulls;
    if (count == 0) {
      pages.scratch.clear();
      pages.data(out, all.rows, all.nulls, Encodings.PLAIN, levels, pages.scratch, false);
      int bytes = out.size() - begin;
      return new Chunk(
          Encodings.PLAIN, false, all.rows, all.nulls, -1, begin, bytes, bytes, null, null);
    }
    pages.pace.breathe();
    long smallest = Long.MAX_VALUE;
    long largest = Long.MIN_VALUE;
    int different = all.isOne ? 1 : count;
    for (int i = 0; i < different; i++) {
      smallest = Math.min(smallest, dense[i]);
      largest = Math.max(largest, dense[i]);
    }
    pages.pace.breathe();
    int dictionaryAt = -1;
    int dataAt = begin;
    int encoding;
    long distance = largest - smallest;
    if (distance >= 0 && distance < NEAR) {
      dictionaryAt = begin;
      encoding = Encodings.RLE_DICTIONARY;
      int entries = dictionary(dense, count, smallest, distance == 0, out, pages);
      dataAt = out.size();
      indexes(dense, count, smallest, entries, pages);
    } else if (type == Type.DOUBLE) {
      encoding = Encodings.PLAIN;
      pages.scratch.clear();
      for (int i = 0; i < count; i++) {
        pages.scratch.int64(dense[i]);
      }
    } else {
      encoding = Encodings.DELTA_BINARY_PACKED;
      pages.scratch.clear();
      Encodings.delta(pages.scratch, dense, count, type == Type.INT32, pages);
    }
    pages.data(out, all.rows, all.nulls, encoding, levels, pages.scratch, false);
    int bytes = out.size() - begin;
    boolean ordered = type != Type.DOUBLE || smallest == largest; // the order of bits is another
    return new Chunk(
        encoding,
        false,
        all.rows,
        all.nulls,
        dictionaryAt,
        dataAt,
        bytes,
        bytes,
        ordered ? plain(smallest) : null,
        ordered ? plain(largest) : null);
  }

  private int dictionary(
      long[] dense, int count, long smallest, boolean isOne, Bytes out, Pages pages) {
    Arrays.fill(indexes, -1);
    Bytes plain = pages.scratch;
    plain.clear();
    int entries = 0;
    int until = isOne ? 1 : count;
    for (int i = 0; i < until; i++) {
      int near = (int) (dense[i] - smallest);
      if (indexes[near] < 0) {
        indexes[near] = entries++;
        if (type == Type.INT32) {
          plain.int32((int) dense[i]);
        } else {
          plain.int64(dense[i]);
        }
      }
    }
    pages.dictionary(out, plain, entries, false);
    return entries;
  }

  private void indexes(long[] dense, int count, long smallest, int entries, Pages pages) {
    int width = Encodings.width(entries - 1);
    pages.scratch.clear();
    pages.scratch.put(width);
    if (entries == 1) {
      Encodings.run(pages.scratch, 0, count, width); // as with most weights and tries
      return;
    }
    int[] which = pages.ints(count);
    for (int i = 0; i < count; i++) {
      which[i] = indexes[(int) (dense[i] - smallest)];
    }
    pages.pace.breathe();
    Encodings.hybrid(pages.scratch, which, count, width, pages);
  }

  private byte[] plain(long value) {
    byte[] bytes = new byte[8];
    LONG.set(bytes, 0, value);
    return type == Type.INT32 ? Arrays.copyOf(bytes, 4) : bytes;
  }
}
