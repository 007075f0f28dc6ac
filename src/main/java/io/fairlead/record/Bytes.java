package io.fairlead.record;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/** Bytes that grow at the end, little endian, with the numbers of variable length of Parquet. */
public final class Bytes {
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private byte[] array;
  private int size;

  public Bytes() {
    this(256);
  }

  public Bytes(int capacity) {
    array = new byte[capacity];
  }

  /** How many there are. */
  public int size() {
    return size;
  }

  /** Valid until the next byte is added. */
  public byte[] array() {
    return array;
  }

  byte[] copy() {
    return Arrays.copyOf(array, size);
  }

  public void clear() {
    size = 0;
  }

  void cut(int to) {
    size = to;
  }

  /** The lowest byte of that number. */
  public void put(int value) {
    room(1);
    array[size++] = (byte) value;
  }

  public void put(byte[] from, int offset, int length) {
    room(length);
    System.arraycopy(from, offset, array, size, length);
    size += length;
  }

  public void put(byte[] from) {
    put(from, 0, from.length);
  }

  void put(Bytes other) {
    put(other.array, 0, other.size);
  }

  void int32(int value) {
    room(4);
    INT.set(array, size, value);
    size += 4;
  }

  void int64(long value) {
    room(8);
    LONG.set(array, size, value);
    size += 8;
  }

  /** The lowest {@code count} bytes of the value. */
  void low(long value, int count) {
    room(8);
    LONG.set(array, size, value);
    size += count;
  }

  /** ULEB128. */
  void varint(long value) {
    room(10);
    long rest = value;
    while ((rest & ~0x7FL) != 0) {
      array[size++] = (byte) (rest | 0x80);
      rest >>>= 7;
    }
    array[size++] = (byte) rest;
  }

  /** ULEB128 with the sign in the lowest bit. */
  void zigzag(long value) {
    varint((value << 1) ^ (value >> 63));
  }

  /**
   * Each value in {@code width} bits, the first in the lowest; the last byte is filled with zeros.
   */
  void pack(long[] values, int from, int count, int width) {
    if (width == 0) {
      return;
    }
    room((int) (((long) count * width + 7) / 8) + 8);
    long word = 0;
    int filled = 0;
    int at = size;
    for (int i = from; i < from + count; i++) {
      long value = values[i];
      word |= value << filled;
      filled += width;
      if (filled >= 64) {
        LONG.set(array, at, word);
        at += 8;
        filled -= 64;
        word = filled == 0 ? 0 : value >>> (width - filled);
      }
    }
    LONG.set(array, at, word);
    size = at + (filled + 7) / 8;
  }

  /** As {@link #pack(long[], int, int, int)}, for numbers that are not negative. */
  void pack(int[] values, int from, int count, int width) {
    room((int) (((long) count * width + 7) / 8) + 8);
    long word = 0;
    int filled = 0;
    int at = size;
    for (int i = from; i < from + count; i++) {
      long value = values[i];
      word |= value << filled;
      filled += width;
      if (filled >= 64) {
        LONG.set(array, at, word);
        at += 8;
        filled -= 64;
        word = filled == 0 ? 0 : value >>> (width - filled);
      }
    }
    LONG.set(array, at, word);
    size = at + (filled + 7) / 8;
  }

  private void room(int more) {
    if (array.length - size < more) {
      array = Arrays.copyOf(array, Math.max(size + more, array.length * 2));
    }
  }
}
