package io.fairlead.proxy.http;

import io.fairlead.config.NodeProtocol;
import io.fairlead.config.UpstreamConfig;
import io.fairlead.proxy.ChannelSetup;
import io.fairlead.service.Node;
import io.fairlead.telemetry.NodeCounter;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelOption;
import io.netty.channel.ConnectTimeoutException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.NoRouteToHostException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One event loop's connections to one node. Unused ones are kept on a stack: the one used last is
 * the warmest, and those at the bottom grow old and are closed, so that the number follows the
 * load.
 */
final class NodePool {
  /** Exchanges that may wait for one connection of HTTP/2 to be opened. */
  private static final int MAX_WAITERS = 100;

  private final HttpLoop loop;
  private final Node node;
  private final PoolDirectory directory;
  private final List<UpstreamConnection> idle = new ArrayList<>();
  private volatile int idleCount;

  /** Connections of HTTP/2 that take more exchanges; the first with room is used. */
  private final List<Http2NodeConnection> shared = new ArrayList<>();

  /** Exchanges that wait for the connection of HTTP/2 that is being opened. */
  private @Nullable List<Waiter> waiters;

  private record Waiter(Attempt attempt, int ticket) {}

  NodePool(HttpLoop loop, Node node, PoolDirectory directory) {
    this.loop = loop;
    this.node = node;
    this.directory = directory;
    directory.add(node, loop.index(), this);
  }

  /** Unused connections; any thread may ask. */
  int idleCount() {
    return idleCount;
  }

  /** A connection with room for another attempt, open as far as we know, or null. */
  @Nullable NodeSide poll(NodeProtocol protocol) {
    return switch (protocol) {
      case HTTP1 -> pollIdle();
      case H2 -> pollShared();
    };
  }

  private @Nullable Http2NodeStream pollShared() {
    for (Http2NodeConnection connection : shared) {
      if (connection.hasRoom()) {
        return connection.open();
      }
    }
    return null;
  }

  private @Nullable UpstreamConnection pollIdle() {
    while (!idle.isEmpty()) {
      UpstreamConnection connection = idle.removeLast();
      idleCount = idle.size();
      if (connection.isOpen()) {
        return connection;
      }
    }
    return null;
  }

  /** Keeps a connection for the next request, or closes it if there are enough. */
  void release(UpstreamConnection connection, UpstreamConfig config) {
    int share = Math.max(1, config.idleConnections() / directory.loops());
    if (!node.isMember() || !node.facts().up() || idle.size() >= share) {
      connection.close();
      return;
    }
    idle.add(connection);
    idleCount = idle.size();
    connection.keepUntil(loop.now() + config.idleTimeout().toNanos());
  }

  /** The connection has closed or is no longer to be used. */
  void remove(UpstreamConnection connection) {
    // Old ones are at the bottom, and those are what times out or is closed by nodes.
    if (idle.remove(connection)) {
      idleCount = idle.size();
    }
    forgetIfGone();
  }

  /** The connection takes no more exchanges. */
  void remove(Http2NodeConnection connection) {
    shared.remove(connection);
    forgetIfGone();
  }

  /** So many bytes have gone to the node on a connection that several exchanges share. */
  void countSent(long bytes) {
    node.counters().add(loop.index(), NodeCounter.BYTES_SENT, bytes);
  }

  /** The node broke the rules of HTTP/2. */
  void countViolation() {
    node.counters().increment(loop.index(), NodeCounter.BAD_RESPONSE);
  }

  void closeIdle() {
    List.copyOf(shared).forEach(Http2NodeConnection::retire);
    List<UpstreamConnection> all = List.copyOf(idle);
    idle.clear();
    idleCount = 0;
    all.forEach(UpstreamConnection::close);
    forgetIfGone();
  }

  private void forgetIfGone() {
    if (!node.isMember()) {
      // A request that had picked it before it left may have made this pool anew.
      directory.remove(node);
      loop.forget(node);
    }
  }

  /**
   * Gets a connection for the try: takes over one that another loop does not use, or opens a new
   * one. The try hears of it through {@link Attempt#connected} or {@link Attempt#connectFailed}.
   *
   * @param config how to connect
   * @param fresh only a new one will do
   */
  void connect(Attempt attempt, ServiceTarget target, UpstreamConfig config, boolean fresh) {
    if (target.protocol() == NodeProtocol.H2) {
      connectShared(attempt, config);
      return;
    }
    NodePool other = fresh ? null : directory.richest(node, loop.index());
    if (other != null) {
      takeOver(other, attempt, config);
    } else {
      open(attempt, config);
    }
  }

  private void takeOver(NodePool other, Attempt attempt, UpstreamConfig config) {
    int ticket = attempt.ticket();
    other
        .loop
        .loop()
        .eventLoop()
        .execute(() -> {
          UpstreamConnection found = other.pollIdle();
          if (found == null) {
            back(() -> openIfWanted(attempt, ticket, config));
          } else {
            found.leaveLoop(moved -> back(() -> arrive(moved, attempt, ticket, config)));
          }
        });
  }

  private void back(Runnable task) {
    loop.loop().eventLoop().execute(task);
  }

  private void openIfWanted(Attempt attempt, int ticket, UpstreamConfig config) {
    if (attempt.ticket() == ticket) {
      open(attempt, config);
    }
  }

