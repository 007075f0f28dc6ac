package io.fairlead.proxy.http;

import io.fairlead.proxy.TimerWheel;
import io.fairlead.proxy.tls.TlsEnd;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.util.collection.IntObjectHashMap;
import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One HTTP/2 connection (RFC 9113): frames, settings, windows. What streams mean is known to the
 * two forms of it, the one that clients open and the one that we open to nodes.
 *
 * <p>Memory: bytes that came wait up to the windows that were promised; bytes to be sent wait in
 * their streams, each of which stops its source when something waits; frames that cost the other
 * side nothing and us something are counted against a {@link FloodGuard}.
 */
abstract class Http2Connection extends ChannelInboundHandlerAdapter {
  /** How long the other side may take to notice that the connection has ended. */
  private static final long LINGER_NANOS = TimeUnit.SECONDS.toNanos(1);

  /** Small pieces that wait are copied, so that they do not hold the buffer they came in. */
  private static final int COPY_LIMIT = 16 * 1024;

  /** Frames of one header block. */
  private static final int MAX_BLOCK_FRAMES = 32;

  final HttpLoop loop;
  final HpackReader hpack = new HpackReader();
  private final IntObjectHashMap<Http2Stream> streams = new IntObjectHashMap<>();
  private final ArrayDeque<Http2Stream> waiting = new ArrayDeque<>();
  private final FloodGuard flood;
  private final int streamWindow;
  private final int connectionWindow;
  private @Nullable ChannelHandlerContext context;
  private @Nullable Output output;
  private boolean started;

  // Reading.
  private @Nullable ByteBuf partial;
  private int prefaceLeft;
  private boolean settingsSeen;
  private boolean consuming;
  private boolean flushPlanned;
  private int receiveWindow;
  private int taken;

  /** To be counted against the guard once the frame that caused it has been gone through. */
  private int owed;

  // The header block that is being received.
  private int blockStream;
  private int blockFlags;
  private int blockFrames;
  private @Nullable ByteBuf block;

  // What the other side has said.
  private int peerInitialWindow = Http2.DEFAULT_WINDOW;
  private int peerMaxFrame = Http2.FRAME_PAYLOAD;
  private long sendWindow = Http2.DEFAULT_WINDOW;

  private boolean failed;
  private boolean inputEnded;

  private final Runnable flushTask = this::plannedFlush;

  private final TimerWheel.Timer timer =
      new TimerWheel.Timer() {
        @Override
        protected void expired(long now) {
          loop.touch();
          if (failed) {
            closeNow();
          } else {
            timedOut(now);
          }
        }
      };

  /** Nothing stands between this and the socket, TLS for instance. */
  private final boolean clear;

  /**
   * @param prefaceBytes that come before the first frame
   * @param streamWindow bytes that one stream may have on the way to us
   * @param connectionWindow the same for all streams together
   */
  Http2Connection(
      HttpLoop loop,
      int prefaceBytes,
      int streamWindow,
      int connectionWindow,
      FloodGuard flood,
      boolean clear) {
    this.clear = clear;
    this.loop = loop;
    this.prefaceLeft = prefaceBytes;
    this.streamWindow = streamWindow;
    this.connectionWindow = connectionWindow;
    this.receiveWindow = Http2.DEFAULT_WINDOW;
    this.flood = flood;
  }

  // --- what the two forms do ---------------------------------------------------------------

  /** The connection is open: the first frames are to be written. */
  abstract void opened();

  /** A header block of a stream that is not known, or whose first head has been read before. */
  abstract void headersCame(int id, ByteBuf complete, boolean end) throws Http2Exception;

  /** The other side will take no stream after that one. */
  abstract void goAwayCame(int lastStream);

  abstract void settingCame(int id, int value);

  abstract void pingAnswered();

  /** A deadline of the connection as such has passed. */
  abstract void timedOut(long now);

  /** Everything that had come has been gone through. */
  abstract void consumed();

  /** Nothing will come any more, and nothing more is to be sent. */
  abstract void closed();

  /** Whether a stream of that number has been there. */
  abstract boolean isPast(int id);

