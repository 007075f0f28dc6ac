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
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
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

  /** What is larger than a head may be, and yet answered and not broken off, in heads. */
  private static final int ROOM_FOR_REFUSAL = 4;

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
  private int placesLost;
  private int oneWay;

  /** Which streams of the client that there must be once there have been, a bit each. */
  private int opened;

  private @Nullable QuicStreamChannel control;

  /** What we have said is the end of what we serve; -1: nothing. */
  private long toldLast = -1;

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
    channel
        .createStream(QuicStreamType.UNIDIRECTIONAL, new Ours())
        .addListener(made -> {
          if (made.isSuccess()) {
            begin((QuicStreamChannel) made.getNow());
          } else {
            end(Http3.STREAM_CREATION_ERROR);
          }
        });
    ctx.fireChannelActive();
    if (listener.isDraining()) {
      leave();
    }
  }

  /** Of our stream of control, on which nothing comes. */
  private static final class Ours extends ChannelInboundHandlerAdapter {
    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      log(cause);
    }
  }

  /** What is wrong with a stream, unless it is its end. */
  static void log(Throwable cause) {
    if (!(cause instanceof QuicException) && !(cause instanceof ClosedChannelException)) {
      Failures.log(cause);
    }
  }

  /** What we take; tables of fields we have none, and so no streams for them (RFC 9204, 4.2). */
  private void begin(QuicStreamChannel made) {
    control = made;
    ByteBuf out = made.alloc().directBuffer(64);
    out.writeByte(Http3.CONTROL_STREAM);
    out.writeByte(Http3.SETTINGS);
    out.writeByte(1 + Long.BYTES + 2);
    out.writeByte(Http3.MAX_FIELD_SECTION_SIZE);
    Http3.integer(out, mostSection());
    out.writeByte(Http3.ENABLE_CONNECT_PROTOCOL).writeByte(1);
    ChannelFuture _ = made.writeAndFlush(out);
    if (toldLast >= 0) {
      goAway(toldLast);
    }
  }

  /** Bytes of a head that is read: it may be refused for its size, and is answered then. */
  long mostSection() {
    return (long) policy.limits().headerBytes() * ROOM_FOR_REFUSAL;
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
    if (cause instanceof RuntimeException) { // the library has closed the connection, or goes on
      Failures.log(cause);
    }
  }

  /** A stream has come; it goes on to be registered when its handler is there. */
  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    if (message instanceof QuicStreamChannel stream) {
      loop.touch();
      if (stream.type() == QuicStreamType.UNIDIRECTIONAL) {
        stream.pipeline().addLast(new Http3OneWayStream(this, stream));
        if (++oneWay > MOST_ONE_WAY) {
          charge();
        }
      } else {
        streamOpened(stream);
      }
    }
    ctx.fireChannelRead(message);
  }

  /** Whether there has been no such stream before; each kind is there once. */
  boolean isFirst(int type) {
    int bit = 1 << type;
    boolean first = (opened & bit) == 0;
    opened |= bit;
    return first;
  }

  private void streamOpened(QuicStreamChannel stream) {
    long id = stream.streamId();
    if (!isPastLast(id)) {
      lastStream = Math.max(lastStream, id);
    }
    Http3ClientStream made = new Http3ClientStream(this, stream, listener.policy());
    streams.put(id, made);
    stream.pipeline().addLast(made);
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

  /** A frame of control has come. */
  void controlled() {
    charge();
  }

  /**
   * A stream was taken back of which nothing had come. The library (4.2.18) never gives the place
   * of such a one to another, and tells of places that are free only where they are more than half
   * of all: with a quarter lost the client may already be stuck, so it is time for a new
   * connection.
   */
  void neverBegun() {
    placesLost++;
    if (placesLost == (policy.limits().streams() + 3) / 4) {
      leave();
    }
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
    QuicStreamChannel present = control;
    if (present != null) {
      ByteBuf out = present.alloc().directBuffer(2);
      ChannelFuture _ = present.writeAndFlush(out.writeByte(Http3.NOTHING).writeByte(0));
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
    toldLast = id;
    QuicStreamChannel present = control;
    if (present != null) {
      ByteBuf out = present.alloc().directBuffer(2 + Long.BYTES);
      out.writeByte(Http3.GOAWAY).writeByte(Long.BYTES);
      Http3.integer(out, id);
      ChannelFuture _ = present.writeAndFlush(out);
    }
  }

  /** The connection is over, with all that is on it. */
  void end(int error) {
    if (!ended) {
      ended = true;
      ChannelFuture _ = channel.close(true, error, Unpooled.EMPTY_BUFFER);
    }
  }
}
