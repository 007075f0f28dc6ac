package io.fairlead.proxy.http;

import io.fairlead.config.HttpLimits;
import io.fairlead.config.UpstreamConfig;
import io.fairlead.proxy.TimerWheel;
import io.fairlead.proxy.tls.NodeHandshake;
import io.fairlead.proxy.tls.NodeTls;
import io.fairlead.proxy.tls.TlsEnd;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One connection to a node. It is either kept unused by its pool or serves exactly one try; bytes
 * or an end that come while it is unused make it useless, and it closes itself.
 */
final class UpstreamConnection extends ChannelInboundHandlerAdapter implements NodeSide {
  private static final int MAX_RESPONSE_HEAD = 64 * 1024;
  private static final int MAX_RESPONSE_FIELDS = 100;

  private final @Nullable NodeTls tls;
  private final long handshakeNanos;
  private HttpLoop loop;
  private NodePool pool;
  private @Nullable ChannelHandlerContext context;
  private @Nullable Output output;
  private @Nullable Attempt attempt;
  private boolean reading = true;
  private boolean reused;
  private boolean inputEnded;

  /** The request's body goes out in chunks. */
  private boolean chunked;

  private boolean headRead;
  private boolean keepAlive;
  private final BodyReader responseBody = new BodyReader();

  /** The answer is complete, and nothing speaks against another request. */
  private boolean reusable;

  private final TimerWheel.Timer idleTimer =
      new TimerWheel.Timer() {
        @Override
        protected void expired(long now) {
          if (attempt == null) {
            close();
          }
        }
      };

  /**
   * @param tls what is spoken below it; null: nothing
   * @param handshakeNanos that took so long; negative: there is nothing below
   */
  UpstreamConnection(HttpLoop loop, NodePool pool, @Nullable NodeTls tls, long handshakeNanos) {
    this.handshakeNanos = handshakeNanos;
    this.loop = loop;
    this.pool = pool;
    this.tls = tls;
  }

  @Override
  public void handlerAdded(ChannelHandlerContext added) {
    context = added;
    output = new Output(added, loop, tls == null);
  }

