package io.fairlead.proxy.http;

import io.fairlead.proxy.TimerWheel;
import io.fairlead.telemetry.ErrorReason;
import io.netty.buffer.ByteBuf;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A request of our own to a service, because of a client's: it goes the way that those of clients
 * go (health, balancing, limits, retries, TLS), on the same event loop. Its body, if it has one, is
 * in memory, and of the body of its answer a bounded number of bytes is kept. Is in records with
 * its own route and without a listener, since nobody asked there.
 */
final class Subrequest implements ClientSide {
  /** Is told once how it ended, unless it has been cancelled. */
  interface Asker {
    void ended(Subrequest request);
  }

  private static final byte[] NOTHING = {};

  /** More than any head that comes from one of a client's. */
  private static final int MAX_BYTES = 16 * 1024 * 1024;

  private static final int MAX_FIELDS = 100_000;

  private final HttpLoop loop;
  private final HttpPolicy policy;
  private final Client who;
  private final HttpRoute route;
  private final int mostKept;
  private final Asker asker;

  /** The head of the answer, as a client would get it. */
  final Head answer = new Head();

  private @Nullable Exchange exchange;
  private byte[] kept = NOTHING;

  /** What has not been sent of the body; null: nothing. */
  private @Nullable ByteBuf unsent;

  private boolean tooLong;
  private boolean failed;
  private boolean ended;

  private final TimerWheel.Timer timer =
      new TimerWheel.Timer() {
        @Override
        protected void expired(long now) {
          loop.touch();
          Exchange going = exchange;
          if (going != null) {
            going.timedOut(ErrorReason.UPSTREAM_TIMEOUT);
          }
        }
      };

  /**
   * @param instead whose request is the cause
   * @param route where it goes, and how long it may take
   * @param mostKept bytes of the answer's body; of a longer one nothing is kept
   */
  Subrequest(HttpLoop loop, ClientSide instead, HttpRoute route, int mostKept, Asker asker) {
    this.loop = loop;
    policy = instead.policy(); // it may outlive whose request it is because of
    who = instead.who();
    this.route = route;
    this.mostKept = mostKept;
    this.asker = asker;
  }

  /** The head to be written, as HTTP/1.1; before {@link #send}. */
  Head begin() {
    Exchange mine = loop.takeExchange();
    mine.begin(this);
    exchange = mine;
    return mine.request;
  }

  /** The head has been written: it goes its way, and may end at once. */
  void send(Head cause) {
    Exchange mine = exchange;
    if (mine == null) {
      throw new IllegalStateException("not begun");
    }
    Head head = mine.request;
    boolean sound =
        HeadParser.parseRequest(head, MAX_BYTES, MAX_BYTES, MAX_FIELDS) == HeadParser.Result.DONE
            && RequestCheck.check(head, 0) == null;
    if (!sound) { // from a head that was, so that this is a mistake of ours
      failed = true;
      mine.refuse(ErrorReason.INTERNAL);
      return;
    }
    loop.loop().timers().set(timer, loop.now() + route.timeoutNanos());
    mine.startFor(cause, route);
  }

  /**
   * The head is a client's, complete and checked: it goes its way.
   *
   * @param body is released here; null: there is none
   */
  void sendCopy(@Nullable ByteBuf body) {
    Exchange mine = exchange;
    if (mine == null) {
      throw new IllegalStateException("not begun");
    }
    unsent = body;
    loop.loop().timers().set(timer, loop.now() + route.timeoutNanos());
    mine.startCopy(route, body == null);
  }

  boolean isEnded() {
    return ended;
  }

  /** There was no answer of a node. */
  boolean hasFailed() {
    return failed;
  }

  /** The body of the answer; none if it was too long. */
  byte[] kept() {
    return kept;
  }

  /** Nobody wants to know any more. */
  void cancel() {
    loop.loop().timers().cancel(timer);
    freeUnsent();
    Exchange going = exchange;
    exchange = null;
    if (going != null) {
      going.abandon();
    }
  }

  private void freeUnsent() {
    ByteBuf rest = unsent;
    if (rest != null) {
      unsent = null;
      rest.release();
    }
  }

  // --- the answer --------------------------------------------------------------------------

  @Override
  public void sendHead(Exchange answered) {
    answer.copyFrom(answered.response);
  }

  @Override
  public void sendInformational(Exchange answered) {}

  @Override
  public void sendData(ByteBuf in, int count) {
    int before = kept.length;
    tooLong |= count > mostKept - before;
    if (tooLong) {
      in.skipBytes(count);
      kept = NOTHING;
    } else {
      kept = Arrays.copyOf(kept, before + count);
      in.readBytes(kept, before, count);
    }
  }

  @Override
  public void sendEnd(Head trailers) {}

  @Override
  public void flush() {}

  @Override
  public boolean isWritable() {
    return true;
  }

  @Override
  public void abort(Exchange broken) {
    failed = true;
  }

  @Override
  public void exchangeDone(boolean requestDone) {
    loop.loop().timers().cancel(timer);
    freeUnsent();
    exchange = null;
    ended = true;
    asker.ended(this);
  }

  // --- what the exchange tells and asks ----------------------------------------------------

  @Override
  public HttpPolicy policy() {
    return policy;
  }

  @Override
  public byte[] altService() {
    return NOTHING;
  }

  @Override
  public Client who() {
    return who;
  }

  @Override
  @SuppressWarnings("ReferenceEquality") // that very exchange
  public boolean isCurrent(Exchange candidate) {
    return exchange == candidate;
  }

  @Override
  public boolean isConsuming() {
    return false;
  }

  @Override
  public void upstreamReady() {
    ByteBuf rest = unsent;
    Exchange going = exchange;
    if (rest == null || going == null || !going.isReadyForBody()) {
      return;
    }
    unsent = null;
    going.requestData(rest, rest.readableBytes());
    rest.release();
    if (isCurrent(going)) {
      going.requestEnd(Head.NONE);
    }
  }

  @Override
  public void progress() {}

  @Override
  public void waitForTaker() {}

  @Override
  public void tunnelOpened() {}

  @Override
  public void nodeEnded() {}

  @Override
  public void tunnelEnded() {}

  @Override
  public int listenerName() {
    return 0;
  }

  @Override
  public void countError(ErrorReason reason) {
    failed = true;
  }

  @Override
  public void countResponse(int status) {}

  @Override
  public void countMeant() {}
}
