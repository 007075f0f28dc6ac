package io.fairlead.proxy.http;

import io.netty.util.NetUtil;

/**
 * The request target and the Host field: what is routed on is what is sent (RFC 9112, 3.2; RFC
 * 3986, 6.2.2).
 *
 * <p>The path is normalised once, before routing: percent-encoded unreserved characters are
 * decoded, other hexadecimal digits put in upper case, dot segments removed. What has no single
 * meaning is refused: an encoded slash or backslash, a NUL, a raw backslash, a path above the root.
 * Repeated slashes stay, since they mean something to some applications.
 */
final class Target {
  private static final byte[] HTTP_SCHEME = Ascii.bytes("http://");
  private static final byte[] OPTIONS = Ascii.bytes("OPTIONS");

  private Target() {}

  /** Fills the head's host, path and query; false: refuse with 400. */
  static boolean read(Head head) {
    byte[] bytes = head.bytes;
    int start = head.targetStart;
    int end = head.targetEnd;
    int authorityStart = -1;
    int authorityEnd = -1;
    if (bytes[start] != '/') {
      if (end - start == 1 && bytes[start] == '*') {
        head.pathStart = start;
        head.pathEnd = end;
        head.queryStart = end;
        head.queryEnd = end;
        return head.methodIs(OPTIONS) && readHost(head, -1, -1);
      }
      if (end - start <= HTTP_SCHEME.length || !Ascii.equalsIgnoreCase(bytes, start, HTTP_SCHEME)) {
        return false;
      }
      authorityStart = start + HTTP_SCHEME.length;
      authorityEnd = authorityStart;
      while (authorityEnd < end && bytes[authorityEnd] != '/' && bytes[authorityEnd] != '?') {
        authorityEnd++;
      }
      start = authorityEnd;
    }
    return readPath(head, start, end) && readHost(head, authorityStart, authorityEnd);
  }

  private static boolean readPath(Head head, int start, int end) {
    byte[] bytes = head.bytes;
    boolean plain = true;
    int at = start;
    byte previous = 0;
    for (; at < end; at++) {
      byte b = bytes[at];
      if (b == '?') {
        break;
      }
      if (b == '\\' || b == '#') {
        return false;
      }
      if (b == '%' || (b == '.' && previous == '/')) {
        plain = false;
      }
      previous = b;
    }
    head.queryStart = at;
    head.queryEnd = end;
    for (int i = at; i < end; i++) {
      if (bytes[i] == '#') {
        return false;
      }
    }
    head.pathStart = start;
    head.pathEnd = at;
    return (plain && at > start) || normalise(head, start, at);
  }

  /**
   * Puts another path in the place of the one that came: normalised by the same rules.
   *
   * @param start where it has been put, behind everything else
   * @return false if it is one that must be refused
   */
  static boolean replacePath(Head head, int start, int end) {
    byte[] bytes = head.bytes;
    boolean plain = true;
    for (int at = start; at < end; at++) {
      byte b = bytes[at];
      if (b == '\\' || b == '#' || b == '?') {
        return false;
      }
      plain &= b != '%' && !(b == '.' && bytes[at - 1] == '/');
    }
    if (start == end || bytes[start] != '/') {
      return false;
    }
    head.pathStart = start;
    head.pathEnd = end;
    return plain || normalise(head, start, end);
  }

  /** Writes the normalised path behind the received bytes. */
  private static boolean normalise(Head head, int start, int end) {
    head.ensure(head.length + end - start + 1);
    byte[] bytes = head.bytes;
    int out = head.length;
    head.pathStart = out;
    if (start == end) {
      // An absolute-form target without a path; for OPTIONS that is the server itself.
      bytes[out++] = head.methodIs(OPTIONS) ? (byte) '*' : (byte) '/';
    }
    for (int at = start; at < end; at++) {
      byte b = bytes[at];
      if (b == '%') {
        if (end - at < 3) {
          return false;
        }
        int high = Ascii.hexValue(bytes[at + 1]);
        int low = Ascii.hexValue(bytes[at + 2]);
        int value = high * 16 + low;
        if (high < 0 || low < 0 || value == 0 || value == '/' || value == '\\') {
          return false;
        }
        at += 2;
        if (isUnreserved(value)) {
          bytes[out++] = (byte) value;
        } else {
          bytes[out++] = '%';
          bytes[out++] = upperHex(high);
          bytes[out++] = upperHex(low);
        }
      } else {
        bytes[out++] = b;
      }
    }
    out = removeDotSegments(bytes, head.pathStart, out);
    head.pathEnd = out;
    head.length = Math.max(out, head.length);
    return out >= 0;
  }

