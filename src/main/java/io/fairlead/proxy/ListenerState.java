package io.fairlead.proxy;

import io.fairlead.config.Cidr;
import io.fairlead.config.ListenerConfig;
import io.fairlead.proxy.origin.ForeignHeaderGuard;
import io.fairlead.proxy.origin.ProxyHeaderReader;
import io.fairlead.proxy.tls.TlsFront;
import io.fairlead.proxy.tls.TlsListener;
import io.fairlead.proxy.tls.TlsSession;
import io.fairlead.telemetry.ErrorReason;
import io.fairlead.telemetry.ListenerCounter;
import io.fairlead.telemetry.LoopCounters;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPipeline;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What all connections of one listener share, whatever they speak.
 *
 * <p>A connection is counted in when it is accepted, before any byte of it is read, and out when it
 * has closed. Each protocol has a form of its own, which says what to put into the pipeline of a
 * connection.
 */
public abstract class ListenerState {
  private final LoopCounters<ListenerCounter> counters;
  private final LoopCounters<ErrorReason> errors;
  private final AtomicInteger open = new AtomicInteger();

  /** By loop; each is touched by its loop only. */
  private final List<Tracker> trackers = new ArrayList<>();

  /**
   * What stands in front of every protocol.
   *
   * @param trusted networks whose connections begin with a PROXY header; empty: none do
   * @param headerNanos how long that may take
   */
  private record Front(List<Cidr> trusted, long headerNanos) {}

  private volatile Front front = new Front(List.of(), 0);
  private volatile boolean draining;
  private volatile @Nullable TlsListener tls;
  private volatile int recordName;

  protected ListenerState(int loops) {
    this.counters = new LoopCounters<>(loops, ListenerCounter.class);
    this.errors = new LoopCounters<>(loops, ErrorReason.class);
    for (int i = 0; i < loops; i++) {
      trackers.add(new Tracker(i));
    }
  }

  /** How many connections may be open at once. */
  protected abstract int maxConnections();

  /**
   * Puts the handlers of the protocol at the end of the pipeline of a connection that was admitted;
   * where there are only datagrams, of the socket they come in by. The connection may be active
   * already, when others had to read its first bytes: handlers start when they are added to an
   * active connection, and with {@code channelActive} otherwise.
   *
   * @param loop the connection's
   */
  protected abstract void install(ChannelPipeline pipeline, Loop loop);

  /** The same for a connection whose handshake is done; what has been settled there may matter. */
  protected void install(ChannelPipeline pipeline, Loop loop, TlsSession session) {
    install(pipeline, loop);
  }

  private void installed(ChannelPipeline pipeline, Loop loop, TlsSession session) {
    install(pipeline, loop, session);
    if (draining) { // it was let in before: what it has come to ask is answered
      pipeline.fireUserEventTriggered(ListenerEvent.LEAVE);
    }
  }

  /** What is spoken inside TLS; null: connections are in the clear. */
  public final @Nullable TlsListener tls() {
    return tls;
  }

  /** Connections that come from now on speak TLS so, or not at all. */
  public final void setTls(@Nullable TlsListener next) {
    tls = next;
  }

  /** No connection is kept longer than what is going on in it needs. */
  public final boolean isDraining() {
    return draining;
  }

  /** Connections that come from now on are treated so. */
  final void configure(ListenerConfig config) {
    front =
        new Front(config.proxyProtocol().acceptFrom(), config.limits().headerTimeout().toNanos());
  }

  /** Before it takes anybody. */
  final void setRecordName(int number) {
    recordName = number;
  }

  /** Its number in records. */
  public final int recordName() {
    return recordName;
  }

  final void setDraining() {
    draining = true;
  }

  /** Connections open now. */
  public final int connections() {
    return open.get();
  }

  public final LoopCounters<ListenerCounter> counters() {
    return counters;
  }

