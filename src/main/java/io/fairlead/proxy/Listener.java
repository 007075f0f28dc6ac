package io.fairlead.proxy;

import io.fairlead.config.HostPort;
import io.fairlead.config.Http3Config;
import io.fairlead.config.ListenerConfig;
import io.fairlead.proxy.http.HttpListenerState;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.socket.DatagramChannel;
import io.netty.channel.unix.UnixChannel;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** An open listener: its sockets and what its connections share. */
public final class Listener {
  private static final System.Logger LOG = System.getLogger(Listener.class.getName());

  private static final Duration LOOK_AGAIN = Duration.ofMillis(50);

  /** How long requests by HTTP/3 may go on at an address that is given up. */
  private static final Duration RETIRE_PATIENCE = Duration.ofSeconds(30);

  private final String name;
  private final ListenerState state;
  private final DataPlane dataPlane;
  private volatile Map<HostPort, Channel> sockets;

  /** For HTTP/3; of addresses that are not in it, it is not spoken. */
  private volatile Map<HostPort, Http3Sockets> datagrams = Map.of();

  Listener(String name, Map<HostPort, Channel> sockets, ListenerState state, DataPlane dataPlane) {
    this.name = name;
    this.sockets = sockets;
    this.state = state;
    this.dataPlane = dataPlane;
  }

  public String name() {
    return name;
  }

  /** As configured. */
  public List<HostPort> addresses() {
    return List.copyOf(sockets.keySet());
  }

  /** As bound: with the port that the kernel chose where 0 was asked for. */
  public List<InetSocketAddress> boundAddresses() {
    List<InetSocketAddress> bound = new ArrayList<>();
    for (Channel socket : sockets.values()) {
      bound.add((InetSocketAddress) socket.localAddress());
    }
    return bound;
  }

  /**
   * Listens on these addresses, too, beside the ones it has.
   *
   * @throws IOException if one cannot be bound; then none of them is
   */
  public void add(List<HostPort> addresses) throws IOException {
    Map<HostPort, Channel> all = new LinkedHashMap<>(sockets);
    List<HostPort> missing = addresses.stream().filter(a -> !all.containsKey(a)).toList();
    all.putAll(dataPlane.bind(name, missing, state));
    sockets = all;
  }

  /**
   * From now on connections to that address are this listener's; those that the other one has stay
   * with it. The socket remains open all the while, so nobody is turned away.
   */
  public void takeOver(HostPort address, Listener from) {
    Map<HostPort, Channel> left = new LinkedHashMap<>(from.sockets);
    Channel socket = left.remove(address);
    if (socket == null) {
      throw new IllegalArgumentException(from.name + " does not listen on " + address);
    }
    from.sockets = left;
    Map<HostPort, Channel> all = new LinkedHashMap<>(sockets);
    all.put(address, socket);
    sockets = all;
    socket.pipeline().get(Acceptor.class).setState(state);
    if (state instanceof HttpListenerState http) {
      Map<HostPort, Http3Sockets> rest = new LinkedHashMap<>(from.datagrams);
      Map<HostPort, Http3Sockets> more = new LinkedHashMap<>(datagrams);
      for (HostPort each : ofHttp3(address, socket)) {
        Http3Sockets beside = rest.remove(each);
        if (beside != null) {
          beside.door().setListener(http);
          more.put(each, beside);
        }
      }
      from.datagrams = rest;
      datagrams = more;
    }
  }

  /**
   * Where clients come in by HTTP/3 at one of its addresses: there, and where that is the wildcard
   * at each address of this machine by itself. A client of QUIC takes answers only from the address
   * that it asked, and by a wildcard they leave from the one that the kernel likes best.
   */
  private List<HostPort> ofHttp3(HostPort address, Channel socket) {
    List<HostPort> all = new ArrayList<>();
    all.add(address);
    if (socket.localAddress() instanceof InetSocketAddress bound
        && bound.getAddress().isAnyLocalAddress()) {
      dataPlane
          .ownAddresses(bound.getAddress())
          .forEach(own -> all.add(new HostPort(own.getHostAddress(), bound.getPort())));
    }
    return all;
  }

