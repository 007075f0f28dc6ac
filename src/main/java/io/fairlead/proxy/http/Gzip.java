package io.fairlead.proxy.http;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.nio.ByteBuffer;
import java.util.zip.CRC32;
import java.util.zip.Deflater;
import org.jspecify.annotations.Nullable;

/**
 * Packs one body after the other (RFC 1952) by the JDK's zlib. Holds about 256 KiB outside the heap
 * as long as it lives, and while a body is packed one buffer of {@value #PIECE} bytes.
 */
final class Gzip {
  /** Takes what has been packed. */
  interface Sink {
    void take(ByteBuf packed, int count);
  }

  private static final int PIECE = 16 * 1024;

  /** Nothing is said of name, time and system. */
  private static final byte[] HEADER = {0x1F, (byte) 0x8B, 8, 0, 0, 0, 0, 0, 0, (byte) 0xFF};

  private static final int TRAILER = 8;

  private final ByteBufAllocator allocator;
  private final Deflater deflater = new Deflater(Deflater.DEFAULT_COMPRESSION, true);
  private final CRC32 check = new CRC32();
  private @Nullable ByteBuf piece;
  private int length;

  /** Bytes have been taken that nobody can unpack yet. */
  private boolean holdsBack;

  Gzip(ByteBufAllocator allocator) {
    this.allocator = allocator;
  }

  /** Another body begins. */
  void begin(int level) {
    deflater.reset();
    deflater.setLevel(level);
    check.reset();
    length = 0;
    holdsBack = false;
    room().writeBytes(HEADER);
  }

  /** Takes that many bytes. */
  void add(ByteBuf in, int count, Sink sink) {
    ByteBuffer view = in.nioBuffer(in.readerIndex(), count);
    check.update(view.duplicate());
    length += count; // modulo 2^32, as the format says
    deflater.setInput(view);
    pack(Deflater.NO_FLUSH, sink);
    in.skipBytes(count);
    holdsBack |= count > 0;
  }

  /** Whatever has been taken can be unpacked with what the sink has got. */
  void flush(Sink sink) {
    if (holdsBack) {
      holdsBack = false;
      pack(Deflater.SYNC_FLUSH, sink);
    }
    give(sink);
  }

  /** The body is complete. */
  void end(Sink sink) {
    deflater.finish();
    pack(Deflater.NO_FLUSH, sink);
    if (room().writableBytes() < TRAILER) {
      give(sink);
    }
    room().writeIntLE((int) check.getValue()).writeIntLE(length);
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
    deflater.end();
  }

  /** Until there is room left in the piece: then nothing more is to come. */
  private void pack(int how, Sink sink) {
    while (true) {
      ByteBuf to = room();
      if (!to.isWritable()) {
        give(sink);
        continue;
      }
      int made = deflater.deflate(to.nioBuffer(to.writerIndex(), to.writableBytes()), how);
      to.writerIndex(to.writerIndex() + made);
      if (to.isWritable()) {
        return;
      }
    }
  }

  private ByteBuf room() {
    ByteBuf present = piece;
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
