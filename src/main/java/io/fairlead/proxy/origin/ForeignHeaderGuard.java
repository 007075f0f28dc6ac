package io.fairlead.proxy.origin;

import io.fairlead.telemetry.ErrorReason;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Closes a connection from outside the trusted networks that begins with a header: whoever sends
 * one there claims to be somebody else. Everything behind is in place from the start, as the client
 * may wait for the server to speak first.
 */
public final class ForeignHeaderGuard extends ChannelInboundHandlerAdapter {
  private final Consumer<ErrorReason> count;
  private @Nullable ByteBuf seen;
  private boolean done;

  /**
   * @param count what the connection was closed for
   */
  public ForeignHeaderGuard(Consumer<ErrorReason> count) {
    this.count = count;
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    ByteBuf in = (ByteBuf) message;
    if (done) {
      in.release();
      return;
    }
    ByteBuf waiting = seen;
    if (waiting != null) {
      try {
        waiting.writeBytes(in);
      } finally {
        in.release();
      }
      seen = null;
      in = waiting;
    }
    if (ProxyHeader.read(in) instanceof ProxyHeader.Read.Absent) {
      ctx.fireChannelRead(in);
      ctx.pipeline().remove(this);
    } else if (ProxyHeader.isHeader(in)) {
      in.release();
      done = true;
      count.accept(ErrorReason.PROXY_HEADER_UNTRUSTED);
      ctx.close();
    } else {
      // A few bytes, copied: the buffer is the one that all connections read into.
      seen = ctx.alloc().directBuffer(64).writeBytes(in);
      in.release();
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event == ChannelInputShutdownEvent.INSTANCE) {
      pass(ctx);
    }
    ctx.fireUserEventTriggered(event);
  }

  /** The bytes were the whole of what came, and no header. */
  private void pass(ChannelHandlerContext ctx) {
    ByteBuf waiting = seen;
    seen = null;
    if (waiting != null) {
      ctx.fireChannelRead(waiting);
    }
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext ctx) {
    ByteBuf waiting = seen;
    seen = null;
    if (waiting != null) {
      waiting.release();
    }
  }
}
