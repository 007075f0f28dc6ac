package io.fairlead.proxy.http;

import com.aayushatharva.brotli4j.encoder.Encoder;
import com.aayushatharva.brotli4j.encoder.EncoderJNI;
import com.aayushatharva.brotli4j.encoder.EncoderJNI.Operation;
import io.fairlead.config.ContentCoding;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** RFC 7932, by the library of its authors, which makes an encoder anew for each body. */
final class Brotli extends Packer {
  /** Of 10 to 24; what we hold for each answer matters more than its last per cent. */
  private static final int WINDOW_LOG = 16;

  private EncoderJNI.@Nullable Wrapper encoder;

  Brotli(ByteBufAllocator allocator) {
    super(ContentCoding.BR, allocator);
  }

  @Override
  void start(int level) {
    try {
      encoder = new EncoderJNI.Wrapper(PIECE, level, WINDOW_LOG, Encoder.Mode.GENERIC);
    } catch (IOException e) { // it found no memory
      throw new UncheckedIOException(e);
    }
  }

  @Override
  void pack(ByteBuf in, int count, Sink sink) {
    EncoderJNI.Wrapper to = encoder();
    int from = in.readerIndex();
    int end = from + count;
    while (from < end) {
      ByteBuffer input = to.getInputBuffer().clear();
      int some = Math.min(end - from, input.remaining());
      input.put(in.nioBuffer(from, some));
      from += some;
      push(to, Operation.PROCESS, some, sink);
    }
  }

  @Override
  void push(Sink sink) {
    push(encoder(), Operation.FLUSH, 0, sink);
  }

  @Override
  void finish(Sink sink) {
    push(encoder(), Operation.FINISH, 0, sink);
  }

  private void push(EncoderJNI.Wrapper to, Operation how, int count, Sink sink) {
    to.push(how, count);
    while (true) {
      if (!to.isSuccess()) {
        throw new IllegalStateException("the brotli encoder failed");
      }
      if (to.hasMoreOutput()) {
        ByteBuffer made = to.pull();
        while (made.hasRemaining()) {
          ByteBuf room = room(sink);
          int some = Math.min(room.writableBytes(), made.remaining());
          room.writeBytes(made.slice(made.position(), some));
          made.position(made.position() + some);
        }
      } else if (to.hasRemainingInput()) {
        to.push(how, 0);
      } else {
        return;
      }
    }
  }

  private EncoderJNI.Wrapper encoder() {
    EncoderJNI.Wrapper present = encoder;
    if (present == null) {
      throw new IllegalStateException("no body has begun");
    }
    return present;
  }

  @Override
  void letGo() {
    super.letGo();
    EncoderJNI.Wrapper used = encoder;
    if (used != null) {
      encoder = null;
      used.destroy();
    }
  }
}
