package io.fairlead.proxy.http;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import org.jspecify.annotations.Nullable;

/**
 * Takes the frames of one stream of HTTP/3 apart (RFC 9114, 7.1), however their bytes come. What is
 * to be read as a whole and has not come as a whole is kept.
 */
final class Http3Frames {
  /** Whose frames they are. */
  interface Taker {
    /** A frame begins; how what is in it is wanted. */
    How begin(long type, long length);

    /** Some of it has come, in pieces; none is empty. All of {@code count} bytes is to be taken. */
    void piece(ByteBuf in, int count);

    /** All of it has come. All of {@code count} bytes is to be taken. */
    void whole(ByteBuf in, int count);
  }

  /** How what is in a frame is wanted. */
  enum How {
    PIECES,
    WHOLE,
    NOT
  }

  private enum Part {
    TYPE,
    LENGTH,
    PAYLOAD
  }

  private static final int LEAST_KEPT = 256;

  private final Taker taker;
  private Part part = Part.TYPE;
  private How how = How.NOT;

  private final QuicInteger integer = new QuicInteger();
  private long type;
  private long left;
  private @Nullable ByteBuf kept;
  private boolean stopped;

  Http3Frames(Taker taker) {
    this.taker = taker;
  }

  /** The next bytes; all are taken. */
  void read(ByteBuf in) {
    while (in.isReadable() && !stopped) {
      if (part == Part.PAYLOAD) {
        payload(in);
      } else {
        integer(in.readByte());
      }
    }
    in.skipBytes(in.readableBytes());
  }

  private void integer(byte next) {
    if (!integer.take(next)) {
      return;
    }
    if (part == Part.TYPE) {
      type = integer.value();
      part = Part.LENGTH;
      return;
    }
    left = integer.value();
    how = taker.begin(type, left);
    part = Part.PAYLOAD;
    if (left == 0) {
      ended(Unpooled.EMPTY_BUFFER, 0);
    }
  }

  private void payload(ByteBuf in) {
    int count = (int) Math.min(left, in.readableBytes());
    boolean last = count == left;
    left -= count;
    switch (how) {
      case NOT -> in.skipBytes(count);
      case PIECES -> taker.piece(in, count);
      case WHOLE -> {
        if (kept != null || !last) {
          keep(in, count);
        }
      }
    }
    if (last) {
      ended(in, count);
    }
  }

  /** The frame has ended. */
  private void ended(ByteBuf in, int count) {
    part = Part.TYPE;
    if (how == How.WHOLE) {
      ByteBuf whole = kept;
      kept = null;
      if (whole == null) {
        taker.whole(in, count);
      } else {
        try {
          taker.whole(whole, whole.readableBytes());
        } finally {
          whole.release();
        }
      }
    }
  }

  private void keep(ByteBuf in, int count) {
    ByteBuf into = kept;
    if (into == null) {
      into = in.alloc().heapBuffer(Math.max(count, LEAST_KEPT)); // what is promised may not come
      kept = into;
    }
    into.writeBytes(in, count);
  }

  /** Whether no frame has begun that has not ended. */
  boolean isBetween() {
    return part == Part.TYPE && !integer.hasBegun();
  }

  /** Nobody takes any more. */
  void stop() {
    stopped = true;
    ByteBuf rest = kept;
    kept = null;
    if (rest != null) {
      rest.release();
    }
  }
}
