package io.fairlead.proxy.http;

import io.fairlead.config.HttpLimits;
import io.fairlead.proxy.ClientAddress;
import io.fairlead.proxy.ListenerEvent;
import io.fairlead.proxy.tls.TlsSession;
import io.fairlead.telemetry.ErrorReason;
import io.fairlead.telemetry.ListenerCounter;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http2.Http2Exception;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The connection of one client that speaks HTTP/2: each of its streams is an exchange. */
final class Http2ServerConnection extends Http2Connection {
  /** What a sound client never comes near: 500 cancelled requests at once, and 50 a second. */
  private static final int FLOOD_MOST = 5000;

  private static final int FLOOD_PER_SECOND = 500;

  /** How long a client may go on opening streams after it was told that we are leaving. */
  private static final long LEAVE_NANOS = TimeUnit.SECONDS.toNanos(1);

  /** Numbers of streams that we have reset and whose frames may still be on the way. */
  private static final int MAX_FORGOTTEN = 256;

  private final HttpListenerState listener;
  private final HttpPolicy policy;
  private final @Nullable TlsSession tls;
  private int[] forgotten = {};
  private int nextForgotten;
  private @Nullable Client who;
  private int lastStream;
  private boolean middle;
  private long middleSince;
  private boolean leaving;
  private boolean left;

  /**
   * @param prefaceBytes of the preface that have not been read yet
   * @param tls what the handshake has settled; null: the connection is in the clear
   */
  Http2ServerConnection(
      HttpLoop loop, HttpListenerState listener, int prefaceBytes, @Nullable TlsSession tls) {
    super(
        loop,
        prefaceBytes,
        listener.policy().limits().streamWindow(),
        listener.policy().limits().connectionWindow(),
        new FloodGuard(FLOOD_MOST, FLOOD_PER_SECOND, loop.now()),
        tls == null);
    this.listener = listener;
    this.tls = tls;
    this.policy = listener.policy();
    HttpLimits limits = policy.limits();
    hpack.limit(limits.headerBytes(), limits.targetBytes(), limits.headers());
  }

  HttpListenerState listener() {
    return listener;
  }

  Client who() {
    Client present = who;
    if (present == null) {
      InetSocketAddress remote = ClientAddress.of(context().channel());
      present = new Client(remote, policy.forwarded().trust(), tls);
      who = present;
    }
    return present;
  }

  @Override
  void opened() {
    HttpLimits limits = policy.limits();
    ByteBuf out = output().room(Http2.FRAME_HEADER + 6 * 4);
    Http2.frame(out, 6 * 4, Http2.SETTINGS, 0, 0);
    Http2.setting(out, Http2.MAX_CONCURRENT_STREAMS, limits.streams());
    Http2.setting(out, Http2.INITIAL_WINDOW_SIZE, limits.streamWindow());
    Http2.setting(out, Http2.MAX_HEADER_LIST_SIZE, limits.headerBytes());
    Http2.setting(out, Http2.ENABLE_CONNECT_PROTOCOL, 1);
    beginMiddle();
    if (listener.isDraining()) { // it was told to leave while it was shaking hands
      leave();
    }
  }

  /** The rest of what has begun is waited for, for the time that a head may take. */
  private void beginMiddle() {
    middle = true;
    middleSince = loop.now();
    setDeadline(middleSince + policy.limits().headerTimeout().toNanos());
  }

  @Override
  void headersCame(int id, ByteBuf complete, boolean end) throws Http2Exception {
    Http2Stream known = stream(id);
    if (known != null) {
      trailersCame((Http2ClientStream) known, complete, end);
      return;
    }
    if ((id & 1) == 0 || id <= lastStream) {
      if (isForgotten(id)) {
        HeadFields.Result _ = hpack.readTrailers(id, complete, new Head());
        charge(FloodGuard.CONTROL);
        return;
      }
      fail((id & 1) == 0 ? Http2.PROTOCOL_ERROR : Http2.STREAM_CLOSED);
      return;
    }
    lastStream = id;
    if (streamCount() >= policy.limits().streams() || left) {
      HeadFields.Result _ = hpack.readTrailers(id, complete, new Head());
      forget(id);
      writeReset(id, Http2.REFUSED_STREAM);
      return;
    }
    Http2ClientStream stream = new Http2ClientStream(this, id, listener.policy());
    add(stream);
    stream.requestCame(complete, end);
  }

  private void trailersCame(Http2ClientStream stream, ByteBuf complete, boolean end)
      throws Http2Exception {
    Head trailers = new Head();
    HeadFields.Result read = hpack.readTrailers(stream.id, complete, trailers);
    if (stream.isEndReceived()) {
      fail(Http2.STREAM_CLOSED);
    } else if (!end || read != HeadFields.Result.DONE || !BodyReader.cleanTrailers(trailers)) {
      stream.refuse();
    } else {
      stream.trailersCame(trailers);
    }
  }

