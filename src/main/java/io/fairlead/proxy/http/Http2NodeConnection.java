package io.fairlead.proxy.http;

import io.fairlead.config.UpstreamConfig;
import io.fairlead.proxy.tls.NodeHandshake;
import io.fairlead.proxy.tls.NodeTls;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http2.Http2Exception;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A connection to a node that speaks HTTP/2; carries many exchanges at once. */
final class Http2NodeConnection extends Http2Connection {
  /** Bytes of one answer that may be on the way to us while its client is slow. */
  private static final int STREAM_WINDOW = 256 * 1024;

  private static final int CONNECTION_WINDOW = 1024 * 1024;

  /** Until the node says otherwise (RFC 9113, 6.5.2, asks it not to say less than 100). */
  private static final int DEFAULT_STREAMS = 100;

  /** More at once are spread over further connections. */
  private static final int MAX_STREAMS = 1000;

  private static final int MAX_HEADER_LIST = 64 * 1024;
  private static final int MAX_FIELDS = 100;

  /** A node has its reasons for pings and settings; what it must not do is nothing else. */
  private static final int FLOOD_MOST = 20_000;

  private static final int FLOOD_PER_SECOND = 2_000;

  private final NodePool pool;
  private final @Nullable NodeTls tls;
  private final long handshakeNanos;
  private int nextStream = 1;
  private int maxStreams = DEFAULT_STREAMS;
  private boolean connectAllowed;
  private boolean retired;
  private boolean reused;
  private String refusal = "";
  private long lastBytes;
  private final UpstreamConfig config;
  private @Nullable Consumer<Boolean> opening;

  /**
   * @param tls what is spoken below it; null: nothing
   * @param handshakeNanos that took so long; negative: there is nothing below
   */
  Http2NodeConnection(
      HttpLoop loop,
      NodePool pool,
      UpstreamConfig config,
      @Nullable NodeTls tls,
      long handshakeNanos) {
    super(
        loop,
        0,
        STREAM_WINDOW,
        CONNECTION_WINDOW,
        new FloodGuard(FLOOD_MOST, FLOOD_PER_SECOND, loop.now()),
        tls == null);
    this.pool = pool;
    this.config = config;
    this.tls = tls;
    this.handshakeNanos = handshakeNanos;
    hpack.limit(MAX_HEADER_LIST, Integer.MAX_VALUE, MAX_FIELDS);
  }

  @Override
  void opened() {
    ByteBuf out = output().room(Http2.PREFACE.length + Http2.FRAME_HEADER + 6 * 3);
    out.writeBytes(Http2.PREFACE);
    Http2.frame(out, 6 * 3, Http2.SETTINGS, 0, 0);
    Http2.setting(out, Http2.ENABLE_PUSH, 0);
    Http2.setting(out, Http2.INITIAL_WINDOW_SIZE, STREAM_WINDOW);
    Http2.setting(out, Http2.MAX_HEADER_LIST_SIZE, MAX_HEADER_LIST);
    lastBytes = loop.now();
    setDeadline(lastBytes + config.connectTimeout().toNanos());
  }

  /**
   * The connection is open. Nothing is asked before the node has said how many streams it takes,
   * and whether it takes tunnels: what it refuses can be repeated only once.
   *
   * @param then hears whether the connection can be used; once, in the time of a connect
   */
  void whenKnown(Consumer<Boolean> then) {
    opening = then;
  }

  private void known(boolean usable) {
    Consumer<Boolean> then = opening;
    opening = null;
    if (then != null) {
      then.accept(usable);
    }
  }

  /** Whether it was made as connections to the node are to be made now. */
  @SuppressWarnings("ReferenceEquality") // that very one, with the files as they were
  boolean isOf(NodeLink link) {
    return tls == link.tls();
  }

