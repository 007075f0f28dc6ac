package io.fairlead.proxy.http;

import io.fairlead.config.HttpLimits;
import io.fairlead.proxy.ListenerEvent;
import io.fairlead.proxy.TimerWheel;
import io.fairlead.proxy.tls.TlsListener;
import io.fairlead.proxy.tls.TlsSession;
import io.fairlead.telemetry.ErrorReason;
import io.fairlead.telemetry.HandshakeFailure;
import io.fairlead.telemetry.ListenerCounter;
import io.fairlead.telemetry.TlsCounter;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.codec.http3.DefaultHttp3GoAwayFrame;
import io.netty.handler.codec.http3.DefaultHttp3UnknownFrame;
import io.netty.handler.codec.http3.Http3Exception;
import io.netty.handler.codec.quic.QuicChannel;
import io.netty.handler.codec.quic.QuicException;
import io.netty.handler.codec.quic.QuicStreamChannel;
import io.netty.handler.codec.quic.QuicStreamType;
import io.netty.util.AttributeKey;
import java.net.InetSocketAddress;
import java.nio.channels.ClosedChannelException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLEngine;
import org.jspecify.annotations.Nullable;

/** The connection of one client that speaks HTTP/3: each of its streams is an exchange. */
final class Http3ServerConnection extends ChannelInboundHandlerAdapter {
  /** Streams one way of a client that has settings and two tables, and some to spare. */
  private static final int MOST_ONE_WAY = 16;

  /** The same as of HTTP/2. */
  private static final int FLOOD_MOST = 5000;

  private static final int FLOOD_PER_SECOND = 500;

  /** How long a client may go on opening streams after it was told that we are leaving. */
  private static final long LEAVE_NANOS = TimeUnit.SECONDS.toNanos(1);

  /** While somebody waits for an answer, the connection must not seem to be dead. */
  private static final long ALIVE_NANOS = TimeUnit.SECONDS.toNanos(10);

  /**
   * Streams that ended before the client had ended its half stay with the library (4.2.18) as long
   * as the connection does: with so many it is time for a new one.
   */
  private static final int MOST_ABANDONED = 1000;

  static final AttributeKey<Http3ServerConnection> SELF =
      AttributeKey.valueOf(Http3ServerConnection.class, "self");

  private final HttpLoop loop;
  private final HttpListenerState listener;
  private final TlsListener tls;
  private final HttpPolicy policy;
  private final QuicChannel channel;
  private final FloodGuard flood;
  private final RetryTokens tokens;
  private final HeadFields fields = new HeadFields();
  private final Map<Long, Http3ClientStream> streams = new HashMap<>();
  private final List<Http3ClientStream> written = new ArrayList<>();
  private @Nullable Client who;
  private boolean shaking = true;
  private boolean flushPlanned;
  private boolean leaving;
  private boolean left;
  private boolean ended;
  private long lastStream = -4;
  private int abandoned;
  private int oneWay;
  private final Runnable flushTask = this::plannedFlush;

  private final TimerWheel.Timer timer =
      new TimerWheel.Timer() {
        @Override
        protected void expired(long now) {
          loop.touch();
          timedOut();
        }
      };

  Http3ServerConnection(
      HttpLoop loop,
      HttpListenerState listener,
      TlsListener tls,
      QuicChannel channel,
      RetryTokens tokens) {
    this.tokens = tokens;
    tokens.begun();
    ChannelFuture _ = channel.closeFuture().addListener(_ -> closed());
    this.loop = loop;
    this.listener = listener;
    this.tls = tls;
    this.channel = channel;
    this.policy = listener.policy();
    this.flood = new FloodGuard(FLOOD_MOST, FLOOD_PER_SECOND, loop.now());
    HttpLimits limits = policy.limits();
    fields.limit(limits.headerBytes(), limits.targetBytes(), limits.headers());
  }

  HttpLoop loop() {
    return loop;
  }

  HttpListenerState listener() {
    return listener;
  }

  /** To be filled and used at once. */
  HeadFields fields() {
    return fields;
  }

  Client who() {
    Client present = who;
    if (present == null) {
      throw new IllegalStateException("no request before the handshake");
    }
    return present;
  }

