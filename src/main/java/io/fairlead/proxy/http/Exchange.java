package io.fairlead.proxy.http;

import io.fairlead.config.HttpLimits;
import io.fairlead.proxy.RequestIds;
import io.fairlead.service.Node;
import io.fairlead.telemetry.ErrorReason;
import io.fairlead.telemetry.NodeCounter;
import io.fairlead.telemetry.RouteCounter;
import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * One request and its answer. Belongs to one event loop and is used again for later requests.
 *
 * <p>Repeating: an attempt that failed before the node got any byte is made again with another
 * node; one that failed later, but before any byte of an answer, is repeated once if the method is
 * idempotent (RFC 9110, 9.2.2) and there was no body, since part of a body is gone.
 */
final class Exchange {
  /** Attempts to get a connection, for one request. */
  private static final int MAX_CONNECTS = 3;

  /** Interim answers a node may send to one request. */
  private static final int MAX_INFORMATIONAL = 10;

  private static final int MAX_RESPONSE_HEAD = 64 * 1024;
  private static final int MAX_RESPONSE_FIELDS = 100;

  private static final byte[][] IDEMPOTENT = {
    Ascii.bytes("GET"),
    Ascii.bytes("HEAD"),
    Ascii.bytes("PUT"),
    Ascii.bytes("DELETE"),
    Ascii.bytes("OPTIONS"),
    Ascii.bytes("TRACE"),
  };
  private static final byte[] HEAD = Ascii.bytes("HEAD");

  final Head request = new Head();
  final Head response = new Head();
  final BodyReader requestBody = new BodyReader();
  final BodyReader responseBody = new BodyReader();
  final byte[] requestId = new byte[RequestIds.LENGTH];

  private final HttpLoop loop;
  private @Nullable HttpConnection client;
  private @Nullable HttpRoute route;
  private @Nullable Node node;
  private @Nullable UpstreamConnection upstream;
  private @Nullable Output toNode;
  private int ticket;
  private int connects;
  private int sends;
  private int informational;
  private long sentNanos;
  private boolean bodyStarted;
  private boolean anyResponseByte;
  private boolean headSent;
  private boolean chunkedToClient;
  private boolean closeClient;
  private boolean tunnel;
  private boolean nodeEnded;
  private boolean clientEnded;

  Exchange(HttpLoop loop) {
    this.loop = loop;
  }

  /** Makes it ready for the next request of that connection. */
  void begin(HttpConnection owner) {
    client = owner;
    request.reset();
    response.reset();
    connects = 0;
    sends = 0;
    informational = 0;
    bodyStarted = false;
    anyResponseByte = false;
    headSent = false;
    chunkedToClient = false;
    closeClient = false;
    tunnel = false;
    nodeEnded = false;
    clientEnded = false;
  }

  HttpConnection client() {
    HttpConnection present = client;
    if (present == null) {
      throw new IllegalStateException("no exchange going on");
    }
    return present;
  }

  /** Changes when what was asked for a while ago is no longer wanted. */
  int ticket() {
    return ticket;
  }

  byte[] nodeAddress() {
    Node target = node;
    return target == null ? new byte[0] : Ascii.bytes(target.address().toString());
  }

  boolean isTunnel() {
    return tunnel;
  }

  boolean isHeadSent() {
    return headSent;
  }

  boolean isToHead() {
    return request.methodIs(HEAD);
  }

  // --- to the node -------------------------------------------------------------------------

  /** The head is complete and checked: finds a node and sends it. */
  void start(HttpRoute matched) {
    route = matched;
    loop.loop().requestIds().next(requestId, 0, loop.now());
    requestBody.begin(request.body, client().policy().limits());
    pick(null, false);
  }

  /** The request must not be routed: says why and ends the connection. */
  void refuse(ErrorReason reason) {
    loop.loop().requestIds().next(requestId, 0, loop.now());
    requestBody.begin(1, HttpLimits.DEFAULT); // whatever follows is not to be read as a request
    answer(reason);
  }

  /** Nobody wants the request. */
  void noRoute() {
    loop.loop().requestIds().next(requestId, 0, loop.now());
    requestBody.begin(request.body, client().policy().limits());
    answer(ErrorReason.NO_ROUTE);
  }

  boolean isRouted() {
    return route != null;
  }

  long timeoutNanos() {
    return route().timeoutNanos();
  }