  /** Answers that Fairlead made itself, and exchanges it gave up, by reason. */
  public final LoopCounters<ErrorReason> errors() {
    return errors;
  }

  /**
   * Counts a connection in; false if the limit is reached, and then it is counted as refused.
   *
   * @param loop the one that asks
   */
  protected final boolean admit(int loop) {
    if (open.incrementAndGet() > maxConnections()) {
      open.decrementAndGet();
      counters.increment(loop, ListenerCounter.CONNECTIONS_REFUSED);
      return false;
    }
    counters.increment(loop, ListenerCounter.CONNECTIONS);
    return true;
  }

  /** Looks after a connection that has been admitted and came by datagrams. On that loop. */
  protected final void track(Channel connection, int loop) {
    Set<Channel> connections = trackers.get(loop).connections;
    connections.add(connection);
    connection
        .closeFuture()
        .addListener(_ -> {
          connections.remove(connection);
          dropped(loop);
        });
  }

  /** Prepares a connection that has been admitted for its loop. */
  final void prepare(Channel accepted, Loop loop) {
    ChannelSetup.apply(accepted, loop);
    accepted.pipeline().addLast(trackers.get(loop.index()));
    Front now = front;
    if (now.trusted().isEmpty()) {
      secure(accepted.pipeline(), loop);
    } else {
      installBehindHeader(accepted, loop, now);
    }
  }

  /** TLS begins behind a header. */
  private void secure(ChannelPipeline pipeline, Loop loop) {
    TlsListener inside = tls;
    if (inside == null) {
      install(pipeline, loop);
    } else {
      pipeline.addLast(new TlsFront(inside, loop, this::installed));
    }
  }

  private void installBehindHeader(Channel accepted, Loop loop, Front now) {
    ChannelPipeline pipeline = accepted.pipeline();
    InetAddress remote = ClientAddress.of(accepted).getAddress();
    Consumer<ErrorReason> count = reason -> errors.increment(loop.index(), reason);
    if (now.trusted().stream().anyMatch(network -> network.contains(remote))) {
      pipeline.addLast(
          new ProxyHeaderReader(loop, now.headerNanos(), () -> secure(pipeline, loop), count));
    } else {
      pipeline.addLast(new ForeignHeaderGuard(count));
      secure(pipeline, loop);
    }
  }

  /**
   * Counts out a connection that was admitted and never got to its loop.
   *
   * @param loop the one that asks
   */
  protected final void dropped(int loop) {
    open.decrementAndGet();
    counters.increment(loop, ListenerCounter.CONNECTIONS_CLOSED);
  }

  /** Whether what is going on needs the listening sockets to come to its end. */
  protected boolean needsSocketsToDrain() {
    return false;
  }

  /** Closes the connections of that loop that have nothing going on. Called on that loop. */
  protected void closeIdle(int loop) {
    for (Channel connection : List.copyOf(trackers.get(loop).connections)) {
      connection.pipeline().fireUserEventTriggered(ListenerEvent.DRAIN);
    }
  }

  /** Tells the connections of that loop that another process serves from now on. On that loop. */
  final void leave(int loop) {
    for (Channel connection : List.copyOf(trackers.get(loop).connections)) {
      connection.pipeline().fireUserEventTriggered(ListenerEvent.LEAVE);
    }
  }

  /** Closes all connections of that loop, whatever they are doing. Called on that loop. */
  protected void closeAll(int loop) {
    List.copyOf(trackers.get(loop).connections).forEach(Channel::close);
  }

  /** Knows the connections of one loop; in front of every pipeline. */
  @ChannelHandler.Sharable
  private final class Tracker extends ChannelInboundHandlerAdapter {
    private final int loop;
    private final Set<Channel> connections = Collections.newSetFromMap(new IdentityHashMap<>());

    Tracker(int loop) {
      this.loop = loop;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
      connections.add(ctx.channel());
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
      connections.remove(ctx.channel());
      dropped(loop);
      ctx.fireChannelInactive();
    }
  }
}
