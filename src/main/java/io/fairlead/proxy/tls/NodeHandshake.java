package io.fairlead.proxy.tls;

import io.fairlead.config.HostPort;
import io.fairlead.proxy.Loop;
import io.fairlead.proxy.TimerWheel;
import io.fairlead.trust.TlsFailure;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.handler.ssl.SslHandler;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.jspecify.annotations.Nullable;

/**
 * Behind the library on a connection to a node. It hears how the handshake ended, ends one that
 * takes too long, and afterwards tells the two ends of a connection apart: a node that says that it
 * is done (close_notify) ends its half as one in the clear would; a connection that merely ends may
 * have been cut by anybody, so that what came over it counts as not complete (RFC 8446, 6.1).
 *
 * <p>A connection that is at rest may go to another loop: the library keeps the channel and no
 * loop, its timers run only in a handshake and at the end, and nothing of it waits to be sent.
 */
public final class NodeHandshake extends TlsEnds {
  /** Hears once how it ended, on the loop. */
  public interface Then {
    /**
     * The node is who it should be.
     *
     * @param protocol what is spoken (ALPN); empty: the node did not say
     * @param resumed without a whole handshake, as far as the library tells
     */
    void secure(Channel channel, String protocol, boolean resumed);

    /** The connection is of no use, and is being closed. */
    void failed(TlsFailure why);
  }

  /**
   * Told to the protocol's handler: after its half of the handshake the node has refused ours, as
   * TLS 1.3 has it for client certificates. It has looked at nothing that we sent.
   *
   * @param reason for people
   */
  public record Refused(String reason) {}

  private final Channel channel;
  private final Loop loop;
  private final NodeTls tls;
  private final SslHandler library;
  private @Nullable Then then;
  private boolean heard;
  private boolean ended;

  private final TimerWheel.Timer deadline =
      new TimerWheel.Timer() {
        @Override
        protected void expired(long now) {
          fail(TlsFailure.LATE);
        }
      };

  private NodeHandshake(Channel channel, Loop loop, NodeTls tls, SslHandler library, Then then) {
    this.channel = channel;
    this.loop = loop;
    this.tls = tls;
    this.library = library;
    this.then = then;
  }

  /**
   * Lets the channel, which is not connected yet, speak TLS.
   *
   * @param deadlineNanos when the handshake has to be done
   */
  public static NodeHandshake install(
      Channel channel, Loop loop, NodeTls tls, HostPort node, long deadlineNanos, Then then) {
    SslHandler library = tls.newHandler(channel.alloc(), node);
    NodeHandshake handshake = new NodeHandshake(channel, loop, tls, library, then);
    channel.pipeline().addLast(library, handshake);
    loop.timers().set(handshake.deadline, deadlineNanos);
    return handshake;
  }

  /**
   * Nobody waits for it any more, since the connection could not even be opened.
   *
   * @return whether somebody did
   */
  public boolean forget() {
    boolean waited = then != null;
    then = null;
    loop.timers().cancel(deadline);
    return waited;
  }

  @Override
  void handshakeDone(ChannelHandlerContext ctx) {
    Then waiting = then;
    if (waiting == null) {
      return; // it came too late
    }
    try {
      // Of a session that is resumed nobody else has looked at it, and the JDK does not say which.
      tls.trust().checkStillValid(certificate());
    } catch (CertificateException | SSLPeerUnverifiedException e) {
      fail(TlsFailure.of(e));
      return;
    }
    boolean _ = forget();
    String protocol = library.applicationProtocol();
    waiting.secure(
        channel, protocol == null ? "" : protocol, Handshakes.isResumed(library.engine()));
  }

  private X509Certificate certificate() throws SSLPeerUnverifiedException {
    return (X509Certificate) library.engine().getSession().getPeerCertificates()[0];
  }

  @Override
  void handshakeFailed(ChannelHandlerContext ctx, Throwable cause) {
    fail(TlsFailure.of(cause));
  }

  private void fail(TlsFailure why) {
    Then waiting = then;
    boolean _ = forget();
    close();
    if (waiting != null) {
      waiting.failed(why);
    }
  }

  /** Without the library's farewell: there is nobody to hear it. */
  private void close() {
    ChannelHandlerContext first = channel.pipeline().firstContext();
    if (first != null) {
      first.close();
    }
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    heard = true;
    ctx.fireChannelRead(message);
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event != ChannelInputShutdownEvent.INSTANCE) {
      super.userEventTriggered(ctx, event);
    } else if (!ended) {
      close(); // cut, in the middle of a handshake or later
    }
  }

  /** By TLS 1.2 we have to end, too, and the library takes nothing more from us. */
  @Override
  void peerEnded(ChannelHandlerContext ctx) {
    ended = true;
    ctx.fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE);
    ctx.close();
  }

  @Override
  void broken(ChannelHandlerContext ctx, Throwable cause) {
    if (!heard && TlsFailure.isRefusal(cause)) {
      ctx.fireUserEventTriggered(new Refused(TlsFailure.of(cause).reason()));
    }
    close();
  }
}