  /**
   * Listens on these addresses only; connections that came in through others stay. Returns when the
   * others are free.
   */
  public void retain(List<HostPort> addresses) {
    Map<HostPort, Channel> kept = new LinkedHashMap<>();
    sockets.forEach((address, socket) -> {
      if (addresses.contains(address)) {
        kept.put(address, socket);
      } else {
        socket.close().awaitUninterruptibly();
      }
    });
    sockets = kept;
  }

  /**
   * Binds what HTTP/3 needs at all addresses that are bound now; nobody is told of it yet.
   *
   * @throws IOException if one cannot be bound, or there is no library; then none of them is
   */
  public void openHttp3() throws IOException {
    Map<HostPort, Http3Sockets> all = new LinkedHashMap<>(datagrams);
    List<Http3Sockets> made = new ArrayList<>();
    try {
      for (Map.Entry<HostPort, Channel> each : sockets.entrySet()) {
        if (each.getValue().localAddress() instanceof InetSocketAddress bound) {
          for (HostPort at : ofHttp3(each.getKey(), each.getValue())) {
            if (!all.containsKey(at)) {
              Http3Sockets opened = openHttp3(at, bound.getPort(), at.equals(each.getKey()));
              if (opened != null) {
                made.add(opened);
                all.put(at, opened);
              }
            }
          }
        }
      }
    } catch (IOException | RuntimeException e) {
      made.forEach(Http3Sockets::close);
      throw e;
    }
    datagrams = all;
  }

  /** Null: it is not needed, and cannot be. */
  private @Nullable Http3Sockets openHttp3(HostPort at, int port, boolean needed)
      throws IOException {
    try {
      return dataPlane.bindHttp3(name, at, port, (HttpListenerState) state);
    } catch (IOException e) {
      if (needed) {
        throw e;
      }
      LOG.log(Level.WARNING, "{0}; clients that ask there stay with TCP", e.getMessage());
      return null;
    }
  }

  /**
   * Speaks HTTP/3 at its addresses, and tells clients, or no longer. Sockets of addresses that it
   * has given up close when their connections have ended.
   *
   * @param wanted none: not at all
   * @throws IOException if it cannot be spoken at an address that another listener had before
   */
  public void settleHttp3(Optional<Http3Config> wanted) throws IOException {
    if (!(state instanceof HttpListenerState http)) {
      return;
    }
    Set<HostPort> all = new LinkedHashSet<>();
    if (wanted.isPresent()) {
      sockets.forEach((address, socket) -> all.addAll(ofHttp3(address, socket)));
    }
    Map<HostPort, Http3Sockets> kept = new LinkedHashMap<>();
    datagrams.forEach((address, each) -> {
      if (all.contains(address)) {
        kept.put(address, each);
      } else {
        each.retire(RETIRE_PATIENCE.toNanos());
      }
    });
    datagrams = kept;
    try {
      if (wanted.isPresent()) {
        openHttp3();
      }
    } finally {
      Set<Integer> ports = new LinkedHashSet<>();
      datagrams.values().forEach(each -> ports.add(each.port()));
      http.announceHttp3(ports, wanted.orElse(Http3Config.DEFAULT).maxAge());
    }
  }

  private void closeDatagrams() {
    datagrams.values().forEach(Http3Sockets::close);
  }

  /** Connections that come from now on are received so. */
  public void configure(ListenerConfig config) {
    state.configure(config);
  }

  public ListenerState state() {
    return state;
  }

  /**
   * Stops accepting, lets exchanges end, closes connections as they become idle. Returns when the
   * addresses are free; those for datagrams are free when the drain has completed.
   *
   * @param patience after which what is left is cut
   * @return completes with the number of connections that had to be cut
   */
  public CompletableFuture<Integer> drain(Duration patience) {
    if (!state.needsSocketsToDrain()) {
      closeSockets();
    }
    state.setDraining();
    dataPlane.onEachLoop(loop -> state.closeIdle(loop.index()));
    CompletableFuture<Integer> drained = new CompletableFuture<>();
    long deadline = System.nanoTime() + patience.toNanos();
    look(drained, deadline);
    return drained;
  }

