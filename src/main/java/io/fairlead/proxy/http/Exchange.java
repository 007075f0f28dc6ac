package io.fairlead.proxy.http;

import io.fairlead.config.ContentCoding;
import io.fairlead.config.HedgeConfig;
import io.fairlead.config.NodeProtocol;
import io.fairlead.config.RetryOn.Failure;
import io.fairlead.extension.LoadedFilter;
import io.fairlead.proxy.RequestIds;
import io.fairlead.proxy.http.Attempt.Outcome;
import io.fairlead.route.RouteTable;
import io.fairlead.service.Node;
import io.fairlead.telemetry.ErrorReason;
import io.fairlead.telemetry.NodeCounter;
import io.fairlead.telemetry.RouteCounter;
import io.fairlead.telemetry.ShedReason;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import org.jspecify.annotations.Nullable;

/**
 * One request and its answer. Belongs to one event loop and is used again for later requests.
 *
 * <p>What happens at nodes is told by an {@link Attempt}, or by two while a {@link Hedge} is out.
 * Until the head of an answer has gone to the client, a try that came to nothing may be followed by
 * another, at another node while there is one; {@link Retries} knows whether and when. From then on
 * nothing is repeated: half of one node's answer and half of another's are no answer.
 */
final class Exchange {
  /** Interim answers a node may send to one request. */
  private static final int MAX_INFORMATIONAL = 10;

  private static final byte[] HEAD = Ascii.bytes("HEAD");
  private static final byte[] FAIRLEAD_ERROR = Ascii.bytes("fairlead-error");
  private static final byte[] CONTENT_TYPE = Ascii.bytes("content-type");

  final Head request = new Head();

  /** Of the try whose answer the client gets, or of Fairlead's own answer. */
  Head response;

  final byte[] requestId = new byte[RequestIds.LENGTH];

  private final HttpLoop loop;
  private @Nullable ClientSide client;
  private @Nullable HttpRoute route;
  private @Nullable ServiceTarget target;
  private final Retries retries;
  private final Session session = new Session();
  private final KeptBody body;
  private final ExchangeRecord record = new ExchangeRecord();

  /** Made with the first request that is traced. */
  private @Nullable TraceContext traces;

  private boolean traced;

  /** The try that is going on, or was last; the first of two. */
  private Attempt current;

  private @Nullable Hedge hedge;
  private int informational;

  /** What the client hears if there is no node to be asked: why the last try failed, if one did. */
  private ErrorReason without = ErrorReason.NO_NODE;

  private long deadline;
  private Head trailers = Head.NONE;
  private boolean requestDone;
  private boolean headSent;
  private boolean tunnel;
  private @Nullable WebSocketRelay webSocket;
  private boolean nodeEnded;
  private boolean clientEnded;

  /** The path as it was matched. */
  private int pathStart;

  private int pathLength;
  private final Deadlines deadlines;

  /** Packs the answer; null: it goes out as it came. */
  private @Nullable Packer packer;

  /** Made when a service with limits is first met. */
  private @Nullable Turn turn;

  /** A guard of the route has to find something out first; null: none has. */
  private Guard.@Nullable Hold held;

  /** Gathers a copy of the request for another service; null: nothing does. */
  private Mirror.@Nullable Copy copy;

  /** The number of the guard that was asked last. */
  private int asked;

  /** Who the client is; null: no guard has found that out. */
  private @Nullable String identity;

  /** What filters of the route have said; null: it has none. */
  private @Nullable Filtered filtered;

  /** What the cache of the route has to do with it; null: the route has none. */
  private @Nullable CacheTurn cached;

  /** Made with the first request of a route that has a cache. */
  private @Nullable CacheTurn ownCacheTurn;

  Exchange(HttpLoop loop) {
    this.loop = loop;
    this.deadlines = new Deadlines(loop.loop().timers(), this::late);
    this.body = new KeptBody(loop);
    this.retries = new Retries(loop, this, body);
    this.current = new Attempt(this, loop);
    this.response = current.response;
  }

