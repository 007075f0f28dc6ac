package io.fairlead.proxy;

import io.fairlead.proxy.http.ChannelSetup;
import io.fairlead.proxy.http.HttpConnection;
import io.fairlead.proxy.http.HttpListenerState;
import io.fairlead.proxy.http.HttpLoop;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.lang.System.Logger.Level;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Deals accepted connections out to the event loops in turn. */
final class Acceptor extends ChannelInboundHandlerAdapter {
  private static final System.Logger LOG = System.getLogger(Acceptor.class.getName());

  private final List<HttpLoop> httpLoops;
  private final List<Loop> loops;
  private volatile HttpListenerState state;
  private int next;

  Acceptor(List<HttpLoop> httpLoops, List<Loop> loops, HttpListenerState state) {
    this.httpLoops = httpLoops;
    this.loops = loops;
    this.state = state;
  }

  /** Connections that come from now on belong to another listener. */
  void setState(HttpListenerState next) {
    state = next;
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    Channel accepted = (Channel) message;
    int index = next;
    next = index + 1 == loops.size() ? 0 : index + 1;
    Loop loop = loops.get(index);
    ChannelSetup.apply(accepted, loop);
    accepted.pipeline().addLast(new HttpConnection(httpLoops.get(index), state));
    loop.eventLoop()
        .register(accepted)
        .addListener(registered -> {
          if (!registered.isSuccess()) {
            accepted.unsafe().closeForcibly();
          }
        });
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
