package io.fairlead.record;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A file of Parquet [1]: four letters, the row groups, the footer that says what is where, its
 * length, the letters again.
 *
 * <p>[1] Apache Parquet format 2.11, README.md and parquet.thrift, whose field numbers these are.
 */
final class Parquet {
  static final byte[] MAGIC = "PAR1".getBytes(US_ASCII);
  private static final int VERSION = 2;
  private static final int UNCOMPRESSED = 0;
  private static final int GZIP = 2;
  private static final int UTF8 = 0;

  private Parquet() {}

  /**
   * What comes behind the row groups, which begin right behind the first letters.
   *
   * @param words kept in the footer for who reads it again
   */
  static Bytes end(
      List<Column> columns, List<RowGroup> groups, Map<String, String> words, Pace pace) {
    Bytes end = new Bytes(4096);
    footer(new Thrift(end), columns, groups, words, pace);
    pace.breathe();
    end.int32(end.size());
    end.put(MAGIC);
    return end;
  }

  private static void footer(
      Thrift out,
      List<Column> columns,
      List<RowGroup> groups,
      Map<String, String> words,
      Pace pace) {
    out.begin();
    out.int32(1, VERSION);
    schema(out, columns);
    pace.breathe();
    out.int64(3, groups.stream().mapToLong(RowGroup::rows).sum());
    out.list(4, Thrift.STRUCT, groups.size());
    long at = MAGIC.length;
    for (RowGroup group : groups) {
      group(out, columns, group, at);
      at += group.bytes();
      pace.breathe();
    }
    out.list(5, Thrift.STRUCT, words.size());
    words.forEach((key, value) -> {
      out.begin();
      out.string(1, key);
      out.string(2, value);
      out.end();
    });
    out.string(6, "fairlead");
    out.list(7, Thrift.STRUCT, columns.size());
    for (int i = 0; i < columns.size(); i++) {
      out.begin();
      out.struct(1); // the order that its type defines
      out.end();
      out.end();
    }
    out.end();
  }

  private static void schema(Thrift out, List<Column> columns) {
    out.list(2, Thrift.STRUCT, columns.size() + 1);
    out.begin();
    out.string(4, "record");
    out.int32(5, columns.size());
    out.end();
    for (Column column : columns) {
      out.begin();
      out.int32(1, column.type.number);
      out.int32(3, column.optional ? 1 : 0);
      out.string(4, column.name);
      switch (column.meaning) {
        case NONE -> {}
        case TEXT -> {
          out.int32(6, UTF8);
          out.struct(10);
          out.struct(1);
          out.end();
          out.end();
        }
        case TIME -> {
          out.struct(10);
          out.struct(8);
          out.bool(1, false);
          out.struct(2);
          out.struct(2); // microseconds
          out.end();
          out.end();
          out.end();
          out.end();
        }
      }
      out.end();
    }
  }

  private static void group(Thrift out, List<Column> columns, RowGroup group, long at) {
    out.begin();
    out.list(1, Thrift.STRUCT, columns.size());
    long plain = 0;
    for (int i = 0; i < columns.size(); i++) {
      Chunk chunk = group.chunks().get(i);
      plain += chunk.plainBytes();
      column(out, columns.get(i), chunk, at);
    }
    out.int64(2, plain);
    out.int64(3, group.rows());
    out.int64(5, at);
    out.int64(6, group.bytes());
    out.end();
  }

  private static void column(Thrift out, Column column, Chunk chunk, long at) {
    out.begin();
    out.int64(2, 0);
    out.struct(3);
    out.int32(1, column.type.number);
    boolean dictionary = chunk.dictionaryAt() >= 0;
    out.list(2, Thrift.INT32, dictionary ? 3 : 2);
    out.int32(chunk.encoding());
    out.int32(Encodings.RLE);
    if (dictionary) {
      out.int32(Encodings.PLAIN);
    }
    out.list(3, Thrift.STRING, 1);
    out.string(column.name);
    out.int32(4, chunk.compressed() ? GZIP : UNCOMPRESSED);
    out.int64(5, chunk.values());
    out.int64(6, chunk.plainBytes());
    out.int64(7, chunk.bytes());
    out.int64(9, at + chunk.dataAt());
    if (dictionary) {
      out.int64(11, at + chunk.dictionaryAt());
    }
    statistics(out, chunk);
    out.end();
    out.end();
  }

  private static void statistics(Thrift out, Chunk chunk) {
    byte @Nullable [] smallest = chunk.smallest();
    byte @Nullable [] largest = chunk.largest();
    out.struct(12);
    out.int64(3, chunk.nulls());
    if (smallest != null && largest != null) {
      out.binary(5, largest);
      out.binary(6, smallest);
    }
    out.end();
  }
}
