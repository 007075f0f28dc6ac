package io.fairlead.proxy.http;

import io.fairlead.proxy.TimerWheel;
import io.fairlead.telemetry.ErrorReason;
import io.fairlead.telemetry.ListenerCounter;
import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http2.Http2Exception;
import org.jspecify.annotations.Nullable;

/** One request of a client that speaks HTTP/2, and the answer to it. */
final class Http2ClientStream extends Http2Stream implements ClientSide {
  private final Http2ServerConnection owner;
  private final HttpLoop loop;
  private final HttpPolicy policy;
  private @Nullable Exchange exchange;
  private Head trailers = Head.NONE;
  private boolean endTold;
  private boolean tunnel;
  private long bodyBytes;

  /** Bytes of a body that the route takes. */
  private long maxBody;

  /** Without a byte. */
  private long idleNanos;

  private long bodySince;
  private final Taking pace = new Taking();

  private final TimerWheel.Timer timer =
      new TimerWheel.Timer() {
        @Override
        protected void expired(long now) {
          loop.touch();
          timedOut(now);
        }
      };

  Http2ClientStream(Http2ServerConnection owner, int id, HttpPolicy policy) {
    super(owner, id);
    this.owner = owner;
    this.loop = owner.loop;
    this.policy = policy;
    this.idleNanos = policy.idleNanos();
    this.maxBody = policy.limits().bodyBytes();
  }

  // --- the request -------------------------------------------------------------------------

  void requestCame(ByteBuf block, boolean end) throws Http2Exception {
    owner.listener().counters().increment(loop.index(), ListenerCounter.REQUESTS);
    Exchange next = loop.takeExchange();
    next.begin(this);
    exchange = next;
    Head head = next.request;
    HpackReader.Result read;
    try {
      read = owner.hpack.readRequest(id, block, head);
    } catch (Http2Exception e) {
      exchange = null;
      next.abandon();
      throw e;
    }
    if (end) {
      endCame();
      endTold = true;
    }
    switch (read) {
      case MALFORMED -> refuse(Http2.PROTOCOL_ERROR);
      case TOO_LARGE -> next.refuse(ErrorReason.HEAD_TOO_LARGE);
      case TARGET_TOO_LONG -> next.refuse(ErrorReason.TARGET_TOO_LONG);
      case DONE -> headComplete(next, head, end);
    }
  }

  private void headComplete(Exchange next, Head head, boolean end) {
    ErrorReason refusal = RequestCheck.check(head, policy.maxBody());
    if (refusal != null) {
      next.refuse(refusal);
      return;
    }
    boolean whole = end;
    if (head.upgrade) {
      if (end) {
        refuse(Http2.PROTOCOL_ERROR);
        return;
      }
      whole = true; // what follows is the tunnel's, not the request's
    } else if (head.has(FieldName.CONTENT_LENGTH)) {
      if (end && head.body > 0) {
        refuse(Http2.PROTOCOL_ERROR);
        return;
      }
    } else {
      head.body = end ? 0 : Head.CHUNKED;
    }
    bodySince = loop.now();
    HttpRoute route = next.match();
    if (route == null) {
      maxBody = policy.limits().bodyBytes();
      next.noRoute(whole);
      return;
    }
    maxBody = route.maxBody(policy.limits());
    if (route.idleNanos() > 0) {
      idleNanos = route.idleNanos();
    }
    setDeadline(loop.now() + route.timeoutNanos());
    next.start(route, whole);
  }

  /** What came is no message: nothing is answered. */
  void refuse(int error) {
    owner.countError(ErrorReason.BAD_REQUEST);
    Exchange going = exchange;
    if (going != null) {
      going.unanswered(ErrorReason.BAD_REQUEST);
    }
    reset(error);
    abandon();
  }

