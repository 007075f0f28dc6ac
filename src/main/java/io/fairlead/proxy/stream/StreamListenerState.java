package io.fairlead.proxy.stream;

import io.fairlead.proxy.ListenerState;
import io.fairlead.proxy.Loop;
import io.fairlead.proxy.NodeSignals;
import io.netty.channel.ChannelPipeline;
import java.util.List;

/** What all connections share that one listener relays. */
public final class StreamListenerState extends ListenerState {
  private final NodeSignals signals;
  private volatile StreamPolicy policy;

  public StreamListenerState(int loops, NodeSignals signals, StreamPolicy policy) {
    super(loops);
    this.signals = signals;
    this.policy = policy;
  }

  /** Connections that come from now on are treated so. */
  public void setPolicy(StreamPolicy next) {
    policy = next;
  }

  public StreamPolicy policy() {
    return policy;
  }

  NodeSignals signals() {
    return signals;
  }

  @Override
  protected int maxConnections() {
    return policy.limits().connections();
  }

  @Override
  protected void install(ChannelPipeline pipeline, Loop loop) {
    StreamPolicy now = policy;
    if (now.isByServerName()) {
      pipeline.addLast(new HelloPeek(loop, this, now));
      return;
    }
    StreamRoute only = now.routes().match("", List.of());
    if (only == null) {
      throw new IllegalStateException("a relay without a route passed the checks");
    }
    // What the client sends before there is a node waits in the kernel.
    pipeline.channel().config().setAutoRead(false);
    pipeline.addLast(new Relay(loop, this, now, only, SessionRecord.NO_NAME).client());
  }
}