  private void arrive(
      @Nullable UpstreamConnection moved, Attempt attempt, int ticket, UpstreamConfig config) {
    if (moved == null) {
      openIfWanted(attempt, ticket, config);
      return;
    }
    moved.joinLoop(
        loop,
        this,
        joined -> {
          boolean wanted = attempt.ticket() == ticket;
          if (!joined) {
            openIfWanted(attempt, ticket, config);
          } else if (wanted) {
            attempt.connected(moved);
          } else {
            release(moved, config);
          }
        });
  }

  private void open(Attempt attempt, UpstreamConfig config) {
    InetSocketAddress address = node.socketAddress();
    if (address == null) {
      attempt.connectFailed("name not resolved");
      return;
    }
    if (!node.connectionOpened(attempt.connectionsPerNode())) {
      UpstreamConnection own = pollIdle(); // given back while we looked elsewhere
      NodePool other = own != null ? null : directory.richest(node, loop.index());
      if (own != null) {
        attempt.connected(own);
      } else if (other != null) {
        takeOver(other, attempt, config);
      } else {
        attempt.connectFailed("as many connections as connections-per-node allows");
      }
      return;
    }
    int ticket = attempt.ticket();
    UpstreamConnection connection = new UpstreamConnection(loop, this);
    openChannel(connection, address, config)
        .addListener((ChannelFuture connected) -> {
          if (connected.isSuccess()) {
            node.counters().increment(loop.index(), NodeCounter.CONNECTIONS);
            if (attempt.ticket() == ticket) {
              attempt.connected(connection);
            } else {
              release(connection, config);
            }
          } else {
            failed(connected, attempt, ticket);
          }
        });
  }

  /** Exchanges that come while the connection is being opened wait for it together. */
  private void connectShared(Attempt attempt, UpstreamConfig config) {
    Waiter waiter = new Waiter(attempt, attempt.ticket());
    List<Waiter> going = waiters;
    if (going != null && going.size() < MAX_WAITERS) {
      going.add(waiter);
      return;
    }
    InetSocketAddress address = node.socketAddress();
    if (address == null) {
      attempt.connectFailed("name not resolved");
      return;
    }
    if (!node.connectionOpened(attempt.connectionsPerNode())) {
      attempt.connectFailed("as many connections as connections-per-node allows");
      return;
    }
    List<Waiter> together = new ArrayList<>();
    together.add(waiter);
    waiters = together;
    Http2NodeConnection connection = new Http2NodeConnection(loop, this, config, false);
    openChannel(connection, address, config)
        .addListener((ChannelFuture connected) -> arrived(connected, connection, together, config));
  }

  private void arrived(
      ChannelFuture connected,
      Http2NodeConnection connection,
      List<Waiter> together,
      UpstreamConfig config) {
    if (connected.isSuccess()) {
      node.counters().increment(loop.index(), NodeCounter.CONNECTIONS);
      connection.whenKnown(usable -> {
        if (usable && connection.hasRoom()) {
          serve(connection, together, config);
        } else {
          tell("no HTTP/2 from it", false);
          refuse(together, "no HTTP/2 from it");
        }
      });
      connection.start(); // those who wait for the channel are told before its handlers
    } else {
      refuse(together, told(connected));
    }
  }

  private void serve(Http2NodeConnection connection, List<Waiter> together, UpstreamConfig config) {
    forget(together);
    shared.add(connection);
    for (Waiter each : together) {
      if (each.attempt.ticket() == each.ticket) {
        if (connection.hasRoom()) {
          each.attempt.connected(connection.open());
        } else {
          connectShared(each.attempt, config);
        }
      }
    }
    connection.keep();
  }

  private void refuse(List<Waiter> together, String reason) {
    forget(together);
    for (Waiter each : together) {
      if (each.attempt.ticket() == each.ticket) {
        each.attempt.connectFailed(reason);
      }
    }
  }

  /** Whoever comes from now on waits for another connection. */
  @SuppressWarnings("ReferenceEquality") // that very list
  private void forget(List<Waiter> together) {
    if (waiters == together) {
      waiters = null;
    }
  }

  /** Opens one that has been counted in. */
  private ChannelFuture openChannel(
      ChannelHandler handler, InetSocketAddress address, UpstreamConfig config) {
    Channel channel = loop.loop().newSocketChannel();
    channel
        .config()
        .setOption(ChannelOption.CONNECT_TIMEOUT_MILLIS, (int) config.connectTimeout().toMillis());
    ChannelSetup.apply(channel, loop.loop());
    channel.pipeline().addLast(handler);
    channel.closeFuture().addListener(closed -> node.connectionClosed());
    loop.loop().eventLoop().register(channel);
    return channel.connect(address);
  }

  private void failed(ChannelFuture connected, Attempt attempt, int ticket) {
    String reason = told(connected);
    if (attempt.ticket() == ticket) {
      attempt.connectFailed(reason);
    }
  }

  /** Tells everybody that no connection could be made; the answer is why. */
  private String told(ChannelFuture connected) {
    connected.channel().close();
    Throwable cause = connected.cause();
    boolean silent = cause instanceof ConnectTimeoutException;
    boolean refused =
        !silent && (cause instanceof ConnectException || cause instanceof NoRouteToHostException);
    String reason = refused ? "connection refused" : "no connection in time";
    tell(reason, refused);
    return reason;
  }

  private void tell(String reason, boolean refused) {
    node.counters().increment(loop.index(), NodeCounter.CONNECT_FAILED);
    loop.signals().connectionFailed(node, reason, refused);
  }
}
