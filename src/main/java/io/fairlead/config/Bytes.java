package io.fairlead.config;

import java.util.Arrays;
import java.util.HexFormat;

/** Bytes that never change and are compared by what they are. */
public final class Bytes {
  public static final Bytes EMPTY = new Bytes(new byte[0]);

  private final byte[] bytes;

  Bytes(byte[] bytes) {
    this.bytes = bytes.clone();
  }

  public int length() {
    return bytes.length;
  }

  /** A copy. */
  public byte[] toArray() {
    return bytes.clone();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Bytes that && Arrays.equals(bytes, that.bytes);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(bytes);
  }

  /** How many, and a mark by which two versions of a file can be told apart. */
  @Override
  public String toString() {
    return bytes.length + "B #" + HexFormat.of().toHexDigits(hashCode());
  }
}
