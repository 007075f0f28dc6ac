package io.fairlead.record;

import org.jspecify.annotations.Nullable;

/**
 * The values of one column of a row group that is being filled. Kinds differ in how they keep them
 * and in which encoding of Parquet suits what is in there; each sees all values before it chooses.
 */
abstract sealed class Column permits NumberColumn, TextColumn, IdColumn {
  /** Parquet's physical types, by their numbers. */
  enum Type {
    INT32(1),
    INT64(2),
    DOUBLE(5),
    BYTE_ARRAY(6);

    final int number;

    Type(int number) {
      this.number = number;
    }
  }

  /** What the values mean, where the type alone does not say. */
  enum Meaning {
    NONE,
    TEXT,
    /** Microseconds since 1970, UTC; a time without zone, so that readers need no calendar. */
    TIME
  }

  final String name;
  final Type type;
  final Meaning meaning;
  final boolean optional;

  /** Null: it has a value for each row; else one for each kind of row that they tell apart. */
  @Nullable AlikeRows alike;

  Column(String name, Type type, Meaning meaning, boolean optional) {
    this.name = name;
    this.type = type;
    this.meaning = meaning;
    this.optional = optional;
  }

  /** How many values there are. */
  abstract int rows();

  /** Whether so little room is left that the row group had better end. */
  boolean isFull() {
    return false;
  }

  /** Adds the column's pages to the row group's bytes; the values stay. */
  abstract Chunk encode(Bytes out, Pages pages);

  abstract void clear();

  /** Forgets what was added behind the first {@code to} values. */
  abstract void cut(int to);
}
