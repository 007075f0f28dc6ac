package io.fairlead.proxy.tls;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.ssl.SslHandler;

/** Ends of connections that speak TLS, which say that they are meant (close_notify), or do not. */
public final class TlsEnd {
  private TlsEnd() {}

  /** Says that no more will come and ends our half, after everything that has been written. */
  public static void shutdownOutput(ChannelHandlerContext ctx) {
    SslHandler library = ctx.pipeline().get(SslHandler.class);
    DuplexChannel channel = (DuplexChannel) ctx.channel();
    if (library == null) {
      channel.shutdownOutput();
    } else {
      library.closeOutbound().addListener(said -> channel.shutdownOutput());
    }
  }

  /** Closes without a word, so that the other side sees that what it got is not complete. */
  public static void cut(ChannelHandlerContext ctx) {
    ctx.pipeline().firstContext().close();
  }
}
