package io.fairlead.proxy.http;

import io.fairlead.service.Node;
import io.fairlead.telemetry.ErrorReason;
import io.fairlead.telemetry.NodeCounter;
import io.fairlead.telemetry.OpenTry;
import io.fairlead.telemetry.TryEnd;
import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * One try of an exchange at one node: from the choice of the node until the end of its answer, or
 * until the try is given up. An exchange has one at a time, and two while a hedge is out; each is
 * used again for later tries.
 *
 * <p>Here is all that belongs to one node: its connection, its answer's head, what it is blamed
 * for. What it means for the client is the exchange's business: what the node's side tells is
 * handed on to it.
 */
final class Attempt {
  /** How a try ended, as far as its node is concerned. */
  enum Outcome {
    /** The answer came whole, or the tunnel ended. */
    ANSWERED(TryEnd.ANSWERED),
    /** The answer's head said that another node should be asked. */
    REJECTED(TryEnd.REJECTED),
    CONNECT_FAILED(TryEnd.CONNECT_FAILED),
    /** The connection or stream ended before the answer was complete. */
    RESET(TryEnd.RESET),
    /** The node said that it did nothing about the request. */
    REFUSED(TryEnd.REFUSED),
    TIMEOUT(TryEnd.TIMEOUT),
    BAD_RESPONSE(TryEnd.BAD_RESPONSE),
    /** Nobody wants the answer any more; the node is not to blame. */
    CANCELLED(TryEnd.CANCELLED);

    private final TryEnd told;

    Outcome(TryEnd told) {
      this.told = told;
    }

    /** The same for records. */
    TryEnd told() {
      return told;
    }
  }

  /** The head of the node's answer. */
  final Head response = new Head();

  private final Exchange exchange;
  private final HttpLoop loop;
  private @Nullable Node node;
  private @Nullable NodeSide upstream;
  private @Nullable ServiceTarget target;
  private int ticket;
  private long sentNanos;
  private long pickedNanos;

  // For the record, good until another try begins.
  private int number;
  private int nodeName;
  private boolean wasReused;
  private long connectNanos;
  private long handshakeNanos;
  private long firstByteNanos;

  /** For the answer to begin. */
  private boolean waiting;

  /** Some of an answer has come. */
  private boolean heard;

  /** What is said of the node by how it answers. */
  private final OpenTry open = new OpenTry();

  Attempt(Exchange exchange, HttpLoop loop) {
    this.exchange = exchange;
    this.loop = loop;
  }

  // --- what the exchange asks --------------------------------------------------------------

  /**
   * Begins at that node, where it has been counted in.
   *
   * @param fresh not on a connection that has served before
   */
  void begin(Node picked, ServiceTarget from, HttpRoute route, boolean fresh) {
    node = picked;
    target = from;
    response.reset();
    pickedNanos = loop.now();
    number = exchange.nextTry();
    nodeName = picked.recordName();
    wasReused = false;
    connectNanos = -1;
    handshakeNanos = -1;
    firstByteNanos = -1;
    waiting = true;
    heard = false;
    picked.timeStarted(loop.index(), pickedNanos);
    open.begin(
        from.service().answers(),
        picked.answers(),
        loop.index(),
        route.answerClass(from),
        Long.hashCode(exchange.request.clientHigh * 31 + exchange.request.clientLow),
        loop.now());
    NodePool pool = loop.pool(picked);
    NodeSide idle = fresh ? null : pool.poll(from.link());
    if (idle != null) {
      connected(idle);
    } else {
      pool.connect(this, from, route.upstream(from), fresh);
    }
  }

  /** Counts from 1, where the exchange is traced. */
  int number() {
    return number;
  }

  /** When its node was picked. */
  long pickedNanos() {
    return pickedNanos;
  }

  /** That the node gave; 0: it has not answered. */
  int status() {
    return firstByteNanos < 0 ? 0 : response.status;
  }

  /** The number of its node's name. */
  int nodeName() {
    return nodeName;
  }

  /** On a connection that had served before. */
  boolean wasReused() {
    return wasReused;
  }

  /** From the choice of the node to a new connection; negative: there was none. */
  long connectNanos() {
    return connectNanos;
  }