  /** Data of this stream; what cannot be passed on yet is kept. */
  void take(ByteBuf in, int count, boolean end) {
    Exchange going = exchange;
    if (going == null) {
      in.skipBytes(count);
      giveBack(count);
      if (end) {
        endCame();
        closeIfEnded();
      }
      return;
    }
    bodyBytes += count;
    if (!tunnel && !going.request.upgrade && !isLengthKept(going, end)) {
      in.skipBytes(count);
      giveBack(count); // the connection goes on and needs its window
      return;
    }
    if (end) {
      endCame();
    }
    if (received() == null && mayPass(going)) {
      if (count > 0) {
        going.requestData(in, count);
        giveBack(count);
      }
    } else if (count > 0) {
      keep(in, count);
    }
    passEnd(going);
    if (isCurrent(going)) {
      going.flushToNode();
      if (!endTold) {
        judgeSpeed(going);
      }
    }
  }

  /**
   * Whether bytes can go to the node now. Those meant for a tunnel wait until the node has opened
   * it: a node that does not would take them for its next request.
   */
  private boolean mayPass(Exchange going) {
    return (tunnel || !going.request.upgrade) && going.isReadyForBody();
  }

  /** False if the body is not as long as announced, or longer than allowed; then all is over. */
  private boolean isLengthKept(Exchange going, boolean end) {
    long announced = going.request.body;
    if (announced >= 0 && (bodyBytes > announced || (end && bodyBytes < announced))) {
      refuse(Http2.PROTOCOL_ERROR);
      return false;
    }
    if (bodyBytes > maxBody) {
      going.fail(ErrorReason.BODY_TOO_LARGE);
      return false;
    }
    return true;
  }

  private void judgeSpeed(Exchange going) {
    if (tunnel) {
      progress();
    } else if (policy.isTooSlow(loop.now() - bodySince, bodyBytes)) {
      going.fail(ErrorReason.REQUEST_TIMEOUT);
    } else {
      progress();
    }
  }

  void trailersCame(Head last) {
    Exchange going = exchange;
    endCame();
    if (going == null) {
      closeIfEnded();
      return;
    }
    if (going.request.body >= 0 && bodyBytes < going.request.body) {
      refuse(Http2.PROTOCOL_ERROR);
      return;
    }
    trailers = last;
    passEnd(going);
    if (isCurrent(going)) {
      going.flushToNode();
    }
  }

  /** Once all data has been passed on, so is the end. */
  private void passEnd(Exchange going) {
    if (!isEndReceived() || endTold || received() != null || !mayPass(going)) {
      return;
    }
    endTold = true;
    if (tunnel) {
      going.clientEnded();
    } else {
      setDeadline(loop.now() + going.timeoutNanos());
      going.requestEnd(trailers);
    }
  }

  @Override
  public void upstreamReady() {
    Exchange going = exchange;
    if (going == null || !mayPass(going)) {
      return;
    }
    ByteBuf kept = received();
    if (kept != null) {
      int count = kept.readableBytes();
      going.requestData(kept, count);
      receivedTaken();
      giveBack(count);
    }
    passEnd(going);
  }

  @Override
  void dataCame() {
    upstreamReady();
  }

  @Override
  void wasReset(int error) {
    Exchange going = exchange;
    if (going != null && going.isRouted() && !going.isTunnel()) {
      owner.countError(ErrorReason.CLIENT_GONE);
    }
    abandon();
  }

  private void abandon() {
    loop.loop().timers().cancel(timer);
    Exchange going = exchange;
    exchange = null;
    if (going != null) {
      going.abandon();
    }
  }

  // --- the answer --------------------------------------------------------------------------

  @Override
  public void sendHead(Exchange answered) {
    Head response = answered.response;
    progress();
    boolean end = response.body == 0;
    // What comes by HTTP/2 may have trailers behind a body of known length.
    beginMessage(response.http2 && !end ? -1 : response.body);
    sendHeaders(response, response.status, end);
  }

  @Override
  public void sendInformational(Exchange answered) {
    Head response = answered.response;
    beginMessage(-1);
    sendHeaders(response, response.status == 101 ? 200 : response.status, false);
  }

  @Override
  public void sendData(ByteBuf in, int count) {
    send(in, count);
  }

  @Override
  public void sendEnd(Head last) {
    endAfterRest(last);
  }

