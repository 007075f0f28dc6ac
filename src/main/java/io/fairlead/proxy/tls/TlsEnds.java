package io.fairlead.proxy.tls;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.ssl.SslCloseCompletionEvent;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import java.io.IOException;
import java.lang.System.Logger.Level;

/** Hears from the library, which stands before it, when a handshake and a connection end. */
abstract class TlsEnds extends ChannelInboundHandlerAdapter {
  private static final System.Logger LOG = System.getLogger(TlsEnds.class.getName());

  private boolean done;

  abstract void handshakeDone(ChannelHandlerContext ctx);

  abstract void handshakeFailed(ChannelHandlerContext ctx, Throwable cause);

  /** The other side has said that no more will come (close_notify). */
  abstract void peerEnded(ChannelHandlerContext ctx);

  /** A record that is not what it should be: the connection cannot be trusted any further. */
  void broken(ChannelHandlerContext ctx, Throwable cause) {
    ctx.pipeline().firstContext().close();
  }

  final boolean isDone() {
    return done;
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    switch (event) {
      case SslHandshakeCompletionEvent handshake -> {
        Throwable cause = handshake.cause();
        if (cause == null) {
          done = true;
          handshakeDone(ctx);
        } else {
          handshakeFailed(ctx, cause);
        }
      }
      case SslCloseCompletionEvent close -> {
        if (close.isSuccess() && done) {
          peerEnded(ctx);
        }
      }
      default -> ctx.fireUserEventTriggered(event);
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    Throwable why =
        cause instanceof DecoderException && cause.getCause() != null ? cause.getCause() : cause;
    if (!(why instanceof IOException)) { // what peers do wrong is an SSLException
      LOG.log(Level.ERROR, "a connection was ended by a mistake of ours", why);
      ctx.pipeline().firstContext().close();
    } else if (done) {
      broken(ctx, why);
    } // else the handshake has failed, and the library closes
  }
}
