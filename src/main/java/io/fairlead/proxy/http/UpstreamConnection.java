package io.fairlead.proxy.http;

import io.fairlead.proxy.TimerWheel;
import io.fairlead.service.Node;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One connection to a node. It is either kept unused by its pool or serves exactly one exchange;
 * bytes or an end that come while it is unused make it useless, and it closes itself.
 */
final class UpstreamConnection extends ChannelInboundHandlerAdapter {
  private HttpLoop loop;
  private NodePool pool;
  private final Node node;
  private @Nullable ChannelHandlerContext context;
  private @Nullable Output output;
  private @Nullable Exchange exchange;
  private boolean reading = true;
  private boolean reused;
  private boolean inputEnded;
  private final TimerWheel.Timer idleTimer =
      new TimerWheel.Timer() {
        @Override
        protected void expired(long now) {
          if (exchange == null) {
            close();
          }
        }
      };

  UpstreamConnection(HttpLoop loop, NodePool pool, Node node) {
    this.loop = loop;
    this.pool = pool;
    this.node = node;
  }

  @Override
  public void handlerAdded(ChannelHandlerContext added) {
    context = added;
    output = new Output(added, loop);
  }

  Output output() {
    Output present = output;
    if (present == null) {
      throw new IllegalStateException("not in a pipeline yet");
    }
    return present;
  }

  ChannelHandlerContext context() {
    ChannelHandlerContext present = context;
    if (present == null) {
      throw new IllegalStateException("not in a pipeline yet");
    }
    return present;
  }

  Node node() {
    return node;
  }

  NodePool pool() {
    return pool;
  }

  boolean isOpen() {
    return context().channel().isActive();
  }

  boolean isWritable() {
    return context().channel().isWritable();
  }

  /** Served an exchange before this one, so the node may have closed it in the meantime. */
  boolean isReused() {
    return reused;
  }

  void attach(Exchange user) {
    exchange = user;
  }

  /** The exchange is done with it; it may be kept. */
  void detach() {
    exchange = null;
    reused = true;
    setReading(true);
  }

  void keepUntil(long nanos) {
    loop.loop().timers().set(idleTimer, nanos);
  }

  void setReading(boolean wanted) {
    // Reading on after the end would make the transport close the other half, too.
    if (reading != wanted && !inputEnded) {
      reading = wanted;
      context().channel().config().setAutoRead(wanted);
    }
  }

  void close() {
    context().close();
  }

  /** Tells the node that no more bytes will come, and goes on reading. */
  void shutdownOutput() {
    output().afterFlush(() -> ((DuplexChannel) context().channel()).shutdownOutput());
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    ByteBuf in = (ByteBuf) message;
    try {
      Exchange user = exchange;
      if (user == null) {
        // An answer nobody asked for: whatever it is, it must not become the answer to another
        // request.
        pool.remove(this);
        close();
      } else {
        loop.touch();
        user.responseBytes(in);
      }
    } finally {
      in.release();
    }
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext ctx) {
    Exchange user = exchange;
    if (user != null && isWritable()) {
      user.upstreamWritable();
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event == ChannelInputShutdownEvent.INSTANCE) {
      inputEnded = true;
      Exchange user = exchange;
      if (user == null) {
        pool.remove(this);
        close();
      } else {
        user.upstreamEnded();
      }
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    loop.loop().timers().cancel(idleTimer);
    pool.remove(this);
    Exchange user = exchange;
    if (user != null) {
      user.upstreamClosed();
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    Failures.log(cause);
    close();
  }

  /** Lets go of this loop; the answer comes on the old loop: this, or null if it closed. */
  void leaveLoop(Consumer<@Nullable UpstreamConnection> then) {
    loop.loop().timers().cancel(idleTimer);
    context()
        .channel()
        .deregister()
        .addListener(
            done -> then.accept(done.isSuccess() && context().channel().isOpen() ? this : null));
  }

  /** Belongs to another loop from now on. */
  void joinLoop(HttpLoop newLoop, NodePool newPool, Consumer<Boolean> then) {
    loop = newLoop;
    pool = newPool;
    output().moveTo(newLoop);
    Channel channel = context().channel();
    newLoop
        .loop()
        .eventLoop()
        .register(channel)
        .addListener(done -> then.accept(done.isSuccess() && channel.isActive()));
  }
}
