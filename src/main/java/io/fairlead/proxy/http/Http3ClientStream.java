package io.fairlead.proxy.http;

import io.fairlead.proxy.TimerWheel;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownReadComplete;
import io.netty.handler.codec.quic.DefaultQuicStreamFrame;
import io.netty.handler.codec.quic.QuicStreamChannel;
import io.netty.handler.codec.quic.QuicStreamResetException;
import io.netty.util.ReferenceCountUtil;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A stream that a client of HTTP/3 has opened for a request. A head, a short body and the end leave
 * at once.
 *
 * <p>Reading happens when it is asked for. At most what one read has brought waits here; the rest
 * waits in the library, up to the window that was promised, which it opens as we read.
 *
 * <p>A client that does not want its answer any more says so by STOP_SENDING, of which the library
 * tells nobody but writes that wait. So while nothing else waits, after a moment a {@link
 * HoldingBuffer} does.
 */
final class Http3ClientStream extends ChannelInboundHandlerAdapter
    implements StreamCarrier, Http3Frames.Taker {
  /** What is gathered before the client has to take some. */
  private static final int MOST_GATHERED = 64 * 1024;

  /** Of a request that nobody wants any more; then the client is told to stop. */
  private static final int MOST_DISCARDED = 256 * 1024;

  private static final byte[] NOWHERE = {};

  /** Most answers come sooner, and cost nothing then. */
  private static final long WATCH_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

  private final Http3ServerConnection owner;
  private final QuicStreamChannel channel;
  private final ClientStream side;
  private final Http3Frames frames = new Http3Frames(this);
  private @Nullable ChannelHandlerContext own;

  // The request.
  /** What came of a head that is not acted upon before it is known whether something follows. */
  private HeadFields.@Nullable Result head;

  private boolean headSeen;
  private boolean trailersSeen;
  private Head last = Head.NONE;
  private boolean endReceived;
  private boolean endTold;
  private @Nullable ByteBuf received;
  private long discarded;

  // The answer.
  private @Nullable ByteBuf gathered;

  /** What the library has and could not send yet. */
  private @Nullable ByteBuf pending;

  private boolean sending;
  private long handedOver;
  private boolean endWanted;
  private boolean endSent;
  private @Nullable HoldingBuffer holding;
  private boolean flushPlanned;
  private boolean closed;
  private boolean waitedForRoom;

  private final TimerWheel.Timer watch =
      new TimerWheel.Timer() {
        @Override
        protected void expired(long now) {
          hold();
        }
      };

  Http3ClientStream(Http3ServerConnection owner, QuicStreamChannel channel, HttpPolicy policy) {
    this.owner = owner;
    this.channel = channel;
    this.side = new ClientStream(this, owner.loop(), policy);
    channel.config().setAutoRead(false);
    channel.config().setAllocator(owner.loop().loop().allocator());
    channel.config().setRecvByteBufAllocator(owner.loop().loop().receiveAllocator());
  }

  long id() {
    return channel.streamId();
  }

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    own = ctx;
  }

  // --- the request -------------------------------------------------------------------------

  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    ctx.fireChannelActive();
    channel.read();
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    owner.loop().touch();
    try {
      if (message instanceof ByteBuf in) {
        owner.countIn(in.readableBytes());
        frames.read(in);
      }
    } finally {
      ReferenceCountUtil.release(message);
    }
  }

  /** RFC 9114, 4.1 and 7.2: what may come, and when. */
  @Override
  public Http3Frames.How begin(long type, long length) {
    if (type == Http3.DATA) {
      if (headSeen && !trailersSeen) {
        return Http3Frames.How.PIECES;
      }
      fail(Http3.FRAME_UNEXPECTED);
    } else if (type == Http3.HEADERS) {
      if (trailersSeen) {
        fail(Http3.FRAME_UNEXPECTED);
      } else if (length > owner.mostSection()) {
        fail(Http3.EXCESSIVE_LOAD);
      } else {
        return Http3Frames.How.WHOLE;
      }
    } else if (isElsewhere(type) || Http3.isOfHttp2(type)) {
      fail(Http3.FRAME_UNEXPECTED);
    }
    return Http3Frames.How.NOT; // what is not known is left out (RFC 9114, 9)
  }

  private static boolean isElsewhere(long type) {
    return type == Http3.CANCEL_PUSH
        || type == Http3.SETTINGS
        || type == Http3.PUSH_PROMISE
        || type == Http3.GOAWAY
        || type == Http3.MAX_PUSH_ID;
  }

  /** The connection is over. */
  private void fail(int error) {
    frames.stop();
    owner.end(error);
    gone();
  }

  /** Of the body. */
  @Override
  public void piece(ByteBuf in, int count) {
    if (!closed) {
      headIsComplete(false);
    }
    if (closed) {
      discarded += count;
      in.skipBytes(count);
    } else {
      side.take(in, count, false);
    }
  }

  /** The head, or trailers. */
  @Override
  public void whole(ByteBuf in, int count) {
    if (closed) {
      in.skipBytes(count);
    } else if (headSeen) {
      trailersCame(in, count);
    } else if (owner.isPastLast(id())) {
      in.skipBytes(count);
      headSeen = true;
      channel.shutdown(Http3.REQUEST_REJECTED);
      finish();
    } else {
      headSeen = true;
      Head request = side.begin();
      request.http3 = true;
      head = read(in, count, request, HeadFields.Kind.REQUEST);
    }
  }

  private void trailersCame(ByteBuf in, int count) {
    headIsComplete(false);
    Head trailers = new Head();
    HeadFields.Result read = read(in, count, trailers, HeadFields.Kind.TRAILERS);
    if (closed) {
      return;
    }
    if (read != HeadFields.Result.DONE || !BodyReader.cleanTrailers(trailers)) {
      side.refuse();
      return;
    }
    trailersSeen = true;
    last = trailers;
  }

  /** Null if it cannot be decoded; then the connection is over. */
  private HeadFields.@Nullable Result read(ByteBuf in, int count, Head into, HeadFields.Kind kind) {
    HeadFields reader = owner.fields();
    reader.begin(into, kind);
    try {
      if (owner.loop().qpack().read(in, count, reader)) {
        return reader.end();
      }
    } finally {
      reader.forget();
    }
    fail(Http3.DECOMPRESSION_FAILED);
    return null;
  }

  /** It is known now whether something follows the head. */
  private void headIsComplete(boolean end) {
    HeadFields.Result waiting = head;
    if (waiting != null) {
      head = null;
      endTold = end;
      side.headCame(waiting, end);
      watch();
    }
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext ctx) {
    owner.loop().touch();
    boolean end = channel.isInputShutdown() && !trailersSeen && frames.isBetween();
    if (!closed) {
      headIsComplete(end);
    }
    readMore();
  }

  /** Asks for more unless enough is here. */
  private void readMore() {
    if (channel.isInputShutdown() || !channel.isActive()) {
      return;
    }
    if (closed && discarded > MOST_DISCARDED) {
      stopClient();
    } else if (received == null) {
      channel.read();
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event == ChannelInputShutdownReadComplete.INSTANCE) {
      owner.loop().touch();
      endHasCome();
    }
  }

  private void endHasCome() {
    endReceived = true;
    if (closed) {
      finish();
      return;
    }
    if (!headSeen || !frames.isBetween()) { // an end in the middle of a frame, or of nothing
      refuse();
      return;
    }
    headIsComplete(true);
    if (!closed && !endTold) {
      endTold = true;
      if (trailersSeen) {
        side.trailersCame(last);
      } else {
        side.take(Unpooled.EMPTY_BUFFER, 0, true);
      }
    }
    maybeClose();
  }

  /** What came is no message. */
  private void refuse() {
    if (closed) {
      return;
    }
    if (!headSeen) {
      headSeen = true;
      Head _ = side.begin();
    }
    head = null;
    side.refuse();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    owner.loop().touch();
    if (cause instanceof QuicStreamResetException) {
      owner.clientReset();
      if (!headSeen) {
        owner.neverBegun();
      }
      gone();
    } else {
      Http3ServerConnection.log(cause);
      gone();
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    owner.loop().touch();
    frames.stop();
    gone();
    ctx.fireChannelInactive();
  }

  /** The client has broken it off, or the connection is gone. */
  private void gone() {
    if (!closed) {
      markClosed();
      if (channel.isActive() && !endSent) { // not an end, which would make a whole of a part
        ChannelFuture _ = channel.shutdownOutput(Http3.REQUEST_CANCELLED);
      }
      side.wasReset();
    }
    finish();
  }

  @Override
  public void endCame() {
    endReceived = true;
  }

  @Override
  public boolean isEndReceived() {
    return endReceived;
  }

  @Override
  public void keep(ByteBuf in, int count) {
    ByteBuf kept = received;
    if (kept == null) {
      kept = channel.alloc().directBuffer(Math.max(count, 1024));
      received = kept;
    }
    kept.writeBytes(in, count);
  }

  @Override
  public @Nullable ByteBuf received() {
    return received;
  }

  @Override
  public void receivedTaken() {
    ByteBuf kept = received;
    received = null;
    if (kept != null) {
      kept.release();
    }
  }

  /** The library opens windows as we read. */
  @Override
  public void giveBack(int count) {
    if (count > 0 && received == null && !closed) {
      readMore();
    }
  }

  // --- the answer --------------------------------------------------------------------------

  @Override
  public void beginMessage(long length) {}

  private ByteBuf room(int count) {
    ByteBuf into = gathered;
    if (into == null) {
      into = channel.alloc().directBuffer(Math.max(count, 2048));
      gathered = into;
    }
    return into.ensureWritable(count);
  }

  @Override
  public void sendHeaders(Head answer, int status, boolean end) {
    writeSection(answer, status);
    if (end) {
      end();
    }
  }

  private void writeSection(Head fields, int status) {
    if (closed || endWanted) {
      return;
    }
    ByteBuf out = room(Http3.FRAME_HEADER + QpackWriter.bound(fields));
    int at = out.writerIndex();
    Http3.frame(out, Http3.HEADERS, 0);
    if (status == 0) {
      QpackWriter.writeTrailers(fields, out);
    } else {
      QpackWriter.writeResponse(fields, status, out);
    }
    int length = out.writerIndex() - at - Http3.FRAME_HEADER;
    out.setInt(at + 1, 0x80000000 | length);
  }

  @Override
  public void send(ByteBuf in, int count) {
    if (closed || endWanted) {
      in.skipBytes(count);
      return;
    }
    if (count > 0) {
      ByteBuf out = room(Http3.FRAME_HEADER + count);
      Http3.frame(out, Http3.DATA, count);
      out.writeBytes(in, count);
    }
  }

  @Override
  public void endAfterRest(Head trailers) {
    if (trailers.fieldCount > 0) {
      writeSection(trailers, 0);
    }
    end();
  }

  private void end() {
    if (!closed && !endWanted) {
      endWanted = true;
      flushSoon();
    }
  }

  @Override
  public void flushSoon() {
    if (!flushPlanned && !closed) {
      flushPlanned = true;
      owner.flushSoon(this);
    }
  }

  /** Hands what has been gathered to the library, unless it still has some. */
  void flush() {
    flushPlanned = false;
    ByteBuf next = gathered;
    if (closed || sending || endSent || (next == null && !endWanted)) {
      return;
    }
    boolean end = endWanted;
    gathered = null;
    ByteBuf out = next == null ? endAlone() : next;
    int count = out.readableBytes();
    pending = out;
    sending = true;
    release();
    owner.countOut(count);
    ChannelFuture written = context().write(new DefaultQuicStreamFrame(out, end));
    if (written.isDone()) {
      sent(written, count, end);
    } else {
      waitedForRoom = true;
      written.addListener(_ -> sent(written, count, end));
    }
  }

  /**
   * An end without a byte that the library (4.2.18) has lost on the way may never be sent again,
   * and one that a client with the same library gets together with data that it had may never be
   * told to it: so a frame of no data goes with it.
   */
  private ByteBuf endAlone() {
    ByteBuf frame = channel.alloc().directBuffer(Http3.FRAME_HEADER);
    Http3.frame(frame, Http3.DATA, 0);
    return frame;
  }

  private void sent(ChannelFuture written, int count, boolean end) {
    pending = null;
    sending = false;
    if (!written.isSuccess()) {
      gone();
      return;
    }
    handedOver += count;
    if (end) {
      endSent = true;
      owner.loop().loop().timers().cancel(watch);
      if (!closed && !maybeClose()) {
        side.ourEndSent();
      }
      return;
    }
    if (closed) {
      return;
    }
    if (gathered != null || endWanted) {
      flush();
    } else {
      watch();
    }
    if (waitedForRoom && isWritable()) {
      waitedForRoom = false;
      owner.loop().touch();
      side.canSend();
    }
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext ctx) {
    // What waits tells by its promise.
  }

  @Override
  public boolean isWritable() {
    ByteBuf waiting = gathered;
    boolean room = !sending && (waiting == null || waiting.readableBytes() < MOST_GATHERED);
    waitedForRoom |= !room;
    return room;
  }

  @Override
  public long sentBytes() {
    ByteBuf waiting = pending;
    return handedOver + (waiting == null ? 0 : waiting.readerIndex());
  }

  @Override
  public boolean isEndSent() {
    return endSent;
  }

  @Override
  public boolean isEnding() {
    return endSent || endWanted;
  }

  // --- clients that do not wait --------------------------------------------------------------

  /** After a moment without anything to send, there is something that waits. */
  private void watch() {
    if (!endWanted && !closed && holding == null) {
      owner.loop().loop().timers().set(watch, owner.loop().now() + WATCH_NANOS);
    }
  }

  private void hold() {
    if (closed || sending || endWanted || holding != null || !channel.isActive()) {
      return;
    }
    HoldingBuffer held = new HoldingBuffer();
    holding = held;
    context()
        .write(held)
        .addListener(done -> {
          if (!done.isSuccess() && !closed) {
            owner.loop().touch();
            owner.clientReset();
            gone();
          }
        });
  }

  private void release() {
    HoldingBuffer held = holding;
    if (held != null) {
      holding = null;
      held.pass();
    }
  }

  // --- the end -----------------------------------------------------------------------------

  @Override
  public void reset(Reason reason) {
    if (closed) {
      return;
    }
    switch (reason) {
      case UNWANTED -> {
        markClosed();
        stopClient();
      }
      case MALFORMED -> {
        owner.malformed();
        abort(Http3.MESSAGE_ERROR);
      }
      case INTERNAL -> abort(Http3.INTERNAL_ERROR);
      case CANCELLED -> abort(Http3.REQUEST_CANCELLED);
      case CONNECT -> abort(Http3.CONNECT_ERROR);
    }
  }

  /** The answer is complete, the rest of the request is not wanted (RFC 9114, 4.1). */
  private void stopClient() {
    owner.abandoned();
    ChannelFuture _ = channel.shutdownInput(Http3.NO_ERROR);
    finish();
  }

  private void abort(int error) {
    markClosed();
    ChannelFuture _ = endReceived ? channel.shutdownOutput(error) : channel.shutdown(error);
    if (!endReceived) {
      owner.abandoned();
    }
    finish();
  }

  private void markClosed() {
    closed = true;
    owner.loop().loop().timers().cancel(watch);
    receivedTaken();
    ByteBuf rest = gathered;
    gathered = null;
    if (rest != null) {
      rest.release();
    }
    release();
  }

  private boolean maybeClose() {
    if (endSent && endReceived && !closed) {
      markClosed();
      finish();
      return true;
    }
    return closed;
  }

  private void finish() {
    closed = true;
    owner.forget(this);
    if (channel.isActive()) {
      ChannelFuture _ = channel.close();
    }
  }

  @Override
  public boolean isClosed() {
    return closed;
  }

  @Override
  public void closeIfEnded() {
    boolean _ = maybeClose();
  }

  /** The connection is to end. */
  void leave() {
    side.leave();
  }

  private ChannelHandlerContext context() {
    ChannelHandlerContext present = own;
    if (present == null) {
      throw new IllegalStateException("not in a pipeline yet");
    }
    return present;
  }

  /** It is here. */
  @Override
  public byte[] altService() {
    return NOWHERE;
  }

  @Override
  public Client who() {
    return owner.who();
  }

  @Override
  public HttpListenerState listener() {
    return owner.listener();
  }
}
