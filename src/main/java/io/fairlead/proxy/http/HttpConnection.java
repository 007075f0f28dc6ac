package io.fairlead.proxy.http;

import io.fairlead.config.HttpLimits;
import io.fairlead.proxy.ClientAddress;
import io.fairlead.proxy.ListenerEvent;
import io.fairlead.proxy.TimerWheel;
import io.fairlead.proxy.tls.TlsEnd;
import io.fairlead.proxy.tls.TlsSession;
import io.fairlead.telemetry.ErrorReason;
import io.fairlead.telemetry.ListenerCounter;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The connection of one client: requests come in one after another, each becomes an {@link
 * Exchange}. Bytes that come while they are of no use yet (a body for a node that is not connected,
 * the next request of a client that pipelines) wait here, and then nothing more is read.
 */
final class HttpConnection extends ChannelInboundHandlerAdapter implements ClientSide {
  private enum State {
    /** Between requests, or in the middle of a head. */
    HEAD,
    /** A request's body is coming. */
    BODY,
    /** The request is complete, its answer is not. */
    BUSY,
    /** After a change of protocol: bytes are bytes. */
    TUNNEL,
    /** The last answer has been given; what still comes is read and forgotten. */
    DISCARD,
    CLOSED
  }

  private static final byte[] PRI = Ascii.bytes("PRI");

  /** How long a client that we have turned away may take to notice. */
  private static final long LINGER_NANOS = TimeUnit.SECONDS.toNanos(2);

  /** Longer than anybody waits, and yet a number that can be added to. */
  static final long FOREVER_NANOS = TimeUnit.DAYS.toNanos(365);

  /** How much it may go on sending meanwhile. */
  private static final int MAX_DISCARD = 1024 * 1024;

  private final HttpLoop loop;
  private final HttpListenerState listener;
  private final @Nullable TlsSession tls;
  private HttpPolicy policy;
  private long idleNanos;
  private @Nullable ChannelHandlerContext context;
  private @Nullable Output output;
  private State state = State.HEAD;
  private @Nullable Exchange exchange;
  private @Nullable ByteBuf pending;
  private @Nullable ByteBuf resumed;
  private boolean consuming;
  private boolean started;
  private boolean reading = true;
  private boolean inputEnded;
  private @Nullable Client who;
  private final BodyReader requestBody = new BodyReader();

  /** The answer goes out in chunks. */
  private boolean chunked;

  /** The connection ends with this answer. */
  private boolean closing;

  private int served;
  private long bodySince;
  private long bodyBytes;
  private long discarded;
  private final Taking pace = new Taking();
  private boolean taking;
  private long bytesOut;

  private final TimerWheel.Timer timer =
      new TimerWheel.Timer() {
        @Override
        protected void expired(long now) {
          timedOut(now);
        }
      };

  /**
   * @param tls what the handshake has settled; null: the connection is in the clear
   */
  HttpConnection(HttpLoop loop, HttpListenerState listener, @Nullable TlsSession tls) {
    this.tls = tls;
    this.loop = loop;
    this.listener = listener;
    this.policy = listener.policy();
    this.idleNanos = policy.idleNanos();
  }

  // --- the connection ----------------------------------------------------------------------

