package io.fairlead.proxy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.DefaultMaxMessagesRecvByteBufAllocator;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.util.concurrent.FastThreadLocal;

/**
 * One receive buffer per event loop that all its connections read into in turn: idle connections
 * hold no memory, and a body moves in few system calls. While somebody still holds a piece of it
 * (bytes that a slow receiver has not taken), reading goes on in another one.
 *
 * <p>A connection whose last read filled it has more to give, and reads into a larger one, of which
 * each loop has one only: while a slow receiver holds that, all make do with the usual size. So it
 * saves system calls where receivers keep up, and costs no memory where they do not.
 *
 * <p>The buffer belongs to the thread, not to the connection, since connections to nodes move
 * between loops.
 */
final class ReceiveBuffers extends DefaultMaxMessagesRecvByteBufAllocator {
  /** Bytes read at once. */
  static final int SIZE = 64 * 1024;

  /** Bytes read at once from who has that many. */
  static final int LARGE = 512 * 1024;

  private static final class Current {
    ByteBuf buffer = Unpooled.EMPTY_BUFFER;
    ByteBuf large = Unpooled.EMPTY_BUFFER;
  }

  private final FastThreadLocal<Current> current =
      new FastThreadLocal<>() {
        @Override
        protected Current initialValue() {
          return new Current();
        }

        @Override
        protected void onRemoval(Current value) {
          value.buffer.release();
          value.large.release();
        }
      };

  /**
   * @param turns reads of one connection before the others get theirs
   */
  ReceiveBuffers(int turns) {
    super(turns);
  }

  @Override
  @SuppressWarnings("deprecation") // the type is that of the method which is overridden
  public RecvByteBufAllocator.Handle newHandle() {
    return new SharedHandle();
  }

  private final class SharedHandle extends MaxMessageHandle {
    /** The last read took all there was room for. */
    private boolean filled;

    @Override
    public ByteBuf allocate(ByteBufAllocator allocator) {
      Current own = current.get();
      if (filled && own.large.refCnt() == 1) {
        return large(own, allocator).clear().retain();
      }
      ByteBuf buffer = own.buffer;
      if (buffer.refCnt() == 1 && buffer.capacity() == SIZE) {
        buffer.clear();
      } else {
        buffer.release();
        buffer = allocator.directBuffer(SIZE, SIZE);
        own.buffer = buffer;
      }
      return buffer.retain();
    }

    private static ByteBuf large(Current own, ByteBufAllocator allocator) {
      if (own.large.capacity() != LARGE) {
        own.large = allocator.directBuffer(LARGE, LARGE);
      }
      return own.large;
    }

    @Override
    public void lastBytesRead(int bytes) {
      filled = bytes > 0 && bytes == attemptedBytesRead();
      super.lastBytesRead(bytes);
    }

    @Override
    public int guess() {
      return filled ? LARGE : SIZE;
    }
  }
}
