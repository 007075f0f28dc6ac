package io.fairlead.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.util.concurrent.FastThreadLocalThread;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** Which buffer a connection reads into, by what it read before and by who holds one still. */
@SuppressWarnings("deprecation") // the type is the transport's
final class ReceiveBuffersTest {
  private final PooledByteBufAllocator allocator = PooledByteBufAllocator.DEFAULT;

  private final RecvByteBufAllocator.Handle handle = new ReceiveBuffers(16).newHandle();

  @Test
  void whoHasMuchToGiveReadsMore() throws Exception {
    onThreadOfItsOwn(() -> {
      assertThat(read(ReceiveBuffers.SIZE)).isEqualTo(ReceiveBuffers.SIZE);
      assertThat(read(ReceiveBuffers.LARGE)).as("after a full one").isEqualTo(ReceiveBuffers.LARGE);
      assertThat(read(100)).as("after another").isEqualTo(ReceiveBuffers.LARGE);
      assertThat(read(100)).as("after little").isEqualTo(ReceiveBuffers.SIZE);
    });
  }

  @Test
  void aSlowReceiverKeepsTheOnlyLargeOne() throws Exception {
    onThreadOfItsOwn(() -> {
      read(ReceiveBuffers.SIZE);
      ByteBuf held = handle.allocate(allocator);
      assertThat(held.capacity()).isEqualTo(ReceiveBuffers.LARGE);
      assertThat(read(ReceiveBuffers.SIZE)).as("meanwhile").isEqualTo(ReceiveBuffers.SIZE);
      held.release();
      assertThat(read(0)).as("given back").isEqualTo(ReceiveBuffers.LARGE);
    });
  }

  @Test
  void whatIsHeldIsNotReadInto() throws Exception {
    onThreadOfItsOwn(() -> {
      ByteBuf held = handle.allocate(allocator).writeByte(7);
      ByteBuf other = handle.allocate(allocator).writeByte(8);
      assertThat(held.getByte(0)).isEqualTo((byte) 7);
      held.release();
      other.release();
    });
  }

  /** The size of the buffer offered for a read of that many bytes. */
  private int read(int bytes) {
    ByteBuf buffer = handle.allocate(allocator);
    int capacity = buffer.capacity();
    handle.attemptedBytesRead(capacity);
    handle.lastBytesRead(bytes);
    buffer.release();
    return capacity;
  }

  /** Its buffers go with it. */
  private static void onThreadOfItsOwn(Runnable what) throws Exception {
    CompletableFuture<Void> done = new CompletableFuture<>();
    Thread thread =
        new FastThreadLocalThread(() -> {
          try {
            what.run();
            done.complete(null);
          } catch (Throwable e) {
            done.completeExceptionally(e);
          }
        });
    thread.start();
    thread.join();
    done.get();
  }
}
