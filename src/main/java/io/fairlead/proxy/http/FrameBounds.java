package io.fairlead.proxy.http;

import io.netty.buffer.ByteBuf;

/**
 * Follows the frames of one stream of HTTP/3 to know whether it ended between two of them. The
 * library gives the part of a frame that came, and does not say that the rest did not (RFC 9114,
 * 7.1), so that a body that was cut off would pass for a whole one.
 */
final class FrameBounds {
  private enum Part {
    TYPE,
    LENGTH,
    PAYLOAD
  }

  private Part part = Part.TYPE;

  /** Bytes of the integer that are still to come; 0: none has begun. */
  private int integerLeft;

  private long left;

  /** Looks at bytes that have come, and takes none of them. */
  void follow(ByteBuf in) {
    int at = in.readerIndex();
    int end = in.writerIndex();
    while (at < end) {
      if (part == Part.PAYLOAD) {
        long skipped = Math.min(left, end - at);
        at += (int) skipped;
        left -= skipped;
        if (left == 0) {
          part = Part.TYPE;
        }
      } else {
        integer(in.getByte(at));
        at++;
      }
    }
  }

  private void integer(byte next) {
    if (integerLeft == 0) {
      integerLeft = 1 << ((next & 0xC0) >>> 6);
      left = next & 0x3F;
    } else {
      left = (left << 8) | (next & 0xFF);
    }
    integerLeft--;
    if (integerLeft == 0) {
      if (part == Part.TYPE) {
        part = Part.LENGTH;
      } else {
        part = left == 0 ? Part.TYPE : Part.PAYLOAD;
      }
    }
  }

  /** Whether no frame has begun that has not ended. */
  boolean isBetween() {
    return part == Part.TYPE && integerLeft == 0;
  }
}
