package io.fairlead.config;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/**
 * Bytes as people write them: text in UTF-8 with {@code \r \n \t \\ \xNN}, or {@code hex:} and
 * digits in pairs, between which there may be spaces.
 */
public final class ByteText {
  static final int MAX_BYTES = 4096;
  private static final String HEX = "hex:";
  private static final String RULE =
      "must be 1 to "
          + MAX_BYTES
          + " bytes: text with \\r, \\n, \\t, \\\\ and \\xNN, or hex: and pairs of digits";

  private ByteText() {}

  /** The bytes that are meant; refuses what means none. */
  public static byte[] bytes(String text) {
    byte[] bytes = text.startsWith(HEX) ? hex(text.substring(HEX.length())) : escaped(text);
    if (bytes == null || bytes.length == 0 || bytes.length > MAX_BYTES) {
      throw Require.refusal(RULE);
    }
    return bytes;
  }

  private static byte @Nullable [] hex(String digits) {
    try {
      return HexFormat.of().parseHex(digits.replace(" ", ""));
    } catch (IllegalArgumentException e) {
      return null;
    }
  }

  private static byte @Nullable [] escaped(String text) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    int start = 0;
    while (true) {
      int backslash = text.indexOf('\\', start);
      int end = backslash < 0 ? text.length() : backslash;
      out.writeBytes(text.substring(start, end).getBytes(StandardCharsets.UTF_8));
      if (backslash < 0) {
        return out.toByteArray();
      }
      if (backslash + 1 == text.length()) {
        return null;
      }
      start = backslash + 2;
      switch (text.charAt(backslash + 1)) {
        case 'r' -> out.write('\r');
        case 'n' -> out.write('\n');
        case 't' -> out.write('\t');
        case '\\' -> out.write('\\');
        case 'x' -> {
          start = backslash + 4;
          byte[] one = start > text.length() ? null : hex(text.substring(backslash + 2, start));
          if (one == null || one.length != 1) {
            return null;
          }
          out.write(one[0]);
        }
        default -> {
          return null;
        }
      }
    }
  }
}
