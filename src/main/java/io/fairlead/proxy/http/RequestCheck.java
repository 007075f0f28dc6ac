package io.fairlead.proxy.http;

import io.fairlead.telemetry.ErrorReason;
import org.jspecify.annotations.Nullable;

/**
 * Refuses requests that two parsers could read differently, and marks the fields that must not be
 * sent on (RFC 9110, 7.6.1; RFC 9112, 6).
 *
 * <p>Where the RFCs let a recipient repair a message, this refuses it: two identical Content-Length
 * fields are as suspicious as two different ones, for nobody sends them by mistake.
 */
final class RequestCheck {
  private static final byte[] CONNECT = Ascii.bytes("CONNECT");
  private static final byte[] CHUNKED = Ascii.bytes("chunked");
  private static final byte[] CONTINUE = Ascii.bytes("100-continue");
  private static final byte[] CLOSE = Ascii.bytes("close");
  private static final byte[] KEEP_ALIVE = Ascii.bytes("keep-alive");
  private static final byte[] UPGRADE = Ascii.bytes("upgrade");
  private static final byte[] WEBSOCKET = Ascii.bytes("websocket");

  private static final long HOP_BY_HOP =
      bit(FieldName.CONNECTION)
          | bit(FieldName.KEEP_ALIVE)
          | bit(FieldName.PROXY_CONNECTION)
          | bit(FieldName.PROXY_AUTHENTICATE)
          | bit(FieldName.PROXY_AUTHORIZATION)
          | bit(FieldName.TE)
          | bit(FieldName.TRANSFER_ENCODING)
          | bit(FieldName.UPGRADE)
          | bit(FieldName.HTTP2_SETTINGS)
          | bit(FieldName.PROXY)
          | bit(FieldName.FAIRLEAD_ERROR);

  /** What only a proxy that we trust may say. */
  static final long PROXY_SAYS =
      bit(FieldName.FORWARDED)
          | bit(FieldName.X_FORWARDED_FOR)
          | bit(FieldName.X_FORWARDED_PROTO)
          | bit(FieldName.X_FORWARDED_HOST)
          | bit(FieldName.X_FORWARDED_PORT)
          | bit(FieldName.X_FORWARDED_OTHER)
          | bit(FieldName.X_REAL_IP)
          | bit(FieldName.X_REQUEST_ID);

  private RequestCheck() {}

  private static long bit(int id) {
    return 1L << id;
  }

  /** Fills what is derived from the head; null if the request may go on. */
  static @Nullable ErrorReason check(Head head, long maxBody) {
    if (head.methodIs(CONNECT)) {
      return ErrorReason.NOT_IMPLEMENTED;
    }
    if (head.hasRepeated(FieldName.HOST) || !Target.read(head)) {
      return ErrorReason.BAD_REQUEST;
    }
    ErrorReason framing = readFraming(head);
    if (framing != null) {
      return framing;
    }
    if (head.body > maxBody) {
      return ErrorReason.BODY_TOO_LARGE;
    }
    head.keepAlive = head.minorVersion == 1;
    if (head.has(FieldName.CONNECTION) && !readConnection(head)) {
      return ErrorReason.BAD_REQUEST;
    }
    if (head.has(FieldName.EXPECT)) {
      ErrorReason expectation = readExpect(head);
      if (expectation != null) {
        return expectation;
      }
    }
    if (head.upgrade) {
      readUpgrade(head);
    }
    if ((head.seen & HOP_BY_HOP) != 0) {
      dropAll(head, HOP_BY_HOP);
    }
    return null;
  }

  private static @Nullable ErrorReason readFraming(Head head) {
    boolean length = head.has(FieldName.CONTENT_LENGTH);
    if (head.has(FieldName.TRANSFER_ENCODING)) {
      if (length || head.hasRepeated(FieldName.TRANSFER_ENCODING) || head.minorVersion == 0) {
        return ErrorReason.BAD_REQUEST;
      }
      int field = head.first(FieldName.TRANSFER_ENCODING);
      int start = head.valueStart(field);
      int end = head.valueEnd(field);
      if (!Ascii.rangeEqualsIgnoreCase(head.bytes, start, end, CHUNKED)) {
        return isOtherCodingThenChunked(head.bytes, start, end)
            ? ErrorReason.NOT_IMPLEMENTED
            : ErrorReason.BAD_REQUEST;
      }
      head.body = Head.CHUNKED;
    } else if (length) {
      if (head.hasRepeated(FieldName.CONTENT_LENGTH)) {
        return ErrorReason.BAD_REQUEST;
      }
      long value = contentLength(head);
      if (value < 0) {
        return ErrorReason.BAD_REQUEST;
      }
      head.body = value;
    } else {
      head.body = 0;
    }
    return null;
  }

  /**
   * Digits only, no more than fit into 63 bits; -1 if it is anything else. A value with leading
   * zeros is taken, and written out anew.
   */
  static long contentLength(Head head) {
    int field = head.first(FieldName.CONTENT_LENGTH);
    int start = head.valueStart(field);
    int end = head.valueEnd(field);
    long value = 0;
    for (int at = start; at < end; at++) {
      int digit = head.bytes[at] - '0';
      if (digit < 0 || digit > 9 || value > (Long.MAX_VALUE - digit) / 10) {
        return -1;
      }
      value = value * 10 + digit;
    }
    if (end - start > 1 && head.bytes[start] == '0') {
      head.drop(field);
      head.lengthAnew = value;
    }
    return end > start ? value : -1;
  }

