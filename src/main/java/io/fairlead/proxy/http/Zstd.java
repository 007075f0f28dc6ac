package io.fairlead.proxy.http;

import com.github.luben.zstd.EndDirective;
import com.github.luben.zstd.ZstdCompressCtx;
import io.fairlead.config.ContentCoding;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.nio.ByteBuffer;

/** RFC 8878, by the library of its authors. */
final class Zstd extends Packer {
  /** A client must have room for 8 MiB (RFC 9659); what we hold for each answer matters more. */
  private static final int WINDOW_LOG = 17;

  private static final ByteBuffer NOTHING = ByteBuffer.allocateDirect(0);

  private final ZstdCompressCtx context = new ZstdCompressCtx();

  Zstd(ByteBufAllocator allocator) {
    super(ContentCoding.ZSTD, allocator);
  }

  @Override
  void start(int level) {
    context.reset();
    context.setLevel(level);
    context.setWindowLog(WINDOW_LOG);
    if (level
        > 1) { // tables for a window of that size; those of high levels take ten times as much
      context.setHashLog(WINDOW_LOG);
      context.setChainLog(WINDOW_LOG - 1);
    }
  }

  @Override
  void pack(ByteBuf in, int count, Sink sink) {
    ByteBuffer view = in.nioBuffer(in.readerIndex(), count);
    while (view.hasRemaining()) {
      compress(view, EndDirective.CONTINUE, sink);
    }
  }

  @Override
  void push(Sink sink) {
    compressAll(EndDirective.FLUSH, sink);
  }

  @Override
  void finish(Sink sink) {
    compressAll(EndDirective.END, sink);
  }

  private void compressAll(EndDirective how, Sink sink) {
    boolean done;
    do {
      done = compress(NOTHING, how, sink);
    } while (!done);
  }

  private boolean compress(ByteBuffer from, EndDirective how, Sink sink) {
    ByteBuf to = room(sink);
    ByteBuffer view = to.nioBuffer(to.writerIndex(), to.writableBytes());
    int before = view.position();
    boolean done = context.compressDirectByteBufferStream(view, from, how);
    to.writerIndex(to.writerIndex() + view.position() - before);
    return done;
  }

  @Override
  void close() {
    super.close();
    context.close();
  }
}
