package io.fairlead.proxy;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.lang.System.Logger.Level;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Lets connections in, up to their listener's limit, and deals them out to the loops in turn. */
final class Acceptor extends ChannelInboundHandlerAdapter {
  private static final System.Logger LOG = System.getLogger(Acceptor.class.getName());

  private static final long PAUSE_MILLIS = 100;

  private final Loop home;
  private final List<Loop> loops;
  private final ChannelFutureListener closed;
  private volatile ListenerState state;
  private int next;

  /**
   * @param home the loop that the listening socket is on
   */
  Acceptor(Loop home, List<Loop> loops, ListenerState state) {
    this.home = home;
    this.closed = _ -> home.guard().descriptors().give();
    this.loops = loops;
    this.state = state;
  }

  /** Connections that come from now on belong to another listener. */
  void setState(ListenerState next) {
    state = next;
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    Channel accepted = (Channel) message;
    ListenerState listener = state;
    InstanceGuard guard = home.guard();
    accepted.closeFuture().addListener(closed);
    boolean _ = guard.descriptors().take(); // what is kept in reserve lasts until it pauses
    if (!guard.isAccepting()) {
      pause(ctx);
    }
    if (!listener.admit(home.index())) {
      accepted.unsafe().closeForcibly();
      return;
    }
    int index = next;
    next = index + 1 == loops.size() ? 0 : index + 1;
    Loop loop = loops.get(index);
    listener.prepare(accepted, loop);
    loop.eventLoop()
        .register(accepted)
        .addListener(registered -> {
          if (!registered.isSuccess()) {
            listener.dropped(loop.index()); // told on its thread, if it still runs
            accepted.unsafe().closeForcibly();
          }
        });
  }

  /** There is no room for more: those who come now wait in the kernel's queue for a while. */
  private void pause(ChannelHandlerContext ctx) {
    Channel socket = ctx.channel();
    if (!socket.config().isAutoRead()) {
      return;
    }
    socket.config().setAutoRead(false);
    socket.eventLoop().schedule(() -> resume(ctx), PAUSE_MILLIS, TimeUnit.MILLISECONDS);
  }

  private void resume(ChannelHandlerContext ctx) {
    Channel socket = ctx.channel();
    if (home.guard().isAccepting()) {
      socket.config().setAutoRead(true);
    } else if (socket.isOpen()) {
      socket.eventLoop().schedule(() -> resume(ctx), PAUSE_MILLIS, TimeUnit.MILLISECONDS);
    }
  }

  /** Out of file descriptors, mostly. Trying again at once would burn the loop for nothing. */
  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    LOG.log(Level.WARNING, "cannot accept connections for the next second: " + cause.getMessage());
    ctx.channel().config().setAutoRead(false);
    ctx.channel()
        .eventLoop()
        .schedule(() -> ctx.channel().config().setAutoRead(true), 1, TimeUnit.SECONDS);
  }
}
