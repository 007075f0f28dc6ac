package io.fairlead.proxy.http;

import io.fairlead.config.WebSocketConfig;
import io.fairlead.proxy.TimerWheel;
import io.fairlead.service.Node;
import io.fairlead.telemetry.ErrorReason;
import io.netty.buffer.ByteBuf;

/** An exchange that has become a WebSocket: does what its {@link WebSocketTunnel} decides. */
final class WebSocketRelay extends TimerWheel.Timer implements WebSocketTunnel.Ends {
  private final HttpLoop loop;
  private final Exchange exchange;
  private final Node node;
  private final WebSocketTunnel tunnel;
  private boolean over;

  /**
   * @param idleNanos without a byte; 0: no bound
   */
  WebSocketRelay(
      HttpLoop loop, Exchange exchange, Node node, WebSocketConfig config, long idleNanos) {
    this.loop = loop;
    this.exchange = exchange;
    this.node = node;
    tunnel = new WebSocketTunnel(config, idleNanos, loop.loop().random(), loop.now(), this);
    loop.add(this);
    if (isNodeLeaving()) {
      tunnel.drain(true, loop.now());
    }
    plan(tunnel.next(loop.now()));
  }

  Node node() {
    return node;
  }

  /** Takes that many bytes that an end has sent. */
  void pass(boolean toNode, ByteBuf in, int count) {
    tunnel.pass(toNode, in, count, loop.now());
  }

  /** An end has ended its half; false if the exchange is over by that. */
  boolean ended(boolean byClient) {
    tunnel.ended(byClient);
    return !over;
  }

  /**
   * The listener, the instance or the node drains.
   *
   * @param ofNode it is the node
   */
  void drain(boolean ofNode) {
    long now = System.nanoTime();
    tunnel.drain(ofNode, now);
    plan(tunnel.next(now));
  }

  /** The exchange is over. */
  void release() {
    over = true;
    loop.loop().timers().cancel(this);
    loop.remove(this);
  }

  @Override
  protected void expired(long now) {
    loop.touch();
    plan(tunnel.tick(now));
  }

  private void plan(long next) {
    if (next != WebSocketTunnel.NEVER && !over) {
      loop.loop().timers().set(this, next);
    }
  }

  // --- the ends ----------------------------------------------------------------------------

  @Override
  public void send(boolean toNode, ByteBuf in, int count) {
    exchange.sendThrough(toNode, in, count);
  }

  @Override
  public void flush() {
    if (!over) {
      exchange.flushBoth();
    }
  }

  @Override
  public boolean isWritable(boolean toNode) {
    return toNode ? exchange.isReadyForBody() : exchange.client().isWritable();
  }

  @Override
  public boolean isNodeLeaving() {
    return node.facts().draining() || !node.isMember();
  }

  @Override
  public void count(ErrorReason reason) {
    exchange.countError(reason);
  }

  @Override
  public void closed() {
    exchange.tunnelClosed();
  }

  @Override
  public void cut(ErrorReason reason) {
    exchange.fail(reason);
  }
}
