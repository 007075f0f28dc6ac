package io.fairlead.insight.incident;

import static java.nio.charset.StandardCharsets.UTF_8;

/**
 * A path with what varies taken out: without query, numbers, long hexadecimal words and very long
 * ones as {@code *}, six parts at most. So {@code /orders/4711/items} is {@code /orders/∗/items}.
 */
final class PathTemplate {
  private static final int PARTS = 6;
  private static final int HEX = 8;
  private static final int LONGEST_PART = 40;
  private static final long PRIME = 0x9E37_79B1_85EB_CA87L;
  private static final byte[] KINDS = kinds();
  private static final int DIGIT = 1;
  private static final int HEXADECIMAL = 2;

  private PathTemplate() {}

  private static byte[] kinds() {
    byte[] kinds = new byte[256];
    for (char c = 0; c < 128; c++) {
      boolean digit = c >= '0' && c <= '9';
      boolean hex = Character.digit(c, 16) >= 0 || c == '-';
      kinds[c] = (byte) ((digit ? DIGIT : 0) + (hex ? HEXADECIMAL : 0));
    }
    return kinds;
  }

  /** The same for all paths with one template; takes nothing from the heap; never 0. */
  static long hash(byte[] bytes, int offset, int length) {
    int end = offset + length;
    long hash = 1;
    int parts = 0;
    int at = offset;
    while (at <= end && parts <= PARTS) {
      long part = 0;
      int digits = 0;
      int hex = 0;
      int start = at;
      while (at < end && bytes[at] != '/') {
        int kind = KINDS[bytes[at] & 0xFF];
        digits += kind & DIGIT;
        hex += kind >> 1;
        part = (part ^ bytes[at]) * PRIME;
        at++;
      }
      hash = (hash ^ (isVarying(at - start, digits, hex) ? '*' : part)) * PRIME;
      hash ^= hash >>> 29;
      parts++;
      at++;
    }
    return (hash ^ (at <= end ? PRIME : 0)) | 1;
  }

  static String of(byte[] bytes, int offset, int length) {
    int end = offset + length;
    StringBuilder template = new StringBuilder();
    int parts = 0;
    int at = offset;
    while (at <= end && parts <= PARTS) {
      int digits = 0;
      int hex = 0;
      int start = at;
      while (at < end && bytes[at] != '/') {
        int kind = KINDS[bytes[at] & 0xFF];
        digits += kind & DIGIT;
        hex += kind >> 1;
        at++;
      }
      boolean varies = isVarying(at - start, digits, hex);
      template
          .append(parts > 0 ? "/" : "")
          .append(varies ? "*" : new String(bytes, start, at - start, UTF_8));
      parts++;
      at++;
    }
    return template.append(at <= end ? "/…" : "").toString();
  }

  private static boolean isVarying(int length, int digits, int hex) {
    boolean number = digits * 2 > length;
    boolean word = digits > 0 && length >= HEX && hex == length;
    return number || word || length > LONGEST_PART;
  }
}
