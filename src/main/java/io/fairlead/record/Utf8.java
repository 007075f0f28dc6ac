package io.fairlead.record;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** Bytes that came from others and need not be text, where readers insist on UTF-8. */
final class Utf8 {
  private static final long HIGH_BITS = 0x8080_8080_8080_8080L;
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private Utf8() {}

  /** Whether all of it is ASCII, as nearly everything is. */
  static boolean isPlain(byte[] text, int length) {
    long seen = 0;
    int at = 0;
    for (; at + 8 <= length; at += 8) {
      seen |= (long) LONG.get(text, at);
    }
    for (; at < length; at++) {
      seen |= text[at];
    }
    return (seen & HIGH_BITS) == 0;
  }

  /** The same with U+FFFD for what is not UTF-8. */
  static byte[] clean(byte[] text, int length) {
    return new String(text, 0, length, UTF_8).getBytes(UTF_8);
  }
}
