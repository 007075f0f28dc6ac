package io.fairlead.proxy.http;

import io.netty.buffer.ByteBuf;

/**
 * Follows the frames of one direction of a WebSocket (RFC 6455, 5.2) as their bytes go by, so that
 * it is known where a frame of our own may stand. Keeps none of them; extensions may use reserved
 * bits as they like.
 *
 * <p>What is no frame is none of our business, since what it means is up to the ends: from there on
 * bytes are bytes, and nothing may stand between them.
 */
final class WebSocketFrames {
  static final int CLOSE = 8;
  static final int PING = 9;
  static final int PONG = 10;

  /** Of a control frame. */
  static final int MAX_CONTROL = 125;

  private static final int FIN = 0x80;
  private static final int MASKED = 0x80;
  private static final int MASK_BYTES = 4;

  private final boolean masked;
  private int opcode;
  private int headerRead;
  private int headerSize;
  private int lengthEnd;
  private long size;
  private long left;
  private boolean closed;
  private boolean broken;

  /**
   * @param masked as frames of clients are (RFC 6455, 5.3)
   */
  WebSocketFrames(boolean masked) {
    this.masked = masked;
  }

  /** A frame has ended and no other begun: here another one may stand. */
  boolean isBetween() {
    return headerRead == 0 && !closed && !broken;
  }

  /** A close frame has come; it is the last of its direction (RFC 6455, 5.5.1). */
  boolean isClosed() {
    return closed;
  }

  /** What came is no frame. */
  boolean isBroken() {
    return broken;
  }

  /** Whether a frame that begins with this byte is a pong. */
  static boolean isPong(byte first) {
    return (first & 15) == PONG;
  }

  /**
   * Goes on by {@code count} bytes, at most to the end of a frame.
   *
   * @return by how many; all, if there are no frames any more
   */
  int next(ByteBuf in, int index, int count) {
    int used = 0;
    while (used < count && !closed && !broken) {
      if (left > 0) {
        int part = (int) Math.min(left, count - used);
        left -= part;
        used += part;
      } else {
        broken = !readHeader(in.getByte(index + used));
        used++;
        if (broken || !isHeaderRead()) {
          continue;
        }
      }
      if (left == 0) {
        headerRead = 0;
        closed = opcode == CLOSE;
        return used;
      }
    }
    return count;
  }

  private boolean isHeaderRead() {
    return headerRead >= 2 && headerRead == headerSize;
  }

  /** False if no frame begins so. */
  private boolean readHeader(byte next) {
    int at = headerRead++;
    if (at == 0) {
      opcode = next & 15;
      boolean control = opcode >= CLOSE;
      return control ? opcode <= PONG && (next & FIN) != 0 : opcode <= 2;
    }
    if (at == 1) {
      int length = next & 127;
      lengthEnd = length == 126 ? 4 : length == 127 ? 10 : 2;
      headerSize = lengthEnd + (masked ? MASK_BYTES : 0);
      // Counted as payload only once all of the header has been read.
      size = lengthEnd == 2 ? length : 0;
      finishLength();
      return masked == ((next & MASKED) != 0) && (opcode < CLOSE || length <= MAX_CONTROL);
    }
    if (at < lengthEnd) {
      size = size << 8 | (next & 0xFF);
    }
    finishLength();
    return size >= 0;
  }

  private void finishLength() {
    if (isHeaderRead()) {
      left = size;
    }
  }
}
