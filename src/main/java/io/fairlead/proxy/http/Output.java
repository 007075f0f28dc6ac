package io.fairlead.proxy.http;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.unix.Socket;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * What is about to be written to one connection: small things are gathered into one buffer, so that
 * a head and a short body leave in one system call; large pieces of bodies go as they are.
 *
 * <p>Where nothing is queued before it, a gathered buffer goes to the socket directly and is used
 * again at once; the transport's queue is for what the kernel does not take. This needs a
 * connection without further handlers between this and the socket: one in the clear.
 */
final class Output {
  /** Pieces up to this are copied behind what is gathered; copying them is cheaper than a slice. */
  private static final int COPY_LIMIT = 4 * 1024;

  /**
   * The same while the receiver is behind: a piece that waits as it is holds all of the buffer that
   * it was read into, so that many small ones would hold far more than they weigh.
   */
  private static final int WAITING_COPY_LIMIT = 16 * 1024;

  private static final byte[] CRLF = {'\r', '\n'};
  private static final byte[] LAST_CHUNK = Ascii.bytes("0\r\n");

  private final ChannelHandlerContext context;
  private final @Nullable Socket socket;
  private HttpLoop loop;
  private @Nullable ByteBuf gathered;
  private long bytes;
  private boolean wrote;

  /**
   * @param clear nothing stands between this and the socket, TLS for instance
   */
  Output(ChannelHandlerContext context, HttpLoop loop, boolean clear) {
    this.context = context;
    this.loop = loop;
    this.socket =
        clear && context.channel() instanceof EpollSocketChannel epoll ? (Socket) epoll.fd() : null;
  }

  /** The connection belongs to another loop from now on. */
  void moveTo(HttpLoop other) {
    loop = other;
  }

  /** The buffer to gather into, with room for so many more bytes. */
  ByteBuf room(int count) {
    ByteBuf buffer = gathered;
    if (buffer != null && buffer.writableBytes() < count) {
      write(buffer);
      buffer = null;
    }
    if (buffer == null) {
      buffer =
          count <= HttpLoop.BUFFER_BYTES
              ? loop.takeBuffer()
              : context.alloc().directBuffer(count + COPY_LIMIT);
      gathered = buffer;
    }
    return buffer;
  }

  /** Takes that many bytes of a body from the buffer. */
  void body(ByteBuf in, int count, boolean chunked) {
    if (chunked) {
      chunkSize(count);
    }
    if (count <= COPY_LIMIT || (count <= WAITING_COPY_LIMIT && unsent() > 0)) {
      room(count + 2).writeBytes(in, count);
    } else {
      ByteBuf before = gathered;
      if (before != null) {
        write(before);
      }
      wrote = true;
      bytes += count;
      context.write(in.readRetainedSlice(count), context.voidPromise());
    }
    if (chunked) {
      room(2).writeBytes(CRLF);
    }
  }

  private void chunkSize(int count) {
    ByteBuf out = room(10);
    for (int shift = (31 - Integer.numberOfLeadingZeros(count)) & ~3; shift >= 0; shift -= 4) {
      int digit = (count >>> shift) & 15;
      out.writeByte(digit < 10 ? '0' + digit : 'a' + digit - 10);
    }
    out.writeBytes(CRLF);
  }

  /** Ends a chunked body. */
  void lastChunk(Head trailers) {
    ByteBuf out = room(8 + trailers.length);
    out.writeBytes(LAST_CHUNK);
    HeadWriter.writeFields(trailers, out);
    out.writeBytes(CRLF);
  }

  /** Sends everything; the answer is how many bytes went this way since the last time. */
  long flush() {
    ByteBuf last = gathered;
    if (last != null) {
      if (!wrote && isSentDirectly(last)) {
        gathered = null;
        loop.giveBack(last);
      } else {
        write(last);
      }
    }
    if (wrote) {
      wrote = false;
      context.flush();
    }
    long sent = bytes;
    bytes = 0;
    return sent;
  }

  /**
   * Sends without the transport's queue if that is empty; what the kernel does not take stays in
   * the buffer.
   *
   * @return whether nothing is left
   */
  private boolean isSentDirectly(ByteBuf buffer) {
    Socket direct = socket;
    // A closed channel's file descriptor may already be another connection's.
    if (direct == null || !context.channel().isActive() || !buffer.hasMemoryAddress()) {
      return !buffer.isReadable();
    }
    ChannelOutboundBuffer queue = context.channel().unsafe().outboundBuffer();
    if (queue == null || !queue.isEmpty()) {
      return !buffer.isReadable();
    }
    try {
      int sent =
          direct.sendAddress(buffer.memoryAddress(), buffer.readerIndex(), buffer.writerIndex());
      buffer.skipBytes(Math.max(sent, 0));
      bytes += Math.max(sent, 0);
    } catch (IOException e) {
      // The other side is gone. Closing tells everybody on the usual way.
      buffer.clear();
      context.close();
    }
    return !buffer.isReadable();
  }

  /** Bytes that have been sent as far as we are concerned, but the kernel has not taken. */
  long unsent() {
    ChannelOutboundBuffer buffer = context.channel().unsafe().outboundBuffer();
    return buffer == null ? 0 : buffer.totalPendingWriteBytes();
  }

  /** Does it once the kernel has taken everything; both kinds of shutdown forget what is left. */
  void afterFlush(Runnable then) {
    if (unsent() == 0) {
      then.run();
    } else {
      context.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(done -> then.run());
    }
  }

  /** Forgets what has not been sent. */
  void discard() {
    ByteBuf last = gathered;
    gathered = null;
    bytes = 0;
    if (last != null) {
      last.release();
    }
  }

  private void write(ByteBuf buffer) {
    gathered = null;
    wrote = true;
    bytes += buffer.readableBytes();
    context.write(buffer, context.voidPromise());
  }
}