  private void pick(@Nullable Node avoid, boolean fresh) {
    HttpRoute matched = route();
    Node picked =
        matched.target().balancer().pick(client().addressHash(), avoid, loop.loop().random());
    if (picked == null) {
      answer(ErrorReason.NO_NODE);
      return;
    }
    node = picked;
    picked.requestStarted();
    connects++;
    NodePool pool = loop.pool(picked);
    UpstreamConnection idle = fresh ? null : pool.poll();
    if (idle != null) {
      connected(idle);
    } else {
      pool.connect(this, matched.target().upstream(), fresh);
    }
  }

  /** A connection to the node is there. */
  void connected(UpstreamConnection connection) {
    upstream = connection;
    ticket++;
    connection.attach(this);
    sends++;
    sentNanos = loop.now();
    Output out = connection.output();
    toNode = out;
    HeadWriter.writeRequest(
        this, out.room(request.end + request.pathEnd - request.pathStart + HeadWriter.ADDED));
    node().counters().increment(loop.index(), NodeCounter.REQUESTS);
    client().upstreamReady();
    if (upstream == connection && !client().isConsuming()) {
      flushToNode();
    }
  }

  /** Sends what has been gathered for the node. */
  void flushToNode() {
    Output out = toNode;
    if (out != null) {
      node().counters().add(loop.index(), NodeCounter.BYTES_SENT, out.flush());
    }
  }

  void connectFailed(String reason) {
    ticket++;
    Node failed = node();
    failed.requestFinished();
    node = null;
    if (connects < MAX_CONNECTS) {
      failed.counters().increment(loop.index(), NodeCounter.RETRIED);
      pick(failed, false);
    } else {
      answer(ErrorReason.CONNECT_FAILED);
    }
  }

  /** Whether bytes of the request body can go to the node now. */
  boolean isReadyForBody() {
    UpstreamConnection connection = upstream;
    return connection != null && connection.isWritable();
  }

  /**
   * Sends what the buffer holds of the request body.
   *
   * @return false if the framing is broken or the body too large
   */
  boolean forwardRequestBody(ByteBuf in) {
    Output out = toNode;
    if (out == null) {
      throw new IllegalStateException("no node to send to");
    }
    boolean chunked = request.body == Head.CHUNKED;
    while (true) {
      switch (requestBody.next(in)) {
        case MORE -> {
          return true;
        }
        case DATA -> {
          bodyStarted = true;
          int count = requestBody.available(in);
          out.body(in, count, chunked);
          requestBody.taken(count);
        }
        case END -> {
          if (chunked) {
            out.lastChunk(requestBody.trailers());
          }
          return true;
        }
        case BROKEN -> {
          return false;
        }
      }
    }
  }

  /** Bytes of a tunnel, client to node. */
  void tunnelToNode(ByteBuf in) {
    Output out = toNode;
    if (out != null) {
      out.body(in, in.readableBytes(), false);
    }
  }

  /** The client has ended its half of a tunnel; what it sent before still goes out. */
  void clientEnded() {
    UpstreamConnection connection = upstream;
    if (connection == null || clientEnded) {
      return;
    }
    clientEnded = true;
    flushToNode();
    if (nodeEnded) {
      endTunnel(connection);
    } else {
      connection.shutdownOutput();
    }
  }

  /** Both halves have ended; what either side is still owed goes out first. */
  private void endTunnel(UpstreamConnection connection) {
    connection
        .output()
        .afterFlush(() -> {
          if (upstream == connection) {
            client().tunnelEnded();
          }
        });
  }

  void upstreamWritable() {
    client().upstreamReady();
    flushToNode();
  }

  /** The client can take more. */
  void clientWritable() {
    UpstreamConnection connection = upstream;
    if (connection != null) {
      connection.setReading(true);
    }
  }

  // --- from the node -----------------------------------------------------------------------

  /** Bytes from the node. Whatever they are, the buffer is the caller's. */
  void responseBytes(ByteBuf in) {
    anyResponseByte = true;
    HttpConnection to = client();
    node().counters().add(loop.index(), NodeCounter.BYTES_RECEIVED, in.readableBytes());
    if (headSent) { // until then the route's timeout holds, however slowly bytes come
      to.progress();
    }
    if (tunnel) {
      to.output().body(in, in.readableBytes(), false);
      to.flush();
      if (!to.isWritable()) {
        pauseNode();
      }
    } else if (headSent || readResponseHead(in)) {
      if (tunnel) {
        if (in.isReadable()) {
          to.output().body(in, in.readableBytes(), false);
        }
        to.flush();
        to.tunnelOpened();
        return;
      }
      forwardResponseBody(in);
    }
  }

