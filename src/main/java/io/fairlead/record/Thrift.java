package io.fairlead.record;

import java.nio.charset.StandardCharsets;

/**
 * Thrift's compact protocol, as far as Parquet's headers and footer need it [1]: structs whose
 * fields are written in the order of their numbers.
 *
 * <p>[1] Apache Thrift, doc/specs/thrift-compact-protocol.md.
 */
final class Thrift {
  static final int INT32 = 5;
  static final int STRING = 8;
  static final int STRUCT = 12;

  private static final int TRUE = 1;
  private static final int FALSE = 2;
  private static final int INT64 = 6;
  private static final int LIST = 9;

  /** A struct in a struct in a list, and so on: Parquet's footer goes six deep. */
  private static final int DEEPEST = 16;

  private final Bytes out;
  private final int[] last = new int[DEEPEST];
  private int depth;

  Thrift(Bytes out) {
    this.out = out;
  }

  void int32(int field, int value) {
    field(field, INT32);
    out.zigzag(value);
  }

  void int64(int field, long value) {
    field(field, INT64);
    out.zigzag(value);
  }

  void bool(int field, boolean value) {
    field(field, value ? TRUE : FALSE);
  }

  void binary(int field, byte[] value) {
    field(field, STRING);
    binary(value);
  }

  void string(int field, String value) {
    binary(field, value.getBytes(StandardCharsets.UTF_8));
  }

  /** Begins a struct that is a field; {@link #end} ends it. */
  void struct(int field) {
    field(field, STRUCT);
    begin();
  }

  /** Begins a struct that is the message or an element of a list. */
  void begin() {
    last[++depth] = 0;
  }

  void end() {
    out.put(0);
    depth--;
  }

  /** A list; its elements follow. */
  void list(int field, int type, int elements) {
    field(field, LIST);
    if (elements < 15) {
      out.put(elements << 4 | type);
    } else {
      out.put(0xF0 | type);
      out.varint(elements);
    }
  }

  /** An element of a list. */
  void int32(int value) {
    out.zigzag(value);
  }

  /** An element of a list. */
  void string(String value) {
    binary(value.getBytes(StandardCharsets.UTF_8));
  }

  private void binary(byte[] value) {
    out.varint(value.length);
    out.put(value);
  }

  private void field(int number, int type) {
    int step = number - last[depth];
    if (step > 0 && step <= 15) {
      out.put(step << 4 | type);
    } else {
      out.put(type);
      out.zigzag(number);
    }
    last[depth] = number;
  }
}