  @Override
  public void handlerAdded(ChannelHandlerContext added) {
    context = added;
    output = new Output(added, loop, tls == null);
    if (added.channel().isActive()) { // what came before us has had its time
      start();
    }
  }

  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    start();
  }

  private void start() {
    if (!started) {
      started = true;
      setDeadline(System.nanoTime() + idleNanos);
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    loop.loop().timers().cancel(timer);
    Exchange going = exchange;
    exchange = null;
    state = State.CLOSED;
    ByteBuf waiting = pending;
    pending = null;
    if (waiting != null) {
      waiting.release();
    }
    output().discard();
    if (going != null) {
      loop.touch();
      if (going.isRouted() && !going.isTunnel()) {
        countError(ErrorReason.CLIENT_GONE);
      }
      going.abandon();
    }
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    ByteBuf in = (ByteBuf) message;
    try {
      loop.touch();
      listener.counters().add(loop.index(), ListenerCounter.BYTES_IN, in.readableBytes());
      if (pending != null) {
        keep(in);
      } else {
        consume(in);
      }
    } finally {
      in.release();
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event == ListenerEvent.DRAIN) {
      drain();
    }
    Exchange going = exchange;
    if (going != null && (event == ListenerEvent.DRAIN || event == ListenerEvent.LEAVE)) {
      going.drain();
    }
    if (event != ChannelInputShutdownEvent.INSTANCE) {
      return;
    }
    inputEnded = true;
    switch (state) {
      case HEAD, BODY, TUNNEL -> {
        if (pending == null) {
          inputIsOver();
        }
      }
      case DISCARD -> afterFlush(this::close);
      case BUSY -> going().clientSilent();
      case CLOSED -> {}
    }
  }

  /** All bytes of this client have been gone through, and no more will come. */
  private void inputIsOver() {
    switch (state) {
      case HEAD -> end(false); // what was answered before is still to be delivered
      case BODY -> close(); // what is still missing will not come
      case TUNNEL -> going().clientEnded();
      case BUSY, DISCARD, CLOSED -> {}
    }
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext ctx) {
    if (!isWritable()) {
      return;
    }
    Exchange going = exchange;
    if (going != null) {
      loop.touch();
      progress();
      going.clientWritable();
    } else if (pending != null) {
      loop.touch();
      resume();
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    Failures.log(cause);
    close();
  }

  // --- bytes -------------------------------------------------------------------------------

  /** Uses what it can of the buffer and keeps the rest. */
  private void consume(ByteBuf in) {
    consuming = true;
    try {
      while (in.isReadable()) {
        boolean more =
            switch (state) {
              case HEAD -> mayBegin() && readHead(in);
              case BODY -> readBody(in);
              case TUNNEL -> tunnel(in);
              case DISCARD -> discard(in);
              case BUSY -> false;
              case CLOSED -> {
                in.skipBytes(in.readableBytes());
                yield true;
              }
            };
        if (!more && in.isReadable()) {
          keep(in);
          return;
        }
      }
    } finally {
      consuming = false;
      Exchange going = exchange;
      if (going != null) {
        going.flushToNode();
      }
    }
  }

  /** Bytes that are of no use yet wait, and nothing more is read until they are gone. */
  @SuppressWarnings("ReferenceEquality") // the same buffer, not an equal one
  private void keep(ByteBuf in) {
    ByteBuf waiting = pending;
    if (in == resumed) {
      pending = in.retain();
    } else if (waiting == null) {
      pending = context().alloc().directBuffer(in.readableBytes()).writeBytes(in);
    } else {
      waiting.writeBytes(in);
    }
    setReading(false);
  }

  /** Something that bytes may have waited for has happened. */
  private void resume() {
    if (consuming) {
      return; // the loop in consume goes on by itself
    }
    ByteBuf waiting = pending;
    if (waiting != null) {
      pending = null;
      resumed = waiting;
      try {
        consume(waiting);
      } finally {
        resumed = null;
        waiting.release();
      }
    }
    if (pending == null && state != State.CLOSED) {
      if (inputEnded) {
        inputIsOver();
      } else {
        setReading(true);
      }
    }
  }

  /** A client that does not take its answers must not ask for more of them. */
  private boolean mayBegin() {
    return exchange != null || isWritable();
  }

  private boolean readHead(ByteBuf in) {
    Exchange next = exchange;
    if (next == null) {
      usePolicy(listener.policy());
      next = loop.takeExchange();
      next.begin(this);
      exchange = next;
    }
    Head head = next.request;
    HttpLimits limits = policy.limits();
    int before = head.length;
    int count = Math.min(in.readableBytes(), Math.max(1024, before));
    head.append(in, count);
    HeadParser.Result result =
        HeadParser.parseRequest(head, limits.headerBytes(), limits.targetBytes(), limits.headers());
    switch (result) {
      case MORE -> {
        in.skipBytes(count);
        if (before == 0) {
          setDeadline(loop.now() + limits.headerTimeout().toNanos());
        }
      }
      case DONE -> {
        in.skipBytes(head.end - before);
        head.length = head.end;
        headComplete(next);
      }
      case BAD -> refuse(next, ErrorReason.BAD_REQUEST);
      case TOO_LARGE -> refuse(next, ErrorReason.HEAD_TOO_LARGE);
      case TARGET_TOO_LONG -> refuse(next, ErrorReason.TARGET_TOO_LONG);
      case VERSION -> {
        if (served == 0 && head.methodIs(PRI)) {
          becomeHttp2(next, before, in);
        } else {
          refuse(next, ErrorReason.VERSION_NOT_SUPPORTED);
        }
      }
    }
    return true;
  }

  /**
   * The first line of the preface of HTTP/2 (RFC 9113, 3.4) reads like a request of an unknown
   * version; what has come belongs to another protocol.
   *
   * @param before how much of it has been taken from earlier buffers
   */
  private void becomeHttp2(Exchange begun, int before, ByteBuf in) {
    ByteBuf first = Unpooled.wrappedBuffer(begun.request.bytes, 0, before);
    exchange = null;
    begun.abandon();
    state = State.CLOSED;
    loop.loop().timers().cancel(timer);
    setReading(true);
    Http2ServerConnection next =
        new Http2ServerConnection(loop, listener, Http2.PREFACE.length, tls);
    context().pipeline().replace(this, null, next);
    next.consume(first);
    next.consume(in);
  }

  private void usePolicy(HttpPolicy current) {
    policy = current;
    idleNanos = current.idleNanos();
  }

  private void headComplete(Exchange next) {
    Head head = next.request;
    served++;
    listener.counters().increment(loop.index(), ListenerCounter.REQUESTS);
    ErrorReason refusal = RequestCheck.check(head, policy.maxBody());
    if (refusal != null) {
      state = State.BUSY;
      next.refuse(refusal);
      return;
    }
    HttpRoute route = next.match();
    boolean whole = head.body == 0;
    state = whole ? State.BUSY : State.BODY;
    HttpLimits limits = policy.limits();
    requestBody.begin(
        head.body, limits, route == null ? limits.bodyBytes() : route.maxBody(limits));
    bodySince = loop.now();
    bodyBytes = 0;
    if (route == null) {
      next.noRoute(whole);
      return;
    }
    if (route.idleNanos() > 0) {
      idleNanos = route.idleNanos();
    }
    setDeadline(loop.now() + route.timeoutNanos());
    next.start(route, whole);
  }

  /** The request is not even worth routing: says why and ends the connection. */
  private void refuse(Exchange refused, ErrorReason reason) {
    listener.counters().increment(loop.index(), ListenerCounter.REQUESTS);
    state = State.BUSY;
    refused.refuse(reason);
  }

  private boolean readBody(ByteBuf in) {
    Exchange going = going();
    if (!going.isReadyForBody()) {
      return false;
    }
    int before = in.readableBytes();
    boolean sound = forwardBody(going, in);
    bodyBytes += before - in.readableBytes();
    if (!sound) {
      going.fail(requestBody.fault());
      return true;
    }
    if (requestBody.isComplete()) {
      state = State.BUSY;
      setDeadline(loop.now() + going.timeoutNanos());
    } else if (policy.isTooSlow(loop.now() - bodySince, bodyBytes)) {
      going.fail(ErrorReason.REQUEST_TIMEOUT);
    } else {
      progress();
    }
    return true;
  }

  /** False if the framing is broken or the body too large. */
  private boolean forwardBody(Exchange going, ByteBuf in) {
    while (true) {
      switch (requestBody.next(in)) {
        case MORE -> {
          return true;
        }
        case DATA -> {
          int count = requestBody.available(in);
          going.requestData(in, count);
          requestBody.taken(count);
        }
        case END -> {
          going.requestEnd(requestBody.trailers());
          return true;
        }
        case BROKEN -> {
          return false;
        }
      }
    }
  }

  private boolean tunnel(ByteBuf in) {
    Exchange going = going();
    if (!going.isReadyForBody()) {
      return false;
    }
    progress();
    going.requestData(in, in.readableBytes());
    return true;
  }

  private boolean discard(ByteBuf in) {
    discarded += in.readableBytes();
    in.skipBytes(in.readableBytes());
    if (discarded > MAX_DISCARD) {
      close();
    }
    return true;
  }

  // --- what the exchange asks of its client ------------------------------------------------

  @Override
  public void sendHead(Exchange answered) {
    Head request = answered.request;
    Head response = answered.response;
    progress();
    boolean oldClient = request.minorVersion == 0;
    boolean unbounded = response.body < 0;
    chunked = unbounded && !oldClient;
    closing =
        !request.keepAlive || mustClose() || !answered.isRequestDone() || (unbounded && oldClient);
    HeadWriter.writeResponse(
        answered,
        chunked || (response.chunkedLikeGet && !oldClient),
        closing,
        output().room(response.length + HeadWriter.ADDED));
  }

  @Override
  public void sendInformational(Exchange answered) {
    chunked = chunked && !answered.isTunnel();
    HeadWriter.writeInformational(
        answered, output().room(answered.response.length + HeadWriter.ADDED));
  }

  @Override
  public void sendData(ByteBuf in, int count) {
    output().body(in, count, chunked);
  }

  @Override
  public void sendEnd(Head trailers) {
    if (chunked) {
      output().lastChunk(trailers);
    }
  }

  @Override
  public void upstreamReady() {
    resume();
  }

  @Override
  public void tunnelOpened() {
    state = State.TUNNEL;
    idleNanos = FOREVER_NANOS; // it knows itself how long it may be idle
    progress();
    if (listener.isDraining()) {
      going().drain();
    }
    resume();
  }

  @Override
  public void nodeEnded() {
    afterFlush(this::shutdownOutput);
  }

  @Override
  public void tunnelEnded() {
    afterFlush(this::close);
  }

  @Override
  public void exchangeDone(boolean requestDone) {
    exchange = null;
    idleNanos = policy.idleNanos();
    if (state == State.CLOSED) {
      return;
    }
    boolean close = closing || !requestDone || state == State.TUNNEL;
    if (close || (inputEnded && pending == null && !consuming)) {
      end(!requestDone || pending != null || consuming);
      return;
    }
    state = State.HEAD;
    waitForRest();
    resume();
  }

  /**
   * Closes after what has been written. While the client is still sending, closing at once would
   * make the kernel answer with a reset, and that can overtake our answer (RFC 9112, 9.6).
   */
  private void end(boolean unread) {
    state = State.DISCARD;
    waitForRest();
    if (unread && !inputEnded) {
      afterFlush(() -> {
        setDeadline(System.nanoTime() + LINGER_NANOS);
        shutdownOutput();
      });
      resume();
    } else {
      afterFlush(this::close);
    }
  }

  private void shutdownOutput() {
    if (tls == null) {
      ((DuplexChannel) context().channel()).shutdownOutput();
    } else {
      TlsEnd.shutdownOutput(context());
    }
  }

  /** Does it once the kernel has taken everything; both kinds of shutdown forget what is left. */
  private void afterFlush(Runnable then) {
    output().afterFlush(then);
  }

  private long unsent() {
    return output().unsent();
  }

  /** The listener is going away: no further request. */
  private void drain() {
    if (state == State.HEAD && exchange == null && pending == null) {
      end(false);
    }
  }

  /**
   * No last chunk, fewer bytes than announced, nothing said behind them: the client sees that the
   * answer is not complete. Without a length and chunks a mere close would be the end of a complete
   * answer, so that only a reset tells.
   */
  @Override
  public void abort(Exchange answered) {
    closing = true;
    if (answered.response.body < 0 && !chunked) {
      boolean _ = context().channel().config().setOption(ChannelOption.SO_LINGER, 0);
    }
    if (tls == null) {
      close();
    } else {
      TlsEnd.cut(context());
    }
  }

  void close() {
    context().close();
  }

  Output output() {
    Output present = output;
    if (present == null) {
      throw new IllegalStateException("not in a pipeline yet");
    }
    return present;
  }

  @Override
  public void flush() {
    long sent = output().flush();
    bytesOut += sent;
    listener.counters().add(loop.index(), ListenerCounter.BYTES_OUT, sent);
  }

  @Override
  public boolean isWritable() {
    return context().channel().isWritable();
  }

  @Override
  @SuppressWarnings("ReferenceEquality") // that very exchange
  public boolean isCurrent(Exchange candidate) {
    return exchange == candidate;
  }

  /** No further request will be served on this connection. */
  private boolean mustClose() {
    return listener.isDraining() || (inputEnded && pending == null);
  }

  @Override
  public boolean isConsuming() {
    return consuming;
  }

  @Override
  public HttpPolicy policy() {
    return policy;
  }

  @Override
  public void progress() {
    setDeadline(loop.now() + idleNanos);
  }

  /** Nothing is to be done but to wait: for the client to take its answer, or for a request. */
  private void waitForRest() {
    taking = unsent() > 0;
    if (taking) {
      waitForTaker();
    } else {
      setDeadline(loop.now() + idleNanos);
    }
  }

  @Override
  public void waitForTaker() {
    pace.begin(loop.now(), taken());
    setDeadline(pace.nextLook(loop.now(), policy, idleNanos));
  }

  /** Bytes that the kernel has taken from us for the client. */
  private long taken() {
    return bytesOut - unsent();
  }

  @Override
  public void countError(ErrorReason reason) {
    listener.errors().increment(loop.index(), reason);
  }

  @Override
  public int listenerName() {
    return listener.recordName();
  }

  @Override
  public void countResponse(int status) {
    listener.counters().increment(loop.index(), StatusClass.ofListener(status));
  }

  @Override
  public void countMeant() {
    listener.counters().increment(loop.index(), ListenerCounter.MEANT_5XX);
  }

  // --- who the client is -------------------------------------------------------------------

  @Override
  public byte[] altService() {
    return listener.altService(context().channel());
  }

  @Override
  public Client who() {
    Client present = who;
    if (present == null) {
      InetSocketAddress remote = ClientAddress.of(context().channel());
      present = new Client(remote, policy.forwarded().trust(), tls);
      who = present;
    }
    return present;
  }

  // --- time --------------------------------------------------------------------------------

  private void setDeadline(long nanos) {
    loop.loop().timers().set(timer, nanos);
  }

  private void timedOut(long now) {
    loop.touch();
    switch (state) {
      case HEAD -> {
        Exchange begun = exchange;
        if (begun != null && begun.request.length > 0) {
          refuse(begun, ErrorReason.REQUEST_TIMEOUT);
        } else {
          waitedForRest(now);
        }
      }
      case BODY -> {
        Exchange going = going();
        if (going.isReadyForBody()) {
          going.timedOut(ErrorReason.REQUEST_TIMEOUT);
        } else {
          going.timedOut(ErrorReason.UPSTREAM_TIMEOUT);
        }
      }
      case BUSY -> {
        Exchange going = going();
        if (!going.isHeadSent() || isWritable()) {
          going.timedOut(ErrorReason.UPSTREAM_TIMEOUT);
        } else {
          waitedForTaker(now);
        }
      }
      case DISCARD -> waitedForRest(now);
      case TUNNEL -> {
        if (isWritable()) {
          progress();
        } else {
          waitedForTaker(now);
        }
      }
      case CLOSED -> {}
    }
  }

  private void waitedForRest(long now) {
    if (unsent() > 0 && taking) {
      waitedForTaker(now);
    } else if (taking && state == State.HEAD) {
      waitForRest(); // for a request, now that the answer has been taken
    } else {
      close();
    }
  }

  private void waitedForTaker(long now) {
    if (pace.isOver(now, taken(), policy, idleNanos)) {
      close();
    } else {
      setDeadline(pace.nextLook(now, policy, idleNanos));
    }
  }

  // --- helpers -----------------------------------------------------------------------------

  private void setReading(boolean wanted) {
    // Reading on after the end would make the transport close the other half, too.
    if (reading != wanted && !inputEnded) {
      reading = wanted;
      context().channel().config().setAutoRead(wanted);
    }
  }

  private Exchange going() {
    Exchange present = exchange;
    if (present == null) {
      throw new IllegalStateException("no exchange in state " + state);
    }
    return present;
  }

  private ChannelHandlerContext context() {
    ChannelHandlerContext present = context;
    if (present == null) {
      throw new IllegalStateException("not in a pipeline yet");
    }
    return present;
  }
}