  @Override
  void takeData(Http2Stream stream, ByteBuf in, int count, boolean end) {
    ((Http2ClientStream) stream).take(in, count, end);
  }

  @Override
  void encode(Http2Stream stream, Head head, int status, ByteBuf out) {
    if (status == 0) {
      HpackWriter.writeFields(head, out);
    } else {
      HpackWriter.writeResponse(head, status, out);
    }
  }

  @Override
  void goAwayCame(int lastStream) {
    // It will open no further stream, and we open none: nothing to do but to end what goes on.
  }

  @Override
  void settingCame(int id, int value) {
    // The table size and all else concern an encoder that uses tables.
  }

  // --- time --------------------------------------------------------------------------------

  @Override
  void consumed() {
    boolean inMiddle = isInMiddle();
    if (inMiddle && !middle) {
      beginMiddle();
    }
    middle = inMiddle;
    if (streamCount() == 0 && !inMiddle) {
      if (leaving) {
        end(Http2.NO_ERROR);
      } else {
        setDeadline(loop.now() + policy.idleNanos());
      }
    }
  }

  @Override
  int maxBlock() {
    return policy.limits().headerBytes();
  }

  @Override
  void timedOut(long now) {
    if (left) {
      return;
    }
    if (leaving) {
      left = true;
      writeGoAway(lastStream, Http2.NO_ERROR);
    } else if (isInMiddle()) {
      long until = middleSince + policy.limits().headerTimeout().toNanos();
      if (middle && now < until) {
        setDeadline(until); // the deadline was that of something earlier
        return;
      }
      countError(ErrorReason.REQUEST_TIMEOUT);
      end(Http2.ENHANCE_YOUR_CALM);
    } else if (streamCount() == 0) {
      end(Http2.NO_ERROR);
    }
  }

  // --- streams -----------------------------------------------------------------------------

  @Override
  boolean isPast(int id) {
    return id <= lastStream && (id & 1) == 1;
  }

  void forget(int id) {
    if (forgotten.length == 0) {
      forgotten = new int[MAX_FORGOTTEN];
    }
    forgotten[nextForgotten] = id;
    nextForgotten = (nextForgotten + 1) & (MAX_FORGOTTEN - 1);
  }

  @Override
  boolean isForgotten(int id) {
    for (int each : forgotten) {
      if (each == id) {
        return true;
      }
    }
    return false;
  }

  @Override
  void streamClosed(Http2Stream stream) {
    if (!stream.isEndReceived()) {
      forget(stream.id);
    }
    if (streamCount() > 0 || hasFailed()) {
      return;
    }
    if (leaving && left) {
      flushSoon();
      end(Http2.NO_ERROR);
    } else if (!leaving && !isInMiddle()) {
      setDeadline(loop.now() + policy.idleNanos());
    } else if (!leaving && !middle) {
      beginMiddle(); // the beginning of a frame has been there, while streams kept time
    }
  }

  @Override
  int lastStream() {
    return lastStream;
  }

  // --- the end -----------------------------------------------------------------------------

  /**
   * A client that does not read may not ask: heads and control frames have no window, and would
   * pile up here.
   */
  @Override
  public void channelWritabilityChanged(ChannelHandlerContext ctx) {
    ctx.channel().config().setAutoRead(isWritable());
    super.channelWritabilityChanged(ctx);
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event == ListenerEvent.DRAIN || event == ListenerEvent.LEAVE) {
      leave();
    } else {
      super.userEventTriggered(ctx, event);
    }
  }

  /**
   * RFC 9113, 6.8: says that we leave, waits until that must have arrived, and only then says which
   * stream was the last; so no request is refused that was on its way.
   */
  private void leave() {
    if (!leaving && !hasFailed()) {
      leaving = true;
      for (Http2Stream stream : streams()) {
        ((Http2ClientStream) stream).leave();
      }
      writeGoAway(Integer.MAX_VALUE, Http2.NO_ERROR);
      writePing();
      setDeadline(System.nanoTime() + LEAVE_NANOS);
    }
  }

  @Override
  void pingAnswered() {
    if (leaving && !left) {
      left = true;
      writeGoAway(lastStream, Http2.NO_ERROR);
      if (streamCount() == 0) {
        end(Http2.NO_ERROR);
      }
    }
  }

  @Override
  void closed() {}

  // --- counting ----------------------------------------------------------------------------

  @Override
  void countIn(int bytes) {
    listener.counters().add(loop.index(), ListenerCounter.BYTES_IN, bytes);
  }

  @Override
  void countOut(long bytes) {
    listener.counters().add(loop.index(), ListenerCounter.BYTES_OUT, bytes);
  }

  @Override
  void countViolation(int error) {
    countError(
        error == Http2.ENHANCE_YOUR_CALM ? ErrorReason.HTTP2_FLOOD : ErrorReason.HTTP2_ERROR);
  }

  void countError(ErrorReason reason) {
    listener.errors().increment(loop.index(), reason);
  }
}
