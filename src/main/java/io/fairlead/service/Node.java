package io.fairlead.service;

import io.fairlead.config.HostPort;
import io.fairlead.telemetry.LatencyHistogram;
import io.fairlead.telemetry.LoopCounters;
import io.fairlead.telemetry.NodeCounter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * One node of one service with everything that is true of it now. Lives as long as it stays a
 * member: configuration changes keep the object and with it health, counters and connections.
 */
public final class Node {
  private final String service;
  private final HostPort address;
  private final LoopCounters<NodeCounter> counters;
  private final LatencyHistogram latency;
  private final AtomicInteger inFlight = new AtomicInteger();
  private final AtomicInteger connections = new AtomicInteger();

  private final boolean named;

  private volatile NodeFacts facts;
  private volatile @Nullable InetSocketAddress socketAddress;
  private volatile boolean member = true;

  Node(String service, NodeSpec spec, int loops, NodeFacts facts) {
    this.service = service;
    this.address = spec.address();
    this.counters = new LoopCounters<>(loops, NodeCounter.class);
    this.latency = new LatencyHistogram(loops);
    this.facts = facts;
    this.socketAddress = literal(spec.address());
    this.named = socketAddress == null;
  }

  /** An address that is written as one needs no look-up; this makes none. */
  private static @Nullable InetSocketAddress literal(HostPort address) {
    try {
      return new InetSocketAddress(InetAddress.ofLiteral(address.host()), address.port());
    } catch (IllegalArgumentException _) {
      return null; // a name: health resolves it
    }
  }

  public String service() {
    return service;
  }

  /** Its identity within the service. */
  public HostPort address() {
    return address;
  }

  /** What people call it. */
  public String name() {
    return facts.name();
  }

  /** What the control thread holds true of it. */
  public NodeFacts facts() {
    return facts;
  }

  void setFacts(NodeFacts facts) {
    this.facts = facts;
  }

  /** May get new requests: up and not draining. */
  public boolean isAvailable() {
    return facts.isAvailable();
  }

  /** Whether it still belongs to its service; connections to a node that left are not kept. */
  public boolean isMember() {
    return member;
  }

  void leave() {
    member = false;
  }

  /** Whether its address is a host name, which has to be resolved now and then. */
  public boolean isNamed() {
    return named;
  }

  /** Where to connect to; null while a host name has not been resolved. */
  public @Nullable InetSocketAddress socketAddress() {
    return socketAddress;
  }

  public void setSocketAddress(InetSocketAddress resolved) {
    socketAddress = resolved;
  }

  /** Requests sent and not yet answered completely, over all event loops. */
  public int inFlight() {
    return inFlight.get();
  }

  public void requestStarted() {
    inFlight.getAndIncrement();
  }

  public void requestFinished() {
    inFlight.getAndDecrement();
  }

  /** Connections open or being opened, over all event loops. */
  public int connections() {
    return connections.get();
  }

  public void connectionOpened() {
    connections.getAndIncrement();
  }

  public void connectionClosed() {
    connections.getAndDecrement();
  }

  public LoopCounters<NodeCounter> counters() {
    return counters;
  }

  /** From the first byte sent to the last byte received of each exchange. */
  public LatencyHistogram latency() {
    return latency;
  }

  @Override
  public String toString() {
    return service + "/" + name();
  }
}
