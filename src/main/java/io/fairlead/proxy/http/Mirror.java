package io.fairlead.proxy.http;

import io.fairlead.config.MirrorConfig;
import io.fairlead.proxy.RequestIds;
import io.fairlead.telemetry.LoopCounters;
import io.fairlead.telemetry.RouteCounter;
import io.netty.buffer.ByteBuf;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Sends copies of a route's requests to another service, as Envoy's request_mirror_policies and
 * nginx's mirror do, and throws the answers away. One for all event loops; a route without it never
 * asks.
 *
 * <p>A copy is what the first service's nodes get, before Fairlead's own fields, which it gets
 * itself. {@code fairlead-mirror} tells it apart, with the id of the request that it is of. It
 * leaves when the request has come as a whole, behind what the event loop has in hand, and is then
 * an exchange of its own: nothing of what becomes of it, and nothing that its client does, concerns
 * the other. It is sent once.
 *
 * <p>What does not fit is left out and counted: bodies that are too long, copies beyond those that
 * may be on their way or in memory.
 */
public final class Mirror {
  private static final byte[] MARK = Ascii.bytes("fairlead-mirror");
  private static final byte[][] MARKS = {MARK};

  private final MirrorConfig config;
  private final HttpRoute route;
  private final LoopCounters<RouteCounter> counters;
  private final byte[][] methods;
  private final AtomicInteger onTheirWay = new AtomicInteger();

  /**
   * @param route that leads to the other service, with the time that a copy may take
   * @param counters of the route whose requests are copied
   */
  public Mirror(MirrorConfig config, HttpRoute route, LoopCounters<RouteCounter> counters) {
    this.config = config;
    this.route = route;
    this.counters = counters;
    methods = config.methods().stream().map(Ascii::bytes).toArray(byte[][]::new);
  }

  /**
   * Copies the request, if it is to be; its head is complete but for fields of our own.
   *
   * @return what its body is to be added to; null: that is not wanted
   */
  @Nullable Copy copy(Exchange exchange, HttpLoop loop) {
    Head request = exchange.request;
    if (!exchange.client().who().isTrusted()) {
      Guard.dropOwn(request, MARKS); // only we may say so
    }
    if (!isCopied(request) || loop.loop().random().nextDouble() >= config.share()) {
      return null;
    }
    boolean whole = exchange.isRequestDone();
    if (!whole && request.body > config.bodyBytes()) {
      count(loop, RouteCounter.MIRROR_TOO_LARGE);
      return null;
    }
    if (whole && !enter(loop)) {
      return null;
    }
    Copy copy = new Copy(exchange, loop);
    if (whole) {
      copy.send();
      return null;
    }
    return copy;
  }

  private boolean isCopied(Head request) {
    if (request.upgrade) {
      return false; // what follows is no request
    }
    for (byte[] method : methods) {
      if (request.methodIs(method)) {
        return true;
      }
    }
    return false;
  }

  private boolean enter(HttpLoop loop) {
    while (true) {
      int now = onTheirWay.get();
      if (now >= config.requests()) {
        count(loop, RouteCounter.MIRROR_BUSY);
        return false;
      }
      if (onTheirWay.compareAndSet(now, now + 1)) {
        return true;
      }
    }
  }

  private void count(HttpLoop loop, RouteCounter what) {
    counters.increment(loop.index(), what);
  }

  /** What it does with such a request, for people. */
  String inWords(Head request) {
    if (!isCopied(request)) {
      return "no copy goes to service "
          + config.service()
          + ", as "
          + Ascii.text(request.bytes, request.methodStart, request.methodEnd)
          + " is not mirrored";
    }
    return (config.share() < 1
            ? "by chance, " + Math.round(config.share() * 10_000) / 100.0 + " % of the time, a copy"
            : "a copy")
        + " goes to service "
        + config.service()
        + " unless the body is longer than "
        + config.bodyBytes()
        + " bytes, which is not done here";
  }

  /** A copy of one request: gathered first, then sent. Event loop only. */
  final class Copy implements Subrequest.Asker {
    private final HttpLoop loop;
    private final Subrequest request;
    private @Nullable ByteBuf body;
    private int bytes;

    private Copy(Exchange exchange, HttpLoop loop) {
      this.loop = loop;
      request = new Subrequest(loop, exchange.client(), route, 0, this);
      Head head = request.begin();
      head.copyRequest(exchange.request);
      Guard.dropOwn(head, MARKS);
      RequestCheck.dropAll(head, 1L << FieldName.EXPECT | 1L << FieldName.IMPORTANCE);
      head.openField(MARK);
      head.put(exchange.requestId, 0, RequestIds.LENGTH);
      head.closeField(FieldName.OTHER);
      if (!exchange.isRequestDone()) {
        int most = config.bodyBytes();
        int known = (int) Math.max(0, head.body);
        body = loop.loop().allocator().directBuffer(Math.min(most, Math.max(known, 256)), most);
      }
    }

    /**
     * Adds so many bytes of the buffer, which stay in it, to the body.
     *
     * @return false: it has become too long, and there is no copy
     */
    boolean add(ByteBuf in, int count) {
      ByteBuf to = body;
      boolean fits = to != null && count <= to.maxWritableBytes();
      if (to == null || !fits || !loop.reserveForMirrors(count)) {
        count(loop, fits ? RouteCounter.MIRROR_BUSY : RouteCounter.MIRROR_TOO_LARGE);
        discard();
        return false;
      }
      bytes += count;
      to.writeBytes(in, in.readerIndex(), count);
      return true;
    }

    /** The request is complete. */
    void complete() {
      if (enter(loop)) {
        send();
      } else {
        discard();
      }
    }

    /** There will be no more of the request, or the copy is not wanted. */
    void discard() {
      request.cancel();
      free();
    }

    /** Soon: what the loop has in hand is for clients and comes first. */
    private void send() {
      count(loop, RouteCounter.MIRRORED);
      loop.loop()
          .eventLoop()
          .execute(() -> {
            loop.touch();
            ByteBuf content = body;
            body = null;
            request.sendCopy(content);
          });
    }

    @Override
    public void ended(Subrequest answered) {
      if (answered.hasFailed()) {
        count(loop, RouteCounter.MIRROR_FAILED);
      }
      onTheirWay.decrementAndGet();
      free();
    }

    private void free() {
      loop.giveBackForMirrors(bytes);
      bytes = 0;
      ByteBuf unsent = body;
      if (unsent != null) {
        body = null;
        unsent.release();
      }
    }
  }
}
