package io.fairlead.proxy.stream;

import io.fairlead.proxy.ListenerState;
import io.fairlead.proxy.Loop;
import io.fairlead.proxy.NodeSignals;
import io.netty.channel.ChannelPipeline;
import java.util.ArrayList;
import java.util.List;

/** What all sessions of one listener for datagrams share. A session counts as a connection. */
public final class UdpListenerState extends ListenerState {
  private final NodeSignals signals;

  /** By loop; each is touched by its loop only. */
  private final List<List<UdpSocket>> sockets = new ArrayList<>();

  private volatile UdpPolicy policy;

  public UdpListenerState(int loops, NodeSignals signals, UdpPolicy policy) {
    super(loops);
    this.signals = signals;
    this.policy = policy;
    for (int i = 0; i < loops; i++) {
      sockets.add(new ArrayList<>());
    }
  }

  /** Sessions that begin from now on are treated so. */
  public void setPolicy(UdpPolicy next) {
    policy = next;
  }

  public UdpPolicy policy() {
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
    UdpSocket socket = new UdpSocket(loop, this);
    pipeline.addLast(socket);
  }

  /** On that socket's loop. */
  void opened(UdpSocket socket, int loop) {
    sockets.get(loop).add(socket);
  }

  /** On that socket's loop. */
  void closed(UdpSocket socket, int loop) {
    sockets.get(loop).remove(socket);
  }

  boolean begins(int loop) {
    return admit(loop);
  }

  void ended(int loop) {
    dropped(loop);
  }

  /** Answers still come in by the sockets that clients sent to. */
  @Override
  protected boolean needsSocketsToDrain() {
    return true;
  }

  /** A session that waits for nothing ends by its time for idleness; nobody can tell before. */
  @Override
  protected void closeIdle(int loop) {}

  @Override
  protected void closeAll(int loop) {
    List.copyOf(sockets.get(loop)).forEach(UdpSocket::endAll);
  }
}
