package io.fairlead.insight.incident;

import static java.nio.charset.StandardCharsets.UTF_8;

/**
 * A path with what varies taken out: without query, numbers and long hexadecimal words as {@code
 * *}, six parts at most. So {@code /orders/4711/items} is {@code /orders/∗/items}.
 */
final class PathTemplate {
  private static final int PARTS = 6;
  private static final int HEX = 8;
  private static final int LONGEST_PART = 40;

  private PathTemplate() {}

  static String of(byte[] from, int offset, int length) {
    String path = new String(from, offset, length, UTF_8);
    StringBuilder template = new StringBuilder();
    int parts = 0;
    for (String part : path.split("/", -1)) {
      if (parts++ > PARTS) {
        return template.append("/…").toString();
      }
      template.append(parts > 1 ? "/" : "").append(isVarying(part) ? "*" : part);
    }
    return template.toString();
  }

  private static boolean isVarying(String part) {
    int digits = 0;
    int hex = 0;
    for (int i = 0; i < part.length(); i++) {
      char c = part.charAt(i);
      digits += c >= '0' && c <= '9' ? 1 : 0;
      hex += Character.digit(c, 16) >= 0 || c == '-' ? 1 : 0;
    }
    boolean number = digits > 0 && digits * 2 >= part.length();
    boolean word = digits > 0 && part.length() >= HEX && hex == part.length();
    return number || word || part.length() > LONGEST_PART;
  }
}
