package io.fairlead.route;

import java.nio.charset.StandardCharsets;

/**
 * A value to compare with: exact, or with {@code *} for any characters, none included. Without
 * backtracking: each piece between two stars is looked for once, from where the one before it
 * ended, since the first place where it stands leaves most to the rest.
 *
 * <p>Values of a query are compared as they are meant ({@code application/x-www-form-urlencoded}):
 * {@code +} is a space, {@code %41} an A; a percent sign without two hexadecimal digits is itself.
 */
public final class Glob {
  private final byte[][] pieces;

  private Glob(byte[][] pieces) {
    this.pieces = pieces;
  }

  public static Glob of(String text) {
    String[] pieces = text.split("\\*", -1);
    byte[][] bytes = new byte[pieces.length][];
    for (int i = 0; i < pieces.length; i++) {
      bytes[i] = pieces[i].getBytes(StandardCharsets.UTF_8);
    }
    return new Glob(bytes);
  }

  /** The text itself, stars being stars. */
  static Glob exact(String text) {
    return new Glob(new byte[][] {text.getBytes(StandardCharsets.UTF_8)});
  }

  /** Whether the bytes in that range are what is wanted. */
  public boolean matches(byte[] bytes, int start, int end, boolean encoded) {
    int at = skip(pieces[0], bytes, start, end, encoded);
    int last = pieces.length - 1;
    if (at < 0 || last == 0) {
      return at == end;
    }
    for (int piece = 1; piece < last; piece++) {
      at = find(pieces[piece], bytes, at, end, encoded);
      if (at < 0) {
        return false;
      }
    }
    return endsWith(pieces[last], bytes, at, end, encoded);
  }

  /** Behind the first place from {@code from} on where the piece stands, or -1. */
  private static int find(byte[] piece, byte[] bytes, int from, int end, boolean encoded) {
    int at = from;
    while (true) {
      int behind = skip(piece, bytes, at, end, encoded);
      if (behind >= 0 || at >= end) {
        return behind;
      }
      at += width(bytes, at, end, encoded);
    }
  }

  private static boolean endsWith(byte[] piece, byte[] bytes, int from, int end, boolean encoded) {
    if (!encoded) {
      return end - from >= piece.length
          && skip(piece, bytes, end - piece.length, end, false) == end;
    }
    int left = 0;
    for (int at = from; at < end; at += width(bytes, at, end, true)) {
      left++;
    }
    int at = from;
    for (; left > piece.length; left--) {
      at += width(bytes, at, end, true);
    }
    return left == piece.length && skip(piece, bytes, at, end, true) == end;
  }

  /** Behind the piece if it stands at that place, or -1. */
  private static int skip(byte[] piece, byte[] bytes, int from, int end, boolean encoded) {
    int at = from;
    for (byte wanted : piece) {
      if (at >= end || meant(bytes, at, end, encoded) != wanted) {
        return -1;
      }
      at += width(bytes, at, end, encoded);
    }
    return at;
  }

  private static int width(byte[] bytes, int at, int end, boolean encoded) {
    return encoded && isTriplet(bytes, at, end) ? 3 : 1;
  }

  private static byte meant(byte[] bytes, int at, int end, boolean encoded) {
    byte b = bytes[at];
    if (!encoded) {
      return b;
    }
    if (b == '+') {
      return ' ';
    }
    return isTriplet(bytes, at, end) ? (byte) (hex(bytes[at + 1]) << 4 | hex(bytes[at + 2])) : b;
  }

  private static boolean isTriplet(byte[] bytes, int at, int end) {
    return bytes[at] == '%' && end - at >= 3 && hex(bytes[at + 1]) >= 0 && hex(bytes[at + 2]) >= 0;
  }

  private static int hex(byte b) {
    return Character.digit(b, 16);
  }
}
