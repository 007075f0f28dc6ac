package io.fairlead.proxy.http;

import io.fairlead.config.ForwardedConfig;
import io.fairlead.proxy.RequestIds;
import io.netty.buffer.ByteBuf;

/**
 * Writes heads out. Fields that stay are copied in runs as they came, in order and spelling; what
 * the proxy has to say follows. Framing is always written anew.
 */
final class HeadWriter {
  private static final byte[] HTTP_1_1_CRLF = Ascii.bytes(" HTTP/1.1\r\n");
  private static final byte[] STATUS_START = Ascii.bytes("HTTP/1.1 ");
  private static final byte[] CRLF = Ascii.bytes("\r\n");
  private static final byte[] COLON_SPACE = Ascii.bytes(": ");
  private static final byte[] VIA = Ascii.bytes("via: 1.1 fairlead\r\nx-request-id: ");
  private static final byte[] VIA_1_0 = Ascii.bytes("via: 1.0 fairlead\r\nx-request-id: ");
  private static final byte[] VIA_ONLY = Ascii.bytes("via: 1.1 fairlead\r\n");
  private static final byte[] VIA_ONLY_1_0 = Ascii.bytes("via: 1.0 fairlead\r\n");
  private static final byte[] CHUNKED = Ascii.bytes("transfer-encoding: chunked\r\n");
  private static final byte[] CLOSE = Ascii.bytes("connection: close\r\n");
  private static final byte[] KEEP_ALIVE = Ascii.bytes("connection: keep-alive\r\n");
  private static final byte[] UPGRADE = Ascii.bytes("connection: upgrade\r\nupgrade: ");
  private static final byte[] X_FORWARDED_FOR = Ascii.bytes("x-forwarded-for: ");
  private static final byte[] X_FORWARDED_PROTO = Ascii.bytes("x-forwarded-proto: http\r\n");
  private static final byte[] FORWARDED = Ascii.bytes("forwarded: ");
  private static final byte[] FORWARDED_PROTO = Ascii.bytes(";proto=http\r\n");
  private static final byte[] HOST = Ascii.bytes("Host: ");

  /** Room for everything that is added to a head. */
  static final int ADDED = 512;

  private HeadWriter() {}

  /** The request as the node gets it. */
  static void writeRequest(Exchange exchange, ByteBuf out) {
    Head head = exchange.request;
    HttpConnection client = exchange.client();
    boolean trusted = client.isTrusted();
    if (!trusted && (head.seen & RequestCheck.PROXY_SAYS) != 0) {
      RequestCheck.dropAll(head, RequestCheck.PROXY_SAYS);
    }
    ForwardedConfig.Style style = client.policy().forwarded().headers();
    if (trusted) {
      dropContinued(head, style);
    }
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
        out.writeBytes(exchange.nodeAddress());
      }
      out.writeBytes(CRLF);
    }
    writeFields(head, out);
    if (style == ForwardedConfig.Style.X_FORWARDED || style == ForwardedConfig.Style.BOTH) {
      out.writeBytes(X_FORWARDED_FOR);
      if (trusted) {
        writeContinued(head, FieldName.X_FORWARDED_FOR, out);
      }
      out.writeBytes(client.address()).writeBytes(CRLF);
      if (!trusted || !head.has(FieldName.X_FORWARDED_PROTO)) {
        out.writeBytes(X_FORWARDED_PROTO);
      }
    }
    if (style == ForwardedConfig.Style.FORWARDED || style == ForwardedConfig.Style.BOTH) {
      out.writeBytes(FORWARDED);
      if (trusted) {
        writeContinued(head, FieldName.FORWARDED, out);
      }
      out.writeBytes(client.forwardedFor()).writeBytes(FORWARDED_PROTO);
    }
    if (trusted && head.has(FieldName.X_REQUEST_ID)) {
      out.writeBytes(head.minorVersion == 0 ? VIA_ONLY_1_0 : VIA_ONLY);
    } else {
      out.writeBytes(head.minorVersion == 0 ? VIA_1_0 : VIA);
      out.writeBytes(exchange.requestId, 0, RequestIds.LENGTH).writeBytes(CRLF);
    }
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
    out.writeBytes(head.minorVersion == 0 ? VIA_1_0 : VIA);
    writeRequestId(exchange, out);
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
      out.writeBytes(VIA);
      writeRequestId(exchange, out);
      out.writeBytes(UPGRADE);
      writeValue(head, head.first(FieldName.UPGRADE), out);
      out.writeBytes(CRLF);
    }
    out.writeBytes(CRLF);
  }

  /** The id of the exchange and CRLF: the client's own if it was trusted with one. */
  static void writeRequestId(Exchange exchange, ByteBuf out) {
    Head request = exchange.request;
    if (request.has(FieldName.X_REQUEST_ID)
        && exchange.client().isTrusted()
        && !request.isDropped(request.first(FieldName.X_REQUEST_ID))) {
      writeValue(request, request.first(FieldName.X_REQUEST_ID), out);
    } else {
      out.writeBytes(exchange.requestId, 0, RequestIds.LENGTH);
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

  /** What the proxies in front said, to be continued in one field instead of two. */
  private static void writeContinued(Head head, int id, ByteBuf out) {
    for (int field = 0; head.has(id) && field < head.fieldCount; field++) {
      if (head.id(field) == id && head.valueEnd(field) > head.valueStart(field)) {
        writeValue(head, field, out);
        out.writeByte(',').writeByte(' ');
      }
    }
  }

  private static void dropContinued(Head head, ForwardedConfig.Style style) {
    long ids =
        switch (style) {
          case X_FORWARDED -> 1L << FieldName.X_FORWARDED_FOR;
          case FORWARDED -> 1L << FieldName.FORWARDED;
          case BOTH -> 1L << FieldName.X_FORWARDED_FOR | 1L << FieldName.FORWARDED;
          case NONE -> 0;
        };
    if ((head.seen & ids) != 0) {
      RequestCheck.dropAll(head, ids);
    }
  }
}
