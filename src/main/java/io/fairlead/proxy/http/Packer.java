package io.fairlead.proxy.http;

import io.fairlead.config.ContentCoding;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import org.jspecify.annotations.Nullable;

/**
 * Packs one body after the other. While a body is packed it has one buffer of {@value #PIECE}
 * bytes, besides what its library holds. Belongs to one event loop.
 */
abstract class Packer {
  /** Takes what has been packed. */
  interface Sink {
    void take(ByteBuf packed, int count);
  }

  static final int PIECE = 16 * 1024;

  private final ContentCoding coding;
  private final ByteBufAllocator allocator;
  private @Nullable ByteBuf piece;

  /** Bytes have been taken that nobody can unpack yet. */
  private boolean holdsBack;

  Packer(ContentCoding coding, ByteBufAllocator allocator) {
    this.coding = coding;
    this.allocator = allocator;
  }

  final ContentCoding coding() {
    return coding;
  }

  /** Another body begins, packed at that level: 1 is the fastest, 9 makes the smallest. */
  final void begin(int level) {
    holdsBack = false;
    start(level);
  }

  /** Takes that many bytes. */
  final void add(ByteBuf in, int count, Sink sink) {
    if (count > 0) {
      holdsBack = true;
      pack(in, count, sink);
      in.skipBytes(count);
    }
  }

  /** Whatever has been taken can be unpacked with what the sink has got. */
  final void flush(Sink sink) {
    if (holdsBack) {
      holdsBack = false;
      push(sink);
    }
    give(sink);
  }

  /** The body is complete. */
  final void end(Sink sink) {
    finish(sink);
    give(sink);
  }

  /** The body has ended, in whatever way. */
  void letGo() {
    ByteBuf last = piece;
    piece = null;
    if (last != null) {
      last.release();
    }
  }

  /** It is not used again. */
  void close() {
    letGo();
  }

  abstract void start(int level);

  /** Packs the next bytes of the buffer, which stay in it. */
  abstract void pack(ByteBuf in, int count, Sink sink);

  /** Has the library give out all that it has taken. */
  abstract void push(Sink sink);

  abstract void finish(Sink sink);

  /** Where packed bytes go next; has room for one at least. */
  final ByteBuf room(Sink sink) {
    ByteBuf present = piece;
    if (present != null && !present.isWritable()) {
      give(sink);
      present = null;
    }
    if (present == null) {
      present = allocator.directBuffer(PIECE, PIECE);
      piece = present;
    }
    return present;
  }

  private void give(Sink sink) {
    ByteBuf full = piece;
    if (full != null && full.isReadable()) {
      piece = null;
      try {
        sink.take(full, full.readableBytes());
      } finally {
        full.release();
      }
    }
  }
}
