package io.fairlead.proxy.http;

import io.netty.buffer.ByteBuf;

/** The numbers of HTTP/3 (RFC 9114), and the beginnings of its frames. */
final class Http3 {
  static final int DATA = 0;
  static final int HEADERS = 1;
  static final int CANCEL_PUSH = 3;
  static final int SETTINGS = 4;
  static final int PUSH_PROMISE = 5;
  static final int GOAWAY = 7;
  static final int MAX_PUSH_ID = 0xd;

  // Of streams that go one way.
  static final int CONTROL_STREAM = 0;
  static final int PUSH_STREAM = 1;
  static final int ENCODER_STREAM = 2;
  static final int DECODER_STREAM = 3;

  static final int MAX_FIELD_SECTION_SIZE = 6;
  static final int ENABLE_CONNECT_PROTOCOL = 8;
  static final int H3_DATAGRAM = 0x33;

  static final int NO_ERROR = 0x100;
  static final int INTERNAL_ERROR = 0x102;
  static final int STREAM_CREATION_ERROR = 0x103;
  static final int CLOSED_CRITICAL_STREAM = 0x104;
  static final int FRAME_UNEXPECTED = 0x105;
  static final int FRAME_ERROR = 0x106;
  static final int EXCESSIVE_LOAD = 0x107;
  static final int ID_ERROR = 0x108;
  static final int SETTINGS_ERROR = 0x109;
  static final int MISSING_SETTINGS = 0x10a;
  static final int REQUEST_REJECTED = 0x10b;
  static final int REQUEST_CANCELLED = 0x10c;
  static final int MESSAGE_ERROR = 0x10e;
  static final int CONNECT_ERROR = 0x10f;
  static final int DECOMPRESSION_FAILED = 0x200;
  static final int ENCODER_STREAM_ERROR = 0x201;
  static final int DECODER_STREAM_ERROR = 0x202;

  /** Bytes of a type and a length, at most; see {@link #frame}. */
  static final int FRAME_HEADER = 5;

  /** Type of a frame that means nothing (RFC 9114, 7.2.8). */
  static final int NOTHING = 0x21;

  /** Greater than the number of any request. */
  static final long LAST_STREAM = (1L << 62) - 4;

  private Http3() {}

  /** The beginning of a frame; integers of four bytes, whatever their value (RFC 9000, 16). */
  static void frame(ByteBuf out, int type, int length) {
    out.writeByte(type);
    out.writeInt(0x80000000 | length);
  }

  /** An integer of eight bytes, whatever its value. */
  static void integer(ByteBuf out, long value) {
    out.writeLong(0xC000000000000000L | value);
  }

  /**
   * Reads an integer.
   *
   * @param end of what it is in
   * @return -1: it goes on behind that
   */
  static long integer(ByteBuf in, int end) {
    if (in.readerIndex() >= end) {
      return -1;
    }
    int length = 1 << (in.getUnsignedByte(in.readerIndex()) >>> 6);
    if (end - in.readerIndex() < length) {
      return -1;
    }
    return switch (length) {
      case 1 -> in.readUnsignedByte();
      case 2 -> in.readUnsignedShort() & 0x3FFF;
      case 4 -> in.readInt() & 0x3FFFFFFF;
      default -> in.readLong() & 0x3FFFFFFFFFFFFFFFL;
    };
  }

  /** Whether it was one of HTTP/2 and must not come (11.2.1). */
  static boolean isOfHttp2(long type) {
    return type == 2 || type == 6 || type == 8 || type == 9;
  }
}