  /** The stream was reset by us a short while ago, so that frames of it may still be on the way. */
  abstract boolean isForgotten(int id);

  abstract void countIn(int bytes);

  abstract void countOut(long bytes);

  abstract void countViolation(int error);

  /** One stream fewer. */
  abstract void streamClosed(Http2Stream stream);

  // --- the connection ----------------------------------------------------------------------

  @Override
  public void handlerAdded(ChannelHandlerContext added) {
    context = added;
    output = new Output(added, loop, clear);
    if (added.channel().isActive()) {
      start();
    }
  }

  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    start();
  }

  /** Writes the first frames, unless that has been done; the channel is open. */
  final void start() {
    if (!started) {
      started = true;
      loop.touch();
      opened();
      if (connectionWindow > receiveWindow) {
        writeWindowUpdate(0, connectionWindow - receiveWindow);
        receiveWindow = connectionWindow;
      }
      flush();
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    loop.loop().timers().cancel(timer);
    failed = true;
    loop.touch();
    release(partial);
    partial = null;
    release(block);
    block = null;
    for (Http2Stream stream : streams.values().toArray(new Http2Stream[0])) {
      stream.close();
      stream.wasReset(Http2.CANCEL);
    }
    output().discard();
    closed();
  }

  private static void release(@Nullable ByteBuf buffer) {
    if (buffer != null) {
      buffer.release();
    }
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    ByteBuf in = (ByteBuf) message;
    try {
      loop.touch();
      countIn(in.readableBytes());
      consume(in);
    } finally {
      in.release();
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event == ChannelInputShutdownEvent.INSTANCE) {
      // Half a connection is no use in HTTP/2: nothing could be acknowledged any more.
      inputEnded = true;
      closeNow();
    }
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext ctx) {
    if (isWritable()) {
      loop.touch();
      drainAll();
      for (Http2Stream stream : streams.values().toArray(new Http2Stream[0])) {
        if (stream.isDrained() && !stream.isClosed()) {
          stream.canSend();
        }
      }
      flush();
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    Failures.log(cause);
    closeNow();
  }

  final ChannelHandlerContext context() {
    ChannelHandlerContext present = context;
    if (present == null) {
      throw new IllegalStateException("not in a pipeline yet");
    }
    return present;
  }

  final Output output() {
    Output present = output;
    if (present == null) {
      throw new IllegalStateException("not in a pipeline yet");
    }
    return present;
  }

  final boolean isWritable() {
    return context().channel().isWritable();
  }

  final boolean isConsuming() {
    return consuming;
  }

  /** No more streams will be served, and none is. */
  final boolean hasFailed() {
    return failed;
  }

  /** The other side has said what it takes. */
  final boolean hasSettings() {
    return settingsSeen;
  }

  final int streamCount() {
    return streams.size();
  }

  final @Nullable Http2Stream stream(int id) {
    return streams.get(id);
  }

  final Iterable<Http2Stream> streams() {
    return java.util.List.copyOf(streams.values());
  }

  final void add(Http2Stream stream) {
    streams.put(stream.id, stream);
  }

  final void forget(Http2Stream stream) {
    if (streams.remove(stream.id) != null) {
      streamClosed(stream);
    }
  }

  final void setDeadline(long nanos) {
    loop.loop().timers().set(timer, nanos);
  }

  /** The rest of something short is waited for: the first frames, a header block, a frame. */
  final boolean isInMiddle() {
    return blockStream != 0
        || prefaceLeft > 0
        || !settingsSeen
        || (partial != null && streams.isEmpty());
  }

  // --- reading -----------------------------------------------------------------------------

  /** Goes through bytes, keeps the beginning of a frame whose rest has not come. */
  final void consume(ByteBuf in) {
    consuming = true;
    try {
      while (in.isReadable() && !failed) {
        if (prefaceLeft > 0) {
          readPreface(in);
        } else if (partial != null) {
          complete(in);
        } else if (isFrameComplete(in)) {
          readFrame(in);
        } else if (!failed) {
          partial = allocate(Http2.FRAME_HEADER + Http2.FRAME_PAYLOAD).writeBytes(in);
        }
      }
      in.skipBytes(in.readableBytes());
    } finally {
      consuming = false;
    }
    if (!failed) {
      consumed();
    }
    flush();
  }

  private void readPreface(ByteBuf in) {
    byte expected = Http2.PREFACE[Http2.PREFACE.length - prefaceLeft];
    if (in.readByte() != expected) {
      fail(Http2.PROTOCOL_ERROR);
    } else {
      prefaceLeft--;
    }
  }

  /** Adds to the frame whose beginning has been kept. */
  private void complete(ByteBuf in) {
    ByteBuf kept = partial;
    if (kept == null) {
      throw new IllegalStateException("nothing kept");
    }
    if (kept.readableBytes() < Http2.FRAME_HEADER) {
      int missing = Http2.FRAME_HEADER - kept.readableBytes();
      kept.writeBytes(in, Math.min(missing, in.readableBytes()));
      if (kept.readableBytes() < Http2.FRAME_HEADER) {
        return;
      }
    }
    if (!isFrameComplete(kept) && !failed) {
      int missing = Http2.FRAME_HEADER + kept.getUnsignedMedium(0) - kept.readableBytes();
      kept.writeBytes(in, Math.min(missing, in.readableBytes()));
    }
    if (!failed && isFrameComplete(kept)) {
      partial = null;
      try {
        readFrame(kept);
      } finally {
        kept.release();
      }
    }
  }

  /** A frame that is larger than we ever take fails at once. */
  private boolean isFrameComplete(ByteBuf in) {
    if (in.readableBytes() < Http2.FRAME_HEADER) {
      return false;
    }
    int length = in.getUnsignedMedium(in.readerIndex());
    if (length > Http2.FRAME_PAYLOAD) {
      fail(Http2.FRAME_SIZE_ERROR);
      return false;
    }
    return in.readableBytes() >= Http2.FRAME_HEADER + length;
  }

  private void readFrame(ByteBuf in) {
    int length = in.readUnsignedMedium();
    int type = in.readUnsignedByte();
    int flags = in.readUnsignedByte();
    int id = in.readInt() & Integer.MAX_VALUE;
    int end = in.readerIndex() + length;
    int error = Http2.NO_ERROR;
    try {
      if (blockStream != 0 && (type != Http2.CONTINUATION || id != blockStream)) {
        error = Http2.PROTOCOL_ERROR;
      } else if (!settingsSeen && (type != Http2.SETTINGS || (flags & Http2.ACK) != 0)) {
        error = Http2.PROTOCOL_ERROR;
      } else {
        error = dispatch(type, flags, id, in, length);
      }
    } catch (Http2Exception e) {
      error = Http2.COMPRESSION_ERROR;
    } finally {
      in.readerIndex(end);
    }
    if (error == Http2.NO_ERROR && owed > 0) {
      error = calm(owed);
      owed = 0;
    }
    if (error != Http2.NO_ERROR) {
      fail(error);
    }
  }

  /** An error of the whole connection, or {@link Http2#NO_ERROR}. */
  private int dispatch(int type, int flags, int id, ByteBuf in, int length) throws Http2Exception {
    return switch (type) {
      case Http2.DATA -> data(flags, id, in, length);
      case Http2.HEADERS -> headers(flags, id, in, length);
      case Http2.PRIORITY -> priority(id, in, length);
      case Http2.RST_STREAM -> resetCame(id, in, length);
      case Http2.SETTINGS -> settings(flags, id, in, length);
      case Http2.PUSH_PROMISE -> Http2.PROTOCOL_ERROR; // we never allow it, clients never may
      case Http2.PING -> ping(flags, id, in, length);
      case Http2.GOAWAY -> goAway(id, in, length);
      case Http2.WINDOW_UPDATE -> windowUpdate(id, in, length);
      case Http2.CONTINUATION -> continuation(flags, id, in, length);
      default -> calm(FloodGuard.CONTROL);
    };
  }

  /** The frame that is being gone through costs us more than the sender. */
  final void charge(int cost) {
    owed += cost;
  }

  /** Counts a frame that costs the sender nothing. */
  private int calm(int cost) {
    return flood.isTooMuch(cost, loop.now()) ? Http2.ENHANCE_YOUR_CALM : Http2.NO_ERROR;
  }

  private int data(int flags, int id, ByteBuf in, int length) {
    if (id == 0 || !isPast(id)) {
      return Http2.PROTOCOL_ERROR;
    }
    receiveWindow -= length;
    if (receiveWindow < 0) {
      return Http2.FLOW_CONTROL_ERROR;
    }
    int bytes = length;
    if ((flags & Http2.PADDED) != 0) {
      if (length == 0) {
        return Http2.FRAME_SIZE_ERROR;
      }
      int padding = in.readUnsignedByte();
      if (padding >= length) {
        return Http2.PROTOCOL_ERROR;
      }
      bytes = length - 1 - padding;
    }
    boolean end = (flags & Http2.END_STREAM) != 0;
    Http2Stream stream = streams.get(id);
    if (stream == null || stream.isEndReceived()) {
      giveBack(length);
      if (stream == null && isForgotten(id)) {
        return calm(FloodGuard.CONTROL);
      }
      if (stream != null) {
        stream.reset(Http2.STREAM_CLOSED);
        stream.wasReset(Http2.STREAM_CLOSED);
      } else {
        writeReset(id, Http2.STREAM_CLOSED);
      }
      return Http2.NO_ERROR;
    }
    if (!stream.countReceived(length)) {
      stream.reset(Http2.FLOW_CONTROL_ERROR);
      stream.wasReset(Http2.FLOW_CONTROL_ERROR);
      giveBack(length);
      return Http2.NO_ERROR;
    }
    if (length > bytes) {
      stream.giveBack(length - bytes);
    }
    if (bytes == 0 && !end && calm(FloodGuard.CONTROL) != Http2.NO_ERROR) {
      return Http2.ENHANCE_YOUR_CALM;
    }
    takeData(stream, in, bytes, end);
    return Http2.NO_ERROR;
  }

  /** Bytes of a stream, in the buffer, up to now not counted anywhere but in the windows. */
  abstract void takeData(Http2Stream stream, ByteBuf in, int count, boolean end);

  private int headers(int flags, int id, ByteBuf in, int length) throws Http2Exception {
    if (id == 0) {
      return Http2.PROTOCOL_ERROR;
    }
    int bytes = length;
    int padding = 0;
    if ((flags & Http2.PADDED) != 0) {
      if (bytes < 1) {
        return Http2.FRAME_SIZE_ERROR;
      }
      padding = in.readUnsignedByte();
      bytes--;
    }
    if ((flags & Http2.PRIORITY_FLAG) != 0) {
      if (bytes < 5) {
        return Http2.FRAME_SIZE_ERROR;
      }
      int dependency = in.readInt() & Integer.MAX_VALUE;
      in.skipBytes(1);
      bytes -= 5;
      if (dependency == id) {
        return Http2.PROTOCOL_ERROR;
      }
    }
    if (padding > bytes) {
      return Http2.PROTOCOL_ERROR;
    }
    bytes -= padding;
    if ((flags & Http2.END_HEADERS) != 0) {
      headersCame(id, in.slice(in.readerIndex(), bytes), (flags & Http2.END_STREAM) != 0);
      return Http2.NO_ERROR;
    }
    blockStream = id;
    blockFlags = flags;
    blockFrames = 1;
    block = allocate(2 * Math.max(bytes, 256)).writeBytes(in, bytes);
    return Http2.NO_ERROR;
  }

  /** The most bytes that a header block may have before it is decoded. */
  abstract int maxBlock();

  private int continuation(int flags, int id, ByteBuf in, int length) throws Http2Exception {
    ByteBuf whole = block;
    if (id == 0 || blockStream == 0 || whole == null) {
      return Http2.PROTOCOL_ERROR;
    }
    if (++blockFrames > MAX_BLOCK_FRAMES || whole.readableBytes() + length > maxBlock()) {
      return Http2.ENHANCE_YOUR_CALM;
    }
    whole.writeBytes(in, length);
    if ((flags & Http2.END_HEADERS) != 0) {
      block = null;
      blockStream = 0;
      try {
        headersCame(id, whole, (blockFlags & Http2.END_STREAM) != 0);
      } finally {
        whole.release();
      }
    }
    return Http2.NO_ERROR;
  }

  /** Priorities are deprecated (RFC 9113, 5.3.2); what is left of them is checked and forgotten. */
  private int priority(int id, ByteBuf in, int length) {
    if (id == 0) {
      return Http2.PROTOCOL_ERROR;
    }
    if (length != 5) {
      return Http2.FRAME_SIZE_ERROR;
    }
    if ((in.readInt() & Integer.MAX_VALUE) == id) {
      return Http2.PROTOCOL_ERROR;
    }
    return calm(FloodGuard.CONTROL);
  }

  private int resetCame(int id, ByteBuf in, int length) {
    if (id == 0 || !isPast(id)) {
      return Http2.PROTOCOL_ERROR;
    }
    if (length != 4) {
      return Http2.FRAME_SIZE_ERROR;
    }
    int error = in.readInt();
    Http2Stream stream = streams.get(id);
    if (stream != null) {
      stream.endCame(); // it may send nothing more, unlike after a reset of ours
      stream.close();
      stream.wasReset(error);
    }
    return calm(FloodGuard.RESET);
  }

  private int settings(int flags, int id, ByteBuf in, int length) {
    if (id != 0) {
      return Http2.PROTOCOL_ERROR;
    }
    if ((flags & Http2.ACK) != 0) {
      return length == 0 ? calm(FloodGuard.CONTROL) : Http2.FRAME_SIZE_ERROR;
    }
    if (length % 6 != 0) {
      return Http2.FRAME_SIZE_ERROR;
    }
    settingsSeen = true;
    int window = peerInitialWindow;
    for (int i = 0; i < length / 6; i++) {
      int error = setting(in.readUnsignedShort(), in.readInt());
      if (error != Http2.NO_ERROR) {
        return error;
      }
    }
    Http2.frame(output().room(Http2.FRAME_HEADER), 0, Http2.SETTINGS, Http2.ACK, 0);
    if (peerInitialWindow > window) {
      drainAll(); // behind the ACK, which is to come at once (RFC 9113, 6.5.3)
    }
    return calm(FloodGuard.CONTROL + length / 6);
  }

  private int setting(int id, int value) {
    switch (id) {
      case Http2.ENABLE_PUSH -> {
        if (value != 0 && value != 1) {
          return Http2.PROTOCOL_ERROR;
        }
      }
      case Http2.INITIAL_WINDOW_SIZE -> {
        if (value < 0) {
          return Http2.FLOW_CONTROL_ERROR;
        }
        int by = value - peerInitialWindow;
        peerInitialWindow = value;
        for (Http2Stream stream : streams.values()) {
          if (!stream.changeSendWindow(by)) {
            return Http2.FLOW_CONTROL_ERROR;
          }
        }
      }
      case Http2.MAX_FRAME_SIZE -> {
        if (value < Http2.FRAME_PAYLOAD || value > 0xFFFFFF) {
          return Http2.PROTOCOL_ERROR;
        }
        peerMaxFrame = Http2.FRAME_PAYLOAD; // larger ones would only make streams wait longer
      }
      default -> settingCame(id, value);
    }
    return Http2.NO_ERROR;
  }

  private int ping(int flags, int id, ByteBuf in, int length) {
    if (id != 0) {
      return Http2.PROTOCOL_ERROR;
    }
    if (length != 8) {
      return Http2.FRAME_SIZE_ERROR;
    }
    if ((flags & Http2.ACK) != 0) {
      pingAnswered();
    } else {
      ByteBuf out = output().room(Http2.FRAME_HEADER + 8);
      Http2.frame(out, 8, Http2.PING, Http2.ACK, 0);
      out.writeBytes(in, 8);
    }
    return calm(FloodGuard.CONTROL);
  }

  private int goAway(int id, ByteBuf in, int length) {
    if (id != 0) {
      return Http2.PROTOCOL_ERROR;
    }
    if (length < 8) {
      return Http2.FRAME_SIZE_ERROR;
    }
    goAwayCame(in.readInt() & Integer.MAX_VALUE);
    return calm(FloodGuard.CONTROL);
  }

  private int windowUpdate(int id, ByteBuf in, int length) {
    if (length != 4) {
      return Http2.FRAME_SIZE_ERROR;
    }
    int more = in.readInt() & Integer.MAX_VALUE;
    if (id == 0) {
      if (more == 0) {
        return Http2.PROTOCOL_ERROR;
      }
      sendWindow += more;
      if (sendWindow > Http2.MAX_WINDOW) {
        return Http2.FLOW_CONTROL_ERROR;
      }
      drainAll();
      return calm(FloodGuard.WINDOW);
    }
    if (!isPast(id)) {
      return Http2.PROTOCOL_ERROR;
    }
    Http2Stream stream = streams.get(id);
    if (stream == null) {
      return calm(FloodGuard.WINDOW);
    }
    if (more == 0 || !stream.changeSendWindow(more)) {
      int error = more == 0 ? Http2.PROTOCOL_ERROR : Http2.FLOW_CONTROL_ERROR;
      stream.reset(error);
      stream.wasReset(error);
    } else if (!stream.isDrained()) {
      drainAll();
    }
    return calm(FloodGuard.WINDOW);
  }

  // --- windows -----------------------------------------------------------------------------

  final int peerInitialWindow() {
    return peerInitialWindow;
  }

  final int streamWindow() {
    return streamWindow;
  }

  /** So many bytes have been taken by whoever they were for. */
  final void giveBack(int count) {
    taken += count;
    if (taken >= connectionWindow / 2 && !failed) {
      writeWindowUpdate(0, taken);
      receiveWindow += taken;
      taken = 0;
    }
  }

  /** How many of so many bytes may be sent now. */
  final int allowed(int wanted) {
    if (wanted <= 0 || failed || !isWritable()) {
      return 0;
    }
    return (int) Math.min(wanted, sendWindow);
  }

  /** Something of that stream has to wait. */
  final void waits(Http2Stream stream) {
    if (!waiting.contains(stream)) {
      waiting.add(stream);
    }
  }

  /** Each stream that waits gets its turn. */
  private void drainAll() {
    for (int turns = waiting.size(); turns > 0 && isWritable() && sendWindow > 0; turns--) {
      Http2Stream next = waiting.remove();
      if (!next.isClosed() && next.drain()) {
        waiting.add(next);
      }
    }
    flushSoon();
  }

  // --- writing -----------------------------------------------------------------------------

  final ByteBuf allocate(int bytes) {
    return context().alloc().directBuffer(bytes);
  }

  /** Takes bytes out of a buffer that is about to be used for something else. */
  final ByteBuf keepForLater(ByteBuf in, int count) {
    return count <= COPY_LIMIT
        ? allocate(count).writeBytes(in, count)
        : in.readRetainedSlice(count);
  }

  final void writeData(int id, ByteBuf in, int count, boolean end) {
    sendWindow -= count;
    flood.earned();
    int rest = count;
    do {
      int length = Math.min(rest, peerMaxFrame);
      rest -= length;
      Http2.frame(
          output().room(Http2.FRAME_HEADER),
          length,
          Http2.DATA,
          end && rest == 0 ? Http2.END_STREAM : 0,
          id);
      if (length > 0) {
        output().body(in, length, false);
      }
    } while (rest > 0);
  }

  final void writeEnd(Http2Stream stream, Head trailers) {
    if (trailers.fieldCount > 0) {
      writeHeaders(stream, trailers, 0, true);
    } else {
      Http2.frame(output().room(Http2.FRAME_HEADER), 0, Http2.DATA, Http2.END_STREAM, stream.id);
    }
  }

  /** Writes the block of a head: a request's, an answer's with that status, or trailers. */
  abstract void encode(Http2Stream stream, Head head, int status, ByteBuf out);

  final void writeHeaders(Http2Stream stream, Head head, int status, boolean end) {
    int bound = HpackWriter.bound(head);
    int flags = end ? Http2.END_STREAM : 0;
    if (bound <= peerMaxFrame) {
      ByteBuf out = output().room(Http2.FRAME_HEADER + bound);
      int at = out.writerIndex();
      Http2.frame(out, 0, Http2.HEADERS, flags | Http2.END_HEADERS, stream.id);
      encode(stream, head, status, out);
      out.setMedium(at, out.writerIndex() - at - Http2.FRAME_HEADER);
      return;
    }
    ByteBuf large = allocate(bound);
    try {
      encode(stream, head, status, large);
      int type = Http2.HEADERS;
      do {
        int length = Math.min(large.readableBytes(), peerMaxFrame);
        boolean last = length == large.readableBytes();
        ByteBuf out = output().room(Http2.FRAME_HEADER + length);
        Http2.frame(out, length, type, (last ? Http2.END_HEADERS : 0) | flags, stream.id);
        out.writeBytes(large, length);
        type = Http2.CONTINUATION;
        flags = 0;
      } while (large.isReadable());
    } finally {
      large.release();
    }
  }

  /**
   * Ends a stream from our side. Where the other side has brought that about, it costs what a reset
   * of its own would (CVE-2025-8671).
   */
  final void writeReset(int id, int error) {
    if (!failed) {
      switch (error) {
        case Http2.PROTOCOL_ERROR,
            Http2.FLOW_CONTROL_ERROR,
            Http2.STREAM_CLOSED,
            Http2.REFUSED_STREAM ->
            charge(FloodGuard.RESET);
        default -> {}
      }
      ByteBuf out = output().room(Http2.FRAME_HEADER + 4);
      Http2.frame(out, 4, Http2.RST_STREAM, 0, id);
      out.writeInt(error);
      flushSoon();
    }
  }

  final void writeWindowUpdate(int id, int more) {
    ByteBuf out = output().room(Http2.FRAME_HEADER + 4);
    Http2.frame(out, 4, Http2.WINDOW_UPDATE, 0, id);
    out.writeInt(more);
    flushSoon();
  }

  final void writePing() {
    ByteBuf out = output().room(Http2.FRAME_HEADER + 8);
    Http2.frame(out, 8, Http2.PING, 0, 0);
    out.writeLong(0);
    flushSoon();
  }

  final void writeGoAway(int last, int error) {
    ByteBuf out = output().room(Http2.FRAME_HEADER + 8);
    Http2.frame(out, 8, Http2.GOAWAY, 0, 0);
    out.writeInt(last);
    out.writeInt(error);
    flushSoon();
  }

  /** Sends everything once the events of this turn of the loop have been gone through. */
  final void flushSoon() {
    if (!consuming && !flushPlanned) {
      flushPlanned = true;
      loop.loop().eventLoop().execute(flushTask);
    }
  }

  private void plannedFlush() {
    flushPlanned = false;
    if (context().channel().isActive()) {
      flush();
    }
  }

  final void flush() {
    long sent = output().flush();
    if (sent > 0) {
      countOut(sent);
    }
  }

  // --- the end -----------------------------------------------------------------------------

  /** The last stream that we have begun to serve, for GOAWAY. */
  abstract int lastStream();

  /** Breaks the connection off and says why. */
  final void fail(int error) {
    if (failed) {
      return;
    }
    countViolation(error);
    end(error);
  }

  /** No more streams and frames; closes once everything has been taken. */
  final void end(int error) {
    if (failed) {
      return;
    }
    writeGoAway(lastStream(), error);
    failed = true;
    for (Http2Stream stream : streams()) {
      stream.close();
      stream.wasReset(error == Http2.NO_ERROR ? Http2.CANCEL : error);
    }
    flush();
    setDeadline(loop.now() + LINGER_NANOS);
    output()
        .afterFlush(() -> {
          if (inputEnded || error == Http2.NO_ERROR) {
            closeNow();
          } else if (context().channel().isActive()) {
            // What it still sends would be answered with a reset that can overtake our GOAWAY.
            if (clear) {
              ((DuplexChannel) context().channel()).shutdownOutput();
            } else {
              TlsEnd.shutdownOutput(context());
            }
          }
        });
  }

  final void closeNow() {
    context().close();
  }
}