  /** RFC 3986, 5.2.4, in place; the new end, or -1 if the path is to be refused. */
  private static int removeDotSegments(byte[] bytes, int start, int end) {
    int out = start;
    int at = start;
    while (at < end) {
      int segmentEnd = at + 1;
      while (segmentEnd < end && bytes[segmentEnd] != '/') {
        segmentEnd++;
      }
      int length = segmentEnd - at;
      boolean last = segmentEnd == end;
      if (isDotsWithParameter(bytes, at + 1, segmentEnd)) {
        return -1;
      }
      if (length == 2 && bytes[at + 1] == '.') {
        if (last) {
          bytes[out++] = '/';
        }
      } else if (length == 3 && bytes[at + 1] == '.' && bytes[at + 2] == '.') {
        if (out == start) {
          return -1;
        }
        out--;
        while (bytes[out] != '/') {
          out--;
        }
        if (last) {
          bytes[out++] = '/';
        }
      } else {
        for (int i = at; i < segmentEnd; i++) {
          bytes[out++] = bytes[i];
        }
      }
      at = segmentEnd;
    }
    return out;
  }

  /** {@code ..;x}: some servers cut the parameter off first and go up then. */
  private static boolean isDotsWithParameter(byte[] bytes, int start, int end) {
    int at = start;
    while (at < end && at < start + 2 && bytes[at] == '.') {
      at++;
    }
    return at > start
        && at < end
        && (bytes[at] == ';'
            || (end - at >= 3 && bytes[at] == '%' && bytes[at + 1] == '3' && bytes[at + 2] == 'B'));
  }

  private static boolean readHost(Head head, int authorityStart, int authorityEnd) {
    boolean present = head.has(FieldName.HOST);
    if (!present && head.minorVersion == 1) {
      return false;
    }
    int start;
    int end;
    if (present) {
      int field = head.first(FieldName.HOST);
      start = head.valueStart(field);
      end = head.valueEnd(field);
      if (authorityStart >= 0
          && !Ascii.rangesEqualIgnoreCase(head.bytes, start, end, authorityStart, authorityEnd)) {
        return false;
      }
    } else if (authorityStart >= 0) {
      start = authorityStart;
      end = authorityEnd;
      head.authorityStart = start;
      head.authorityEnd = end;
    } else {
      head.hostStart = 0;
      head.hostEnd = 0;
      return true;
    }
    return isValidAuthority(head, start, end);
  }

  private static boolean isValidAuthority(Head head, int start, int end) {
    byte[] bytes = head.bytes;
    int hostEnd;
    boolean upper = false;
    if (start < end && bytes[start] == '[') {
      int at = start + 1;
      while (at < end && bytes[at] != ']') {
        upper |= bytes[at] >= 'A' && bytes[at] <= 'F';
        at++;
      }
      // Literal addresses are rare in Host; a well-kept library knows their grammar.
      if (at == end
          || !NetUtil.isValidIpV6Address(Ascii.text(bytes, start + 1, at))
          || hasScope(bytes, start, at)) {
        return false;
      }
      hostEnd = at + 1;
    } else {
      int at = start;
      while (at < end && bytes[at] != ':') {
        byte b = bytes[at++];
        boolean letter = (b | 0x20) >= 'a' && (b | 0x20) <= 'z';
        if (!letter && !Ascii.isDigit(b) && b != '-' && b != '.' && b != '_') {
          return false;
        }
        upper |= b >= 'A' && b <= 'Z';
      }
      hostEnd = at;
    }
    if (hostEnd == start || !isValidPort(bytes, hostEnd, end)) {
      return false;
    }
    if (bytes[hostEnd - 1] == '.' && hostEnd - start > 1) {
      hostEnd--;
    }
    head.hostStart = start;
    head.hostEnd = hostEnd;
    if (upper) {
      lowerHost(head);
    }
    return true;
  }

  /** A scope ({@code fe80::1%eth0}) means something on one machine only. */
  private static boolean hasScope(byte[] bytes, int start, int end) {
    for (int i = start; i < end; i++) {
      if (bytes[i] == '%') {
        return true;
      }
    }
    return false;
  }

  private static void lowerHost(Head head) {
    int length = head.hostEnd - head.hostStart;
    head.ensure(head.length + length);
    for (int i = 0; i < length; i++) {
      head.bytes[head.length + i] = Ascii.toLower(head.bytes[head.hostStart + i]);
    }
    head.hostStart = head.length;
    head.hostEnd = head.length + length;
    head.length += length;
  }

  /** Nothing, or a colon and 0 to 65535. */
  private static boolean isValidPort(byte[] bytes, int start, int end) {
    if (start == end) {
      return true;
    }
    if (bytes[start] != ':' || end - start > 6 || end - start < 2) {
      return false;
    }
    int port = 0;
    for (int i = start + 1; i < end; i++) {
      if (!Ascii.isDigit(bytes[i])) {
        return false;
      }
      port = port * 10 + bytes[i] - '0';
    }
    return port <= 65535;
  }

  private static boolean isUnreserved(int c) {
    return (c >= 'a' && c <= 'z')
        || (c >= 'A' && c <= 'Z')
        || (c >= '0' && c <= '9')
        || c == '-'
        || c == '.'
        || c == '_'
        || c == '~';
  }

  private static byte upperHex(int value) {
    return (byte) (value < 10 ? '0' + value : 'A' + value - 10);
  }
}
