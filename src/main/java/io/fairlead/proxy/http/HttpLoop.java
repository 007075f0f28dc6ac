package io.fairlead.proxy.http;

import io.fairlead.limit.RateLimiter;
import io.fairlead.proxy.Loop;
import io.fairlead.proxy.NodeSignals;
import io.fairlead.route.PathCaptures;
import io.fairlead.service.Node;
import io.netty.buffer.ByteBuf;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What the HTTP part keeps per event loop: exchanges to use again, connections to nodes. */
public final class HttpLoop {
  private static final int MAX_KEPT_EXCHANGES = 1024;
  private static final int MAX_KEPT_BUFFERS = 8;

  /**
   * Bytes of request bodies that are kept to be sent again: a thousand requests of {@code
   * body-bytes}' default at once. Whoever comes then is not repeated.
   */
  static final long MAX_BYTES_OF_BODIES = 64L * 1024 * 1024;

  /** Bytes of request bodies that are copied for other services, beside those. */
  static final long MAX_BYTES_OF_MIRRORS = 16L * 1024 * 1024;

  /** Holds nearly every head with a short body. */
  static final int BUFFER_BYTES = 8 * 1024;

  private final Loop loop;
  private final NodeSignals signals;
  private final PoolDirectory directory;
  private final HttpChallenges challenges;
  private final ArrayDeque<Exchange> exchanges = new ArrayDeque<>();
  private final IdentityHashMap<Node, NodePool> pools = new IdentityHashMap<>();
  private final ArrayDeque<ByteBuf> buffers = new ArrayDeque<>();
  private final Set<WebSocketRelay> webSockets = Collections.newSetFromMap(new IdentityHashMap<>());
  private final Packers packers;
  private final IpAddress address = new IpAddress();
  private final PathCaptures.Places places = new PathCaptures.Places();
  private final RateLimiter.Verdict verdict;
  private int exchangesInUse;
  private @Nullable QpackReader qpack;
  private long bytesOfBodies;
  private long bytesOfMirrors;
  private long now = System.nanoTime();

  public HttpLoop(
      Loop loop, NodeSignals signals, PoolDirectory directory, HttpChallenges challenges) {
    this.loop = loop;
    packers = new Packers(loop.allocator());
    this.challenges = challenges;
    this.verdict = new RateLimiter.Verdict(loop.index());
    this.signals = signals;
    this.directory = directory;
  }

  /** Reads the clock; once per batch of bytes, not once per use. */
  void touch() {
    now = System.nanoTime();
  }

  /** The time as of the last {@link #touch}, nanoseconds. */
  long now() {
    return now;
  }

  Loop loop() {
    return loop;
  }

  int index() {
    return loop.index();
  }

  NodeSignals signals() {
    return signals;
  }

  /** What is asked for by authorities that issue certificates. */
  HttpChallenges challenges() {
    return challenges;
  }

  /** To be read into and used at once. */
  IpAddress address() {
    return address;
  }

  /** To be filled and used at once. */
  PathCaptures.Places places() {
    return places;
  }

  /** To be filled and used at once. */
  RateLimiter.Verdict verdict() {
    return verdict;
  }

  /** To be used at once; there is none before a client comes by HTTP/3. */
  QpackReader qpack() {
    QpackReader present = qpack;
    if (present == null) {
      present = new QpackReader();
      qpack = present;
    }
    return present;
  }

  Exchange takeExchange() {
    exchangesInUse++;
    Exchange exchange = exchanges.pollLast();
    return exchange != null ? exchange : new Exchange(this);
  }

  void giveBack(Exchange exchange) {
    exchangesInUse--;
    if (exchanges.size() < MAX_KEPT_EXCHANGES) {
      exchanges.addLast(exchange);
    }
  }

  /** A buffer of {@value #BUFFER_BYTES} bytes to gather what is about to be sent. */
  ByteBuf takeBuffer() {
    ByteBuf kept = buffers.pollLast();
    return kept != null ? kept : loop.allocator().directBuffer(BUFFER_BYTES);
  }

  /** Takes back a buffer that has been sent, to be used again or freed. */
  void giveBack(ByteBuf buffer) {
    if (buffer.capacity() == BUFFER_BYTES && buffers.size() < MAX_KEPT_BUFFERS) {
      buffers.addLast(buffer.clear());
    } else {
      buffer.release();
    }
  }

  /** What answers are packed with. */
  Packers packers() {
    return packers;
  }

  /** Frees what is kept for later. Called when the loop has ended. */
  public void releaseKept() {
    packers.close();
    buffers.forEach(ByteBuf::release);
    buffers.clear();
  }

  /** Whether there is room to keep so many more bytes of request bodies; if so they are counted. */
  boolean reserveForBodies(int bytes) {
    if (bytesOfBodies + bytes > MAX_BYTES_OF_BODIES) {
      return false;
    }
    bytesOfBodies += bytes;
    return true;
  }

  void giveBackForBodies(int bytes) {
    bytesOfBodies -= bytes;
  }

  /** The same for bodies that are copied for another service. */
  boolean reserveForMirrors(int bytes) {
    if (bytesOfMirrors + bytes > MAX_BYTES_OF_MIRRORS) {
      return false;
    }
    bytesOfMirrors += bytes;
    return true;
  }

  void giveBackForMirrors(int bytes) {
    bytesOfMirrors -= bytes;
  }

  /** Bytes of request bodies that are kept or copied; for tests that look for leftovers. */
  public long bytesOfBodies() {
    return bytesOfBodies + bytesOfMirrors;
  }

  /** How many exchanges are going on; for tests that look for leftovers. */
  public int exchangesInUse() {
    return exchangesInUse;
  }

  NodePool pool(Node node) {
    NodePool pool = pools.get(node);
    if (pool == null) {
      pool = new NodePool(this, node, directory);
      pools.put(node, pool);
    }
    return pool;
  }

  /** Closes unused connections to a node that left or is down. Any thread may call. */
  public void closeIdleSoon(Node node) {
    loop.eventLoop()
        .execute(() -> {
          NodePool pool = pools.get(node);
          if (pool != null) {
            pool.closeIdle();
          }
        });
  }

  void add(WebSocketRelay opened) {
    webSockets.add(opened);
  }

  void remove(WebSocketRelay ended) {
    webSockets.remove(ended);
  }

  /** The node drains or left: its WebSockets have their grace and then end. Any thread may call. */
  public void drainWebSocketsSoon(Node node) {
    loop.eventLoop()
        .execute(() -> {
          for (WebSocketRelay each : List.copyOf(webSockets)) {
            if (each.node().equals(node)) {
              each.drain(true);
            }
          }
        });
  }

  /** Forgets a node that left once nothing of it is open. */
  void forget(Node node) {
    if (!node.isMember()) {
      pools.remove(node);
    }
  }
}
