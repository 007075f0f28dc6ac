package io.fairlead.proxy.http;

import io.fairlead.proxy.RequestIds;
import io.fairlead.route.RouteTable;
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

  private static final byte[][] IDEMPOTENT = {
    Ascii.bytes("GET"),
    Ascii.bytes("HEAD"),
    Ascii.bytes("PUT"),
    Ascii.bytes("DELETE"),
    Ascii.bytes("OPTIONS"),
    Ascii.bytes("TRACE"),
  };
  private static final byte[] HEAD = Ascii.bytes("HEAD");
  private static final byte[] CONTENT_TYPE = Ascii.bytes("content-type");

  final Head request = new Head();
  final Head response = new Head();
  final byte[] requestId = new byte[RequestIds.LENGTH];

  private final HttpLoop loop;
  private @Nullable ClientSide client;
  private @Nullable HttpRoute route;
  private @Nullable ServiceTarget target;
  private @Nullable Node node;
  private @Nullable NodeSide upstream;
  private int ticket;
  private int connects;
  private int sends;
  private int informational;
  private long sentNanos;
  private long pickedNanos;
  private boolean waiting;
  private boolean requestDone;
  private boolean bodyStarted;
  private boolean anyResponseByte;
  private boolean headSent;
  private boolean tunnel;
  private boolean nodeEnded;
  private boolean clientEnded;

  /** The path as it was matched. */
  private int pathStart;

  private int pathLength;
  private final Deadlines deadlines;

  Exchange(HttpLoop loop) {
    this.loop = loop;
    this.deadlines = new Deadlines(loop.loop().timers(), this::late);
  }

  /** Makes it ready for the next request of that client. */
  void begin(ClientSide owner) {
    client = owner;
    request.reset();
    response.reset();
    connects = 0;
    sends = 0;
    informational = 0;
    requestDone = false;
    bodyStarted = false;
    anyResponseByte = false;
    headSent = false;
    tunnel = false;
    nodeEnded = false;
    clientEnded = false;
  }

  ClientSide client() {
    ClientSide present = client;
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
    Node to = node;
    return to == null ? new byte[0] : Ascii.bytes(to.address().toString());
  }

  boolean isTunnel() {
    return tunnel;
  }

  boolean isHeadSent() {
    return headSent;
  }

  /** All of the request has come, and is sound. */
  boolean isRequestDone() {
    return requestDone;
  }

  boolean isToHead() {
    return request.methodIs(HEAD);
  }

  /** The client speaks gRPC, and understands nothing else. */
  private boolean isGrpc() {
    if (!request.http2) {
      return false;
    }
    int type = request.findField(CONTENT_TYPE, 0);
    return type >= 0
        && LocalAnswer.isGrpc(request.bytes, request.valueStart(type), request.valueEnd(type));
  }

  // --- to the node -------------------------------------------------------------------------

  /** The head is complete and checked: whose it is, if anybody's. */
  @Nullable HttpRoute match() {
    HttpPolicy policy = client().policy();
    Forwarding.readClient(request, client().who(), policy, loop.address());
    pathStart = request.pathStart;
    pathLength = request.pathEnd - request.pathStart;
    RouteTable.Entry<HttpRoute> entry = policy.routes().match(request);
    return entry == null ? null : entry.target();
  }

  /**
   * Does what the route says: answers, or finds a node and sends it the request.
   *
   * @param whole no body follows
   */
  void start(HttpRoute matched, boolean whole) {
    route = matched;
    requestDone = whole;
    loop.loop().requestIds().next(requestId, 0, loop.now());
    ErrorReason refusal = refusal(matched);
    if (refusal != null) {
      answer(refusal);
      return;
    }
    int limit = matched.rateLimits().refusing(request, loop.now(), loop.verdict());
    if (limit >= 0) {
      matched.counters().increment(loop.index(), RouteCounter.RATE_LIMITED);
      client().countError(ErrorReason.RATE_LIMITED);
      begin(matched.errorPages().of(ErrorReason.RATE_LIMITED));
      matched.rateLimits().addTo(response, limit, loop.verdict());
      send(matched.errorPages().of(ErrorReason.RATE_LIMITED));
      return;
    }
    LocalAnswer local = matched.response();
    Redirection redirection = matched.redirection();
    if (local != null) {
      begin(local);
      send(local);
    } else if (redirection != null) {
      redirect(redirection);
    } else {
      forward(matched);
    }
  }

  /** Why the rules do not let the request through. */
  private @Nullable ErrorReason refusal(HttpRoute matched) {
    HttpPolicy policy = client().policy();
    if (!policy.access().allows(request) || !matched.access().allows(request)) {
      matched.counters().increment(loop.index(), RouteCounter.DENIED);
      return ErrorReason.DENIED;
    }
    if (request.body > matched.maxBody(policy.limits())) {
      return ErrorReason.BODY_TOO_LARGE;
    }
    return null;
  }

  private void redirect(Redirection redirection) {
    begin(redirection.answer());
    if (redirection.addLocation(request, response, loop.places())) {
      send(redirection.answer());
    } else {
      answer(ErrorReason.BAD_REQUEST);
    }
  }

  private void forward(HttpRoute matched) {
    Rewriter rewriter = matched.rewriter();
    if (rewriter != null && !rewriter.apply(request, loop.places())) {
      answer(ErrorReason.BAD_REQUEST);
      return;
    }
    target = matched.target(loop.loop().random());
    FieldEdits edits = matched.requestEdits();
    if (edits != null) {
      edits.apply(request, this, matched);
    }
    Forwarding.addToRequest(this, client());
    deadlines.begin(loop.now(), requestDone ? 0 : matched.requestBodyNanos(), matched.totalNanos());
    pick(null, false);
  }

  /** Where the path as it was matched begins, in the bytes of {@link #request}. */
  int pathStart() {
    return pathStart;
  }

  int pathLength() {
    return pathLength;
  }

  /** The request must not be routed: says why and ends the connection. */
  void refuse(ErrorReason reason) {
    loop.loop().requestIds().next(requestId, 0, loop.now());
    answer(reason);
  }

  /**
   * Nobody wants the request.
   *
   * @param whole no body follows
   */
  void noRoute(boolean whole) {
    requestDone = whole;
    loop.loop().requestIds().next(requestId, 0, loop.now());
    answer(client().policy().access().allows(request) ? ErrorReason.NO_ROUTE : ErrorReason.DENIED);
  }

  boolean isRouted() {
    return route != null;
  }

  long timeoutNanos() {
    return route().timeoutNanos();
  }

  private void pick(@Nullable Node avoid, boolean fresh) {
    ServiceTarget from = target();
    int key = from.key(request, client().who().hash());
    Node picked = from.balancer().pick(key, avoid, loop.loop().random());
    if (picked == null) {
      answer(ErrorReason.NO_NODE);
      return;
    }
    node = picked;
    pickedNanos = loop.now();
    waiting = true;
    picked.requestStarted(loop.index(), pickedNanos);
    connects++;
    deadlines.tryBegins(loop.now(), route().tryNanos());
    NodePool pool = loop.pool(picked);
    NodeSide idle = fresh ? null : pool.poll(from.link());
    if (idle != null) {
      connected(idle);
    } else {
      pool.connect(this, from, route().upstream(from), fresh);
    }
  }

  /** A connection to the node is there. */
  void connected(NodeSide connection) {
    upstream = connection;
    ticket++;
    connection.attach(this);
    sends++;
    sentNanos = loop.now();
    connection.sendHead(this);
    if (!isAttachedTo(connection)) {
      return; // not something that this connection can carry
    }
    node().counters().increment(loop.index(), NodeCounter.REQUESTS);
    if (requestDone) {
      connection.sendEnd(Head.NONE);
    }
    client().upstreamReady();
    if (isAttachedTo(connection) && !client().isConsuming()) {
      flushToNode();
    }
  }

  @SuppressWarnings("ReferenceEquality") // that very connection
  private boolean isAttachedTo(NodeSide connection) {
    return upstream == connection;
  }

  /** Sends what has been gathered for the node. */
  void flushToNode() {
    NodeSide to = upstream;
    if (to != null) {
      node().counters().add(loop.index(), NodeCounter.BYTES_SENT, to.flush());
    }
  }

  void connectFailed(String reason) {
    ticket++;
    Node failed = node();
    answered(true);
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
    NodeSide connection = upstream;
    return connection != null && connection.isWritable();
  }

  /** Takes that many bytes of the request body, or of a tunnel; only if {@link #isReadyForBody}. */
  void requestData(ByteBuf in, int count) {
    bodyStarted = true;
    upstream().sendData(in, count);
  }

  /** The request is complete. */
  void requestEnd(Head trailers) {
    requestDone = true;
    deadlines.requestBodyEnds();
    upstream().sendEnd(trailers);
  }

  /** The client has ended its half of a tunnel; what it sent before still goes out. */
  void clientEnded() {
    NodeSide connection = upstream;
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
  private void endTunnel(NodeSide connection) {
    connection.afterFlush(() -> {
      if (isAttachedTo(connection)) {
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
    NodeSide connection = upstream;
    if (connection != null) {
      connection.setReading(true);
    }
  }

  // --- from the node -----------------------------------------------------------------------

  /** So many bytes have come from the node, whatever they mean. */
  void responseBytes(int count) {
    anyResponseByte = true;
    node().counters().add(loop.index(), NodeCounter.BYTES_RECEIVED, count);
    if (headSent) { // until then the route's timeout holds, however slowly bytes come
      client().progress();
    }
  }

  /** Takes bytes of a tunnel, node to client. */
  void tunnelData(ByteBuf in) {
    ClientSide to = client();
    if (in.isReadable()) {
      to.sendData(in, in.readableBytes());
    }
    responseFlush();
  }

  /**
   * {@link #response} is complete and checked.
   *
   * @return whether the exchange goes on; if so and the answer was interim, another head follows,
   *     or the tunnel is open
   */
  boolean responseHead() {
    if (response.status >= 200) {
      sendResponseHead();
      return true;
    }
    boolean switching = response.status == 101;
    if (++informational > MAX_INFORMATIONAL
        || (switching && (!request.upgrade || !RequestCheck.isWebSocket(response)))) {
      badResponse();
      return false;
    }
    if (request.minorVersion == 0) {
      response.reset(); // RFC 9110, 15.2: not to an HTTP/1.0 client
      return true;
    }
    ClientSide to = client();
    if (switching) {
      answered(false);
      Forwarding.addToResponse(this, to);
      tunnel = true;
      headSent = true;
      deadlines.end();
    }
    to.sendInformational(this);
    if (!switching) {
      to.flush();
      response.reset();
    }
    return true;
  }

  /** The tunnel is open; what the node sent right behind its head has been passed on. */
  void tunnelOpened() {
    client().tunnelOpened();
  }

  private void sendResponseHead() {
    ClientSide to = client();
    headSent = true;
    answered(NodeAnswer.read(response, node(), target(), loop));
    deadlines.tryEnds();
    editResponse();
    Forwarding.addToResponse(this, to);
    to.sendHead(this);
    countResponse(response.status);
  }

  /** Takes that many bytes of the answer's body. */
  void responseData(ByteBuf in, int count) {
    client().sendData(in, count);
  }

  /** No more for now: what has been gathered goes out, and a slow client slows the node down. */
  void responseFlush() {
    ClientSide to = client();
    to.flush();
    NodeSide connection = upstream;
    if (connection != null && to.isCurrent(this) && !to.isWritable()) {
      connection.setReading(false);
      to.waitForTaker();
    }
  }

  /** The answer is complete. */
  void responseEnd(Head trailers) {
    ClientSide to = client();
    to.sendEnd(trailers);
    to.flush();
    if (to.isCurrent(this)) { // the client may have gone away while we wrote
      finish();
    }
  }

  /** The node has ended its half of a tunnel. */
  void nodeEnded() {
    nodeEnded = true;
    NodeSide connection = upstream;
    if (clientEnded && connection != null) {
      endTunnel(connection);
    } else {
      client().nodeEnded();
    }
  }

  /** The connection to the node is gone, or of no use any more. */
  void upstreamClosed() {
    if (tunnel) {
      finish();
      return;
    }
    boolean stale = upstream != null && upstream.isReused();
    lost(stale, isRepeatable());
  }

  /**
   * The node has told that it did nothing about the request: whatever it is, it can be repeated.
   */
  void upstreamRefused() {
    lost(true, !tunnel && !bodyStarted && (request.body == 0 || !requestDone));
  }

  /** The connection was none: the node has refused it and looked at nothing that came over it. */
  void nodeRefused(String reason) {
    if (anyResponseByte || bodyStarted || tunnel) {
      upstreamClosed();
    } else {
      sends--;
      dropUpstream();
      connectFailed(reason);
    }
  }

  private void lost(boolean stale, boolean repeatable) {
    Node failed = node();
    failed.counters().increment(loop.index(), NodeCounter.RESET);
    if (!stale || anyResponseByte) {
      answered(true);
    }
    dropUpstream();
    if (!anyResponseByte && sends < 2 && repeatable) {
      // An old connection that died says little about the node; a fresh one says more.
      repeat(stale ? null : failed);
    } else {
      fail(ErrorReason.UPSTREAM_RESET);
    }
  }

  private boolean mayRepeat() {
    return !anyResponseByte && sends < 2 && isRepeatable();
  }

  private void repeat(@Nullable Node avoid) {
    Node failed = node();
    failed.counters().increment(loop.index(), NodeCounter.RETRIED);
    abandonAnswer();
    failed.requestFinished();
    node = null;
    response.reset();
    pick(avoid, true);
  }

  /** A limit on time that the route has beside the usual one has been reached. */
  private void late(Deadlines.Kind kind) {
    loop.touch();
    switch (kind) {
      case TRY -> tryIsLate();
      case REQUEST_BODY -> timedOut(ErrorReason.REQUEST_TIMEOUT);
      case TOTAL ->
          timedOut(requestDone ? ErrorReason.UPSTREAM_TIMEOUT : ErrorReason.REQUEST_TIMEOUT);
    }
  }

  private void tryIsLate() {
    Node late = node();
    if (upstream == null && connects < MAX_CONNECTS) {
      late.counters().increment(loop.index(), NodeCounter.TIMEOUT);
      connectFailed("no connection in the time of a try");
    } else if (upstream != null && mayRepeat()) {
      late.counters().increment(loop.index(), NodeCounter.TIMEOUT);
      answered(true);
      dropUpstream();
      repeat(late);
    } else {
      timedOut(ErrorReason.UPSTREAM_TIMEOUT);
    }
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

  void badResponse() {
    node().counters().increment(loop.index(), NodeCounter.BAD_RESPONSE);
    answered(true);
    fail(ErrorReason.BAD_RESPONSE);
  }

  /** The node, or the client's patience, failed: says so if nothing has been said yet. */
  void fail(ErrorReason reason) {
    if (headSent) {
      ClientSide owner = client();
      owner.countError(reason);
      dropUpstream();
      owner.abort(this);
      finish();
    } else {
      answer(reason);
    }
  }

  /** Answers without a node, or instead of it, that something went wrong. */
  void answer(ErrorReason reason) {
    HttpRoute matched = route;
    client().countError(reason);
    if (matched != null && reason == ErrorReason.BODY_TOO_LARGE) {
      matched.counters().increment(loop.index(), RouteCounter.TOO_LARGE);
    }
    ErrorPages pages = matched == null ? client().policy().errorPages() : matched.errorPages();
    LocalAnswer local = isGrpc() ? LocalAnswer.ofGrpc(reason) : pages.of(reason);
    begin(local);
    send(local);
  }

  /** Makes that the answer, to which fields may be added. */
  private void begin(LocalAnswer local) {
    dropUpstream();
    response.copyFrom(local.head());
  }

  private void send(LocalAnswer local) {
    ClientSide to = client();
    headSent = true;
    deadlines.end();
    boolean withBody = !isToHead();
    if (!withBody) {
      response.body = 0;
    }
    editResponse();
    Forwarding.addToResponse(this, to);
    to.sendHead(this);
    ByteBuf body = local.body();
    if (withBody && body.isReadable()) {
      to.sendData(body, body.readableBytes());
    }
    countResponse(response.status);
    responseEnd(Head.NONE);
  }

  private void editResponse() {
    HttpRoute matched = route;
    FieldEdits edits = matched == null ? null : matched.responseEdits();
    if (matched != null && edits != null) {
      edits.apply(response, this, matched);
    }
  }

  /** The client took too long, or the node did. */
  void timedOut(ErrorReason reason) {
    if (reason == ErrorReason.UPSTREAM_TIMEOUT) {
      Node late = node;
      if (late != null) {
        late.counters().increment(loop.index(), NodeCounter.TIMEOUT);
        answered(true);
      }
      NodeSide connection = upstream;
      if (connection != null) {
        connection.waitedInVain();
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
    Node answered = node;
    if (answered != null && upstream != null) {
      answered.counters().increment(loop.index(), StatusClass.ofNode(status));
    }
  }

  // --- the end -----------------------------------------------------------------------------

  /** Gives everything back; the client goes on with its next request or closes. */
  private void finish() {
    ClientSide owner = client();
    boolean whole = requestDone;
    releaseNode();
    recycle();
    owner.exchangeDone(whole);
  }

  /** The client has gone: nothing more to be said to anybody. */
  void abandon() {
    dropUpstream();
    releaseNode();
    recycle();
  }

  private void releaseNode() {
    abandonAnswer();
    Node used = node;
    NodeSide connection = upstream;
    upstream = null;
    node = null;
    if (used == null) {
      return;
    }
    used.requestFinished();
    if (connection != null) {
      long micros = (loop.now() - sentNanos) / 1000;
      used.latency().record(loop.index(), micros);
      connection.release(requestDone, target().upstream());
    }
  }

  /**
   * The node's answer has begun, or will never come; or it had begun and breaks off.
   *
   * @param failed by the node's fault
   */
  private void answered(boolean failed) {
    Node by = node;
    if (by == null) {
      return;
    }
    if (waiting) {
      waiting = false;
      by.requestAnswered(loop.index(), loop.now(), loop.now() - pickedNanos, failed);
    } else if (failed) {
      by.answerFailed(loop.index());
    }
  }

  /** Nobody waits for the node's answer any more, through no fault of the node. */
  private void abandonAnswer() {
    Node from = node;
    if (waiting && from != null) {
      waiting = false;
      from.requestAbandoned(loop.index(), loop.now());
    }
  }

  /** Ends the connection to the node without waiting for anything more from it. */
  private void dropUpstream() {
    NodeSide connection = upstream;
    upstream = null;
    if (connection != null) {
      connection.drop();
    }
  }

  private void recycle() {
    ticket++;
    deadlines.end();
    client = null;
    route = null;
    target = null;
    loop.giveBack(this);
  }

  private HttpRoute route() {
    HttpRoute present = route;
    if (present == null) {
      throw new IllegalStateException("not routed");
    }
    return present;
  }

  private ServiceTarget target() {
    ServiceTarget present = target;
    if (present == null) {
      throw new IllegalStateException("sent to no service");
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

  private NodeSide upstream() {
    NodeSide present = upstream;
    if (present == null) {
      throw new IllegalStateException("no node to send to");
    }
    return present;
  }
}
