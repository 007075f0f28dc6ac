package io.fairlead.proxy.http;

import io.fairlead.proxy.ListenerState;
import io.fairlead.proxy.Loop;
import io.fairlead.proxy.tls.TlsSession;
import io.netty.channel.ChannelPipeline;
import java.util.List;

/** What all connections of one listener for HTTP share. */
public final class HttpListenerState extends ListenerState {
  /** What is offered to clients that choose in the handshake (ALPN), the best first. */
  public static final List<String> PROTOCOLS = List.of(TlsSession.HTTP_2, TlsSession.HTTP_1_1);

  private final List<HttpLoop> loops;
  private volatile HttpPolicy policy;

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

  @Override
  protected int maxConnections() {
    return policy.limits().connections();
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