  /** What TLS took behind that; negative: there was none. */
  long handshakeNanos() {
    return handshakeNanos;
  }

  /** From having a connection to the head of the answer; negative: it did not come. */
  long firstByteNanos() {
    return firstByteNanos;
  }

  /** Whether it has a node. */
  boolean isGoing() {
    return node != null;
  }

  /** Whether it has a connection to its node. */
  boolean isConnected() {
    return upstream != null;
  }

  Node node() {
    Node present = node;
    if (present == null) {
      throw new IllegalStateException("no node picked");
    }
    return present;
  }

  NodeSide upstream() {
    NodeSide present = upstream;
    if (present == null) {
      throw new IllegalStateException("no node to send to");
    }
    return present;
  }

  /** Whether bytes of the request can go to the node now. */
  boolean isWritable() {
    NodeSide connection = upstream;
    return connection != null && connection.isWritable();
  }

  /** Sends what has been gathered for the node. */
  void flush() {
    NodeSide to = upstream;
    if (to != null) {
      node().counters().add(loop.index(), NodeCounter.BYTES_SENT, to.flush());
    }
  }

  /** Whether more of the answer is wanted for now. */
  void setReading(boolean wanted) {
    NodeSide connection = upstream;
    if (connection != null) {
      connection.setReading(wanted);
    }
  }

  /** Nanoseconds since its node was picked. */
  long age() {
    return loop.now() - pickedNanos;
  }

  void count(NodeCounter counter) {
    node().counters().increment(loop.index(), counter);
  }

  /** Ends it, if it has not ended, and gives everything back. */
  void end(Outcome outcome) {
    Node used = node;
    NodeSide connection = upstream;
    node = null;
    upstream = null;
    ticket++;
    if (used == null) {
      return;
    }
    exchange.tryEnded(this, outcome);
    switch (outcome) {
      case RESET -> {
        used.counters().increment(loop.index(), NodeCounter.RESET);
        // An old connection that died says little about the node; a fresh one says more.
        if (heard || connection == null || !connection.isReused()) {
          answered(used, true);
        }
      }
      case REFUSED -> used.counters().increment(loop.index(), NodeCounter.RESET);
      case TIMEOUT -> {
        used.counters().increment(loop.index(), NodeCounter.TIMEOUT);
        answered(used, true);
      }
      case BAD_RESPONSE -> {
        used.counters().increment(loop.index(), NodeCounter.BAD_RESPONSE);
        answered(used, true);
      }
      case CONNECT_FAILED -> answered(used, true);
      case REJECTED -> answered(used, NodeAnswer.read(response, used, target(), loop));
      case ANSWERED, CANCELLED -> {}
    }
    if (waiting) {
      waiting = false; // through no fault of the node
      used.requestAbandoned(loop.index(), loop.now());
    }
    judge(outcome, connection);
    used.requestFinished();
    if (connection == null) {
      return;
    }
    if (outcome == Outcome.ANSWERED) {
      used.latency().record(loop.index(), (loop.now() - sentNanos) / 1000);
      connection.release(exchange.isRequestDone(), target().upstream());
    } else {
      if (outcome == Outcome.TIMEOUT) {
        connection.waitedInVain();
      }
      connection.drop();
    }
  }

  /** The head of the answer is there, and goes to the client. */
  void accept() {
    answered(node(), response.status >= 200 && NodeAnswer.read(response, node(), target(), loop));
  }

  /**
   * The node's answer has begun, or will never come; or it had begun and breaks off.
   *
   * @param failed by the node's fault
   */
  private void answered(Node by, boolean failed) {
    if (waiting) {
      waiting = false;
      by.requestAnswered(loop.index(), loop.now(), loop.now() - pickedNanos, failed);
    } else if (failed) {
      by.answerFailed(loop.index());
    }
  }

  private void judge(Outcome outcome, @Nullable NodeSide connection) {
    switch (outcome) {
      case CONNECT_FAILED, TIMEOUT, BAD_RESPONSE -> open.failed();
      case RESET -> {
        // An old connection that died while nothing had come says little about the node.
        if (connection == null || !connection.isReused() || open.isAnswered()) {
          open.failed();
        }
      }
      case REFUSED, ANSWERED, REJECTED, CANCELLED -> {}
    }
    open.end(loop.now());
  }

