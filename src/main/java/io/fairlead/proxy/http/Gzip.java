package io.fairlead.proxy.http;

import io.fairlead.config.ContentCoding;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.nio.ByteBuffer;
import java.util.zip.CRC32;
import java.util.zip.Deflater;

/** RFC 1952, by the JDK's zlib, which holds about 256 KiB outside the heap. */
final class Gzip extends Packer {
  /** Nothing is said of name, time and system. */
  private static final byte[] HEADER = {0x1F, (byte) 0x8B, 8, 0, 0, 0, 0, 0, 0, (byte) 0xFF};

  private static final int TRAILER = 8;

  private final Deflater deflater = new Deflater(Deflater.DEFAULT_COMPRESSION, true);
  private final CRC32 check = new CRC32();
  private int length;
  private boolean begun;

  Gzip(ByteBufAllocator allocator) {
    super(ContentCoding.GZIP, allocator);
  }

  @Override
  void start(int level) {
    deflater.reset();
    deflater.setLevel(level);
    check.reset();
    length = 0;
    begun = false;
  }

  @Override
  void pack(ByteBuf in, int count, Sink sink) {
    ByteBuffer view = in.nioBuffer(in.readerIndex(), count);
    check.update(view.duplicate());
    length += count; // modulo 2^32, as the format says
    deflater.setInput(view);
    deflate(Deflater.NO_FLUSH, false, sink);
  }

  @Override
  void push(Sink sink) {
    deflate(Deflater.SYNC_FLUSH, false, sink);
  }

  @Override
  void finish(Sink sink) {
    deflater.finish();
    deflate(Deflater.NO_FLUSH, true, sink);
    for (int i = 0; i < TRAILER; i++) {
      int word = i < 4 ? (int) check.getValue() : length;
      room(sink).writeByte(word >>> (8 * (i & 3)));
    }
  }

  @Override
  void close() {
    super.close();
    deflater.end();
  }

  /**
   * Until nothing more is to come. That nothing came of one call says little: the first call behind
   * a change of level does just that change.
   */
  private void deflate(int how, boolean last, Sink sink) {
    if (!begun) {
      begun = true;
      room(sink).writeBytes(HEADER);
    }
    while (true) {
      ByteBuf to = room(sink);
      int made = deflater.deflate(to.nioBuffer(to.writerIndex(), to.writableBytes()), how);
      to.writerIndex(to.writerIndex() + made);
      boolean done =
          last ? deflater.finished() : how == Deflater.SYNC_FLUSH || deflater.needsInput();
      if (done && to.isWritable()) {
        return;
      }
    }
  }
}
