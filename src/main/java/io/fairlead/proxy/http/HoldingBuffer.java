package io.fairlead.proxy.http;

import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.buffer.UnpooledDirectByteBuf;
import java.nio.ByteBuffer;

/**
 * Nothing at all, which waits in the queue of a stream of QUIC until it may {@link #pass}: no byte
 * of it can be sent, and yet it says that there is something. Whoever wrote it learns by its
 * promise that the client has ended the stream, at once; the library (4.2.18) tells nobody else.
 */
final class HoldingBuffer extends UnpooledDirectByteBuf {
  private static final ByteBuffer SPACE = ByteBuffer.allocateDirect(8);

  private boolean holding = true;

  HoldingBuffer() {
    super(UnpooledByteBufAllocator.DEFAULT, SPACE, SPACE.capacity());
    clear();
  }

  /** From now on it does not keep anything behind it from being sent. */
  void pass() {
    holding = false;
  }

  @Override
  public boolean isReadable() {
    return holding;
  }
}