  /** False if the head is not complete, or the exchange is over. */
  private boolean readResponseHead(ByteBuf in) {
    while (in.isReadable()) {
      int before = response.length;
      int wanted = Math.max(2048, before);
      response.append(in, Math.min(in.readableBytes(), wanted));
      HeadParser.Result result =
          HeadParser.parseResponse(response, MAX_RESPONSE_HEAD, MAX_RESPONSE_FIELDS);
      if (result == HeadParser.Result.MORE) {
        in.skipBytes(response.length - before);
        continue;
      }
      if (result != HeadParser.Result.DONE || !ResponseCheck.check(response, isToHead())) {
        badResponse();
        return false;
      }
      in.skipBytes(response.end - before);
      response.length = response.end;
      if (response.status >= 200) {
        sendResponseHead();
        return true;
      }
      if (!informational()) {
        return false;
      }
      if (tunnel) {
        return true;
      }
      response.reset();
    }
    return false;
  }

  private boolean informational() {
    boolean switching = response.status == 101;
    if (++informational > MAX_INFORMATIONAL
        || (switching && (!request.upgrade || !RequestCheck.isWebSocket(response)))) {
      badResponse();
      return false;
    }
    if (request.minorVersion == 0) {
      return true; // RFC 9110, 15.2: not to an HTTP/1.0 client
    }
    HttpConnection to = client();
    HeadWriter.writeInformational(this, to.output().room(response.end + HeadWriter.ADDED));
    tunnel = switching;
    if (tunnel) {
      headSent = true;
    } else {
      to.flush();
    }
    return true;
  }

  private void sendResponseHead() {
    HttpConnection to = client();
    headSent = true;
    to.progress();
    responseBody.begin(response.body, HttpLimits.DEFAULT);
    boolean oldClient = request.minorVersion == 0;
    boolean unbounded = response.body == Head.CHUNKED || response.body == Head.UNTIL_CLOSE;
    chunkedToClient = unbounded && !oldClient;
    closeClient =
        !request.keepAlive
            || to.mustClose()
            || !requestBody.isComplete()
            || (unbounded && oldClient);
    boolean chunked = chunkedToClient || (response.chunkedLikeGet && !oldClient);
    HeadWriter.writeResponse(
        this, chunked, closeClient, to.output().room(response.end + HeadWriter.ADDED));
    countResponse(response.status);
  }

  private void forwardResponseBody(ByteBuf in) {
    HttpConnection to = client();
    Output out = to.output();
    while (true) {
      switch (responseBody.next(in)) {
        case MORE -> {
          to.flush();
          if (!to.isWritable()) {
            pauseNode();
          }
          return;
        }
        case DATA -> {
          int count = responseBody.available(in);
          out.body(in, count, chunkedToClient);
          responseBody.taken(count);
        }
        case END -> {
          if (in.isReadable()) {
            // More than was announced: complete for the client, but the connection is in doubt.
            nodeEnded = true;
          }
          responseComplete();
          return;
        }
        case BROKEN -> {
          to.flush();
          badResponse();
          return;
        }
      }
    }
  }

  private void pauseNode() {
    UpstreamConnection connection = upstream;
    if (connection != null) {
      connection.setReading(false);
      client().waitForTaker();
    }
  }

  private void responseComplete() {
    HttpConnection to = client();
    if (chunkedToClient) {
      to.output().lastChunk(responseBody.trailers());
    }
    to.flush();
    if (!to.isCurrent(this)) {
      return; // the client went away while we wrote
    }
    finish();
  }

  /** The node will send no more. */
  void upstreamEnded() {
    if (tunnel) {
      nodeEnded = true;
      UpstreamConnection connection = upstream;
      if (clientEnded && connection != null) {
        endTunnel(connection);
      } else {
        client().nodeEnded();
      }
      return;
    }
    nodeEnded = true;
    if (headSent && responseBody.endsWithConnection() && !responseBody.isComplete()) {
      responseBody.connectionEnded();
      responseComplete();
    } else {
      upstreamClosed();
    }
  }

