package io.fairlead.proxy.http;

import io.fairlead.proxy.TimerWheel;
import io.fairlead.telemetry.ErrorReason;
import io.fairlead.telemetry.ListenerCounter;
import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * One request of a client that has a stream for each, by HTTP/2 or HTTP/3, and the answer to it.
 * How bytes come and go is known to the {@link StreamCarrier}.
 */
final class ClientStream implements ClientSide {
  private final StreamCarrier carrier;
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

  ClientStream(StreamCarrier carrier, HttpLoop loop, HttpPolicy policy) {
    this.carrier = carrier;
    this.loop = loop;
    this.policy = policy;
    this.idleNanos = policy.idleNanos();
    this.maxBody = policy.limits().bodyBytes();
  }

  // --- the request -------------------------------------------------------------------------

  /** A request has begun: the answer is the head that it is to be read into. */
  Head begin() {
    carrier.listener().counters().increment(loop.index(), ListenerCounter.REQUESTS);
    Exchange next = loop.takeExchange();
    next.begin(this);
    exchange = next;
    return next.request;
  }

  /** The head could not be read, and the connection is lost with it. */
  void unreadable() {
    abandon();
  }

  /**
   * The head has been read.
   *
   * @param end nothing follows it
   */
  void headCame(HeadFields.Result read, boolean end) {
    Exchange next = exchange;
    if (next == null) {
      throw new IllegalStateException("not begun");
    }
    if (end) {
      carrier.endCame();
      endTold = true;
    }
    switch (read) {
      case MALFORMED -> refuse();
      case TOO_LARGE -> next.refuse(ErrorReason.HEAD_TOO_LARGE);
      case TARGET_TOO_LONG -> next.refuse(ErrorReason.TARGET_TOO_LONG);
      case DONE -> headComplete(next, next.request, end);
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
        refuse();
        return;
      }
      whole = true; // what follows is the tunnel's, not the request's
    } else if (head.has(FieldName.CONTENT_LENGTH)) {
      if (end && head.body > 0) {
        refuse();
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
  void refuse() {
    countError(ErrorReason.BAD_REQUEST);
    Exchange going = exchange;
    if (going != null) {
      going.unanswered(ErrorReason.BAD_REQUEST);
    }
    carrier.reset(StreamCarrier.Reason.MALFORMED);
    abandon();
  }

  /** Data of this stream; what cannot be passed on yet is kept. */
  void take(ByteBuf in, int count, boolean end) {
    Exchange going = exchange;
    if (going == null) {
      in.skipBytes(count);
      carrier.giveBack(count);
      if (end) {
        carrier.endCame();
        carrier.closeIfEnded();
      }
      return;
    }
    bodyBytes += count;
    if (!tunnel && !going.request.upgrade && !isLengthKept(going, end)) {
      in.skipBytes(count);
      carrier.giveBack(count); // the connection goes on and needs its window
      return;
    }
    if (end) {
      carrier.endCame();
    }
    if (carrier.received() == null && mayPass(going)) {
      if (count > 0) {
        going.requestData(in, count);
        carrier.giveBack(count);
      }
    } else if (count > 0) {
      carrier.keep(in, count);
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
      refuse();
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
    carrier.endCame();
    if (going == null) {
      carrier.closeIfEnded();
      return;
    }
    if (going.request.body >= 0 && bodyBytes < going.request.body) {
      refuse();
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
    if (!carrier.isEndReceived() || endTold || carrier.received() != null || !mayPass(going)) {
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
    ByteBuf kept = carrier.received();
    if (kept != null) {
      int count = kept.readableBytes();
      going.requestData(kept, count);
      carrier.receivedTaken();
      carrier.giveBack(count);
    }
    passEnd(going);
  }

  /** The client has ended the stream in the middle, or the connection is gone. */
  void wasReset() {
    Exchange going = exchange;
    if (going != null && going.isRouted() && !going.isTunnel()) {
      countError(ErrorReason.CLIENT_GONE);
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
    carrier.beginMessage(response.http2 && !end ? -1 : response.body);
    carrier.sendHeaders(response, response.status, end);
  }

  @Override
  public void sendInformational(Exchange answered) {
    Head response = answered.response;
    carrier.beginMessage(-1);
    carrier.sendHeaders(response, response.status == 101 ? 200 : response.status, false);
  }

  @Override
  public void sendData(ByteBuf in, int count) {
    carrier.send(in, count);
  }

  @Override
  public void sendEnd(Head last) {
    carrier.endAfterRest(last);
  }

  @Override
  public void flush() {
    carrier.flushSoon();
  }

  @Override
  public boolean isWritable() {
    return carrier.isWritable();
  }

  @Override
  public void abort(Exchange answered) {
    carrier.reset(StreamCarrier.Reason.INTERNAL);
  }

  /** What was waiting to be sent has been sent, or room for it has come. */
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
    if (carrier.listener().isDraining()) {
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
    carrier.flushSoon();
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
    if (carrier.isClosed()) {
      loop.loop().timers().cancel(timer);
    } else if (!carrier.isEnding()) {
      carrier.reset(StreamCarrier.Reason.CONNECT);
      loop.loop().timers().cancel(timer);
    } else if (carrier.isEndSent()) {
      ourEndSent();
    } else {
      waitForTaker();
    }
    carrier.flushSoon();
  }

  /** RFC 9113, 8.1: the answer is complete, and what is left of the request is not wanted. */
  void ourEndSent() {
    if (exchange == null && !carrier.isClosed()) {
      loop.loop().timers().cancel(timer);
      carrier.reset(StreamCarrier.Reason.UNWANTED);
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
  public byte[] altService() {
    return carrier.altService();
  }

  @Override
  public Client who() {
    return carrier.who();
  }

  @Override
  public void countError(ErrorReason reason) {
    carrier.listener().errors().increment(loop.index(), reason);
  }

  @Override
  public int listenerName() {
    return carrier.listener().recordName();
  }

  @Override
  public void countResponse(int status) {
    carrier.listener().counters().increment(loop.index(), StatusClass.ofListener(status));
  }

  @Override
  public void countMeant() {
    carrier.listener().counters().increment(loop.index(), ListenerCounter.MEANT_5XX);
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
    pace.begin(loop.now(), carrier.sentBytes());
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
    carrier.flushSoon();
  }

  /** The client has not taken all of its answer: is it slow, or does it only wait? */
  private void waitedForTaker(long now) {
    if (pace.isOver(now, carrier.sentBytes(), policy, idleNanos)) {
      carrier.reset(StreamCarrier.Reason.CANCELLED);
      abandon();
    } else {
      setDeadline(pace.nextLook(now, policy, idleNanos));
    }
  }
}
