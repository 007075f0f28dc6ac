package io.fairlead.record;

import io.fairlead.telemetry.RecordKinds;
import java.util.Arrays;

/**
 * Rows that are alike in some columns: these have a value for each kind of row only, and here
 * stands of which kind each row is. When columns are encoded, values are dealt out to rows again.
 */
final class AlikeRows {
  private int[] kindOfRow = new int[256];
  private int rows;
  private int kinds;

  /** Before the last row was added. */
  private int kindsBefore;

  /** By the number of what records have in common: the kind and one; 0: none yet. */
  private final int[] known = new int[RecordKinds.MOST + 1];

  private int era;

  /**
   * Adds a row.
   *
   * @param number that says all that there will be in the columns; 0: nothing does
   * @param of what numbers mean
   * @return whether it is the first of its kind: its columns have to get a value
   */
  boolean add(int of, int number) {
    if (of != era) {
      era = of;
      Arrays.fill(known, 0);
    }
    kindsBefore = kinds;
    int kind = known[number] - 1;
    boolean isNew = kind < 0;
    if (isNew) {
      kind = kinds++;
      known[number] = number == 0 ? 0 : kind + 1;
    }
    if (rows == kindOfRow.length) {
      kindOfRow = Arrays.copyOf(kindOfRow, rows * 2);
    }
    kindOfRow[rows++] = kind;
    return isNew;
  }

  int rows() {
    return rows;
  }

  /** Takes back what was added behind the first {@code to} rows, which is the last one at most. */
  void cut(int to) {
    if (rows > to) {
      rows = to;
      kinds = kindsBefore;
      Arrays.fill(known, 0);
    }
  }

  /** Values that the columns have. */
  int kinds() {
    return kinds;
  }

  void clear() {
    rows = 0;
    kinds = 0;
    kindsBefore = 0;
    Arrays.fill(known, 0);
  }

  /** Whether all rows have the same value. */
  boolean isOne(int[] values) {
    for (int kind = 1; kind < kinds; kind++) {
      if (values[kind] != values[0]) {
        return false;
      }
    }
    return kinds > 0;
  }

  /** Whether all rows have the same value. */
  boolean isOne(long[] values) {
    for (int kind = 1; kind < kinds; kind++) {
      if (values[kind] != values[0]) {
        return false;
      }
    }
    return kinds > 0;
  }

  /** The value of each row. */
  int[] deal(int[] values, int[] into) {
    for (int row = 0; row < rows; row++) {
      into[row] = values[kindOfRow[row]];
    }
    return into;
  }

  /** The value of each row. */
  long[] deal(long[] values, long[] into) {
    for (int row = 0; row < rows; row++) {
      into[row] = values[kindOfRow[row]];
    }
    return into;
  }
}