  /** The connection to the node is gone. */
  void upstreamClosed() {
    if (tunnel) {
      closeClient = true;
      finish();
      return;
    }
    boolean stale = upstream != null && upstream.isReused();
    Node failed = node();
    failed.counters().increment(loop.index(), NodeCounter.RESET);
    dropUpstream();
    if (!anyResponseByte && sends < 2 && isRepeatable()) {
      failed.counters().increment(loop.index(), NodeCounter.RETRIED);
      failed.requestFinished();
      node = null;
      response.reset();
      // An old connection that died says little about the node; a fresh one says more.
      pick(stale ? null : failed, true);
      return;
    }
    fail(ErrorReason.UPSTREAM_RESET);
  }

  private boolean isRepeatable() {
    if (bodyStarted || request.body != 0 || request.upgrade) {
      return false;
    }
    for (byte[] method : IDEMPOTENT) {
      if (request.methodIs(method)) {
        return true;
      }
    }
    return false;
  }

  private void badResponse() {
    node().counters().increment(loop.index(), NodeCounter.BAD_RESPONSE);
    fail(ErrorReason.BAD_RESPONSE);
  }

  /** The node, or the client's patience, failed: says so if nothing has been said yet. */
  void fail(ErrorReason reason) {
    if (headSent) {
      // The client must see that the answer is not complete: no last chunk, fewer bytes, and
      // nothing said behind it. Without a length and chunks only a reset tells.
      HttpConnection owner = client();
      owner.countError(reason);
      dropUpstream();
      closeClient = true;
      owner.abort(responseBody.isBoundless() && !chunkedToClient);
      finish();
    } else {
      answer(reason);
    }
  }

  /** Answers without a node, or instead of it. */
  void answer(ErrorReason reason) {
    HttpConnection to = client();
    to.countError(reason);
    dropUpstream();
    boolean close = !request.keepAlive || to.mustClose() || !requestBody.isComplete();
    closeClient = close;
    headSent = true;
    LocalAnswer.write(reason, this, close, !isToHead(), to.output().room(1024));
    to.flush();
    countResponse(reason.status());
    if (to.isCurrent(this)) {
      finish();
    }
  }

  /** The client took too long, or the node did. */
  void timedOut(ErrorReason reason) {
    if (reason == ErrorReason.UPSTREAM_TIMEOUT) {
      Node late = node;
      if (late != null) {
        late.counters().increment(loop.index(), NodeCounter.TIMEOUT);
      }
    }
    fail(reason);
  }

  private void countResponse(int status) {
    HttpRoute matched = route;
    if (matched != null) {
      matched.counters().increment(loop.index(), RouteCounter.REQUESTS);
      matched.counters().increment(loop.index(), StatusClass.ofRoute(status));
    }
    client().countResponse(status);
    Node target = node;
    if (target != null && upstream != null) {
      target.counters().increment(loop.index(), StatusClass.ofNode(status));
    }
  }

  // --- the end -----------------------------------------------------------------------------

  /** Gives everything back; the client goes on with its next request or closes. */
  private void finish() {
    HttpConnection owner = client();
    boolean requestDone = requestBody.isComplete();
    boolean close = closeClient || !requestDone;
    releaseNode(requestDone);
    recycle();
    owner.exchangeDone(close, !requestDone);
  }

  /** The client has gone: nothing more to be said to anybody. */
  void abandon() {
    dropUpstream();
    releaseNode(false);
    recycle();
  }

  private void releaseNode(boolean requestDone) {
    Node target = node;
    UpstreamConnection connection = upstream;
    upstream = null;
    toNode = null;
    node = null;
    if (target == null) {
      return;
    }
    target.requestFinished();
    if (connection != null) {
      long micros = (loop.now() - sentNanos) / 1000;
      target.latency().record(loop.index(), micros);
      connection.detach();
      if (requestDone
          && responseBody.isComplete()
          && response.keepAlive
          && !nodeEnded
          && !tunnel
          && connection.isOpen()) {
        connection.pool().release(connection, route().target().upstream());
      } else {
        connection.close();
      }
    }
  }

  /** Closes the connection to the node without waiting for anything more from it. */
  private void dropUpstream() {
    UpstreamConnection connection = upstream;
    Output out = toNode;
    upstream = null;
    toNode = null;
    if (out != null) {
      out.discard();
    }
    if (connection != null) {
      connection.detach();
      connection.close();
    }
  }

  private void recycle() {
    ticket++;
    client = null;
    route = null;
    loop.giveBack(this);
  }

  private HttpRoute route() {
    HttpRoute present = route;
    if (present == null) {
      throw new IllegalStateException("not routed");
    }
    return present;
  }

  private Node node() {
    Node present = node;
    if (present == null) {
      throw new IllegalStateException("no node picked");
    }
    return present;
  }
}
