package io.fairlead.proxy;

import io.fairlead.config.HostPort;
import io.fairlead.proxy.http.HttpListenerState;
import io.fairlead.proxy.http.HttpPolicy;
import io.netty.channel.Channel;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** An open listener: its sockets and what its connections share. */
public final class Listener {
  private static final Duration LOOK_AGAIN = Duration.ofMillis(50);

  private final String name;
  private final List<HostPort> addresses;
  private final List<Channel> sockets;
  private final HttpListenerState state;
  private final DataPlane dataPlane;

  Listener(
      String name,
      List<HostPort> addresses,
      List<Channel> sockets,
      HttpListenerState state,
      DataPlane dataPlane) {
    this.name = name;
    this.addresses = addresses;
    this.sockets = sockets;
    this.state = state;
    this.dataPlane = dataPlane;
  }

  public String name() {
    return name;
  }

  /** As configured. */
  public List<HostPort> addresses() {
    return addresses;
  }

  /** As bound: with the port that the kernel chose where 0 was asked for. */
  public List<InetSocketAddress> boundAddresses() {
    List<InetSocketAddress> bound = new ArrayList<>();
    for (Channel socket : sockets) {
      bound.add((InetSocketAddress) socket.localAddress());
    }
    return bound;
  }

  public HttpListenerState state() {
    return state;
  }

  /** Requests that begin from now on are treated so; connections stay. */
  public void setPolicy(HttpPolicy policy) {
    state.setPolicy(policy);
  }

  /**
   * Stops accepting, lets exchanges end, closes connections as they become idle.
   *
   * @param patience after which what is left is cut
   * @return completes with the number of connections that had to be cut
   */
  public CompletableFuture<Integer> drain(Duration patience) {
    sockets.forEach(Channel::close);
    state.setDraining();
    dataPlane.onEachLoop(loop -> state.closeIdle(loop.index()));
    CompletableFuture<Integer> drained = new CompletableFuture<>();
    long deadline = System.nanoTime() + patience.toNanos();
    look(drained, deadline);
    return drained;
  }

  private void look(CompletableFuture<Integer> drained, long deadline) {
    int left = state.connections();
    if (left == 0) {
      drained.complete(0);
    } else if (System.nanoTime() >= deadline) {
      dataPlane.onEachLoop(loop -> state.closeAll(loop.index()));
      drained.complete(left);
    } else {
      dataPlane
          .anyLoop()
          .eventLoop()
          .schedule(() -> look(drained, deadline), LOOK_AGAIN.toMillis(), TimeUnit.MILLISECONDS);
    }
  }
}
