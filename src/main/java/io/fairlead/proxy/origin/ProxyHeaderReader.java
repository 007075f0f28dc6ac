package io.fairlead.proxy.origin;

import io.fairlead.proxy.ClientAddress;
import io.fairlead.proxy.ListenerEvent;
import io.fairlead.proxy.Loop;
import io.fairlead.proxy.TimerWheel;
import io.fairlead.telemetry.ErrorReason;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import java.net.InetSocketAddress;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Takes the header off a connection from a trusted network, then has the rest of the pipeline put
 * behind it and leaves. Without a whole and sound header in time the connection is closed.
 */
public final class ProxyHeaderReader extends ChannelInboundHandlerAdapter {
  private final Loop loop;
  private final long timeoutNanos;
  private final Runnable then;
  private final Consumer<ErrorReason> count;
  private @Nullable ByteBuf seen;
  private boolean done;
  private @Nullable ChannelHandlerContext context;

  private final TimerWheel.Timer timer =
      new TimerWheel.Timer() {
        @Override
        protected void expired(long now) {
          refuse(ErrorReason.PROXY_HEADER_MISSING);
        }
      };

  /**
   * @param then puts the handlers behind; called when the client is known
   * @param count what the connection was closed for
   */
  public ProxyHeaderReader(
      Loop loop, long timeoutNanos, Runnable then, Consumer<ErrorReason> count) {
    this.loop = loop;
    this.timeoutNanos = timeoutNanos;
    this.then = then;
    this.count = count;
  }

  @Override
  public void handlerAdded(ChannelHandlerContext added) {
    context = added;
    loop.timers().set(timer, System.nanoTime() + timeoutNanos);
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    ByteBuf in = (ByteBuf) message;
    if (done) {
      ctx.fireChannelRead(in);
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
    switch (ProxyHeader.read(in)) {
      case ProxyHeader.Read.More _ -> wait(ctx, in);
      case ProxyHeader.Read.Absent _ -> refuse(in, ErrorReason.PROXY_HEADER_MISSING);
      case ProxyHeader.Read.Broken _ -> refuse(in, ErrorReason.PROXY_HEADER_INVALID);
      case ProxyHeader.Read.Whole(
              int length,
              InetSocketAddress source,
              InetSocketAddress destination) -> {
        if (source != null && destination != null) {
          ClientAddress.say(ctx.channel(), source, destination);
        }
        pass(ctx, in.skipBytes(length));
      }
    }
  }

  /** Keeps a copy: the buffer is the one that all connections read into. */
  private void wait(ChannelHandlerContext ctx, ByteBuf in) {
    seen = ctx.alloc().directBuffer(ProxyHeader.MAX_V1).writeBytes(in);
    in.release();
  }

  private void pass(ChannelHandlerContext ctx, ByteBuf rest) {
    done = true;
    loop.timers().cancel(timer);
    then.run();
    if (rest.isReadable()) {
      ctx.fireChannelRead(rest);
    } else {
      rest.release();
    }
    ctx.pipeline().remove(this);
  }

  private void refuse(ByteBuf in, ErrorReason reason) {
    in.release();
    refuse(reason);
  }

  private void refuse(ErrorReason reason) {
    ChannelHandlerContext present = context;
    if (!done && present != null) {
      done = true;
      count.accept(reason);
      present.close();
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (!done && event == ListenerEvent.DRAIN) {
      ctx.close();
    } else if (!done && event == ChannelInputShutdownEvent.INSTANCE) {
      if (seen == null) {
        ctx.close(); // who only looks whether somebody is there has done nothing wrong
      } else {
        refuse(ErrorReason.PROXY_HEADER_MISSING);
      }
    } else {
      ctx.fireUserEventTriggered(event);
    }
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext ctx) {
    loop.timers().cancel(timer);
    done = true;
    ByteBuf waiting = seen;
    seen = null;
    if (waiting != null) {
      waiting.release();
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    if (done) {
      ctx.fireExceptionCaught(cause);
    } else {
      ctx.close();
    }
  }
}