  private boolean isNodesFault(Head head) {
    return NodeAnswer.isServerFault(head.status)
        || (exchange.request.http2 && GrpcStatus.isNodesFault(head));
  }

  private ServiceTarget target() {
    ServiceTarget present = target;
    if (present == null) {
      throw new IllegalStateException("sent to no service");
    }
    return present;
  }

  // --- what the pool tells -----------------------------------------------------------------

  /** Changes when what was asked for a while ago is no longer wanted. */
  int ticket() {
    return ticket;
  }

  /** A connection to the node is there. */
  void connected(NodeSide connection) {
    upstream = connection;
    ticket++;
    connection.attach(this);
    sentNanos = loop.now();
    wasReused = connection.isReused();
    if (!wasReused) {
      // Who came while it was being opened has waited for the rest of it only.
      long all = sentNanos - pickedNanos;
      handshakeNanos = Math.min(connection.handshakeNanos(), all);
      connectNanos = all - Math.max(handshakeNanos, 0);
    }
    exchange.connected(this, connection);
  }

  void connectFailed(String reason) {
    exchange.connectFailed(this);
  }

  @SuppressWarnings("ReferenceEquality") // that very connection
  boolean isOn(NodeSide connection) {
    return upstream == connection;
  }

  // --- what the node's side asks and tells -------------------------------------------------

  Head request() {
    return exchange.request;
  }

  boolean isRequestDone() {
    return exchange.isRequestDone();
  }

  boolean isToHead() {
    return exchange.isToHead();
  }

  boolean isTunnel() {
    return exchange.isTunnel();
  }

  byte[] nodeAddress() {
    Node to = node;
    return to == null ? new byte[0] : Ascii.bytes(to.address().toString());
  }

  /** The request is not something that this connection can carry. */
  void cannotCarry(ErrorReason reason) {
    exchange.fail(reason);
  }

  /** The node can take more. */
  void upstreamWritable() {
    exchange.upstreamWritable(this);
  }

  /** So many bytes have come from the node, whatever they mean. */
  void responseBytes(int count) {
    heard = true;
    node().counters().add(loop.index(), NodeCounter.BYTES_RECEIVED, count);
    exchange.responseBytes();
  }

  /**
   * {@link #response} is complete and checked.
   *
   * @return whether the try goes on; if so and the answer was interim, another head follows, or the
   *     tunnel is open
   */
  boolean responseHead() {
    if (response.status >= 200 || response.status == 101) {
      open.answered(isNodesFault(response), loop.now());
      firstByteNanos = loop.now() - sentNanos;
    }
    return exchange.responseHead(this);
  }

  /** Takes bytes of a tunnel, node to client. */
  void tunnelData(ByteBuf in) {
    exchange.tunnelData(in);
  }

  /** The tunnel is open; what the node sent right behind its head has been passed on. */
  void tunnelOpened() {
    exchange.tunnelOpened();
  }

  /** Takes that many bytes of the answer's body. */
  void responseData(ByteBuf in, int count) {
    exchange.responseData(in, count);
  }

  /** No more for now. */
  void responseFlush() {
    exchange.responseFlush(this);
  }

  /** The answer is complete. */
  void responseEnd(Head trailers) {
    if (trailers.fieldCount > 0 && GrpcStatus.isNodesFault(trailers)) {
      open.failed();
    }
    exchange.responseEnd(trailers);
  }

  /** The node has ended its half of a tunnel. */
  void nodeEnded() {
    exchange.nodeEnded();
  }

  /** The connection to the node is gone, or of no use any more. */
  void upstreamClosed() {
    exchange.upstreamClosed(this);
  }

  /**
   * The node has told that it did nothing about the request: whatever it is, it can be repeated.
   */
  void upstreamRefused() {
    exchange.upstreamRefused(this);
  }

  /** The connection was none: the node has refused it and looked at nothing that came over it. */
  void nodeRefused(String reason) {
    if (heard) {
      exchange.upstreamClosed(this);
    } else {
      exchange.nodeRefused(this);
    }
  }

  void badResponse() {
    exchange.badResponse(this);
  }
}
