package io.fairlead.proxy.http;

/**
 * Reads the head of an HTTP/1.x message in one pass and strictly (RFC 9112): a line ends with CRLF
 * and nothing else, a field name is a token directly followed by a colon, a value has no control
 * character but the tab, no line is folded. What a lenient parser would repair is an error here,
 * because the next parser on the way may repair it differently.
 *
 * <p>When bytes run out in the middle of a line, the next call only looks for the end of that line
 * until it has come, so that a client which sends byte by byte costs no more than one which sends
 * everything at once.
 */
final class HeadParser {
  /** What came of it. */
  enum Result {
    /** Complete; {@link Head#end} tells where. */
    DONE,
    /** All right so far. */
    MORE,
    BAD,
    /** Too many bytes or fields. */
    TOO_LARGE,
    TARGET_TOO_LONG,
    /** An HTTP version that is not 1.0 or 1.1. */
    VERSION
  }

  /** Where in the head the next line belongs. */
  enum Stage {
    START_LINE,
    FIELDS
  }

  private static final long HTTP_1_X = 0x2E312F50545448L; // "HTTP/1." as a little-endian number

  /** Room in a request line for the method, two spaces, the version and the end of the line. */
  private static final int REST_OF_LINE = 64;

  private HeadParser() {}

  /**
   * @param maxBytes of the whole head
   * @param maxTarget bytes of the request target
   * @param maxFields how many fields there may be
   */
  static Result parseRequest(Head head, int maxBytes, int maxTarget, int maxFields) {
    Result result = Result.MORE;
    if (lineMayBeComplete(head)) {
      result = head.stage == Stage.START_LINE ? requestLine(head, maxTarget) : Result.DONE;
      if (result == Result.DONE) {
        result = fields(head, maxFields);
      }
    }
    return limited(head, result, maxBytes, maxTarget);
  }

  static Result parseResponse(Head head, int maxBytes, int maxFields) {
    Result result = Result.MORE;
    if (lineMayBeComplete(head)) {
      result = head.stage == Stage.START_LINE ? statusLine(head) : Result.DONE;
      if (result == Result.DONE) {
        result = fields(head, maxFields);
      }
    }
    return limited(head, result, maxBytes, Integer.MAX_VALUE);
  }

  /** Reads the fields behind the last chunk; the same rules, no start line. */
  static Result parseTrailers(Head head, int maxBytes, int maxFields) {
    Result result = Result.MORE;
    head.stage = Stage.FIELDS;
    if (lineMayBeComplete(head)) {
      result = fields(head, maxFields);
    }
    return limited(head, result, maxBytes, Integer.MAX_VALUE);
  }

  private static Result limited(Head head, Result result, int maxBytes, int maxTarget) {
    int size = result == Result.DONE ? head.end : head.length;
    if (size > maxBytes && (result == Result.DONE || result == Result.MORE)) {
      // Without an end of the first line in sight the target is what is too long.
      return head.stage == Stage.START_LINE && head.targetEnd == 0
          ? Result.TARGET_TOO_LONG
          : Result.TOO_LARGE;
    }
    if (result == Result.MORE
        && head.stage == Stage.START_LINE
        && maxTarget != Integer.MAX_VALUE
        && size - head.lineStart > maxTarget + REST_OF_LINE) {
      return Result.TARGET_TOO_LONG;
    }
    return result;
  }

  /** False if a line was begun before and its end has still not come. */
  private static boolean lineMayBeComplete(Head head) {
    if (head.scanned == 0) {
      return true;
    }
    byte[] bytes = head.bytes;
    if (head.length > head.scanned && bytes[head.scanned - 1] == '\r') {
      return true; // what follows a CR decides at once
    }
    for (int i = head.scanned; i < head.length; i++) {
      if (bytes[i] == '\n') {
        return true;
      }
    }
    head.scanned = head.length;
    return false;
  }

  private static Result requestLine(Head head, int maxTarget) {
    byte[] bytes = head.bytes;
    int limit = head.length;
    int at = head.lineStart;
    if (at == 0 && limit >= 1 && bytes[0] == '\r') {
      // RFC 9112, 2.2: one empty line ahead of the request line is forgiven.
      if (limit < 2) {
        return more(head, 0);
      }
      if (bytes[1] != '\n') {
        return Result.BAD;
      }
      at = 2;
      head.lineStart = 2;
    }
    int start = at;
    while (at < limit && Ascii.classOf(bytes[at]) != 0) {
      at++;
    }
    if (at == limit) {
      return more(head, start);
    }
    if (bytes[at] != ' ' || at == start) {
      return Result.BAD;
    }
    head.methodStart = start;
    head.methodEnd = at++;
    head.targetStart = at;
    while (at < limit && bytes[at] > 0x20 && bytes[at] != 0x7F) {
      at++;
    }
    if (at - head.targetStart > maxTarget) {
      return Result.TARGET_TOO_LONG;
    }
    if (at == limit) {
      return more(head, start);
    }
    if (bytes[at] != ' ' || at == head.targetStart) {
      return Result.BAD;
    }
    head.targetEnd = at++;
    if (limit - at < 10) {
      return endsHere(bytes, at, limit) ? Result.BAD : more(head, start);
    }
    Result version = version(head, at);
    if (version != Result.DONE) {
      return version;
    }
    if (bytes[at + 8] != '\r' || bytes[at + 9] != '\n') {
      return Result.BAD;
    }
    if (at + 10 - start > maxTarget + REST_OF_LINE) {
      return Result.TARGET_TOO_LONG; // as it would be if it had come in pieces
    }
    head.lineStart = at + 10;
    head.stage = Stage.FIELDS;
    return Result.DONE;
  }

