package io.fairlead.proxy.stream;

import io.fairlead.proxy.BulkReader;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.netty.channel.unix.FileDescriptor;
import io.netty.channel.unix.Socket;
import java.io.IOException;
import java.lang.System.Logger.Level;
import org.jspecify.annotations.Nullable;

/**
 * One of the two connections of a relay. Bytes that are read go straight from the loop's receive
 * buffer into the other socket; only what the kernel does not take is queued, and then nothing more
 * is read until it is gone.
 *
 * <p>A side that has filled the whole buffer is likely to have more. From then on its bytes go
 * through the loop's pipe, without a copy, until they become few: for small pieces that would cost
 * more than copying them.
 */
final class Side extends ChannelInboundHandlerAdapter implements BulkReader {
  private static final System.Logger LOG = System.getLogger(Side.class.getName());

  /**
   * What is left of a piece is copied up to this size, as it would otherwise hold all of the buffer
   * it was read into.
   */
  private static final int COPY_LIMIT = 16 * 1024;

  /** Less than this at once is cheaper to copy. */
  private static final int BULK = 32 * 1024;

  /** How often the pipe is filled before others get their turn. */
  private static final int TURNS = 2;

  private final Relay relay;
  private @Nullable ChannelHandlerContext context;
  private @Nullable Socket socket;
  private boolean started;
  private boolean inputEnded;
  private boolean outputEnded;
  private boolean reading;
  private boolean bulk;

  Side(Relay relay) {
    this.relay = relay;
  }

  @Override
  public void handlerAdded(ChannelHandlerContext added) {
    context = added;
    socket = added.channel() instanceof EpollSocketChannel epoll ? (Socket) epoll.fd() : null;
    if (added.channel().isActive()) {
      start();
    }
  }

  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    start();
  }

  private void start() {
    if (!started) {
      started = true;
      relay.started(this);
    }
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    ByteBuf in = (ByteBuf) message;
    if (socket != null && !bulk && !in.isWritable()) {
      bulk = true;
      ctx.channel().attr(BulkReader.KEY).set(this);
    }
    try {
      relay.bytes(this, in);
    } finally {
      in.release();
    }
  }

  @Override
  public boolean readBulk() {
    boolean moved = false;
    for (int turn = 0; turn < TURNS && bulk && reading; turn++) {
      int count = relay.splice(this);
      moved |= count > 0;
      // After the first turn the socket may simply have been emptied.
      if (turn == 0 && count < BULK) {
        bulk = false;
        channel().attr(BulkReader.KEY).set(null);
      }
      if (count < BULK) {
        break;
      }
    }
    return moved;
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event == ChannelInputShutdownEvent.INSTANCE && !inputEnded) {
      inputEnded = true;
      relay.inputEnded(this);
    }
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext ctx) {
    if (isWritable()) {
      relay.writable(this);
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    relay.broken(this);
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    if (!(cause instanceof IOException)) {
      LOG.log(Level.ERROR, "a relayed connection was ended by a mistake of ours", cause);
    }
    relay.broken(this);
  }

  // --- what the relay asks of it -----------------------------------------------------------

  /** Sends what it can of the buffer at once and queues the rest. */
  void send(ByteBuf in) {
    if (!isSentDirectly(in)) {
      int left = in.readableBytes();
      context()
          .writeAndFlush(
              left <= COPY_LIMIT
                  ? context().alloc().directBuffer(left).writeBytes(in)
                  : in.readRetainedSlice(left),
              context().voidPromise());
    }
  }

  private boolean isSentDirectly(ByteBuf in) {
    Socket direct = socket;
    // A closed channel's file descriptor may already be another connection's.
    if (direct == null || !channel().isActive() || !in.hasMemoryAddress()) {
      return false;
    }
    if (!hasNothingQueued()) {
      return false;
    }
    try {
      int sent = direct.sendAddress(in.memoryAddress(), in.readerIndex(), in.writerIndex());
      in.skipBytes(Math.max(sent, 0));
    } catch (IOException e) {
      in.skipBytes(in.readableBytes());
      relay.broken(this);
    }
    return !in.isReadable();
  }

  /** Of the socket, where bytes may be spliced; null: they may not. */
  @Nullable FileDescriptor descriptor() {
    return channel().isActive() ? socket : null;
  }

  boolean hasNothingQueued() {
    ChannelOutboundBuffer queue = channel().unsafe().outboundBuffer();
    return queue != null && queue.isEmpty();
  }

  /** Takes the buffer over, sends it when the kernel takes more, and says so. */
  void queue(ByteBuf rest) {
    context().writeAndFlush(rest).addListener(sent -> relay.writable(this));
  }

  boolean isWritable() {
    return channel().isWritable();
  }

  boolean hasInputEnded() {
    return inputEnded;
  }

  boolean hasOutputEnded() {
    return outputEnded;
  }

  /**
   * Not from the beginning on. Reading on after the end would make the transport close the other
   * half, too.
   */
  void setReading(boolean wanted) {
    if (reading != wanted && !inputEnded) {
      reading = wanted;
      channel().config().setAutoRead(wanted);
    }
  }

  /** What has been queued goes out; then the other end learns that no more will come. */
  void endOutput() {
    ChannelOutboundBuffer queue = channel().unsafe().outboundBuffer();
    if (queue == null || queue.isEmpty()) {
      shutdownOutput();
    } else {
      context().writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(done -> shutdownOutput());
    }
  }

  private void shutdownOutput() {
    if (channel().isActive()) {
      outputEnded = true;
      ((DuplexChannel) channel()).shutdownOutput();
      relay.outputEnded();
    }
  }

  void close() {
    channel().close();
  }

  /** Closes so that the other end cannot take it for the end of all that was to be sent. */
  void reset() {
    if (channel().isActive()) {
      boolean _ = channel().config().setOption(ChannelOption.SO_LINGER, 0);
    }
    channel().close();
  }

  Channel channel() {
    return context().channel();
  }

  private ChannelHandlerContext context() {
    ChannelHandlerContext present = context;
    if (present == null) {
      throw new IllegalStateException("not in a pipeline yet");
    }
    return present;
  }
}
