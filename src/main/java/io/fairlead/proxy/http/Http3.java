package io.fairlead.proxy.http;

import io.netty.buffer.ByteBuf;

/** The numbers of HTTP/3 (RFC 9114), and the beginnings of its frames. */
final class Http3 {
  static final int DATA = 0;
  static final int HEADERS = 1;

  static final int NO_ERROR = 0x100;
  static final int GENERAL_PROTOCOL_ERROR = 0x101;
  static final int INTERNAL_ERROR = 0x102;
  static final int FRAME_ERROR = 0x106;
  static final int EXCESSIVE_LOAD = 0x107;
  static final int REQUEST_REJECTED = 0x10b;
  static final int REQUEST_CANCELLED = 0x10c;
  static final int MESSAGE_ERROR = 0x10e;
  static final int CONNECT_ERROR = 0x10f;

  /** Bytes of a type and a length, at most; see {@link #frame}. */
  static final int FRAME_HEADER = 5;

  /** Type of a frame that means nothing (RFC 9114, 7.2.8), the least that the library takes. */
  static final long NOTHING = 0x1f + 0x21;

  /** Greater than the number of any request. */
  static final long LAST_STREAM = (1L << 62) - 4;

  private Http3() {}

  /** The beginning of a frame; integers of four bytes, whatever their value (RFC 9000, 16). */
  static void frame(ByteBuf out, int type, int length) {
    out.writeByte(type);
    out.writeInt(0x80000000 | length);
  }
}
