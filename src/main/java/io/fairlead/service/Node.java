package io.fairlead.service;

import io.fairlead.config.HostPort;
import io.fairlead.telemetry.LatencyHistogram;
import io.fairlead.telemetry.LoopCounters;
import io.fairlead.telemetry.NodeAnswers;
import io.fairlead.telemetry.NodeCounter;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * One node of one service with everything that is true of it now. Lives as long as it stays a
 * member: configuration changes keep the object and with it health, counters and connections.
 */
public final class Node {
  private static final VarHandle IN_FLIGHT = counter("inFlight");
  private static final VarHandle CONNECTIONS = counter("connections");

  private final String service;
  private final HostPort address;
  private final LoopCounters<NodeCounter> counters;
  private final LatencyHistogram latency;
  private final NodeAnswers answers;
  private final boolean named;

  // In the node itself: whoever compares many nodes waits for memory once for each.
  @SuppressWarnings("UnusedVariable") // IN_FLIGHT reads and writes it
  private int inFlight;

  @SuppressWarnings("UnusedVariable") // so does CONNECTIONS
  private int connections;

  private volatile NodeFacts facts;
  private volatile @Nullable InetSocketAddress socketAddress;
  private volatile boolean member = true;
  private volatile int ejections;

  Node(String service, NodeSpec spec, int loops, NodeFacts facts, NodeAnswers answers) {
    this.service = service;
    this.address = spec.address();
    this.counters = new LoopCounters<>(loops, NodeCounter.class);
    this.latency = new LatencyHistogram(loops);
    this.answers = answers;
    this.facts = facts;
    this.socketAddress = literal(spec.address());
    this.named = socketAddress == null;
  }

  private static VarHandle counter(String field) {
    try {
      return MethodHandles.lookup().findVarHandle(Node.class, field, int.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
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

  /**
   * Requests sent and not yet answered completely, over all event loops. What another loop has just
   * added may be missing; in time it is not.
   */
  public int inFlight() {
    return (int) IN_FLIGHT.getOpaque(this);
  }

  public void requestStarted() {
    int _ = (int) IN_FLIGHT.getAndAdd(this, 1);
  }

  public void requestFinished() {
    int _ = (int) IN_FLIGHT.getAndAdd(this, -1);
  }

  /** Connections open or being opened, over all event loops. */
  public int connections() {
    return (int) CONNECTIONS.getOpaque(this);
  }

  public void connectionOpened() {
    int _ = (int) CONNECTIONS.getAndAdd(this, 1);
  }

  public void connectionClosed() {
    int _ = (int) CONNECTIONS.getAndAdd(this, -1);
  }

  public LoopCounters<NodeCounter> counters() {
    return counters;
  }

  /** From the first byte sent to the last byte received of each exchange. */
  public LatencyHistogram latency() {
    return latency;
  }

  /** How it answers requests, compared with others. */
  public NodeAnswers answers() {
    return answers;
  }

  /** How often it has been taken out for its answers. */
  public int ejections() {
    return ejections;
  }

  @SuppressWarnings("NonAtomicVolatileUpdate") // the control thread alone counts
  void countEjection() {
    ejections++;
  }

  @Override
  public String toString() {
    return service + "/" + name();
  }
}
