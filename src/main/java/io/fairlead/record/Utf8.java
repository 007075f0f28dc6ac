package io.fairlead.record;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** Bytes that came from others and need not be text, where readers insist on UTF-8. */
public final class Utf8 {
  private static final long HIGH_BITS = 0x8080_8080_8080_8080L;
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private Utf8() {}

  /** Whether all of it is ASCII, as nearly everything is. */
  public static boolean isPlain(byte[] text, int from, int length) {
    long seen = 0;
    int at = from;
    int end = from + length;
    for (; at + 8 <= end; at += 8) {
      seen |= (long) LONG.get(text, at);
    }
    for (; at < end; at++) {
      seen |= text[at];
    }
    return (seen & HIGH_BITS) == 0;
  }

  /** The same with U+FFFD for what is not UTF-8. */
  static byte[] clean(byte[] text, int from, int length) {
    return new String(text, from, length, UTF_8).getBytes(UTF_8);
  }
}
