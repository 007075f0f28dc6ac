package io.fairlead.proxy.http;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** Classes of bytes, and comparisons that never make a String (and so never meet Unicode). */
final class Ascii {
  /** May stand in a token (RFC 9110, 5.6.2). */
  static final byte TCHAR = 1;

  /** An underscore: a token character that deserves a second look in field names. */
  static final byte UNDERSCORE = 2;

  private static final byte[] CLASS = new byte[256];
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final long ONES = 0x0101010101010101L;
  private static final long HIGHS = 0x8080808080808080L;

  static {
    for (char c = 0; c < 128; c++) {
      if ((c >= '0' && c <= '9')
          || (c >= 'a' && c <= 'z')
          || (c >= 'A' && c <= 'Z')
          || "!#$%&'*+-.^`|~".indexOf(c) >= 0) {
        CLASS[c] = TCHAR;
      }
    }
    CLASS['_'] = TCHAR | UNDERSCORE;
  }

  private Ascii() {}

  /** 0, or {@link #TCHAR} with or without {@link #UNDERSCORE}. */
  static byte classOf(byte b) {
    return CLASS[b & 0xFF];
  }

  static boolean isToken(byte[] bytes, int start, int end) {
    for (int i = start; i < end; i++) {
      if (classOf(bytes[i]) == 0) {
        return false;
      }
    }
    return end > start;
  }

  static boolean isDigit(byte b) {
    return b >= '0' && b <= '9';
  }

  /** Value of a hexadecimal digit, or -1. */
  static int hexValue(byte b) {
    if (b >= '0' && b <= '9') {
      return b - '0';
    }
    int lower = b | 0x20;
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
  }

  static byte toLower(byte b) {
    return b >= 'A' && b <= 'Z' ? (byte) (b | 0x20) : b;
  }

  /** Whether the bytes from {@code start} are the given lower-case ones, in either case. */
  static boolean equalsIgnoreCase(byte[] bytes, int start, byte[] lowerCase) {
    for (int i = 0; i < lowerCase.length; i++) {
      if (toLower(bytes[start + i]) != lowerCase[i]) {
        return false;
      }
    }
    return true;
  }

  static boolean rangeEqualsIgnoreCase(byte[] bytes, int start, int end, byte[] lowerCase) {
    return end - start == lowerCase.length && equalsIgnoreCase(bytes, start, lowerCase);
  }

  static boolean rangesEqualIgnoreCase(byte[] bytes, int start, int end, int other, int otherEnd) {
    if (end - start != otherEnd - other) {
      return false;
    }
    for (int i = 0; i < end - start; i++) {
      if (toLower(bytes[start + i]) != toLower(bytes[other + i])) {
        return false;
      }
    }
    return true;
  }

  /**
   * The first byte from {@code from} that a field value may not contain (a control character other
   * than a tab, or DEL), or {@code end}. Eight bytes at a time: a byte below 0x20 and a byte equal
   * to 0x7F both leave the high bit of their place set (the classic "has a byte less than n").
   */
  static int endOfValue(byte[] bytes, int from, int end) {
    int i = from;
    while (true) {
      while (i + 8 <= end) {
        long word = (long) LONG.get(bytes, i);
        long low = (word - ONES * 0x20) & ~word & HIGHS;
        long del = word ^ (ONES * 0x7F);
        long hit = low | ((del - ONES) & ~del & HIGHS);
        if (hit != 0) {
          i += Long.numberOfTrailingZeros(hit) >>> 3;
          break;
        }
        i += 8;
      }
      while (i < end) {
        byte b = bytes[i];
        if ((b >= 0 && b < 0x20 && b != '\t') || b == 0x7F) {
          return i;
        }
        i++;
        if (b == '\t') {
          break;
        }
      }
      if (i >= end) {
        return end;
      }
    }
  }

  static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  static String text(byte[] bytes, int start, int end) {
    return new String(bytes, start, end - start, StandardCharsets.ISO_8859_1);
  }
}
