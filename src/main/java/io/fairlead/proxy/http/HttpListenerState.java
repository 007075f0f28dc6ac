package io.fairlead.proxy.http;

import io.fairlead.proxy.ListenerState;
import io.fairlead.proxy.Loop;
import io.fairlead.proxy.tls.TlsSession;
import io.netty.channel.Channel;
import io.netty.channel.ChannelPipeline;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Set;

/** What all connections of one listener for HTTP share. */
public final class HttpListenerState extends ListenerState {
  /** What is offered to clients that choose in the handshake (ALPN), the best first. */
  public static final List<String> PROTOCOLS = List.of(TlsSession.HTTP_2, TlsSession.HTTP_1_1);

  private static final byte[] NOTHING = {};

  private final List<HttpLoop> loops;
  private volatile HttpPolicy policy;

  /** Where clients may come by HTTP/3, each with its port; empty: nowhere. */
  private volatile AltService[] services = {};

  private static final class AltService {
    final int port;
    final byte[] value;

    AltService(int port, byte[] value) {
      this.port = port;
      this.value = value;
    }
  }

  public HttpListenerState(List<HttpLoop> loops, HttpPolicy policy) {
    super(loops.size());
    this.loops = loops;
    this.policy = policy;
  }

  public HttpPolicy policy() {
    return policy;
  }

  /** Requests that begin from now on are treated so; connections stay. */
  public void setPolicy(HttpPolicy next) {
    policy = next;
  }

  /** Answers say from now on that clients may come by HTTP/3 at these ports. */
  public void announceHttp3(Set<Integer> ports, Duration maxAge) {
    services =
        ports.stream()
            .map(port ->
                new AltService(port, Ascii.bytes("h3=\":" + port + "\"; ma=" + maxAge.toSeconds())))
            .toArray(AltService[]::new);
  }

  /** The value of Alt-Svc for clients of that connection; empty: there is nothing to say. */
  byte[] altService(Channel connection) {
    AltService[] known = services;
    if (known.length > 0
        && !isDraining()
        && connection.localAddress() instanceof InetSocketAddress here) {
      for (AltService each : known) {
        if (each.port == here.getPort()) {
          return each.value;
        }
      }
    }
    return NOTHING;
  }

  @Override
  protected int maxConnections() {
    return policy.limits().connections();
  }

  HttpLoop loop(int index) {
    return loops.get(index);
  }

  /** Counts a connection by QUIC in; false if there are too many. On that loop. */
  boolean admitQuic(Channel connection, int loop) {
    if (!admit(loop)) {
      return false;
    }
    track(connection, loop);
    return true;
  }

  @Override
  protected void install(ChannelPipeline pipeline, Loop loop) {
    pipeline.addLast(new HttpConnection(loops.get(loop.index()), this, null));
  }

  @Override
  protected void install(ChannelPipeline pipeline, Loop loop, TlsSession session) {
    HttpLoop its = loops.get(loop.index());
    pipeline.addLast(
        session.protocol().equals(TlsSession.HTTP_2)
            ? new Http2ServerConnection(its, this, Http2.PREFACE.length, session)
            : new HttpConnection(its, this, session));
  }
}
