package io.fairlead.record;

import java.util.ArrayList;
import java.util.List;

/**
 * What the footer says of rows that are encoded.
 *
 * @param chunks one for each column
 * @param bytes of the pages of all columns
 */
record RowGroup(List<Chunk> chunks, int rows, int bytes) {
  /** Encodes all rows that are in the columns; they stay there. */
  static RowGroup encode(List<Column> columns, Bytes into, Pages pages) {
    into.clear();
    List<Chunk> chunks = new ArrayList<>(columns.size());
    for (Column column : columns) {
      chunks.add(column.encode(into, pages));
      pages.pace.breathe();
    }
    return new RowGroup(List.copyOf(chunks), columns.getFirst().rows(), into.size());
  }
}
