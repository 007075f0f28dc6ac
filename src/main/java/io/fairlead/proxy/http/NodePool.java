package io.fairlead.proxy.http;

import io.fairlead.config.NodeProtocol;
import io.fairlead.config.UpstreamConfig;
import io.fairlead.service.Node;
import io.fairlead.telemetry.NodeCounter;
import io.netty.channel.Channel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One event loop's connections to one node. Unused ones are kept on a stack: the one used last is
 * the warmest, and those at the bottom grow old and are closed, so that the number follows the
 * load.
 */
final class NodePool {
  /** Exchanges that may wait for one connection of HTTP/2 to be opened. */
  private static final int MAX_WAITERS = 100;

  private static final int LOOK_AGAIN_MICROS = 500;

  private static final String NO_HTTP2 = "no HTTP/2 from it";
  private static final String NO_MORE = "as many connections as connections-per-node allows";

  private final HttpLoop loop;
  private final Node node;
  private final PoolDirectory directory;
  private final List<UpstreamConnection> idle = new ArrayList<>();
  private volatile int idleCount;

  /** What the node chose last; {@code AUTO}: nobody has asked it. */
  private NodeProtocol spoken = NodeProtocol.AUTO;

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

  /** A connection with room for another exchange, open as far as we know, or null. */
  @Nullable NodeSide poll(NodeLink link) {
    return switch (link.protocol()) {
      case HTTP1 -> pollIdle(link);
      case H2 -> pollShared(link);
      case AUTO -> {
        NodeSide found = pollShared(link);
        yield found != null ? found : pollIdle(link);
      }
    };
  }

  private @Nullable Http2NodeStream pollShared(NodeLink link) {
    for (int i = 0; i < shared.size(); i++) {
      Http2NodeConnection connection = shared.get(i);
      if (!connection.isOf(link)) {
        connection.retire(); // leaves the list
        i--;
      } else if (connection.hasRoom()) {
        return connection.open();
      }
    }
    return null;
  }

