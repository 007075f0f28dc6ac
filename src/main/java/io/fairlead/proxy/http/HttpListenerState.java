package io.fairlead.proxy.http;

import io.fairlead.telemetry.ErrorReason;
import io.fairlead.telemetry.ListenerCounter;
import io.fairlead.telemetry.LoopCounters;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;

/** What all connections of one listener share. */
public final class HttpListenerState {
  private final LoopCounters<ListenerCounter> counters;
  private final LoopCounters<ErrorReason> errors;
  private final AtomicInteger open = new AtomicInteger();

  /** By loop; each set is touched by its loop only. */
  private final List<Set<HttpConnection>> connections = new ArrayList<>();

  private volatile HttpPolicy policy;
  private volatile boolean draining;

  public HttpListenerState(int loops, HttpPolicy policy) {
    this.counters = new LoopCounters<>(loops, ListenerCounter.class);
    this.errors = new LoopCounters<>(loops, ErrorReason.class);
    this.policy = policy;
    for (int i = 0; i < loops; i++) {
      connections.add(Collections.newSetFromMap(new IdentityHashMap<>()));
    }
  }

  public HttpPolicy policy() {
    return policy;
  }

  public void setPolicy(HttpPolicy next) {
    policy = next;
  }

  /** No connection is kept beyond the exchange it is in. */
  public boolean isDraining() {
    return draining;
  }

  public void setDraining() {
    draining = true;
  }

  /** Connections open now. */
  public int connections() {
    return open.get();
  }

  /** Counts a connection in; false if the limit is reached, and then it is not counted. */
  boolean admit() {
    if (open.incrementAndGet() > policy.limits().connections()) {
      open.decrementAndGet();
      return false;
    }
    return true;
  }

  void joined(int loop, HttpConnection connection) {
    connections.get(loop).add(connection);
  }

  void left(int loop, HttpConnection connection) {
    connections.get(loop).remove(connection);
    open.decrementAndGet();
  }

  /** Closes the connections of that loop that are between requests. Called on that loop. */
  public void closeIdle(int loop) {
    List.copyOf(connections.get(loop)).forEach(HttpConnection::drain);
  }

  /** Closes all connections of that loop, whatever they are doing. Called on that loop. */
  public void closeAll(int loop) {
    List.copyOf(connections.get(loop)).forEach(HttpConnection::close);
  }

  public LoopCounters<ListenerCounter> counters() {
    return counters;
  }

  /** Answers that Fairlead made itself, and exchanges it gave up, by reason. */
  public LoopCounters<ErrorReason> errors() {
    return errors;
  }
}