  /** Makes it ready for the next request of that client. */
  void begin(ClientSide owner) {
    client = owner;
    request.reset();
    response = current.response;
    response.reset();
    retries.begin();
    record.begin(loop.now());
    traced = false;
    without = ErrorReason.NO_NODE;
    trailers = Head.NONE;
    informational = 0;
    requestDone = false;
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
  boolean isGrpc() {
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
    record.matched(request);
    pathStart = request.pathStart;
    pathLength = request.pathEnd - request.pathStart;
    HttpRoute proof = loop.challenges().answer(request);
    if (proof != null) {
      return proof;
    }
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
    identify();
    ErrorReason refusal = refusal(matched);
    if (refusal != null) {
      answer(refusal);
      return;
    }
    int limit = matched.rateLimits().refusing(request, loop.now(), loop.verdict());
    if (limit >= 0) {
      countError(ErrorReason.RATE_LIMITED);
      begin(matched.errorPages().of(ErrorReason.RATE_LIMITED));
      matched.rateLimits().addTo(response, limit, loop.verdict());
      send(matched.errorPages().of(ErrorReason.RATE_LIMITED));
      return;
    }
    Guard[] guards = matched.guards();
    if (guards == null) {
      proceed(matched);
      return;
    }
    LoadedFilter[] filters = matched.filters();
    if (filters != null) {
      filtered = new Filtered(filters, loop.index());
    }
    if (isLetIn(guards, 0)) {
      proceed(matched);
    }
  }

  /** What filters have said of it. Only for a route that has some. */
  Filtered filtered() {
    Filtered present = filtered;
    if (present == null) {
      throw new IllegalStateException("no filter looks at it");
    }
    return present;
  }

  /** Asks guards, from that one on; false: one has answered, or holds it. */
  private boolean isLetIn(Guard[] guards, int from) {
    for (int i = from; i < guards.length; i++) {
      asked = i;
      if (guards[i].ask(this, loop) != Guard.Answer.GOES_ON) {
        return false;
      }
    }
    return true;
  }

  /** A guard has to find something out, but may not take longer than that. */
  void hold(Guard.Hold by, long nanos) {
    held = by;
    deadlines.begin(loop.now(), 0, route().totalNanos());
    deadlines.waitBegins(loop.now(), nanos);
  }

  /** The guard that holds it has nothing against it. */
  void goOn() {
    HttpRoute matched = route();
    endHold();
    Guard[] guards = matched.guards();
    if (guards == null || isLetIn(guards, asked + 1)) {
      proceed(matched);
    }
  }

  private void endHold() {
    Guard.Hold by = held;
    if (by != null) {
      held = null;
      deadlines.end();
      by.letGo();
    }
  }

  /** A guard does not let it in; one field of the answer says what would help. */
  void turnAway(ErrorReason reason, byte[] name, byte[] value) {
    countError(reason);
    LocalAnswer local = isGrpc() ? LocalAnswer.ofGrpc(reason) : route().errorPages().of(reason);
    begin(local);
    response.openField(name);
    response.put(value);
    response.closeField(FieldName.OTHER);
    send(local);
  }

  /** A filter does not let it in, and says what the client is to hear. */
  void turnAway(ErrorReason reason, LocalAnswer answer) {
    if (isGrpc()) {
      answer(reason);
      return;
    }
    countError(reason);
    begin(answer);
    send(answer);
  }

  /** A guard has found out who the client is. */
  void identified(String name) {
    identity = name;
  }

  /** Who the client is, as far as a guard has found out; null: nothing is known. */
  @Nullable String identity() {
    return identity;
  }

  /** A guard does not let it in; somebody else has said what the client is to hear. */
  void turnAway(ErrorReason reason, Head answer, byte[] content) {
    if (isGrpc()) {
      answer(reason);
      return;
    }
    countError(reason);
    begin(answer);
    RequestCheck.dropAll(
        response,
        1L << FieldName.CONTENT_LENGTH | 1L << FieldName.X_REQUEST_ID | 1L << FieldName.VIA);
    response.body = content.length;
    response.lengthAnew = content.length;
    response.chunkedLikeGet = false;
    response.openField(FAIRLEAD_ERROR);
    response.put(Ascii.bytes(reason.wireName()));
    response.closeField(FieldName.FAIRLEAD_ERROR);
    send(Unpooled.unreleasableBuffer(Unpooled.wrappedBuffer(content)));
  }

  /** Its query has in it what nobody else is to see. */
  void hideQuery() {
    record.hideQuery();
  }

  /** What becomes of it is meant, and says nothing of who would have answered. */
  void meant() {
    record.meant();
  }

  /** It is answered with that status, which is meant. */
  private void meant(int status) {
    meant();
    if (status >= 500) { // first: nobody is to see the one without the other
      client().countMeant();
      route().counters().increment(loop.index(), RouteCounter.MEANT_5XX);
    }
  }

  /** Answers with an error that is meant. */
  void injectFault(LocalAnswer error) {
    countError(ErrorReason.FAULT_INJECTED);
    LocalAnswer local = isGrpc() ? LocalAnswer.ofGrpc(ErrorReason.FAULT_INJECTED) : error;
    meant(local.head().status);
    begin(local);
    send(local);
  }

  /** A filter answers it. */
  void answerInstead(LocalAnswer local) {
    begin(local);
    send(local);
  }

  /** Its client has had too many looked at already. */
  void turnAwayFor(long nanos) {
    turnAway(ErrorReason.RATE_LIMITED, RetryAfter.NAME, RetryAfter.seconds(nanos));
  }

  private void proceed(HttpRoute matched) {
    Filtered said = filtered;
    if (said != null) {
      said.decided();
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

  /** A request of our own, complete, because of another one; it goes that way. */
  void startFor(Head cause, HttpRoute matched) {
    request.clientHigh = cause.clientHigh;
    request.clientLow = cause.clientLow;
    startCopy(matched, true);
  }

  /** The same for one whose head is a copy of a client's. */
  void startCopy(HttpRoute matched, boolean whole) {
    record.matched(request);
    pathStart = request.pathStart;
    pathLength = request.pathEnd - request.pathStart;
    start(matched, whole);
  }

  /** Why the rules do not let the request through. */
  private @Nullable ErrorReason refusal(HttpRoute matched) {
    HttpPolicy policy = client().policy();
    if (!matched.isForAll()
        && (!policy.access().allows(request) || !matched.access().allows(request))) {
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
    Filtered said = filtered;
    ServiceTarget chosen = said == null ? null : said.target();
    RouteCache cache = matched.cache();
    if (cache != null && chosen == null) { // what is kept is of the route's own service
      CacheTurn mine = ownCacheTurn;
      if (mine == null) {
        mine = new CacheTurn(this, loop);
        ownCacheTurn = mine;
      }
      mine.begin(cache);
      cached = mine;
    }
    Rewriter rewriter = matched.rewriter();
    if (rewriter != null && !rewriter.apply(request, loop.places())) {
      answer(ErrorReason.BAD_REQUEST);
      return;
    }
    target = chosen != null ? chosen : session.target(matched, request, loop.loop().random());
    session.begin(request, target, loop.index());
    FieldEdits edits = matched.requestEdits();
    if (edits != null) {
      edits.apply(request, this, matched);
      if (traced) {
        joinTrace();
      }
    }
    CacheTurn turn = cached;
    if (turn == null || turn.goesOn()) {
      toNodes(matched);
    }
  }

  /** The cache has nothing to give. */
  private void toNodes(HttpRoute matched) {
    Mirror mirror = matched.mirror();
    if (mirror != null) {
      copy = mirror.copy(this, loop);
    }
    Forwarding.addToRequest(this, client());
    deadlines.begin(
        loop.now(),
        requestDone ? 0 : matched.requestBodyNanos(),
        RequestDeadline.earlier(matched.totalNanos(), RequestDeadline.nanosOf(request)));
    deadline = loop.now() + matched.timeoutNanos();
    ServiceTarget to = target();
    to.retries().request(loop.index(), loop.now());
    body.begin(matched.retry().keeps(request, to.link().protocol() != NodeProtocol.HTTP1));
    if (mayGo(matched, to)) {
      pick(false);
    }
  }

  /** Waits for what another request asks a node for, but not longer than that. */
  void waitForOther(long nanos) {
    deadlines.begin(loop.now(), 0, route().totalNanos());
    deadlines.waitBegins(loop.now(), nanos);
  }

  /** What was waited for is there, or will not come. */
  void lookAgain() {
    deadlines.end();
    CacheTurn turn = cached;
    if (turn != null && turn.look()) {
      toNodes(route());
    }
  }

  /** What is kept becomes the answer, to which fields may be added. */
  Head beginStored(Head head) {
    begin(head);
    response.http2 = false;
    return response;
  }

  /** Sends its head; the answer is whether its body is to follow. */
  boolean sendStoredHead() {
    headSent = true;
    deadlines.end();
    if (isToHead()) {
      response.body = 0;
    }
    boolean withBody = response.body != 0;
    editResponse();
    sendEdited();
    return withBody;
  }

  /** The client wants what is kept or nothing, and there is nothing. */
  void notCached() {
    meant(isGrpc() ? 200 : ErrorReason.NOT_CACHED.status());
    answer(ErrorReason.NOT_CACHED);
  }

  /** Whether it need not wait; it may have been turned away. */
  private boolean mayGo(HttpRoute matched, ServiceTarget to) {
    int importance = importance(matched);
    if (importance >= loop.loop().guard().refusedFrom()) {
      to.service().load().sheds().increment(loop.index(), ShedReason.PRESSURE);
      shed();
      return false;
    }
    Admission gate = to.admission();
    return gate == null || turn().enter(gate, importance, request.clientHigh ^ request.clientLow);
  }

  private int importance(HttpRoute matched) {
    return Importances.of(request, client(), matched.importance());
  }

  private Turn turn() {
    Turn mine = turn;
    if (mine == null) {
      mine = new Turn(this, loop);
      turn = mine;
    }
    return mine;
  }

  /** Has to wait for room, but not longer than that. */
  void waits(long nanos) {
    record.waits(loop.now());
    deadlines.waitBegins(loop.now(), nanos);
  }

  /** Its turn has come: goes to a node. False if none has room, so that it waits on. */
  boolean takeTurn() {
    Node picked = retries.pick();
    Node free = picked == null ? null : target().claim(picked, loop.loop().random());
    if (free == null && (picked != null || target().holding() != null)) {
      return false;
    }
    endWait();
    if (free == null) {
      answer(ErrorReason.NO_NODE);
    } else {
      begin(free, false);
    }
    return true;
  }

  private void endWait() {
    record.waitEnds(loop.now());
    Turn mine = turn;
    if (mine != null && mine.isWaiting()) {
      mine.withdraw();
      deadlines.waitEnds();
    }
  }

  /** The client sends no more, as one that has gone would; if it waits for room, it need not. */
  void clientSilent() {
    giveUpWaiting(ShedReason.CLIENT_GONE);
  }

  /** Ends the wait, if it waits, with an answer that says so. */
  private boolean giveUpWaiting(ShedReason reason) {
    Turn mine = turn;
    if (mine == null || !mine.isWaiting()) {
      return false;
    }
    mine.giveUp(reason);
    return true;
  }

  /** There is too much to do for this one. */
  void shed() {
    answer(ErrorReason.OVERLOADED);
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
    identify();
    answer(reason);
  }

  /** There will be no answer, and the request is about to be abandoned. */
  void unanswered(ErrorReason reason) {
    if (!record.isIdentified()) {
      identify();
    }
    record.failed(reason);
  }

  /** It is a request that can be spoken about. */
  private void identify() {
    RequestIds ids = loop.loop().requestIds();
    ids.next(requestId, 0, loop.now());
    record.identified(ids);
    Tracing tracing = client().policy().tracing();
    if (tracing.isOn()) {
      TraceContext own = traces;
      if (own == null) {
        own = new TraceContext();
        traces = own;
      }
      own.begin(request, tracing, loop.loop().random(), ids.high(), ids.low());
      traced = true;
    }
  }

  /** The route has changed what the request says, perhaps of its trace. */
  private void joinTrace() {
    TraceContext trace = trace();
    if (trace != null) {
      trace.join(request, client().policy().tracing(), loop.loop().random());
    }
  }

  /** The trace that it is part of; null: nobody asks for spans. */
  @Nullable TraceContext trace() {
    return traced ? traces : null;
  }

  /** The number of a try that begins. */
  int nextTry() {
    TraceContext trace = trace();
    return trace == null ? 0 : trace.nextTry();
  }

  /** A try is over. */
  void tryEnded(Attempt attempt, Attempt.Outcome outcome) {
    TraceContext trace = trace();
    if (trace != null) {
      trace.tryEnded(
          attempt.number(),
          attempt.nodeName(),
          attempt.pickedNanos() - record.began(),
          attempt.age(),
          attempt.status(),
          outcome.told());
    }
  }

  void countError(ErrorReason reason) {
    record.failed(reason);
    client().countError(reason);
    HttpRoute matched = route;
    if (matched != null) {
      matched.countRefusal(loop.index(), reason);
    }
  }

  /** A second node is about to be asked at the same time. */
  void hedged() {
    record.hedged();
  }

  /**
   * Nobody wants the request.
   *
   * @param whole no body follows
   */
  void noRoute(boolean whole) {
    requestDone = whole;
    identify();
    answer(client().policy().access().allows(request) ? ErrorReason.NO_ROUTE : ErrorReason.DENIED);
  }

  boolean isRouted() {
    return route != null;
  }

  long timeoutNanos() {
    return route().timeoutNanos();
  }

  /**
   * Begins a try.
   *
   * @param fresh on a connection that has not served before
   */
  private void pick(boolean fresh) {
    Node picked = retries.pick();
    if (picked == null) {
      if (!holds()) {
        answer(without);
      }
      return;
    }
    Node free = target().claim(picked, loop.loop().random());
    if (free != null) {
      begin(free, fresh);
    } else {
      full();
    }
  }

  /**
   * There is no node, or none any more, but one is on its way: waits for it. Who has been at one is
   * here since it may be sent again.
   */
  private boolean holds() {
    Admission gate = target().holding();
    if (gate == null) {
      return false;
    }
    turn().waitForNode(gate, importance(route()));
    return true;
  }

  private void begin(Node free, boolean fresh) {
    retries.picked();
    deadlines.tryBegins(loop.now(), route().retry().tryNanos());
    current.begin(free, target(), route(), fresh);
  }

  /** All nodes have as many requests as they may have. Who has been at one does not wait again. */
  private void full() {
    Turn mine = turn;
    if (mine == null || !retries.isFirst() || !mine.waitAgain()) {
      target().service().load().sheds().increment(loop.index(), ShedReason.NO_ROOM);
      shed();
    }
  }

  /** The try has a connection: sends what there is of the request. */
  void connected(Attempt attempt, NodeSide connection) {
    if (isCurrent(attempt)) {
      retries.sent();
    }
    TraceContext trace = trace();
    if (trace != null) {
      trace.sends(request, attempt.number());
    }
    connection.sendHead(attempt);
    if (!attempt.isOn(connection)) {
      return; // not something that this connection can carry
    }
    attempt.count(NodeCounter.REQUESTS);
    body.sendTo(connection);
    if (requestDone) {
      connection.sendEnd(trailers);
    }
    if (!isCurrent(attempt)) {
      attempt.flush();
      return;
    }
    client().upstreamReady();
    if (attempt.isOn(connection) && !client().isConsuming()) {
      flushToNode();
    }
    if (retries.sends() == 1 && attempt.isOn(connection)) {
      planHedge();
    }
  }

  private void planHedge() {
    HedgeConfig wanted = route().retry().hedge();
    if (wanted.isWanted() && RetryPolicy.isHedgeable(request) && requestDone && !session.isKept()) {
      Hedge ready = hedge;
      if (ready == null) {
        ready = new Hedge(loop, this);
        hedge = ready;
      }
      ready.plan(wanted, target());
    }
  }

  @SuppressWarnings("ReferenceEquality") // that very try
  private boolean isCurrent(Attempt attempt) {
    return current == attempt;
  }

  /** Sends what has been gathered for the node. */
  void flushToNode() {
    current.flush();
  }

  /** Whether bytes of the request body can go to the node now. */
  boolean isReadyForBody() {
    return current.isWritable();
  }

  /** Takes that many bytes of the request body, or of a tunnel; only if {@link #isReadyForBody}. */
  void requestData(ByteBuf in, int count) {
    record.bytesIn(count);
    body.keep(in, count);
    Mirror.Copy gathers = copy;
    if (gathers != null && !gathers.add(in, count)) {
      copy = null;
    }
    WebSocketRelay frames = webSocket;
    if (frames != null) {
      frames.pass(true, in, count);
    } else {
      current.upstream().sendData(in, count);
    }
  }

  /** The request is complete. */
  void requestEnd(Head last) {
    requestDone = true;
    trailers = last;
    Mirror.Copy gathered = copy;
    if (gathered != null) {
      copy = null;
      gathered.complete();
    }
    deadline = loop.now() + route().timeoutNanos();
    deadlines.requestBodyEnds();
    if (!headSent) {
      deadlines.tryBegins(loop.now(), route().retry().tryNanos());
    }
    current.upstream().sendEnd(last);
  }

  /** The client has ended its half of a tunnel; what it sent before still goes out. */
  void clientEnded() {
    if (!current.isConnected() || clientEnded) {
      return;
    }
    clientEnded = true;
    flushToNode();
    WebSocketRelay frames = webSocket;
    if (frames != null && !frames.ended(true)) {
      return;
    }
    NodeSide connection = current.upstream();
    connection.shutdownOutput(); // also if the client has yet to take what the node has sent
    if (nodeEnded) {
      endTunnel(connection);
    }
  }

  /** Both halves have ended; what either side is still owed goes out first. */
  private void endTunnel(NodeSide connection) {
    connection.afterFlush(() -> {
      if (current.isOn(connection)) {
        client().tunnelEnded();
      }
    });
  }

  void upstreamWritable(Attempt attempt) {
    if (isCurrent(attempt)) {
      client().upstreamReady();
      flushToNode();
    }
  }

  /** The client can take more. */
  void clientWritable() {
    current.setReading(true);
    CacheTurn gives = cached;
    if (gives != null) {
      gives.sendRest();
    }
  }

  // --- from the node -----------------------------------------------------------------------

  /** Some bytes have come from the node, whatever they mean. */
  void responseBytes() {
    if (headSent) { // until then the route's timeout holds, however slowly bytes come
      client().progress();
    }
  }

  /** Takes bytes of a tunnel, node to client. */
  void tunnelData(ByteBuf in) {
    record.bytesOut(in.readableBytes());
    WebSocketRelay frames = webSocket;
    if (in.isReadable() && frames != null) {
      frames.pass(false, in, in.readableBytes());
    }
    if (client != null) {
      responseFlush(current);
    }
  }

  /** Takes that many bytes of a tunnel. */
  void sendThrough(boolean toNode, ByteBuf in, int count) {
    if (toNode) {
      current.upstream().sendData(in, count);
    } else {
      client().sendData(in, count);
    }
  }

  /** Sends what has been gathered for either end of a tunnel. */
  void flushBoth() {
    client().flush();
    flushToNode();
  }

  /** The listener goes away, or the process: what has no end of its own gets one. */
  void drain() {
    WebSocketRelay frames = webSocket;
    if (frames != null) {
      frames.drain(false);
    }
  }

  /** Both ends have said that they have nothing more to say. */
  void tunnelClosed() {
    if (current.isConnected()) {
      flushBoth();
      endTunnel(current.upstream());
    }
  }

  /**
   * The head of that try's answer is complete and checked.
   *
   * @return whether the try goes on; if so and the answer was interim, another head follows, or the
   *     tunnel is open
   */
  boolean responseHead(Attempt attempt) {
    response = attempt.response;
    if (response.status >= 200) {
      if (isRejected(attempt)) {
        return false;
      }
      CacheTurn keeps = cached;
      if (keeps != null && keeps.isBetterThan(response.status)) {
        attempt.count(StatusClass.ofNode(response.status));
        attempt.end(Outcome.REJECTED);
        keeps.giveInstead();
        return false;
      }
      settle(attempt);
      if (keeps != null && keeps.isConfirmedBy(response)) {
        deadlines.tryEnds();
        Turn mine = turn;
        if (mine != null) {
          mine.answered(response.status);
        }
        return true; // what is kept follows when this one has ended
      }
      sendResponseHead();
      return true;
    }
    boolean switching = response.status == 101;
    if (++informational > MAX_INFORMATIONAL
        || (switching && (!request.upgrade || !RequestCheck.isWebSocket(response)))) {
      badResponse(attempt);
      return false;
    }
    if (request.minorVersion == 0) {
      response.reset(); // RFC 9110, 15.2: not to an HTTP/1.0 client
      return true;
    }
    ClientSide to = client();
    if (switching) {
      settle(attempt);
      keepSession();
      Forwarding.addToResponse(this, to);
      tunnel = true;
      headSent = true;
      record.answered(101);
      body.end();
      deadlines.end();
      HttpRoute matched = route();
      webSocket =
          new WebSocketRelay(
              loop,
              this,
              attempt.node(),
              matched.config().webSocket(),
              matched.tunnelIdleNanos(to.policy()));
    }
    to.sendInformational(this);
    if (!switching) {
      to.flush();
      response.reset();
    }
    return true;
  }

  /** The node answered, but not what the client is to see while another may do better. */
  private boolean isRejected(Attempt attempt) {
    Node at = attempt.node();
    if (isHedged()) {
      if (!route().retry().repeats(response.status, request, 0)) {
        return false;
      }
      attempt.count(StatusClass.ofNode(response.status));
      attempt.end(Outcome.REJECTED);
      otherGoesOn(attempt);
      return true;
    }
    long pause = retries.after(response, at);
    if (pause == Retries.NO) {
      return false;
    }
    attempt.count(StatusClass.ofNode(response.status));
    attempt.end(Outcome.REJECTED);
    again(pause, false);
    return true;
  }

  private boolean isHedged() {
    Hedge second = hedge;
    return second != null && second.isGoing();
  }

  /** That try's answer is the one; the other is not wanted any more. */
  private void settle(Attempt winner) {
    winner.accept();
    Hedge second = hedge;
    if (second == null) {
      return;
    }
    second.end();
    if (second.isGoing()) {
      if (isCurrent(winner)) {
        second.other().end(Outcome.CANCELLED);
      } else {
        route().counters().increment(loop.index(), RouteCounter.HEDGES_WON);
        target().outrun(loop.index(), current.age());
        current.end(Outcome.CANCELLED);
        swap(second);
      }
    }
  }

  private void swap(Hedge second) {
    Attempt winner = second.other();
    second.setOther(current);
    current = winner;
    response = winner.response;
  }

  /** Whether there is another try, which goes on alone after the end of that one. */
  private boolean otherGoesOn(Attempt ended) {
    if (!isCurrent(ended)) {
      return true;
    }
    Hedge second = hedge;
    if (second == null || !second.isGoing()) {
      return false;
    }
    swap(second);
    deadlines.tryBegins(loop.now(), route().retry().tryNanos());
    return true;
  }

  /** The tunnel is open; what the node sent right behind its head has been passed on. */
  void tunnelOpened() {
    client().tunnelOpened();
  }

  private void sendResponseHead() {
    headSent = true;
    body.end();
    deadlines.tryEnds();
    Turn mine = turn;
    if (mine != null) {
      mine.answered(response.status);
    }
    CacheTurn keeps = cached;
    if (keeps != null) {
      keeps.answered(response);
    }
    editResponse();
    keepSession();
    sendEdited();
  }

  /** Sends the head of the answer, to which nobody adds anything more but we. */
  private void sendEdited() {
    ClientSide to = client();
    Forwarding.addToResponse(this, to);
    Compression compression = route().compression();
    if (compression != null) {
      pack(compression);
    }
    to.sendHead(this);
    countResponse(response.status);
  }

  private void pack(Compression compression) {
    ContentCoding coding = compression.choose(request, response);
    if (coding == null) {
      return;
    }
    Packer free = loop.packers().take(coding);
    if (free == null) { // there are too many: it goes out as it is
      count(RouteCounter.COMPRESSION_BUSY, 1);
      return;
    }
    compression.announce(response, coding);
    free.begin(compression.level());
    packer = free;
    count(RouteCounter.COMPRESSED, 1);
  }

  private void count(RouteCounter what, int amount) {
    route().counters().add(loop.index(), what, amount);
  }

  /** Takes what has been packed. */
  private void sendPacked(ByteBuf packed, int count) {
    count(RouteCounter.BYTES_COMPRESSED, count);
    record.bytesOut(count);
    client().sendData(packed, count);
  }

  /** The client learns which node has its session from now on. */
  private void keepSession() {
    session.answered(this, current.node(), loop.index());
  }

  /** Takes that many bytes of the answer's body. */
  void responseData(ByteBuf in, int count) {
    CacheTurn keeps = cached;
    if (keeps != null) {
      keeps.add(in, count);
    }
    Packer packing = packer;
    if (packing != null) {
      count(RouteCounter.BYTES_BEFORE_COMPRESSION, count);
      packing.add(in, count, this::sendPacked);
      return;
    }
    record.bytesOut(count);
    client().sendData(in, count);
  }

  /** No more for now: what has been gathered goes out, and a slow client slows the node down. */
  void responseFlush(Attempt attempt) {
    if (!headSent) {
      return; // part of a head, perhaps of the slower of two
    }
    ClientSide to = client();
    Packer packing = packer;
    if (packing != null) {
      packing.flush(this::sendPacked); // nothing is held back that has come
    }
    to.flush();
    if (attempt.isConnected() && to.isCurrent(this) && !to.isWritable()) {
      attempt.setReading(false);
      to.waitForTaker();
    }
  }

  /** The answer is complete. */
  void responseEnd(Head trailers) {
    CacheTurn keeps = cached;
    if (keeps != null) {
      if (keeps.isConfirmed()) {
        current.count(StatusClass.ofNode(response.status));
        endTries(Outcome.ANSWERED);
        keeps.confirm(response);
        return;
      }
      keeps.complete(trailers);
    }
    ClientSide to = client();
    Packer packing = packer;
    if (packing != null) {
      packing.end(this::sendPacked);
    }
    to.sendEnd(trailers);
    to.flush();
    if (to.isCurrent(this)) { // the client may have gone away while we wrote
      finish();
    }
  }

  /** The node has ended its half of a tunnel. */
  void nodeEnded() {
    nodeEnded = true;
    WebSocketRelay frames = webSocket;
    if (frames != null && !frames.ended(false)) {
      return;
    }
    if (clientEnded && current.isConnected()) {
      endTunnel(current.upstream());
    } else {
      client().nodeEnded();
    }
  }

  /** The connection to the node is gone, or of no use any more. */
  void upstreamClosed(Attempt attempt) {
    if (tunnel) {
      finish();
    } else if (requestDone && isOverdue()) {
      failed(attempt, Failure.TIMEOUT, Outcome.TIMEOUT, ErrorReason.UPSTREAM_TIMEOUT);
    } else {
      failed(attempt, Failure.RESET, Outcome.RESET, ErrorReason.UPSTREAM_RESET);
    }
  }

  /** A node that has been told of the deadline, too, may see before us that it has passed. */
  private boolean isOverdue() {
    loop.touch();
    return remainingNanos() <= 0;
  }

  /**
   * The node has told that it did nothing about the request: whatever it is, it can be repeated.
   */
  void upstreamRefused(Attempt attempt) {
    if (tunnel) {
      finish();
    } else {
      failed(attempt, Failure.REFUSED, Outcome.REFUSED, ErrorReason.UPSTREAM_RESET);
    }
  }

  void connectFailed(Attempt attempt) {
    failed(attempt, Failure.CONNECT, Outcome.CONNECT_FAILED, ErrorReason.CONNECT_FAILED);
  }

  /** The node has refused the connection after the request had been written to it. */
  void nodeRefused(Attempt attempt) {
    if (tunnel || !body.isWhole()) {
      upstreamClosed(attempt);
      return;
    }
    if (isCurrent(attempt)) {
      retries.unsent();
    }
    connectFailed(attempt);
  }

  void badResponse(Attempt attempt) {
    failed(attempt, Failure.BAD_RESPONSE, Outcome.BAD_RESPONSE, ErrorReason.BAD_RESPONSE);
  }

  /** A try came to nothing: there is another one, or the client hears why not. */
  private void failed(Attempt attempt, Failure failure, Outcome outcome, ErrorReason reason) {
    Node at = attempt.node();
    attempt.end(outcome);
    if (otherGoesOn(attempt)) {
      return;
    }
    long pause = headSent ? Retries.NO : retries.after(failure, at);
    if (pause == Retries.NO) {
      fail(reason);
    } else {
      without = reason;
      again(pause, failure != Failure.CONNECT);
    }
  }

  /** Tries again, at another node while there is one. */
  private void again(long pause, boolean fresh) {
    deadlines.tryEnds();
    if (pause == 0) {
      pick(fresh);
    } else {
      retries.pause(pause, () -> pick(fresh));
    }
  }

  /** A limit on time that the route has beside the usual one has been reached. */
  private void late(Deadlines.Kind kind) {
    loop.touch();
    if (isHeldTooLong()) {
      return;
    }
    CacheTurn waiting = cached;
    if (kind == Deadlines.Kind.WAIT && waiting != null && waiting.isWaiting()) {
      waiting.waitNoLonger();
      toNodes(route());
      return;
    }
    if (giveUpWaiting(
        kind == Deadlines.Kind.WAIT ? ShedReason.QUEUE_TIMEOUT : ShedReason.DEADLINE)) {
      return;
    }
    switch (kind) {
      case WAIT -> {}
      case TRY -> tryIsLate();
      case REQUEST_BODY -> timedOut(ErrorReason.REQUEST_TIMEOUT);
      case TOTAL ->
          timedOut(requestDone ? ErrorReason.UPSTREAM_TIMEOUT : ErrorReason.REQUEST_TIMEOUT);
    }
  }

  private void tryIsLate() {
    if (!requestDone && current.isWritable()) {
      // The client is slow, not the node; the time begins anew with the end of its request.
      deadlines.tryBegins(loop.now(), route().retry().tryNanos());
    } else if (current.isGoing()) {
      failed(
          current,
          current.isConnected() ? Failure.TIMEOUT : Failure.CONNECT,
          Outcome.TIMEOUT,
          ErrorReason.UPSTREAM_TIMEOUT);
    }
  }

  /** The node, or the client's patience, failed: says so if nothing has been said yet. */
  void fail(ErrorReason reason) {
    endTries(Outcome.CANCELLED);
    if (headSent) {
      ClientSide owner = client();
      countError(reason);
      owner.abort(this);
      finish();
    } else {
      answer(reason);
    }
  }

  /** A mistake of ours: ends it, if it is still going on. */
  void broken() {
    ClientSide owner = client;
    if (owner != null && owner.isCurrent(this)) {
      fail(ErrorReason.INTERNAL);
    }
  }

  /** Answers without a node, or instead of it, that something went wrong. */
  void answer(ErrorReason reason) {
    CacheTurn keeps = cached;
    if (keeps != null
        && reason != ErrorReason.INTERNAL
        && reason != ErrorReason.NOT_CACHED
        && keeps.isBetterThan(reason.status())) {
      keeps.giveInstead();
      return;
    }
    HttpRoute matched = route;
    countError(reason);
    ErrorPages pages = matched == null ? client().policy().errorPages() : matched.errorPages();
    LocalAnswer local = isGrpc() ? LocalAnswer.ofGrpc(reason) : pages.of(reason);
    begin(local);
    if (reason == ErrorReason.OVERLOADED || reason == ErrorReason.AUTH_UNAVAILABLE) {
      RetryAfter.addTo(response, loop.loop().random());
    }
    send(local);
  }

  /** Makes that the answer, to which fields may be added. */
  private void begin(LocalAnswer local) {
    begin(local.head());
  }

  private void begin(Head head) {
    endTries(Outcome.CANCELLED);
    endWait();
    endHold();
    CacheTurn waiting = cached;
    if (waiting != null) {
      waiting.stopWaiting();
    }
    body.end();
    response.copyFrom(head);
  }

  private void send(LocalAnswer local) {
    send(local.body());
  }

  private void send(ByteBuf content) {
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
    if (withBody && content.isReadable()) {
      record.bytesOut(content.readableBytes());
      to.sendData(content, content.readableBytes());
    }
    countResponse(response.status);
    responseEnd(Head.NONE);
  }

  private void editResponse() {
    Filtered said = filtered;
    if (said != null) {
      said.editResponse(response);
    }
    HttpRoute matched = route;
    FieldEdits edits = matched == null ? null : matched.responseEdits();
    if (matched != null && edits != null) {
      edits.apply(response, this, matched);
    }
  }

  /** If a guard holds it: says that this took too long. */
  private boolean isHeldTooLong() {
    Guard.Hold by = held;
    if (by == null) {
      return false;
    }
    answer(by.late());
    return true;
  }

  /** The client took too long, or the node did. */
  void timedOut(ErrorReason reason) {
    if (isHeldTooLong() || giveUpWaiting(ShedReason.DEADLINE)) {
      return;
    }
    if (reason == ErrorReason.UPSTREAM_TIMEOUT) {
      endTries(Outcome.TIMEOUT);
    }
    fail(reason);
  }

  private void countResponse(int status) {
    record.answered(status);
    HttpRoute matched = route;
    if (matched != null) {
      matched.counters().increment(loop.index(), RouteCounter.REQUESTS);
      matched.counters().increment(loop.index(), StatusClass.ofRoute(status));
    }
    client().countResponse(status);
    if (current.isConnected()) {
      current.count(StatusClass.ofNode(status));
    }
  }

  // --- the end -----------------------------------------------------------------------------

  /** Gives everything back; the client goes on with its next request or closes. */
  private void finish() {
    ClientSide owner = client();
    boolean whole = requestDone;
    endTries(Outcome.ANSWERED);
    recycle();
    owner.exchangeDone(whole);
  }

  /** The client has gone: nothing more to be said to anybody. */
  void abandon() {
    if (!tunnel && !record.hasFailed()) {
      record.failed(ErrorReason.CLIENT_GONE);
    }
    endTries(Outcome.CANCELLED);
    recycle();
  }

  /** Ends what is going on at nodes, and plans nothing more. */
  private void endTries(Outcome outcome) {
    current.end(outcome);
    Hedge second = hedge;
    if (second != null) {
      second.end();
      second.other().end(outcome);
    }
    retries.end();
  }

  private void recycle() {
    record.end(loop, this, current);
    WebSocketRelay frames = webSocket;
    if (frames != null) {
      webSocket = null;
      frames.release();
    }
    endHold();
    Filtered said = filtered;
    if (said != null) {
      filtered = null;
      said.decided();
    }
    CacheTurn ends = cached;
    if (ends != null) {
      cached = null;
      ends.end();
    }
    Packer packing = packer;
    if (packing != null) {
      packer = null;
      loop.packers().giveBack(packing);
    }
    Mirror.Copy unfinished = copy;
    if (unfinished != null) {
      copy = null;
      unfinished.discard();
    }
    deadlines.end();
    body.end();
    Turn mine = turn;
    if (mine != null) {
      mine.leave();
    }
    client = null;
    route = null;
    target = null;
    identity = null;
    loop.giveBack(this);
  }

  HttpRoute route() {
    HttpRoute present = route;
    if (present == null) {
      throw new IllegalStateException("not routed");
    }
    return present;
  }

  @Nullable HttpRoute routeOrNull() {
    return route;
  }

  @Nullable ServiceTarget targetOrNull() {
    return target;
  }

  ServiceTarget target() {
    ServiceTarget present = target;
    if (present == null) {
      throw new IllegalStateException("sent to no service");
    }
    return present;
  }

  Retries retries() {
    return retries;
  }

  Session session() {
    return session;
  }

  /** Until the client is told that it took too long. */
  long remainingNanos() {
    return deadlines.remaining(loop.now(), deadline);
  }

  /** The node that has the request and has not answered; null: none has. */
  @Nullable Node awaitedNode() {
    return headSent || !current.isConnected() ? null : current.node();
  }
}
