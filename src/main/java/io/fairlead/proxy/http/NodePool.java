package io.fairlead.proxy.http;

import io.fairlead.config.UpstreamConfig;
import io.fairlead.proxy.ChannelSetup;
import io.fairlead.service.Node;
import io.fairlead.telemetry.NodeCounter;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
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
  private final HttpLoop loop;
  private final Node node;
  private final PoolDirectory directory;
  private final List<UpstreamConnection> idle = new ArrayList<>();
  private volatile int idleCount;

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

  /** An unused connection that is open as far as we know, or null. */
  @Nullable UpstreamConnection poll() {
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
    if (!node.isMember()) {
      // A request that had picked it before it left may have made this pool anew.
      directory.remove(node);
      loop.forget(node);
    }
  }

  void closeIdle() {
    List<UpstreamConnection> all = List.copyOf(idle);
    idle.clear();
    idleCount = 0;
    all.forEach(UpstreamConnection::close);
    if (!node.isMember()) {
      directory.remove(node);
      loop.forget(node);
    }
  }

  /**
   * Gets a connection for the exchange: takes over one that another loop does not use, or opens a
   * new one. The exchange hears of it through {@link Exchange#connected} or {@link
   * Exchange#connectFailed}.
   *
   * @param fresh only a new one will do
   */
  void connect(Exchange exchange, UpstreamConfig config, boolean fresh) {
    NodePool other = fresh ? null : directory.richest(node, loop.index());
    if (other != null) {
      takeOver(other, exchange, config);
    } else {
      open(exchange, config);
    }
  }

  private void takeOver(NodePool other, Exchange exchange, UpstreamConfig config) {
    int ticket = exchange.ticket();
    other
        .loop
        .loop()
        .eventLoop()
        .execute(() -> {
          UpstreamConnection found = other.poll();
          if (found == null) {
            back(() -> openIfWanted(exchange, ticket, config));
          } else {
            found.leaveLoop(moved -> back(() -> arrive(moved, exchange, ticket, config)));
          }
        });
  }

  private void back(Runnable task) {
    loop.loop().eventLoop().execute(task);
  }

  private void openIfWanted(Exchange exchange, int ticket, UpstreamConfig config) {
    if (exchange.ticket() == ticket) {
      open(exchange, config);
    }
  }

  private void arrive(
      @Nullable UpstreamConnection moved, Exchange exchange, int ticket, UpstreamConfig config) {
    if (moved == null) {
      openIfWanted(exchange, ticket, config);
      return;
    }
    moved.joinLoop(
        loop,
        this,
        joined -> {
          boolean wanted = exchange.ticket() == ticket;
          if (!joined) {
            openIfWanted(exchange, ticket, config);
          } else if (wanted) {
            exchange.connected(moved);
          } else {
            release(moved, config);
          }
        });
  }

  private void open(Exchange exchange, UpstreamConfig config) {
    InetSocketAddress address = node.socketAddress();
    if (address == null) {
      exchange.connectFailed("name not resolved");
      return;
    }
    int ticket = exchange.ticket();
    Channel channel = loop.loop().newSocketChannel();
    channel
        .config()
        .setOption(ChannelOption.CONNECT_TIMEOUT_MILLIS, (int) config.connectTimeout().toMillis());
    ChannelSetup.apply(channel, loop.loop());
    UpstreamConnection connection = new UpstreamConnection(loop, this);
    channel.pipeline().addLast(connection);
    node.connectionOpened();
    channel.closeFuture().addListener(closed -> node.connectionClosed());
    loop.loop().eventLoop().register(channel);
    channel
        .connect(address)
        .addListener((ChannelFuture connected) -> {
          if (connected.isSuccess()) {
            node.counters().increment(loop.index(), NodeCounter.CONNECTIONS);
            if (exchange.ticket() == ticket) {
              exchange.connected(connection);
            } else {
              release(connection, config);
            }
          } else {
            failed(connected, exchange, ticket);
          }
        });
  }

  private void failed(ChannelFuture connected, Exchange exchange, int ticket) {
    connected.channel().close();
    Throwable cause = connected.cause();
    boolean silent = cause instanceof ConnectTimeoutException;
    boolean refused =
        !silent && (cause instanceof ConnectException || cause instanceof NoRouteToHostException);
    String reason = refused ? "connection refused" : "no connection in time";
    node.counters().increment(loop.index(), NodeCounter.CONNECT_FAILED);
    loop.signals().connectionFailed(node, reason, refused);
    if (exchange.ticket() == ticket) {
      exchange.connectFailed(reason);
    }
  }
}