  private Output output() {
    Output present = output;
    if (present == null) {
      throw new IllegalStateException("not in a pipeline yet");
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

  boolean isOpen() {
    return context().channel().isActive();
  }

  /** Whether it was made as connections to the node are to be made now. */
  @SuppressWarnings("ReferenceEquality") // that very one, with the files as they were
  boolean isOf(NodeLink link) {
    return tls == link.tls();
  }

  // --- what the try asks -------------------------------------------------------------------

  @Override
  public void attach(Attempt user) {
    attempt = user;
    headRead = false;
    reusable = false;
  }

  @Override
  public boolean isReused() {
    return reused;
  }

  @Override
  public long handshakeNanos() {
    return handshakeNanos;
  }

  @Override
  public boolean isWritable() {
    return context().channel().isWritable();
  }

  @Override
  public void sendHead(Attempt user) {
    Head request = user.request();
    chunked = request.body == Head.CHUNKED;
    HeadWriter.writeRequest(user, output().room(request.length + HeadWriter.ADDED));
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
  public long flush() {
    return output().flush();
  }

  @Override
  public void shutdownOutput() {
    afterFlush(() -> TlsEnd.shutdownOutput(context()));
  }

  @Override
  public void afterFlush(Runnable then) {
    output().afterFlush(then);
  }

  @Override
  public void release(boolean requestDone, UpstreamConfig config) {
    detach();
    if (requestDone && reusable && isOpen()) {
      pool.release(this, config);
    } else {
      close();
    }
  }

  @Override
  public void waitedInVain() {
    // It carries nothing else, and is closed.
  }

  @Override
  public void drop() {
    output().discard();
    detach();
    if (tls == null) {
      close();
    } else {
      TlsEnd.cut(context());
    }
  }

  private void detach() {
    attempt = null;
    reused = true;
    setReading(true);
  }

  void keepUntil(long nanos) {
    loop.loop().timers().set(idleTimer, nanos);
  }

  @Override
  public void setReading(boolean wanted) {
    // Reading on after the end would make the transport close the other half, too.
    if (reading != wanted && !inputEnded) {
      reading = wanted;
      context().channel().config().setAutoRead(wanted);
    }
  }

  void close() {
    context().close();
  }

  // --- from the node -----------------------------------------------------------------------

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    ByteBuf in = (ByteBuf) message;
    try {
      Attempt user = attempt;
      if (user == null) {
        // An answer nobody asked for: whatever it is, it must not become the answer to another
        // request.
        pool.remove(this);
        close();
      } else {
        loop.touch();
        user.responseBytes(in.readableBytes());
        if (user.isTunnel()) {
          user.tunnelData(in);
        } else if (headRead || readHead(user, in)) {
          readBody(user, in);
        }
      }
    } finally {
      in.release();
    }
  }

  /** Whether the head is complete, bytes of a body are next and somebody waits for them. */
  private boolean readHead(Attempt user, ByteBuf in) {
    Head head = user.response;
    while (in.isReadable()) {
      int before = head.length;
      head.append(in, Math.min(in.readableBytes(), Math.max(2048, before)));
      HeadParser.Result result =
          HeadParser.parseResponse(head, MAX_RESPONSE_HEAD, MAX_RESPONSE_FIELDS);
      if (result == HeadParser.Result.MORE) {
        in.skipBytes(head.length - before);
        continue;
      }
      if (result != HeadParser.Result.DONE || !ResponseCheck.check(head, user.isToHead())) {
        user.badResponse();
        return false;
      }
      in.skipBytes(head.end - before);
      head.length = head.end;
      headRead = head.status >= 200;
      if (headRead) {
        responseBody.begin(head.body, HttpLimits.DEFAULT);
        keepAlive = head.keepAlive;
      }
      if (!user.responseHead()) {
        return false;
      }
      if (headRead) {
        return true;
      }
      if (user.isTunnel()) {
        chunked = false;
        user.tunnelData(in);
        user.tunnelOpened();
        return false;
      }
    }
    return false;
  }

  private void readBody(Attempt user, ByteBuf in) {
    while (true) {
      switch (responseBody.next(in)) {
        case MORE -> {
          user.responseFlush();
          return;
        }
        case DATA -> {
          int count = responseBody.available(in);
          user.responseData(in, count);
          responseBody.taken(count);
        }
        case END -> {
          // More than was announced: complete for the client, but the connection is in doubt.
          reusable = keepAlive && !inputEnded && !in.isReadable();
          user.responseEnd(responseBody.trailers());
          return;
        }
        case BROKEN -> {
          user.responseFlush();
          if (isServing(user)) {
            user.badResponse();
          }
          return;
        }
      }
    }
  }

  @SuppressWarnings("ReferenceEquality") // that very try
  private boolean isServing(Attempt user) {
    return attempt == user;
  }

  private void ended(Attempt user) {
    if (user.isTunnel()) {
      user.nodeEnded();
    } else if (headRead && responseBody.endsWithConnection() && !responseBody.isComplete()) {
      responseBody.connectionEnded();
      user.responseEnd(Head.NONE);
    } else {
      user.upstreamClosed();
    }
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext ctx) {
    Attempt user = attempt;
    if (user != null && isWritable()) {
      user.upstreamWritable();
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event == ChannelInputShutdownEvent.INSTANCE) {
      inputEnded = true;
      Attempt user = attempt;
      if (user == null) {
        pool.remove(this);
        close();
      } else {
        ended(user);
      }
    } else if (event instanceof NodeHandshake.Refused(String reason)) {
      Attempt user = attempt;
      pool.refused(reason);
      if (user != null) {
        user.nodeRefused(reason);
      }
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    loop.loop().timers().cancel(idleTimer);
    pool.remove(this);
    Attempt user = attempt;
    if (user != null) {
      loop.touch();
      user.upstreamClosed();
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    Failures.log(cause);
    close();
  }

  /** Lets go of this loop; the answer comes on the old loop: this, or null if it closed. */
  void leaveLoop(Consumer<@Nullable UpstreamConnection> then) {
    loop.loop().timers().cancel(idleTimer);
    context()
        .channel()
        .deregister()
        .addListener(
            done -> then.accept(done.isSuccess() && context().channel().isOpen() ? this : null));
  }

  /** Belongs to another loop from now on. */
  void joinLoop(HttpLoop newLoop, NodePool newPool, Consumer<Boolean> then) {
    loop = newLoop;
    pool = newPool;
    output().moveTo(newLoop);
    Channel channel = context().channel();
    newLoop
        .loop()
        .eventLoop()
        .register(channel)
        .addListener(done -> then.accept(done.isSuccess() && channel.isActive()));
  }
}