  // --- the connection ----------------------------------------------------------------------

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    loop.touch();
    setDeadline(tls.handshakeNanos());
  }

  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    loop.touch();
    shaken();
    tls.counters().increment(loop.index(), TlsCounter.TLS_1_3);
    SSLEngine engine = channel.sslEngine();
    if (engine == null) {
      throw new IllegalStateException("active without a handshake");
    }
    TlsSession session = tls.sessionByQuic(engine);
    who = new Client(remote(), policy.forwarded().trust(), session);
    setDeadline(policy.idleNanos());
    ctx.fireChannelActive();
    if (listener.isDraining()) {
      leave();
    }
  }

  /** The handshake is over, well or not. */
  private void shaken() {
    shaking = false;
    tls.ended();
    tokens.ended();
  }

  private InetSocketAddress remote() {
    return channel.remoteSocketAddress() instanceof InetSocketAddress address
        ? address
        : new InetSocketAddress(0);
  }

  private void closed() {
    loop.touch();
    ended = true;
    loop.loop().timers().cancel(timer);
    if (shaking) {
      shaken();
      tls.failures().increment(loop.index(), HandshakeFailure.CLIENT_GONE);
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    // Of the library's two protocols: it has closed the connection, or goes on.
    if (cause instanceof RuntimeException) {
      Failures.log(cause);
    }
  }

  /**
   * Streams that go one way are the library's, which says nothing of those that are broken off;
   * what nobody takes it would print, each time, for anybody who wants it to.
   */
  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    if (message instanceof QuicStreamChannel stream
        && stream.type() == QuicStreamType.UNIDIRECTIONAL) {
      stream.pipeline().addLast(new BrokenOff());
      if (++oneWay > MOST_ONE_WAY) {
        charge();
      }
    }
    ctx.fireChannelRead(message);
  }

  /** Takes what is wrong with a stream; its end is told otherwise. */
  private final class BrokenOff extends ChannelInboundHandlerAdapter {
    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      loop.touch();
      if (cause instanceof DecoderException) {
        undecodable();
      } else if (!(cause instanceof Http3Exception) // for which the library ends the connection
          && !(cause instanceof QuicException)
          && !(cause instanceof ClosedChannelException)) {
        Failures.log(cause);
      }
      ChannelFuture _ = ctx.close();
    }
  }

  void streamOpened(QuicStreamChannel opened) {
    loop.touch();
    long id = opened.streamId();
    if (!isPastLast(id)) {
      lastStream = Math.max(lastStream, id);
    }
    Http3ClientStream stream = new Http3ClientStream(this, opened, listener.policy());
    streams.put(id, stream);
    opened.pipeline().addLast(stream);
    setDeadline(ALIVE_NANOS);
  }

  void forget(Http3ClientStream stream) {
    if (streams.remove(stream.id(), stream) && streams.isEmpty() && !ended) {
      if (left) {
        end(Http3.NO_ERROR);
      } else if (!leaving) {
        setDeadline(policy.idleNanos());
      }
    }
  }

  /** We have said that no such stream will be served. */
  boolean isPastLast(long id) {
    return left && id > lastStream;
  }

  // --- bytes -------------------------------------------------------------------------------

  void countIn(int bytes) {
    listener.counters().add(loop.index(), ListenerCounter.BYTES_IN, bytes);
  }

  void countOut(int bytes) {
    flood.earned();
    listener.counters().add(loop.index(), ListenerCounter.BYTES_OUT, bytes);
  }

  /** Has the stream send once the events of this turn of the loop have been gone through. */
  void flushSoon(Http3ClientStream stream) {
    written.add(stream);
    if (!flushPlanned) {
      flushPlanned = true;
      loop.loop().eventLoop().execute(flushTask);
    }
  }

  private void plannedFlush() {
    flushPlanned = false;
    loop.touch();
    List<Http3ClientStream> now = List.copyOf(written);
    written.clear();
    now.forEach(Http3ClientStream::flush);
  }

  // --- what costs the client nothing ---------------------------------------------------------

  /** The client has taken a request back. */
  void clientReset() {
    charge();
    abandoned();
  }

  /** What came was no message. */
  void malformed() {
    charge();
  }

  /**
   * The library reads on beyond a frame that is shorter than what its type says (4.2.18) and then
   * throws what Java throws; RFC 9114, 7.1 wants an end of the connection.
   */
  void undecodable() {
    end(Http3.FRAME_ERROR);
  }

  private void charge() {
    if (flood.isTooMuch(FloodGuard.RESET, loop.now())) {
      listener.errors().increment(loop.index(), ErrorReason.HTTP3_FLOOD);
      end(Http3.EXCESSIVE_LOAD);
    }
  }

  /** A stream ends whose other half has not. */
  void abandoned() {
    abandoned++;
    if (abandoned == MOST_ABANDONED) {
      leave();
    }
  }

  // --- time --------------------------------------------------------------------------------

  private void setDeadline(long fromNow) {
    loop.loop().timers().set(timer, loop.now() + fromNow);
  }

  private void timedOut() {
    if (ended) {
      return;
    }
    if (shaking) {
      shaken();
      tls.failures().increment(loop.index(), HandshakeFailure.TIMEOUT);
      end(Http3.NO_ERROR);
    } else if (leaving && !left) {
      left = true;
      goAway(lastStream + 4);
      if (streams.isEmpty()) {
        end(Http3.NO_ERROR);
      } else {
        setDeadline(ALIVE_NANOS);
      }
    } else if (streams.isEmpty()) {
      end(Http3.NO_ERROR);
    } else {
      stayAlive();
      setDeadline(ALIVE_NANOS);
    }
  }

  private void stayAlive() {
    QuicStreamChannel control = io.netty.handler.codec.http3.Http3.getLocalControlStream(channel);
    if (control != null) {
      ChannelFuture _ =
          control.writeAndFlush(new DefaultHttp3UnknownFrame(Http3.NOTHING, Unpooled.EMPTY_BUFFER));
    }
  }

  // --- the end -----------------------------------------------------------------------------

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event == ListenerEvent.DRAIN || event == ListenerEvent.LEAVE) {
      leave();
    }
    ctx.fireUserEventTriggered(event);
  }

  /**
   * RFC 9114, 5.2: says that we leave, waits until that must have arrived, and only then says which
   * stream was the last; so no request is refused that was on its way.
   */
  private void leave() {
    if (leaving || ended) {
      return;
    }
    leaving = true;
    loop.touch();
    if (shaking) {
      end(Http3.NO_ERROR);
      return;
    }
    List.copyOf(streams.values()).forEach(Http3ClientStream::leave);
    goAway(Http3.LAST_STREAM);
    loop.loop().timers().cancel(timer);
    setDeadline(LEAVE_NANOS);
  }

  private void goAway(long id) {
    QuicStreamChannel control = io.netty.handler.codec.http3.Http3.getLocalControlStream(channel);
    if (control != null) {
      ChannelFuture _ = control.writeAndFlush(new DefaultHttp3GoAwayFrame(id));
    }
  }

  private void end(int error) {
    if (!ended) {
      ended = true;
      ChannelFuture _ = channel.close(true, error, Unpooled.EMPTY_BUFFER);
    }
  }
}
