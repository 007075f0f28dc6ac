package io.fairlead.demo;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The head of one request, read strictly (RFC 9112): what two parsers could read differently is
 * refused, so that a proxy which lets it through is found out.
 *
 * @param method as sent, case matters
 * @param target as sent
 * @param minor 0 for HTTP/1.0, 1 for HTTP/1.1
 * @param contentLength body length in bytes; -1 when not given
 * @param chunked whether the body is chunked
 * @param keepAlive whether the peer wants the connection kept
 * @param expectsContinue whether the peer waits for 100 before it sends the body
 * @param upgrade protocol that was asked for, if any
 */
record RequestHead(
    String method,
    String target,
    int minor,
    long contentLength,
    boolean chunked,
    boolean keepAlive,
    boolean expectsContinue,
    @Nullable String upgrade) {

  /** A header or trailer field as it came. */
  record Field(String name, String value) {}

  boolean isHead() {
    return method.equals("HEAD");
  }

  boolean hasBody() {
    return chunked || contentLength > 0;
  }

  /** The target without its query, and without scheme and authority. */
  String path() {
    int start = 0;
    if (!target.startsWith("/") && target.contains("://")) {
      start = target.indexOf('/', target.indexOf("://") + 3);
      if (start < 0) {
        return "/";
      }
    }
    int query = target.indexOf('?', start);
    return query < 0 ? target.substring(start) : target.substring(start, query);
  }

  /** Reads the head at {@code bytes[from, to)}, the empty line included. */
  static RequestHead parse(byte[] bytes, int from, int to) throws BadRequest {
    int lineEnd = endOfLine(bytes, from, to);
    int methodEnd = indexOf(bytes, from, lineEnd, (byte) ' ');
    int targetEnd = methodEnd < 0 ? -1 : indexOf(bytes, methodEnd + 1, lineEnd, (byte) ' ');
    if (targetEnd < 0 || methodEnd == from || targetEnd == methodEnd + 1) {
      throw new BadRequest(400, "request line is not METHOD TARGET VERSION");
    }
    for (int i = from; i < methodEnd; i++) {
      if (!isToken(bytes[i])) {
        throw new BadRequest(400, "method is not a token");
      }
    }
    for (int i = methodEnd + 1; i < targetEnd; i++) {
      if (bytes[i] <= ' ' || bytes[i] == 127) {
        throw new BadRequest(400, "target holds a control or non-ASCII character");
      }
    }
    if (bytes[to - 2] != '\r') {
      throw new BadRequest(400, "line does not end in CRLF");
    }
    int minor = minor(bytes, targetEnd + 1, lineEnd);
    Fields fields = new Fields();
    for (int line = lineEnd + 2; line < to - 2; line = lineEnd + 2) {
      lineEnd = endOfLine(bytes, line, to);
      int colon = endOfName(bytes, line, lineEnd);
      checkValue(bytes, colon + 1, lineEnd);
      fields.take(bytes, line, colon, lineEnd);
    }
    return fields.head(
        method(bytes, from, methodEnd),
        new String(bytes, methodEnd + 1, targetEnd - methodEnd - 1, StandardCharsets.ISO_8859_1),
        minor);
  }

  /** All fields of a head that {@link #parse} has accepted, in order. */
  static List<Field> fields(String text) {
    List<Field> fields = new ArrayList<>();
    int line = text.indexOf("\r\n") + 2;
    while (line < text.length() - 2) {
      int end = text.indexOf("\r\n", line);
      fields.add(field(text.substring(line, end)));
      line = end + 2;
    }
    return fields;
  }

  /** One field of a line {@code name: value}. */
  static Field field(String line) {
    int colon = line.indexOf(':');
    return new Field(line.substring(0, colon), line.substring(colon + 1).strip());
  }

  /** Checks a trailer line as a header line is checked. */
  static Field trailer(String line) throws BadRequest {
    byte[] bytes = line.getBytes(StandardCharsets.ISO_8859_1);
    checkValue(bytes, endOfName(bytes, 0, bytes.length) + 1, bytes.length);
    return field(line);
  }

  private static String method(byte[] bytes, int from, int to) {
    if (to - from == 3 && bytes[from] == 'G' && bytes[from + 1] == 'E' && bytes[from + 2] == 'T') {
      return "GET";
    }
    return new String(bytes, from, to - from, StandardCharsets.ISO_8859_1);
  }

  private static int minor(byte[] bytes, int from, int to) throws BadRequest {
    String version = new String(bytes, from, to - from, StandardCharsets.ISO_8859_1);
    return switch (version) {
      case "HTTP/1.1" -> 1;
      case "HTTP/1.0" -> 0;
      default ->
          throw version.matches("HTTP/[0-9]\\.[0-9]")
              ? new BadRequest(505, "version " + version)
              : new BadRequest(400, "request line does not end in a version");
    };
  }

  /** Index of the CR that ends the line. */
  private static int endOfLine(byte[] bytes, int from, int to) throws BadRequest {
    int lf = indexOf(bytes, from, to, (byte) '\n');
    if (lf <= from || bytes[lf - 1] != '\r') {
      throw new BadRequest(400, "line does not end in CRLF");
    }
    return lf - 1;
  }

  /** Index of the colon after a field name. */
  private static int endOfName(byte[] bytes, int from, int to) throws BadRequest {
    int i = from;
    while (i < to && isToken(bytes[i])) {
      i++;
    }
    if (i == to || i == from || bytes[i] != ':') {
      throw new BadRequest(
          400,
          from < to && (bytes[from] == ' ' || bytes[from] == '\t')
              ? "folded header line"
              : "field name is not a token followed by a colon");
    }
    return i;
  }

  private static void checkValue(byte[] bytes, int from, int to) throws BadRequest {
    for (int i = from; i < to; i++) {
      if ((bytes[i] >= 0 && bytes[i] < ' ' && bytes[i] != '\t') || bytes[i] == 127) {
        throw new BadRequest(400, "field value holds control character " + bytes[i]);
      }
    }
  }

  private static int indexOf(byte[] bytes, int from, int to, byte wanted) {
    for (int i = from; i < to; i++) {
      if (bytes[i] == wanted) {
        return i;
      }
    }
    return -1;
  }

  private static boolean isToken(byte b) {
    return (b >= 'a' && b <= 'z')
        || (b >= 'A' && b <= 'Z')
        || (b >= '0' && b <= '9')
        || (b > ' ' && "!#$%&'*+-.^_`|~".indexOf(b) >= 0);
  }

  /** What the fields say, gathered line by line. */
  private static final class Fields {
    private long contentLength = -1;
    private boolean chunked;
    private boolean close;
    private boolean keepAlive;
    private boolean upgrades;
    private boolean expectsContinue;
    private int hosts;
    private @Nullable String upgrade;

    void take(byte[] bytes, int line, int colon, int end) throws BadRequest {
      switch (colon - line) { // the length of the name alone rules out most fields
        case 4 -> {
          if (is(bytes, line, "host")) {
            hosts++;
          }
        }
        case 6 -> {
          if (is(bytes, line, "expect")) {
            expectsContinue = value(bytes, colon, end).equals("100-continue");
          }
        }
        case 7 -> {
          if (is(bytes, line, "upgrade")) {
            upgrade = new String(bytes, colon + 1, end - colon - 1, StandardCharsets.ISO_8859_1);
          }
        }
        case 10 -> {
          if (is(bytes, line, "connection")) {
            for (String option : value(bytes, colon, end).split(",", -1)) {
              close |= option.strip().equals("close");
              keepAlive |= option.strip().equals("keep-alive");
              upgrades |= option.strip().equals("upgrade");
            }
          }
        }
        case 14 -> {
          if (is(bytes, line, "content-length")) {
            if (contentLength >= 0) {
              throw new BadRequest(400, "Content-Length twice");
            }
            contentLength = length(value(bytes, colon, end));
          }
        }
        case 17 -> {
          if (is(bytes, line, "transfer-encoding")) {
            String coding = value(bytes, colon, end);
            if (chunked || !coding.equals("chunked")) {
              throw new BadRequest(chunked ? 400 : 501, "Transfer-Encoding " + coding);
            }
            chunked = true;
          }
        }
        default -> {} // of no concern for framing
      }
    }

    RequestHead head(String method, String target, int minor) throws BadRequest {
      if (chunked && contentLength >= 0) {
        throw new BadRequest(400, "Content-Length beside Transfer-Encoding");
      }
      if (chunked && minor == 0) {
        throw new BadRequest(400, "Transfer-Encoding in HTTP/1.0");
      }
      if (hosts > 1 || (hosts == 0 && minor == 1)) {
        throw new BadRequest(400, hosts > 1 ? "Host twice" : "no Host");
      }
      return new RequestHead(
          method,
          target,
          minor,
          contentLength,
          chunked,
          !close && (minor == 1 || keepAlive),
          expectsContinue && minor == 1,
          upgrades && upgrade != null ? upgrade.strip() : null);
    }

    private static boolean is(byte[] bytes, int from, String name) {
      for (int i = 0; i < name.length(); i++) {
        if ((bytes[from + i] | 0x20) != name.charAt(i) && bytes[from + i] != name.charAt(i)) {
          return false;
        }
      }
      return true;
    }

    private static String value(byte[] bytes, int colon, int end) {
      return new String(bytes, colon + 1, end - colon - 1, StandardCharsets.ISO_8859_1)
          .strip()
          .toLowerCase(Locale.ROOT);
    }

    private static long length(String value) throws BadRequest {
      if (value.isEmpty() || value.length() > 18) {
        throw new BadRequest(400, "Content-Length " + value);
      }
      long length = 0;
      for (int i = 0; i < value.length(); i++) {
        char digit = value.charAt(i);
        if (digit < '0' || digit > '9') {
          throw new BadRequest(400, "Content-Length " + value);
        }
        length = length * 10 + (digit - '0');
      }
      return length;
    }
  }
}
