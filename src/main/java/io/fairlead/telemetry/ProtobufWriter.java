package io.fairlead.telemetry;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Writes messages of Protocol Buffers [1] into memory: as much of the format as telemetry needs
 * that others read. Whoever writes knows numbers and kinds of fields; nothing is checked.
 *
 * <p>A message within another has its length in front of it, which is known behind it: one byte is
 * left free for it, and where it needs more, what was written moves.
 *
 * <p>[1] protobuf.dev/programming-guides/encoding
 */
public final class ProtobufWriter {
  private static final int VARINT = 0;
  private static final int EIGHT_BYTES = 1;
  private static final int LENGTH = 2;
  private static final int FOUR_BYTES = 5;

  private byte[] bytes = new byte[1024];
  private int size;

  public int size() {
    return size;
  }

  public void clear() {
    size = 0;
  }

  /** All of it, in order. */
  public void writeTo(OutputStream out) throws IOException {
    out.write(bytes, 0, size);
  }

  /** A copy of all of it. */
  public byte[] toBytes() {
    return Arrays.copyOf(bytes, size);
  }

  /** A whole number or an enum; not below 0. */
  public void number(int field, long value) {
    tag(field, VARINT);
    varint(value);
  }

  /** A {@code sint32} or {@code sint64}. */
  public void signed(int field, long value) {
    tag(field, VARINT);
    signed(value);
  }

  /** One of a packed list, between {@link #begin} and {@link #end}. */
  public void signed(long value) {
    varint((value << 1) ^ (value >> 63));
  }

  /** A {@code double}. */
  public void real(int field, double value) {
    fixed64(field, Double.doubleToRawLongBits(value));
  }

  public void fixed64(int field, long value) {
    tag(field, EIGHT_BYTES);
    fixed(value, 8);
  }

  /** One of a packed list of {@code fixed64}. */
  public void fixed64(long value) {
    fixed(value, 8);
  }

  public void fixed32(int field, int value) {
    tag(field, FOUR_BYTES);
    fixed(value, 4);
  }

  private void fixed(long value, int count) {
    room(count);
    for (int i = 0; i < count; i++) {
      bytes[size++] = (byte) (value >>> (8 * i));
    }
  }

  public void string(int field, String value) {
    bytes(field, value.getBytes(StandardCharsets.UTF_8));
  }

  public void bytes(int field, byte[] value) {
    tag(field, LENGTH);
    varint(value.length);
    room(value.length);
    System.arraycopy(value, 0, bytes, size, value.length);
    size += value.length;
  }

  /**
   * A message, or a packed list, until {@link #end}.
   *
   * @return to be given to {@link #end}
   */
  public int begin(int field) {
    tag(field, LENGTH);
    room(1);
    return ++size;
  }

  /** What begins there is complete. */
  public void end(int begin) {
    int length = size - begin;
    int more = varintSize(length) - 1;
    room(more);
    System.arraycopy(bytes, begin, bytes, begin + more, length);
    size = begin - 1;
    varint(length);
    size += length;
  }

  private void tag(int field, int kind) {
    varint(((long) field << 3) | kind);
  }

  /** A bare number, as lengths in front of messages are. */
  public void varint(long value) {
    room(10);
    long left = value;
    while ((left & ~0x7FL) != 0) {
      bytes[size++] = (byte) (left | 0x80);
      left >>>= 7;
    }
    bytes[size++] = (byte) left;
  }

  private static int varintSize(int value) {
    return Math.max(1, (38 - Integer.numberOfLeadingZeros(value)) / 7);
  }

  private void room(int count) {
    if (bytes.length - size < count) {
      bytes = Arrays.copyOf(bytes, Math.max(2 * bytes.length, size + count));
    }
  }
}