  private @Nullable UpstreamConnection pollIdle(NodeLink link) {
    while (!idle.isEmpty()) {
      UpstreamConnection connection = idle.removeLast();
      idleCount = idle.size();
      if (!connection.isOpen()) {
        continue;
      }
      if (connection.isOf(link)) {
        return connection;
      }
      connection.close(); // made when TLS was to be spoken in another way, or not at all
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

  /** The node refused us behind the handshake, when the connection seemed to be there. */
  void refused(String reason) {
    node.counters().increment(loop.index(), NodeCounter.TLS_FAILED);
    loop.signals().connectionFailed(node, reason, false);
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
    switch (target.link().protocol()) {
      case HTTP1 -> connectOwn(attempt, target, config, fresh);
      case H2 -> connectShared(attempt, target, config);
      case AUTO -> {
        // What it chose before it will choose again; if it is not known, one attempt finds out.
        if (spoken == NodeProtocol.HTTP1
            || (!fresh && directory.richest(node, loop.index()) != null)) {
          connectOwn(attempt, target, config, fresh);
        } else {
          connectShared(attempt, target, config);
        }
      }
    }
  }

  private void connectOwn(
      Attempt attempt, ServiceTarget target, UpstreamConfig config, boolean fresh) {
    NodePool other = fresh ? null : directory.richest(node, loop.index());
    if (other != null) {
      takeOver(other, attempt, target, config);
    } else {
      open(attempt, target, config);
    }
  }

  private void takeOver(
      NodePool other, Attempt attempt, ServiceTarget target, UpstreamConfig config) {
    int ticket = attempt.ticket();
    other
        .loop
        .loop()
        .eventLoop()
        .execute(() -> {
          UpstreamConnection found = other.pollIdle(target.link());
          if (found == null) {
            back(() -> openIfWanted(attempt, ticket, target, config));
          } else {
            found.leaveLoop(moved -> back(() -> arrive(moved, attempt, ticket, target, config)));
          }
        });
  }

  private void back(Runnable task) {
    loop.loop().eventLoop().execute(task);
  }

  private void openIfWanted(
      Attempt attempt, int ticket, ServiceTarget target, UpstreamConfig config) {
    if (attempt.ticket() == ticket) {
      open(attempt, target, config);
    }
  }

  private void arrive(
      @Nullable UpstreamConnection moved,
      Attempt attempt,
      int ticket,
      ServiceTarget target,
      UpstreamConfig config) {
    if (moved == null) {
      openIfWanted(attempt, ticket, target, config);
      return;
    }
    moved.joinLoop(
        loop,
        this,
        joined -> {
          if (joined) {
            deliver(moved, attempt, ticket, config);
          } else {
            openIfWanted(attempt, ticket, target, config);
          }
        });
  }

  private void deliver(
      UpstreamConnection connection, Attempt attempt, int ticket, UpstreamConfig config) {
    if (attempt.ticket() == ticket) {
      attempt.connected(connection);
    } else {
      release(connection, config);
    }
  }

  /** A connection for that try alone. */
  private void open(Attempt attempt, ServiceTarget target, UpstreamConfig config) {
    if (!node.connectionOpened(target.link().connectionsPerNode())) {
      UpstreamConnection own = pollIdle(target.link()); // given back while we looked elsewhere
      NodePool other = own != null ? null : directory.richest(node, loop.index());
      if (own != null) {
        attempt.connected(own);
      } else if (other != null) {
        takeOver(other, attempt, target, config);
      } else {
        lookAgain(attempt, target, config);
      }
      return;
    }
    List<Waiter> alone = new ArrayList<>(1);
    alone.add(new Waiter(attempt, attempt.ticket()));
    dial(alone, target, config);
  }

  /**
   * No more requests are let through to a node than it may have connections, so one is about to be
   * given back, by a loop that has just counted its request out, or to close, or on its way to
   * another loop.
   */
  private void lookAgain(Attempt attempt, ServiceTarget target, UpstreamConfig config) {
    if (attempt.age() >= config.connectTimeout().toNanos()) {
      attempt.connectFailed(NO_MORE);
      return;
    }
    int ticket = attempt.ticket();
    loop.loop()
        .eventLoop()
        .schedule(
            () -> {
              if (attempt.ticket() == ticket) {
                loop.touch();
                connectOwn(attempt, target, config, false);
              }
            },
            LOOK_AGAIN_MICROS,
            TimeUnit.MICROSECONDS);
  }

  /** Exchanges that come while the connection is being opened wait for it together. */
  private void connectShared(Attempt attempt, ServiceTarget target, UpstreamConfig config) {
    List<Waiter> together = waiters;
    Waiter waiter = new Waiter(attempt, attempt.ticket());
    if (together != null && together.size() < MAX_WAITERS) {
      together.add(waiter);
      return;
    }
    NodeProtocol known = target.link().protocol() == NodeProtocol.AUTO ? spoken : NodeProtocol.H2;
    if (known == NodeProtocol.H2 && shared.isEmpty()) {
      node.connectionOpened(); // what other loops have is of no use to this one
    } else if (!node.connectionOpened(target.link().connectionsPerNode())) {
      if (known == NodeProtocol.H2) {
        attempt.connectFailed(NO_MORE); // another node may have room
      } else {
        lookAgain(attempt, target, config);
      }
      return;
    }
    together = new ArrayList<>();
    together.add(waiter);
    waiters = together;
    dial(together, target, config);
  }

  /** Opens one that has been counted in. */
  private void dial(List<Waiter> together, ServiceTarget target, UpstreamConfig config) {
    NodeLink link = target.link();
    Dial.start(
        loop,
        node,
        link,
        config,
        new Dial.Then() {
          @Override
          public void open(Channel channel, NodeProtocol protocol, long handshakeNanos) {
            spoken = protocol;
            if (protocol == NodeProtocol.H2) {
              begin(channel, link, together, target, config, handshakeNanos);
            } else {
              UpstreamConnection connection =
                  new UpstreamConnection(loop, NodePool.this, link.tls(), handshakeNanos);
              channel.pipeline().addLast(connection);
              hand(connection, together, target, config);
            }
          }

          @Override
          public void failed(String reason) {
            refuse(together, reason);
          }
        });
  }

  /** The node speaks HTTP/1.1: the first who still waits gets the connection. */
  private void hand(
      UpstreamConnection connection,
      List<Waiter> together,
      ServiceTarget target,
      UpstreamConfig config) {
    forget(together);
    UpstreamConnection left = connection;
    for (Waiter each : together) {
      if (each.attempt.ticket() == each.ticket) {
        if (left != null) {
          each.attempt.connected(left);
          left = null;
        } else {
          connectOwn(each.attempt, target, config, false);
        }
      }
    }
    if (left != null) {
      release(left, config);
    }
  }

  private void begin(
      Channel channel,
      NodeLink link,
      List<Waiter> together,
      ServiceTarget target,
      UpstreamConfig config,
      long handshakeNanos) {
    Http2NodeConnection connection =
        new Http2NodeConnection(loop, this, config, link.tls(), handshakeNanos);
    connection.whenKnown(usable -> {
      if (usable && connection.hasRoom()) {
        serve(connection, together, target, config);
      } else if (connection.refusal().isEmpty()) {
        node.counters().increment(loop.index(), NodeCounter.CONNECT_FAILED);
        loop.signals().connectionFailed(node, NO_HTTP2, false);
        refuse(together, NO_HTTP2);
      } else {
        refused(connection.refusal());
        refuse(together, connection.refusal());
      }
    });
    channel.pipeline().addLast(connection);
  }

  private void serve(
      Http2NodeConnection connection,
      List<Waiter> together,
      ServiceTarget target,
      UpstreamConfig config) {
    forget(together);
    shared.add(connection);
    for (Waiter each : together) {
      if (each.attempt.ticket() == each.ticket) {
        if (connection.hasRoom()) {
          each.attempt.connected(connection.open());
        } else {
          connectShared(each.attempt, target, config);
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
}
