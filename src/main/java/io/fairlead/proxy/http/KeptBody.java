package io.fairlead.proxy.http;

import io.netty.buffer.ByteBuf;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * What has gone of a request's body to a node, kept so that it can go to another. Nothing waits for
 * it: bytes go to the node as they come. A body that grows beyond the route's bound, or for which
 * the loop has no memory left, is let go of; the request is then sent once.
 *
 * <p>Small pieces are copied: a slice would hold all of the buffer that it was read into, many
 * times its own weight. A piece that fills half of its buffer or more is kept as it is. So what is
 * held is at most twice what counts.
 */
final class KeptBody {
  private static final int FIRST_COPY = 2 * 1024;

  private final HttpLoop loop;
  private final ArrayDeque<ByteBuf> pieces = new ArrayDeque<>(0);

  /** Where copies go; the last of the pieces. Null: none has been made, or a slice followed it. */
  private @Nullable ByteBuf copies;

  private int limit;
  private int bytes;
  private boolean whole = true;

  KeptBody(HttpLoop loop) {
    this.loop = loop;
  }

  /**
   * A request begins.
   *
   * @param most bytes to keep; 0: none
   */
  void begin(int most) {
    limit = most;
    whole = true;
  }

  /** Whether all that has gone to a node can go to another. */
  boolean isWhole() {
    return whole;
  }

  /** So many bytes of the buffer, which stay in it, are about to go to a node. */
  void keep(ByteBuf in, int count) {
    if (!whole || count == 0) {
      return;
    }
    if (count > limit - bytes || !loop.reserveForBodies(count)) {
      whole = false;
      clear();
      return;
    }
    bytes += count;
    if (count >= in.capacity() / 2) {
      copies = null;
      pieces.add(in.retainedSlice(in.readerIndex(), count));
      return;
    }
    ByteBuf into = copies;
    if (into == null || into.maxWritableBytes() < count) {
      into = loop.loop().allocator().directBuffer(Math.max(count, FIRST_COPY), limit);
      pieces.add(into);
      copies = into;
    }
    into.writeBytes(in, in.readerIndex(), count);
  }

  /** Sends all that is kept, and goes on keeping it. */
  void sendTo(NodeSide node) {
    for (ByteBuf piece : pieces) {
      ByteBuf again = piece.duplicate();
      node.sendData(again, again.readableBytes());
    }
    // A slice of it may be on its way: nothing may be written behind what was sent.
    copies = null;
  }

  /** It will not be needed again. */
  void end() {
    if (limit > 0) {
      limit = 0;
      clear();
    }
  }

  private void clear() {
    loop.giveBackForBodies(bytes);
    bytes = 0;
    copies = null;
    for (ByteBuf piece = pieces.poll(); piece != null; piece = pieces.poll()) {
      piece.release();
    }
  }
}