  @Override
  public void flush() {
    owner.flushSoon();
  }

  @Override
  public boolean isWritable() {
    return isDrained() && owner.isWritable();
  }

  @Override
  public void abort(Exchange answered) {
    reset(Http2.INTERNAL_ERROR);
  }

  @Override
  void canSend() {
    Exchange going = exchange;
    if (going != null && isWritable()) {
      progress();
      going.clientWritable();
    }
  }

  // --- what the exchange tells -------------------------------------------------------------

  @Override
  public void tunnelOpened() {
    tunnel = true;
    idleNanos = HttpConnection.FOREVER_NANOS; // it knows itself how long it may be idle
    progress();
    if (owner.listener().isDraining()) {
      leave();
    }
    upstreamReady();
    Exchange going = exchange;
    if (going != null) {
      going.flushToNode();
    }
  }

  @Override
  public void nodeEnded() {
    sendEnd(Head.NONE);
    owner.flushSoon();
  }

  @Override
  public void tunnelEnded() {
    sendEnd(Head.NONE);
    abandon();
    exchangeDone(true);
  }

  /** The connection is to end. */
  void leave() {
    Exchange going = exchange;
    if (going != null) {
      going.drain();
    }
  }

  @Override
  public void exchangeDone(boolean requestDone) {
    exchange = null;
    if (isClosed()) {
      loop.loop().timers().cancel(timer);
    } else if (!isEnding()) {
      reset(Http2.CONNECT_ERROR); // a tunnel whose node is gone
      loop.loop().timers().cancel(timer);
    } else if (isEndSent()) {
      ourEndSent();
    } else {
      waitForTaker();
    }
    owner.flushSoon();
  }

  /** RFC 9113, 8.1: the answer is complete, and what is left of the request is not wanted. */
  @Override
  void ourEndSent() {
    if (exchange == null && !isClosed()) {
      loop.loop().timers().cancel(timer);
      reset(Http2.NO_ERROR);
    }
  }

  @Override
  public boolean isConsuming() {
    return false;
  }

  @Override
  @SuppressWarnings("ReferenceEquality") // that very exchange
  public boolean isCurrent(Exchange candidate) {
    return exchange == candidate;
  }

  @Override
  public HttpPolicy policy() {
    return policy;
  }

  @Override
  public Client who() {
    return owner.who();
  }

  @Override
  public void countError(ErrorReason reason) {
    owner.countError(reason);
  }

  @Override
  public int listenerName() {
    return owner.listener().recordName();
  }

  @Override
  public void countResponse(int status) {
    owner.listener().counters().increment(loop.index(), StatusClass.ofListener(status));
  }

  @Override
  public void countMeant() {
    owner.listener().counters().increment(loop.index(), ListenerCounter.MEANT_5XX);
  }

  // --- time --------------------------------------------------------------------------------

  private void setDeadline(long nanos) {
    loop.loop().timers().set(timer, nanos);
  }

  @Override
  public void progress() {
    setDeadline(loop.now() + idleNanos);
  }

  @Override
  public void waitForTaker() {
    pace.begin(loop.now(), sentBytes());
    setDeadline(pace.nextLook(loop.now(), policy, idleNanos));
  }

  private void timedOut(long now) {
    Exchange going = exchange;
    if (going == null || (going.isHeadSent() && !isWritable())) {
      waitedForTaker(now);
    } else if (tunnel) {
      progress();
    } else if (!endTold && going.isReadyForBody() && !going.isHeadSent()) {
      going.timedOut(ErrorReason.REQUEST_TIMEOUT);
    } else {
      going.timedOut(ErrorReason.UPSTREAM_TIMEOUT);
    }
    owner.flushSoon();
  }

  /** The client has not taken all of its answer: is it slow, or does it only wait? */
  private void waitedForTaker(long now) {
    if (pace.isOver(now, sentBytes(), policy, idleNanos)) {
      reset(Http2.CANCEL);
      abandon();
    } else {
      setDeadline(pace.nextLook(now, policy, idleNanos));
    }
  }
}
