package io.fairlead.proxy.stream;

import io.fairlead.proxy.ClientAddress;
import io.fairlead.proxy.ListenerEvent;
import io.fairlead.proxy.Loop;
import io.fairlead.proxy.TimerWheel;
import io.fairlead.proxy.tls.ClientHello;
import io.fairlead.proxy.tls.HelloReader;
import io.fairlead.telemetry.ErrorReason;
import io.fairlead.telemetry.RecordLayout;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Reads a connection's ClientHello without answering it, has the connection relayed to the node of
 * the name in it, and leaves: the node gets every byte as it came. Who sends anything else, or asks
 * for what no route takes, gets the alert that says so.
 */
final class HelloPeek extends ChannelInboundHandlerAdapter {
  // RFC 8446, 6
  private static final int UNEXPECTED_MESSAGE = 10;
  private static final int DECODE_ERROR = 50;
  private static final int UNRECOGNIZED_NAME = 112;

  private final Loop loop;
  private final StreamListenerState listener;
  private final StreamPolicy policy;
  private final HelloReader reader = new HelloReader();
  private @Nullable ChannelHandlerContext context;
  private @Nullable ByteBuf seen;
  private boolean done;
  private long began;
  private byte[] asked = SessionRecord.NO_NAME;

  private final TimerWheel.Timer timer =
      new TimerWheel.Timer() {
        @Override
        protected void expired(long now) {
          refuse(ErrorReason.BAD_CLIENT_HELLO, 0);
        }
      };

  HelloPeek(Loop loop, StreamListenerState listener, StreamPolicy policy) {
    this.loop = loop;
    this.listener = listener;
    this.policy = policy;
  }

  @Override
  public void handlerAdded(ChannelHandlerContext added) {
    context = added;
    began = System.nanoTime();
    loop.timers().set(timer, began + policy.limits().headerTimeout().toNanos());
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    ByteBuf in = (ByteBuf) message;
    try {
      if (done) {
        return;
      }
      HelloReader.Result result = reader.read(in, in.readerIndex(), in.writerIndex());
      keep(ctx, in);
      switch (result) {
        case MORE -> {}
        case DONE -> route(ctx, reader.hello());
        case PLAIN_HTTP, NOT_TLS -> refuse(ErrorReason.BAD_CLIENT_HELLO, 0);
        case UNEXPECTED -> refuse(ErrorReason.BAD_CLIENT_HELLO, UNEXPECTED_MESSAGE);
        case MALFORMED, TOO_LONG -> refuse(ErrorReason.BAD_CLIENT_HELLO, DECODE_ERROR);
      }
    } finally {
      in.release();
    }
  }

  /** A copy: the buffer is the one that all connections read into. */
  private void keep(ChannelHandlerContext ctx, ByteBuf in) {
    ByteBuf all = seen;
    if (all == null) {
      all = ctx.alloc().directBuffer(in.readableBytes());
      seen = all;
    }
    all.writeBytes(in);
  }

  private void route(ChannelHandlerContext ctx, ClientHello hello) {
    StreamRoute route = policy.routes().match(hello.serverName(), hello.protocols());
    if (route == null) {
      asked = serverName(hello);
      refuse(ErrorReason.NO_ROUTE, UNRECOGNIZED_NAME);
      return;
    }
    done = true;
    loop.timers().cancel(timer);
    ByteBuf all = seen;
    seen = null;
    // What the client sends before there is a node waits in the kernel.
    ctx.channel().config().setAutoRead(false);
    byte[] name = serverName(hello);
    ctx.pipeline().addLast(new Relay(loop, listener, policy, route, name).client());
    if (all != null) {
      ctx.fireChannelRead(all);
    }
    ctx.pipeline().remove(this);
  }

  private static byte[] serverName(ClientHello hello) {
    return hello.serverName().getBytes(StandardCharsets.UTF_8);
  }

  /**
   * @param alert 0: the client does not speak TLS, or has stopped to
   */
  private void refuse(ErrorReason reason, int alert) {
    ChannelHandlerContext present = context;
    if (done || present == null) {
      return;
    }
    done = true;
    listener.errors().increment(loop.index(), reason);
    SessionRecord record =
        new SessionRecord(
            RecordLayout.STREAM, RecordLayout.TLS_PASSED_THROUGH, listener.recordName(), asked);
    record.failed(reason);
    record.end(loop, ClientAddress.of(present.channel()), null, began, System.nanoTime());
    if (alert == 0) {
      present.close();
    } else {
      byte[] fatal = {21, 3, 1, 0, 2, 2, (byte) alert};
      present
          .writeAndFlush(present.alloc().directBuffer(fatal.length).writeBytes(fatal))
          .addListener(ChannelFutureListener.CLOSE);
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (done) {
      ctx.fireUserEventTriggered(event);
    } else if (event == ListenerEvent.DRAIN) {
      ctx.close();
    } else if (event == ChannelInputShutdownEvent.INSTANCE) {
      if (seen == null) {
        ctx.close(); // who only looks whether somebody is there has done nothing wrong
      } else {
        refuse(ErrorReason.BAD_CLIENT_HELLO, 0);
      }
    }
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext ctx) {
    loop.timers().cancel(timer);
    ByteBuf all = seen;
    seen = null;
    if (all != null) {
      all.release();
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
