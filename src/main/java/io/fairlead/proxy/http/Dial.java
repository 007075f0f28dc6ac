package io.fairlead.proxy.http;

import io.fairlead.config.NodeProtocol;
import io.fairlead.config.UpstreamConfig;
import io.fairlead.proxy.ChannelSetup;
import io.fairlead.proxy.tls.NodeHandshake;
import io.fairlead.proxy.tls.NodeTls;
import io.fairlead.proxy.tls.TlsSession;
import io.fairlead.service.Node;
import io.fairlead.telemetry.NodeCounter;
import io.fairlead.trust.TlsFailure;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelOption;
import io.netty.channel.ConnectTimeoutException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.NoRouteToHostException;
import org.jspecify.annotations.Nullable;

/**
 * One attempt to get a connection to a node: TCP, and the handshake where the service speaks TLS,
 * both in the time of one connect. Whatever fails is counted and told to health here.
 */
final class Dial implements NodeHandshake.Then {
  /** Hears once what came of it, on the loop. */
  interface Then {
    /**
     * The connection is open and nothing is in its pipeline yet that speaks a protocol.
     *
     * @param protocol never {@code AUTO}
     * @param handshakeNanos what TLS took behind the connect; negative: there was none
     */
    void open(Channel channel, NodeProtocol protocol, long handshakeNanos);

    /** There is none. */
    void failed(String reason);
  }

  private final HttpLoop loop;
  private final Node node;
  private final NodeLink link;
  private final Then then;

  /** When there was a connection to shake hands over. */
  private long connectedNanos;

  private Dial(HttpLoop loop, Node node, NodeLink link, Then then) {
    this.loop = loop;
    this.node = node;
    this.link = link;
    this.then = then;
  }

  /** Begins one; the node counts the connection already. */
  static void start(HttpLoop loop, Node node, NodeLink link, UpstreamConfig config, Then then) {
    InetSocketAddress address = node.socketAddress();
    if (address == null) {
      node.connectionClosed();
      then.failed("name not resolved");
    } else {
      new Dial(loop, node, link, then).connect(address, config);
    }
  }

  private void connect(InetSocketAddress address, UpstreamConfig config) {
    long patience = config.connectTimeout().toNanos();
    Channel channel = loop.loop().newSocketChannel(address);
    channel
        .config()
        .setOption(ChannelOption.CONNECT_TIMEOUT_MILLIS, (int) config.connectTimeout().toMillis());
    ChannelSetup.apply(channel, loop.loop());
    NodeTls tls = link.tls();
    NodeHandshake handshake =
        tls == null
            ? null
            : NodeHandshake.install(
                channel, loop.loop(), tls, node.address(), System.nanoTime() + patience, this);
    channel.closeFuture().addListener(closed -> node.connectionClosed());
    loop.loop().eventLoop().register(channel);
    channel
        .connect(address)
        .addListener((ChannelFuture connected) -> connected(connected, handshake));
  }

  private void connected(ChannelFuture connected, @Nullable NodeHandshake handshake) {
    loop.touch();
    connectedNanos = loop.now();
    if (!connected.isSuccess()) {
      if (handshake != null && !handshake.forget()) {
        return; // the time of both was up, and that has been told
      }
      Channel channel = connected.channel();
      channel.close();
      failed(connected.cause());
    } else if (handshake == null) {
      node.counters().increment(loop.index(), NodeCounter.CONNECTIONS);
      then.open(
          connected.channel(),
          link.protocol() == NodeProtocol.H2 ? NodeProtocol.H2 : NodeProtocol.HTTP1,
          -1);
    }
  }

  private void failed(@Nullable Throwable cause) {
    boolean silent = cause instanceof ConnectTimeoutException;
    boolean refused =
        !silent && (cause instanceof ConnectException || cause instanceof NoRouteToHostException);
    String reason = refused ? "connection refused" : "no connection in time";
    node.counters().increment(loop.index(), NodeCounter.CONNECT_FAILED);
    loop.signals().connectionFailed(node, reason, refused);
    then.failed(reason);
  }

  @Override
  public void secure(Channel channel, String protocol, boolean resumed) {
    loop.touch();
    boolean http2 = protocol.equals(TlsSession.HTTP_2);
    if (link.protocol() == NodeProtocol.H2 && !http2) {
      channel.close();
      failed(TlsFailure.NOT_HTTP2);
      return;
    }
    node.counters().increment(loop.index(), NodeCounter.CONNECTIONS);
    node.counters()
        .increment(loop.index(), resumed ? NodeCounter.TLS_RESUMED : NodeCounter.TLS_FULL);
    then.open(
        channel,
        http2 ? NodeProtocol.H2 : NodeProtocol.HTTP1,
        Math.max(0, loop.now() - connectedNanos));
  }

  @Override
  public void failed(TlsFailure why) {
    loop.touch();
    node.counters().increment(loop.index(), NodeCounter.TLS_FAILED);
    loop.signals().connectionFailed(node, why.reason(), why.wrong());
    then.failed(why.reason());
  }
}