  /**
   * Another process has these sockets now: stops reading from them, lets exchanges end and closes
   * connections after the next answer, which says so. Those that stay idle are closed later.
   *
   * @param idle how long a connection with nothing going on may wait for its next request
   * @param patience after which what is left is cut
   * @return completes with the number of connections that had to be cut
   */
  public CompletableFuture<Integer> leave(Duration idle, Duration patience) {
    sockets.values().forEach(Listener::stopReading);
    datagrams.values().forEach(each -> each.channels().forEach(Listener::stopReading));
    if (!state.needsSocketsToDrain()) {
      closeSockets();
    }
    state.setDraining();
    dataPlane.onEachLoop(loop -> state.leave(loop.index()));
    dataPlane
        .anyLoop()
        .eventLoop()
        .schedule(
            () -> dataPlane.onEachLoop(loop -> state.closeIdle(loop.index())),
            idle.toMillis(),
            TimeUnit.MILLISECONDS);
    CompletableFuture<Integer> drained = new CompletableFuture<>();
    look(drained, System.nanoTime() + patience.toNanos());
    return drained;
  }

  /**
   * Returns when nothing is read from it any more: what is read after the drain has begun is lost.
   * Not for event loops.
   */
  private static void stopReading(Channel socket) {
    socket
        .eventLoop()
        .submit(() -> socket.config().setAutoRead(false))
        .awaitUninterruptibly(1, TimeUnit.SECONDS);
    // A read that had been planned before comes before this.
    socket.eventLoop().submit(() -> {}).awaitUninterruptibly(1, TimeUnit.SECONDS);
  }

  /** The sockets as another process may have them, too. */
  public List<SharedSocket> sharedSockets() {
    List<SharedSocket> shared = new ArrayList<>();
    sockets.forEach((address, socket) -> {
      if (socket instanceof UnixChannel unix) {
        shared.add(
            new SharedSocket(
                name,
                socket instanceof DatagramChannel,
                address,
                (InetSocketAddress) socket.localAddress(),
                unix.fd().intValue()));
      }
    });
    datagrams.forEach((address, each) -> {
      for (Channel socket : each.channels()) {
        if (socket instanceof UnixChannel unix) {
          shared.add(
              new SharedSocket(
                  name,
                  true,
                  address,
                  (InetSocketAddress) socket.localAddress(),
                  unix.fd().intValue()));
        }
      }
    });
    return shared;
  }

  /**
   * Whom the next process has to know to pass on what is for connections by QUIC of this one.
   *
   * @param bound where the sockets are
   * @param tag in the names of connections
   * @param port at the loopback
   */
  public record QuicDoor(InetSocketAddress bound, int tag, int port) {}

  /** Opens a way for each address. Not for event loops. */
  public List<QuicDoor> openQuicDoors() {
    List<QuicDoor> doors = new ArrayList<>();
    for (Http3Sockets each : datagrams.values()) {
      int port = each.openSide(dataPlane.anyLoop());
      if (port > 0) {
        doors.add(new QuicDoor(each.bound(), each.door().tag(), port));
      }
    }
    return doors;
  }

  /** What is for connections of the process before goes to it. */
  public void passOn(QuicDoor before) {
    for (Http3Sockets each : datagrams.values()) {
      if (each.bound().equals(before.bound())) {
        each.passOn(before.tag(), before.port());
      }
    }
  }

  /** On an event loop nobody waits, but then nobody needs the addresses at once. */
  private void closeSockets() {
    for (Channel socket : sockets.values()) {
      ChannelFuture closed = socket.close();
      if (!dataPlane.isEventLoop()) {
        closed.awaitUninterruptibly();
      }
    }
  }

  private void look(CompletableFuture<Integer> drained, long deadline) {
    int left = state.connections();
    if (left == 0) {
      closeSockets();
      closeDatagrams();
      drained.complete(0);
    } else if (System.nanoTime() >= deadline) {
      dataPlane.onEachLoop(loop -> state.closeAll(loop.index()));
      closeSockets();
      closeDatagrams();
      drained.complete(left);
    } else {
      dataPlane
          .anyLoop()
          .eventLoop()
          .schedule(() -> look(drained, deadline), LOOK_AGAIN.toMillis(), TimeUnit.MILLISECONDS);
    }
  }
}
