package io.fairlead.proxy.http;

import io.netty.buffer.ByteBuf;

/**
 * Writes heads out for HTTP/1.1. Fields that stay are copied in runs as they came, in order and
 * spelling; what the proxy has added follows. Framing is always written anew.
 */
final class HeadWriter {
  private static final byte[] HTTP_1_1_CRLF = Ascii.bytes(" HTTP/1.1\r\n");
  private static final byte[] STATUS_START = Ascii.bytes("HTTP/1.1 ");
  private static final byte[] CRLF = Ascii.bytes("\r\n");
  private static final byte[] COLON_SPACE = Ascii.bytes(": ");
  private static final byte[] CHUNKED = Ascii.bytes("transfer-encoding: chunked\r\n");
  private static final byte[] CLOSE = Ascii.bytes("connection: close\r\n");
  private static final byte[] KEEP_ALIVE = Ascii.bytes("connection: keep-alive\r\n");
  private static final byte[] UPGRADE = Ascii.bytes("connection: upgrade\r\nupgrade: ");
  private static final byte[] HOST = Ascii.bytes("Host: ");

  /** Room for everything that is written beside the bytes of a head. */
  static final int ADDED = 512;

  private HeadWriter() {}

  /** The request as the node gets it. */
  static void writeRequest(Attempt attempt, ByteBuf out) {
    Head head = attempt.request();
    byte[] bytes = head.bytes;
    out.writeBytes(bytes, head.methodStart, head.methodEnd + 1 - head.methodStart);
    out.writeBytes(bytes, head.pathStart, head.pathEnd - head.pathStart);
    out.writeBytes(bytes, head.queryStart, head.queryEnd - head.queryStart);
    out.writeBytes(HTTP_1_1_CRLF);
    if (!head.has(FieldName.HOST)) {
      out.writeBytes(HOST);
      if (head.authorityEnd > head.authorityStart) {
        out.writeBytes(bytes, head.authorityStart, head.authorityEnd - head.authorityStart);
      } else {
        out.writeBytes(attempt.nodeAddress());
      }
      out.writeBytes(CRLF);
    }
    writeFields(head, out);
    writeLengthAnew(head, out);
    if (head.body == Head.CHUNKED) {
      out.writeBytes(CHUNKED);
    } else if (head.upgrade) {
      int field = head.first(FieldName.UPGRADE);
      out.writeBytes(UPGRADE);
      writeValue(head, field, out);
      out.writeBytes(CRLF);
    }
    out.writeBytes(CRLF);
  }

  /**
   * The answer as the client gets it.
   *
   * @param chunked the body will be sent in chunks
   * @param close the connection ends with this answer
   */
  static void writeResponse(Exchange exchange, boolean chunked, boolean close, ByteBuf out) {
    Head head = exchange.response;
    writeStatusLine(head, out);
    writeFields(head, out);
    writeLengthAnew(head, out);
    if (chunked) {
      out.writeBytes(CHUNKED);
    }
    if (close) {
      out.writeBytes(CLOSE);
    } else if (exchange.request.minorVersion == 0) {
      out.writeBytes(KEEP_ALIVE);
    }
    out.writeBytes(CRLF);
  }

  private static void writeLengthAnew(Head head, ByteBuf out) {
    if (head.lengthAnew >= 0) {
      out.writeBytes(Ascii.bytes("content-length: " + head.lengthAnew)).writeBytes(CRLF);
    }
  }

  /** A 1xx answer; 101 keeps what the change of protocol needs. */
  static void writeInformational(Exchange exchange, ByteBuf out) {
    Head head = exchange.response;
    writeStatusLine(head, out);
    writeFields(head, out);
    if (head.status == 101) {
      out.writeBytes(UPGRADE);
      writeValue(head, head.first(FieldName.UPGRADE), out);
      out.writeBytes(CRLF);
    }
    out.writeBytes(CRLF);
  }

  private static void writeStatusLine(Head head, ByteBuf out) {
    out.writeBytes(STATUS_START);
    out.writeByte('0' + head.status / 100);
    out.writeByte('0' + head.status / 10 % 10);
    out.writeByte('0' + head.status % 10);
    out.writeByte(' ');
    out.writeBytes(head.bytes, head.reasonStart, head.reasonEnd - head.reasonStart);
    out.writeBytes(CRLF);
  }

  /** All fields that are not dropped, neighbours in one copy. */
  static void writeFields(Head head, ByteBuf out) {
    byte[] bytes = head.bytes;
    int runStart = 0;
    int runEnd = 0;
    for (int field = 0; field < head.fieldCount; field++) {
      if (head.isDropped(field)) {
        continue;
      }
      if (head.isTight(field)) {
        int start = head.nameStart(field);
        if (start != runEnd) {
          out.writeBytes(bytes, runStart, runEnd - runStart);
          runStart = start;
        }
        runEnd = head.lineEnd(field);
      } else {
        out.writeBytes(bytes, runStart, runEnd - runStart);
        runStart = 0;
        runEnd = 0;
        int start = head.nameStart(field);
        out.writeBytes(bytes, start, head.nameEnd(field) - start).writeBytes(COLON_SPACE);
        writeValue(head, field, out);
        out.writeBytes(CRLF);
      }
    }
    out.writeBytes(bytes, runStart, runEnd - runStart);
  }

  private static void writeValue(Head head, int field, ByteBuf out) {
    int start = head.valueStart(field);
    out.writeBytes(head.bytes, start, head.valueEnd(field) - start);
  }
}
