package io.fairlead.proxy.http;

/** The spelling of bytes in corpus files: one Latin-1 character per byte. */
final class Escapes {

  private Escapes() {}

  /**
   * Turns {@code \r \n \t \0 \\ \{ \} \xHH} and <code>{N*text}</code> (text N times) into bytes.
   * The place-holders <code>{client}</code> and <code>{node}</code> stay for the judge to fill.
   *
   * @throws IllegalArgumentException when an escape is unknown or a brace stands alone
   */
  static String unescape(String text) {
    StringBuilder bytes = new StringBuilder();
    int i = 0;
    while (i < text.length()) {
      char c = text.charAt(i);
      if (c == '\\') {
        i += escape(text, i, bytes);
      } else if (c == '{') {
        int end = closing(text, i);
        repeat(text.substring(i + 1, end), bytes);
        i = end + 1;
      } else if (c == '}' || c < ' ' || c > '~') {
        throw new IllegalArgumentException("write an escape at column " + (i + 1) + ": " + text);
      } else {
        bytes.append(c);
        i++;
      }
    }
    return bytes.toString();
  }

  /** The reverse, for messages; long stretches are not folded. */
  static String escape(String bytes) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < bytes.length(); i++) {
      char c = bytes.charAt(i);
      switch (c) {
        case '\r' -> text.append("\\r");
        case '\n' -> text.append("\\n");
        case '\t' -> text.append("\\t");
        case '\\' -> text.append("\\\\");
        default ->
            text.append((c >= ' ' && c <= '~') || c > 0xff ? "" + c : "\\x%02x".formatted((int) c));
      }
    }
    return text.toString();
  }

  /** Appends what the escape at {@code at} stands for; returns its length. */
  private static int escape(String text, int at, StringBuilder bytes) {
    char kind = at + 1 < text.length() ? text.charAt(at + 1) : ' ';
    switch (kind) {
      case 'r' -> bytes.append('\r');
      case 'n' -> bytes.append('\n');
      case 't' -> bytes.append('\t');
      case '0' -> bytes.append('\0');
      case '\\', '{', '}' -> bytes.append(kind);
      case 'x' -> {
        bytes.append((char) Integer.parseInt(text.substring(at + 2, at + 4), 16));
        return 4;
      }
      default -> throw new IllegalArgumentException("unknown escape in: " + text);
    }
    return 2;
  }

  private static int closing(String text, int open) {
    for (int i = open + 1; i < text.length(); i++) {
      if (text.charAt(i) == '\\') {
        i++;
      } else if (text.charAt(i) == '}') {
        return i;
      }
    }
    throw new IllegalArgumentException("no closing brace in: " + text);
  }

  private static void repeat(String inner, StringBuilder bytes) {
    if (inner.equals("client") || inner.equals("node")) {
      bytes.append('{').append(inner).append('}');
      return;
    }
    int star = inner.indexOf('*');
    if (star < 1) {
      throw new IllegalArgumentException("expected {N*text}, found {" + inner + "}");
    }
    bytes.repeat(unescape(inner.substring(star + 1)), Integer.parseInt(inner.substring(0, star)));
  }
}