  /** A list of tokens that ends in {@code chunked} and has it only there: valid, but not for us. */
  private static boolean isOtherCodingThenChunked(byte[] bytes, int start, int end) {
    int at = start;
    boolean otherSeen = false;
    while (true) {
      int tokenEnd = at;
      while (tokenEnd < end && Ascii.classOf(bytes[tokenEnd]) != 0) {
        tokenEnd++;
      }
      if (tokenEnd == at) {
        return false;
      }
      boolean chunked = Ascii.rangeEqualsIgnoreCase(bytes, at, tokenEnd, CHUNKED);
      if (tokenEnd == end) {
        return chunked && otherSeen;
      }
      if (chunked || bytes[tokenEnd] != ',') {
        return false;
      }
      otherSeen = true;
      at = tokenEnd + 1;
      while (at < end && (bytes[at] == ' ' || bytes[at] == '\t')) {
        at++;
      }
    }
  }

  /** False if it names away a field that decides where the message ends or goes. */
  static boolean readConnection(Head head) {
    byte[] bytes = head.bytes;
    boolean close = false;
    for (int field = 0; field < head.fieldCount; field++) {
      if (head.id(field) != FieldName.CONNECTION) {
        continue;
      }
      int at = head.valueStart(field);
      int end = head.valueEnd(field);
      while (at < end) {
        while (at < end && (bytes[at] == ',' || bytes[at] == ' ' || bytes[at] == '\t')) {
          at++;
        }
        int tokenEnd = at;
        while (tokenEnd < end && Ascii.classOf(bytes[tokenEnd]) != 0) {
          tokenEnd++;
        }
        if (tokenEnd == at) {
          if (at < end) {
            return false;
          }
          break;
        }
        if (Ascii.rangeEqualsIgnoreCase(bytes, at, tokenEnd, CLOSE)) {
          close = true;
        } else if (Ascii.rangeEqualsIgnoreCase(bytes, at, tokenEnd, KEEP_ALIVE)) {
          head.keepAlive = true;
        } else if (Ascii.rangeEqualsIgnoreCase(bytes, at, tokenEnd, UPGRADE)) {
          head.upgrade = head.has(FieldName.UPGRADE) && head.minorVersion == 1;
        } else if (FieldName.isFraming(FieldName.of(bytes, at, tokenEnd))) {
          return false;
        } else if (!FieldName.isProtected(bytes, at, tokenEnd)) {
          dropNamed(head, at, tokenEnd);
        }
        at = tokenEnd;
      }
    }
    if (close) {
      head.keepAlive = false;
    }
    return true;
  }

  private static void dropNamed(Head head, int start, int end) {
    for (int field = 0; field < head.fieldCount; field++) {
      if (Ascii.rangesEqualIgnoreCase(
          head.bytes, head.nameStart(field), head.nameEnd(field), start, end)) {
        head.drop(field);
      }
    }
  }

  private static @Nullable ErrorReason readExpect(Head head) {
    int field = head.first(FieldName.EXPECT);
    if (head.hasRepeated(FieldName.EXPECT)
        || !Ascii.rangeEqualsIgnoreCase(
            head.bytes, head.valueStart(field), head.valueEnd(field), CONTINUE)) {
      return ErrorReason.EXPECTATION_FAILED;
    }
    if (head.minorVersion == 0 || head.body == 0) {
      // RFC 9110, 10.1.1: not to be honoured in HTTP/1.0; without a body there is nothing to wait
      // for, and a node that waits all the same would hold the connection.
      head.drop(field);
    }
    return null;
  }

  /**
   * Only WebSocket is passed on: an upgrade to HTTP/2 would smuggle requests past the rules here,
   * and with a body the two protocols would meet in the middle of a message.
   */
  private static void readUpgrade(Head head) {
    head.upgrade = isWebSocket(head) && head.body == 0;
  }

  /** Whether the head has one Upgrade field and that says websocket and nothing else. */
  static boolean isWebSocket(Head head) {
    if (!head.has(FieldName.UPGRADE) || head.hasRepeated(FieldName.UPGRADE)) {
      return false;
    }
    int field = head.first(FieldName.UPGRADE);
    return Ascii.rangeEqualsIgnoreCase(
        head.bytes, head.valueStart(field), head.valueEnd(field), WEBSOCKET);
  }

  /** Whether a dropped field with that number means nothing any more, neither to nodes nor here. */
  static boolean isGone(int id) {
    return id == FieldName.OTHER || id >= FieldName.GRPC_TIMEOUT || ((PROXY_SAYS >>> id) & 1) != 0;
  }

  static void dropAll(Head head, long ids) {
    for (int field = 0; field < head.fieldCount; field++) {
      if (((ids >>> head.id(field)) & 1) != 0 && head.id(field) != FieldName.OTHER) {
        head.drop(field);
      }
    }
  }
}