  /** What the node said when it refused us behind the handshake; empty: it did not. */
  String refusal() {
    return refusal;
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event instanceof NodeHandshake.Refused(String reason)) {
      refusal = reason;
    }
    super.userEventTriggered(ctx, event);
  }

  /** Whether another exchange can begin on it. */
  boolean hasRoom() {
    return !retired && !hasFailed() && streamCount() < Math.min(maxStreams, MAX_STREAMS);
  }

  /** A stream for another exchange; only if there is room. */
  Http2NodeStream open() {
    Http2NodeStream stream = new Http2NodeStream(this, nextStream);
    nextStream += 2;
    if (nextStream < 0) {
      retired = true; // numbers have run out
    }
    add(stream);
    return stream;
  }

  /** Has carried an exchange to its end, so that it may have grown old. */
  long handshakeNanos() {
    return handshakeNanos;
  }

  boolean isReused() {
    return reused;
  }

  /** Whether the node takes an extended CONNECT (RFC 8441). */
  boolean isConnectAllowed() {
    return connectAllowed;
  }

  /** Takes no further exchange; closes when those that go on have ended. */
  void retire() {
    if (!retired) {
      retired = true;
      pool.remove(this);
    }
    closeIfUnused();
  }

  /**
   * An exchange has waited in vain. If nothing at all has come from the node meanwhile, it is not
   * only that exchange.
   */
  void suspect(long since) {
    if (lastBytes <= since) {
      retire();
    }
  }

  @Override
  void headersCame(int id, ByteBuf complete, boolean end) throws Http2Exception {
    Http2NodeStream stream = (Http2NodeStream) stream(id);
    if (stream == null) {
      HeadFields.Result _ = hpack.readTrailers(id, complete, new Head());
      if (!isPast(id)) {
        fail(Http2.PROTOCOL_ERROR);
      }
    } else {
      stream.headersCame(complete, end);
    }
  }

  @Override
  void takeData(Http2Stream stream, ByteBuf in, int count, boolean end) {
    ((Http2NodeStream) stream).take(in, count, end);
  }

  @Override
  void encode(Http2Stream stream, Head head, int status, ByteBuf out) {
    if (status == 0) {
      HpackWriter.writeFields(head, out);
    } else {
      HpackWriter.writeRequest(head, tls != null, ((Http2NodeStream) stream).nodeAddress(), out);
    }
  }

  /** What the node will not serve can be asked elsewhere. */
  @Override
  void goAwayCame(int lastStream) {
    for (Http2Stream stream : streams()) {
      if (stream.id > lastStream) {
        stream.close();
        stream.wasReset(Http2.REFUSED_STREAM);
      }
    }
    retire();
  }

  @Override
  void settingCame(int id, int value) {
    if (id == Http2.MAX_CONCURRENT_STREAMS) {
      maxStreams = value < 0 ? Integer.MAX_VALUE : value;
    } else if (id == Http2.ENABLE_CONNECT_PROTOCOL) {
      connectAllowed = value == 1;
    }
  }

  @Override
  void pingAnswered() {}

  @Override
  void timedOut(long now) {
    if (opening != null) {
      end(Http2.NO_ERROR);
      known(false);
    } else if (streamCount() == 0) {
      retire();
    }
  }

  @Override
  void consumed() {
    if (opening != null && hasSettings()) {
      known(true);
    }
  }

  @Override
  int maxBlock() {
    return MAX_HEADER_LIST;
  }

  @Override
  void closed() {
    retired = true;
    pool.remove(this);
    known(false);
  }

  @Override
  boolean isPast(int id) {
    return (id & 1) == 1 && id < nextStream;
  }

  @Override
  boolean isForgotten(int id) {
    return true; // whatever still comes of a stream that we have given up
  }

  @Override
  void countIn(int bytes) {
    lastBytes = loop.now();
  }

  @Override
  void countOut(long bytes) {
    pool.countSent(bytes);
  }

  @Override
  void countViolation(int error) {
    pool.countViolation();
    retired = true;
    pool.remove(this);
    known(false);
  }

  @Override
  void streamClosed(Http2Stream stream) {
    reused = true;
    if (streamCount() == 0) {
      keep();
    }
    closeIfUnused();
  }

  /** Kept for further exchanges, for a while. */
  void keep() {
    if (streamCount() == 0 && !retired && !hasFailed()) {
      setDeadline(loop.now() + config.idleTimeout().toNanos());
    }
  }

  private void closeIfUnused() {
    if (retired && streamCount() == 0 && !hasFailed()) {
      loop.loop().eventLoop().execute(() -> end(Http2.NO_ERROR));
    }
  }

  @Override
  int lastStream() {
    return 0;
  }
}
