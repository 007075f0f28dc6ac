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
  private static final VarHandle BURDEN = counter("burden", long.class);
  private static final VarHandle CONNECTIONS = counter("connections", int.class);

  /** One error in {@link #burden}, whose lower half counts requests. */
  private static final long ERROR = 1L << 32;

  private final String service;
  private final HostPort address;
  private final LoopCounters<NodeCounter> counters;
  private final LatencyHistogram latency;
  private final NodeLoad load;
  private final NodeAnswers answers;
  private final boolean named;

  // In the node itself: whoever compares many nodes waits for memory once for each.
  @SuppressWarnings("UnusedVariable") // BURDEN writes it
  private long burden;

  @SuppressWarnings("UnusedVariable") // so does CONNECTIONS
  private int connections;

  private volatile NodeFacts facts;
  private volatile @Nullable InetSocketAddress socketAddress;
  private volatile boolean member = true;
  private volatile long certificateEnd;
  private volatile int ejections;
  private volatile int recordName;
  private volatile boolean passedOver;
  private volatile NodeSessions sessions = NodeSessions.NONE;

  Node(String service, NodeSpec spec, int loops, NodeFacts facts, NodeAnswers answers) {
    this.service = service;
    this.address = spec.address();
    this.counters = new LoopCounters<>(loops, NodeCounter.class);
    this.latency = new LatencyHistogram(loops);
    this.load = new NodeLoad(loops);
    this.answers = answers;
    this.facts = facts;
    this.socketAddress = literal(spec.address());
    this.named = socketAddress == null;
  }

  private static VarHandle counter(String field, Class<?> type) {
    try {
      return MethodHandles.lookup().findVarHandle(Node.class, field, type);
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

  /** The number of its name in records. */
  public int recordName() {
    return recordName;
  }

  void setRecordName(int number) {
    recordName = number;
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

  /** Whether its version gets no requests, so that no session stays there either. */
  public boolean isPassedOver() {
    return passedOver;
  }

  void setPassedOver(boolean passed) {
    passedOver = passed;
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
   * When the certificate that it showed last expires, milliseconds since 1970; 0: it has shown
   * none.
   */
  public long certificateEnd() {
    return certificateEnd;
  }

  public void setCertificateEnd(long epochMillis) {
    certificateEnd = epochMillis;
  }

  /**
   * Requests sent and not yet answered completely, over all event loops. What another loop has just
   * added may be missing; in time it is not.
   */
  public int inFlight() {
    return (int) (long) BURDEN.getOpaque(this);
  }

  /** A request whose time is not looked at: a relayed connection, a session of datagrams. */
  public void requestStarted() {
    long _ = (long) BURDEN.getAndAdd(this, 1L);
  }

  /** The same unless as many as that are in flight already. */
  public boolean requestStarted(int limit) {
    if ((int) (long) BURDEN.getAndAdd(this, 1L) < limit) {
      return true;
    }
    requestFinished();
    return false;
  }

  public void requestFinished() {
    long _ = (long) BURDEN.getAndAdd(this, -1L);
  }

  /**
   * The same for a request whose time counts. It is followed by one of {@link #requestAnswered} and
   * {@link #requestAbandoned}, and then by {@link #requestFinished}.
   *
   * @param loop the index of the calling event loop
   * @param now its time, in nanoseconds
   */
  public void requestStarted(int loop, long now) {
    requestStarted();
    timeStarted(loop, now);
  }

  /** From now on the time counts of a request that has been counted already. */
  public void timeStarted(int loop, long now) {
    load.started(loop, now);
  }

  /**
   * The answer has begun, or will never come. What follows of it is not looked at, since it goes at
   * the pace of the client.
   *
   * @param nanos since the request was started
   * @param failed by the node's fault
   */
  public void requestAnswered(int loop, long now, long nanos, boolean failed) {
    load.answered(loop, now, nanos, failed);
    if (failed) {
      long _ = (long) BURDEN.getAndAdd(this, ERROR);
    }
  }

  /** The answer had begun and broke off. */
  public void answerFailed(int loop) {
    load.failed(loop);
    long _ = (long) BURDEN.getAndAdd(this, ERROR);
  }

  /** The answer is no longer wanted: says nothing about the node but the time that has passed. */
  public void requestAbandoned(int loop, long now) {
    load.abandoned(loop, now);
  }

  /** The node asks, by an answer of this moment, to be left alone until then. */
  public void busyUntil(int loop, long time) {
    load.busyUntil(loop, time);
  }

  /**
   * The node has said how many requests it has in flight.
   *
   * @param all those of this instance included
   */
  public void loadReported(int loop, long all) {
    load.reported(loop, Math.max(0, all - inFlight()));
  }

  /**
   * Requests in flight in the lower half; above, failures that no estimate knows of yet. Both with
   * one plain read: a balancer that compares many nodes lets the processor wait for several at
   * once, and a look that is a moment old does no harm.
   */
  public long burden() {
    return burden;
  }

  /** What has been seen goes into an estimate now. One thread only. */
  public void forgetFreshErrors() {
    long errors = (long) BURDEN.getOpaque(this) >> 32;
    if (errors != 0) {
      long _ = (long) BURDEN.getAndAdd(this, -errors * ERROR);
    }
  }

  public NodeLoad load() {
    return load;
  }

  /** Connections open or being opened, over all event loops. */
  public int connections() {
    return (int) CONNECTIONS.getOpaque(this);
  }

  public void connectionOpened() {
    int _ = (int) CONNECTIONS.getAndAdd(this, 1);
  }

  /** The same unless as many as that are open already. */
  public boolean connectionOpened(int limit) {
    if ((int) CONNECTIONS.getAndAdd(this, 1) < limit) {
      return true;
    }
    connectionClosed();
    return false;
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

  /** Whether clients that stay with it have been there lately. */
  public NodeSessions sessions() {
    return sessions;
  }

  void setSessions(NodeSessions now) {
    sessions = now;
  }

  /** Whether nothing is going on there, and nobody who has been there is expected back. */
  public boolean isEmpty() {
    return inFlight() == 0 && sessions.quiet();
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