  private static Result statusLine(Head head) {
    int at = head.lineStart;
    // "HTTP/1.1 200" and CRLF are 14 bytes; a line cannot be shorter.
    if (head.length - at < 14) {
      return endsHere(head.bytes, at, head.length) ? Result.BAD : more(head, at);
    }
    return status(head, at);
  }

  private static Result status(Head head, int start) {
    byte[] bytes = head.bytes;
    int limit = head.length;
    Result version = version(head, start);
    if (version != Result.DONE) {
      return Result.BAD;
    }
    int at = start + 8;
    if (bytes[at] != ' '
        || !Ascii.isDigit(bytes[at + 1])
        || !Ascii.isDigit(bytes[at + 2])
        || !Ascii.isDigit(bytes[at + 3])) {
      return Result.BAD;
    }
    head.status = (bytes[at + 1] - '0') * 100 + (bytes[at + 2] - '0') * 10 + (bytes[at + 3] - '0');
    if (head.status < 100 || head.status > 599) {
      return Result.BAD;
    }
    at += 4;
    if (bytes[at] == ' ') {
      at++;
    } else if (bytes[at] != '\r') {
      return Result.BAD;
    }
    head.reasonStart = at;
    at = Ascii.endOfValue(bytes, at, limit);
    if (at + 1 >= limit) {
      return at < limit && bytes[at] != '\r' ? Result.BAD : more(head, start);
    }
    if (bytes[at] != '\r' || bytes[at + 1] != '\n') {
      return Result.BAD;
    }
    head.reasonEnd = at;
    head.lineStart = at + 2;
    head.stage = Stage.FIELDS;
    return Result.DONE;
  }

  /** "HTTP/1.0" or "HTTP/1.1"; at least eight bytes are there. */
  private static Result version(Head head, int at) {
    byte[] bytes = head.bytes;
    long word = 0;
    for (int i = 6; i >= 0; i--) {
      word = (word << 8) | bytes[at + i];
    }
    byte minor = bytes[at + 7];
    if (word == HTTP_1_X && (minor == '0' || minor == '1')) {
      head.minorVersion = minor - '0';
      return Result.DONE;
    }
    boolean otherVersion =
        (word & 0xFFFFFFFFFFL) == (HTTP_1_X & 0xFFFFFFFFFFL)
            && Ascii.isDigit(bytes[at + 5])
            && bytes[at + 6] == '.'
            && Ascii.isDigit(minor);
    return otherVersion ? Result.VERSION : Result.BAD;
  }

  private static Result fields(Head head, int maxFields) {
    byte[] bytes = head.bytes;
    int limit = head.length;
    int at = head.lineStart;
    while (true) {
      int start = at;
      byte classes = 0;
      while (at < limit) {
        byte c = Ascii.classOf(bytes[at]);
        if (c == 0) {
          break;
        }
        classes |= c;
        at++;
      }
      if (at == limit) {
        return more(head, start);
      }
      if (at == start) {
        if (bytes[at] != '\r') {
          return Result.BAD;
        }
        if (at + 1 == limit) {
          return more(head, start);
        }
        head.end = at + 2;
        return bytes[at + 1] == '\n' ? Result.DONE : Result.BAD;
      }
      if (bytes[at] != ':') {
        return Result.BAD;
      }
      int nameEnd = at++;
      while (at < limit && (bytes[at] == ' ' || bytes[at] == '\t')) {
        at++;
      }
      int valueStart = at;
      at = Ascii.endOfValue(bytes, at, limit);
      if (at == limit) {
        return more(head, start);
      }
      if (bytes[at] != '\r') {
        return Result.BAD;
      }
      if (at + 1 == limit) {
        return more(head, start);
      }
      if (bytes[at + 1] != '\n') {
        return Result.BAD;
      }
      int valueEnd = at;
      while (valueEnd > valueStart && (bytes[valueEnd - 1] == ' ' || bytes[valueEnd - 1] == '\t')) {
        valueEnd--;
      }
      at += 2;
      if (head.fieldCount == maxFields) {
        return Result.TOO_LARGE;
      }
      int id = FieldName.of(bytes, start, nameEnd);
      head.addField(start, nameEnd, valueStart, valueEnd, at, id);
      if ((classes & Ascii.UNDERSCORE) != 0) {
        int twin = FieldName.ofUnderscoreTwin(bytes, start, nameEnd);
        if (FieldName.isFraming(twin)) {
          return Result.BAD;
        }
        if (twin != FieldName.OTHER) {
          head.drop(head.fieldCount - 1);
        }
      }
      head.lineStart = at;
    }
  }

  private static Result more(Head head, int lineStart) {
    head.lineStart = lineStart;
    head.scanned = head.length;
    return Result.MORE;
  }

  private static boolean endsHere(byte[] bytes, int from, int limit) {
    for (int i = from; i < limit; i++) {
      if (bytes[i] == '\n') {
        return true;
      }
    }
    return false;
  }
}
