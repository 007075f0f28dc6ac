package io.fairlead.proxy.tls;

import io.fairlead.config.ListenerTls.ForwardClientCert;
import io.fairlead.proxy.ListenerEvent;
import io.fairlead.proxy.Loop;
import io.fairlead.proxy.TimerWheel;
import io.fairlead.telemetry.HandshakeFailure;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Stands in front of a connection that speaks TLS. It puts the ClientHello together, chooses the
 * certificate by it, and puts the library behind itself; when the handshake is done the protocol
 * comes in. The whole of it has one deadline, from the accepting of the connection on.
 *
 * <p>Before the ClientHello is complete nothing is made for the connection but a buffer of its
 * bytes, at most {@value HelloReader#MAX_BYTES}.
 */
public final class TlsFront extends ChannelInboundHandlerAdapter {
  private enum State {
    HELLO,
    HANDSHAKE,
    OPEN,
    /** Told why, and left. What still comes is read and forgotten. */
    REFUSED
  }

  /** How long a client that was refused may take to notice. */
  private static final long LINGER_NANOS = TimeUnit.SECONDS.toNanos(1);

  private static final byte[] SPEAKS_TLS =
      """
      HTTP/1.1 400 Bad Request\r
      content-type: text/plain; charset=utf-8\r
      content-length: 53\r
      fairlead-error: bad-request\r
      connection: close\r
      \r
      This port speaks TLS: ask again with https:// please
      """
          .getBytes(StandardCharsets.US_ASCII);

  private static final int UNEXPECTED_MESSAGE = 10;
  private static final int DECODE_ERROR = 50;
  private static final int UNRECOGNIZED_NAME = 112;
  private static final int NO_APPLICATION_PROTOCOL = 120;

  private final TlsListener tls;
  private final Loop loop;
  private final AfterHandshake after;
  private @Nullable HelloReader reader = new HelloReader();
  private @Nullable ByteBuf held;
  private @Nullable ChannelHandlerContext context;
  private State state = State.HELLO;
  private boolean started;
  private boolean counted;

  private final TimerWheel.Timer deadline =
      new TimerWheel.Timer() {
        @Override
        protected void expired(long now) {
          if (state != State.REFUSED) {
            fail(HandshakeFailure.TIMEOUT);
          }
          closeAtOnce();
        }
      };

  public TlsFront(TlsListener tls, Loop loop, AfterHandshake after) {
    this.tls = tls;
    this.loop = loop;
    this.after = after;
  }

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    context = ctx;
    if (ctx.channel().isActive()) {
      start();
    }
  }

  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    start();
    ctx.fireChannelActive();
  }

  private void start() {
    if (!started) {
      started = true;
      long patience = tls.current().config().handshakeTimeout().toNanos();
      loop.timers().set(deadline, System.nanoTime() + patience);
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    loop.timers().cancel(deadline);
    if (state == State.HELLO && held != null) {
      fail(HandshakeFailure.CLIENT_GONE);
    }
    letGo();
    ctx.fireChannelInactive(); // a handshake that was going on fails there
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    ByteBuf in = (ByteBuf) message;
    switch (state) {
      case HELLO -> hello(ctx, in);
      case HANDSHAKE, OPEN -> ctx.fireChannelRead(in);
      case REFUSED -> in.release();
    }
  }

  private void hello(ChannelHandlerContext ctx, ByteBuf in) {
    HelloReader reading = reader;
    if (reading == null) {
      throw new IllegalStateException("no reader while a hello is read");
    }
    HelloReader.Result result = reading.read(in, in.readerIndex(), in.writerIndex());
    switch (result) {
      case MORE -> hold(ctx, in);
      case DONE -> shakeHands(ctx, in, reading.hello());
      case PLAIN_HTTP -> refuse(in, HandshakeFailure.PLAIN_HTTP, SPEAKS_TLS);
      case NOT_TLS -> refuse(in, HandshakeFailure.NOT_TLS, new byte[0]);
      case UNEXPECTED -> refuse(in, HandshakeFailure.MALFORMED, alert(UNEXPECTED_MESSAGE));
      case MALFORMED, TOO_LONG -> refuse(in, HandshakeFailure.MALFORMED, alert(DECODE_ERROR));
    }
  }

  private void hold(ChannelHandlerContext ctx, ByteBuf in) {
    try {
      ByteBuf before = held;
      if (before == null) {
        before = ctx.alloc().directBuffer(Math.max(512, in.readableBytes()));
        held = before;
      }
      before.writeBytes(in);
    } finally {
      in.release();
    }
  }

  private void shakeHands(ChannelHandlerContext ctx, ByteBuf in, ClientHello hello) {
    ServerTls policy = tls.current();
    boolean speaks = policy.speaks(hello);
    SslContext proof = speaks ? null : tls.challenges().answer(hello);
    if (proof != null) {
      if (begin(in)) {
        shakeHands(ctx, in, TlsChallenges.newHandler(proof, ctx.alloc()), true);
      }
      return;
    }
    ServerCertificate certificate = policy.choose(hello);
    if (certificate == null) {
      refuse(
          in,
          policy.isEmpty() ? HandshakeFailure.NO_CERTIFICATE : HandshakeFailure.NAME,
          alert(UNRECOGNIZED_NAME));
    } else if (!speaks) {
      refuse(in, HandshakeFailure.PROTOCOL, alert(NO_APPLICATION_PROTOCOL));
    } else if (begin(in)) {
      shakeHands(ctx, in, certificate.newHandler(ctx.alloc()), false);
    }
  }

  /** Counts the handshake in; false if there are too many, and then that was it. */
  private boolean begin(ByteBuf in) {
    if (!tls.begin(loop.index(), System.nanoTime())) {
      in.release();
      state = State.REFUSED;
      closeAtOnce();
      return false;
    }
    counted = true;
    state = State.HANDSHAKE;
    reader = null;
    return true;
  }

  private void shakeHands(
      ChannelHandlerContext ctx, ByteBuf in, SslHandler library, boolean proof) {
    ForwardClientCert forward = tls.current().config().forwardClientCert();
    ctx.pipeline().addAfter(ctx.name(), null, library);
    ctx.pipeline()
        .addAfter(
            ctx.pipeline().context(library).name(), null, new TlsTail(library, forward, proof));
    ByteBuf before = held;
    held = null;
    if (before != null) {
      ctx.fireChannelRead(before);
    }
    ctx.fireChannelRead(in);
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event == ChannelInputShutdownEvent.INSTANCE
        && (state == State.HELLO || state == State.HANDSHAKE || state == State.REFUSED)) {
      if (state == State.HELLO && held != null) {
        fail(HandshakeFailure.CLIENT_GONE);
      }
      closeAtOnce();
      return;
    }
    if (event == ListenerEvent.DRAIN && state == State.HELLO && held == null) {
      closeAtOnce();
      return;
    }
    ctx.fireUserEventTriggered(event);
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    if (state == State.OPEN) {
      ctx.fireExceptionCaught(cause);
    } else {
      closeAtOnce(); // a reset in the middle of a handshake
    }
  }

  /** The handshake is over, well or not. */
  private void handshakeEnded() {
    loop.timers().cancel(deadline);
    if (counted) {
      counted = false;
      tls.ended();
    }
  }

  private void fail(HandshakeFailure why) {
    tls.failures().increment(loop.index(), why);
    state = State.REFUSED;
    handshakeEnded();
  }

  /** Says why, ends our half, and waits a little for the client to end its own. */
  private void refuse(ByteBuf in, HandshakeFailure why, byte[] answer) {
    in.release();
    fail(why);
    letGo();
    ChannelHandlerContext to = context();
    if (answer.length == 0) {
      to.close();
      return;
    }
    loop.timers().set(deadline, System.nanoTime() + LINGER_NANOS);
    // A close at once would be a reset while bytes of the client are unread, and overtake this.
    to.writeAndFlush(Unpooled.wrappedBuffer(answer))
        .addListener(sent -> ((DuplexChannel) to.channel()).shutdownOutput());
  }

  private void letGo() {
    if (counted) {
      counted = false;
      tls.ended();
    }
    ByteBuf before = held;
    held = null;
    reader = null;
    if (before != null) {
      before.release();
    }
  }

  /** Without the library's farewell: there is nobody to hear it. */
  private void closeAtOnce() {
    context().close();
  }

  private static byte[] alert(int description) {
    return new byte[] {21, 3, 3, 0, 2, 2, (byte) description};
  }

  private ChannelHandlerContext context() {
    ChannelHandlerContext present = context;
    if (present == null) {
      throw new IllegalStateException("not in a pipeline yet");
    }
    return present;
  }

  /** Behind the library: hears how the handshake ended, and how the connection did. */
  private final class TlsTail extends TlsEnds {
    private final SslHandler library;
    private final ForwardClientCert forward;
    private final boolean proof;

    /**
     * @param proof the handshake is all there is: it answers an authority
     */
    TlsTail(SslHandler library, ForwardClientCert forward, boolean proof) {
      this.proof = proof;
      this.library = library;
      this.forward = forward;
    }

    @Override
    void handshakeDone(ChannelHandlerContext ctx) {
      if (proof) {
        state = State.REFUSED;
        handshakeEnded();
        ctx.close();
        return;
      }
      state = State.OPEN;
      handshakeEnded();
      tls.counters().increment(loop.index(), Handshakes.kind(library.engine()));
      String protocol = library.applicationProtocol();
      after.install(
          ctx.pipeline(),
          loop,
          new TlsSession(
              protocol == null ? "" : protocol,
              ClientCertificate.shown(library.engine(), forward)));
    }

    @Override
    void handshakeFailed(ChannelHandlerContext ctx, Throwable cause) {
      if (state == State.HANDSHAKE) {
        fail(Handshakes.reason(cause));
      }
      // The library has sent its alert, or has nobody to send it to, and closes.
    }

    /** The client has said that it is done: by TLS 1.2 the library must be, too. */
    @Override
    void peerEnded(ChannelHandlerContext ctx) {
      ctx.close();
    }
  }
}
