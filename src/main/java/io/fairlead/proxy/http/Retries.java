package io.fairlead.proxy.http;

import io.fairlead.config.RetryBudgetConfig;
import io.fairlead.config.RetryOn;
import io.fairlead.service.Node;
import io.fairlead.telemetry.NodeCounter;
import io.fairlead.telemetry.RouteCounter;
import io.netty.util.concurrent.Future;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The tries of one exchange: how many there were and where, and whether and when there is another.
 * The rules are {@link RetryPolicy}'s; here is what they depend on, and who has to agree beside
 * them: the body must have been kept, the service must not be turning requests away, and its budget
 * must grant it.
 */
final class Retries {
  /** There is no further try. */
  static final long NO = -1;

  /** Nodes remembered; beyond that the oldest may be asked again. */
  private static final int MAX_TRIED = 16;

  private static final int PICKS = 3;
  private static final Node[] NONE = {};

  private final HttpLoop loop;
  private final Exchange exchange;
  private final KeptBody body;
  private int connects;
  private int sends;

  /** Nodes at which a try failed; empty unless one did. */
  private @Nullable Node[] tried = NONE;

  private int triedCount;
  private @Nullable Future<?> pause;

  Retries(HttpLoop loop, Exchange exchange, KeptBody body) {
    this.loop = loop;
    this.exchange = exchange;
    this.body = body;
  }

  void begin() {
    connects = 0;
    sends = 0;
  }

  /** A node has been picked. */
  void picked() {
    connects++;
  }

  /** The request goes to a node. */
  void sent() {
    sends++;
  }

  /** It did not after all. */
  void unsent() {
    sends--;
  }

  /** No node has been tried yet. */
  boolean isFirst() {
    return connects == 0;
  }

  /** How many nodes have been picked, the second of a hedge left out. */
  int tries() {
    return connects;
  }

  /** How often the request has been sent. */
  int sends() {
    return sends;
  }

  /** Nothing is planned any more. */
  void end() {
    if (triedCount > 0) {
      Arrays.fill(tried, null);
      triedCount = 0;
    }
    Future<?> planned = pause;
    if (planned != null) {
      pause = null;
      planned.cancel(false);
    }
  }

  // --- whether and when --------------------------------------------------------------------

  /**
   * A try came to nothing at that node.
   *
   * @return nanoseconds until the next try, or {@link #NO}
   */
  long after(RetryOn.Failure failure, Node at) {
    remember(at);
    RetryPolicy policy = exchange.route().retry();
    if (!policy.repeats(failure, exchange.request, sends, connects)
        || !isGranted(failure != RetryOn.Failure.CONNECT)) {
      return NO;
    }
    boolean atOnce = failure == RetryOn.Failure.REFUSED && sends <= 1 && connects <= 1;
    long wait = atOnce || hasOther() ? 0 : RetryPolicy.pauseNanos(connects, loop.loop().random());
    return planned(wait, at, counterOf(failure));
  }

  /** The node's answer has that head. */
  long after(Head answer, Node at) {
    RetryPolicy policy = exchange.route().retry();
    if (!policy.repeats(answer.status, exchange.request, sends)) {
      return NO;
    }
    remember(at);
    long wait = 0;
    if (!hasOther()) {
      wait = RetryPolicy.pauseNanos(connects, loop.loop().random());
      long asked = RetryAfter.nanosOf(answer);
      if (asked > 0) {
        wait += asked;
        if (!RetryPolicy.isShort(asked)) {
          return NO;
        }
      }
    }
    return wait < exchange.remainingNanos() && isGranted(true)
        ? planned(wait, at, RouteCounter.RETRIED_STATUS)
        : NO;
  }

  private long planned(long wait, Node at, RouteCounter reason) {
    if (wait > 0 && wait >= exchange.remainingNanos()) {
      return NO;
    }
    count(reason);
    at.counters().increment(loop.index(), NodeCounter.RETRIED);
    return wait;
  }

  private static RouteCounter counterOf(RetryOn.Failure failure) {
    return switch (failure) {
      case CONNECT -> RouteCounter.RETRIED_CONNECT;
      case REFUSED -> RouteCounter.RETRIED_REFUSED;
      case RESET -> RouteCounter.RETRIED_RESET;
      case TIMEOUT -> RouteCounter.RETRIED_TIMEOUT;
      case BAD_RESPONSE -> RouteCounter.RETRIED_BAD_RESPONSE;
    };
  }

  /**
   * @param counts a node got the request, so that repeating it is more work for nodes
   */
  private boolean isGranted(boolean counts) {
    if (!body.isWhole()) {
      count(RouteCounter.RETRY_NO_BODY);
      return false;
    }
    if (!counts) {
      return true;
    }
    ServiceTarget target = exchange.target();
    if (target.isShedding()) {
      count(RouteCounter.RETRY_SHEDDING);
      return false;
    }
    RetryBudgetConfig budget = exchange.route().retry().config().budget();
    if (!target.retries().grant(loop.now(), budget.share(), budget.perSecond())) {
      count(RouteCounter.RETRY_NO_BUDGET);
      return false;
    }
    return true;
  }

  private void count(RouteCounter what) {
    exchange.route().counters().increment(loop.index(), what);
  }

  /** Does it then, unless the exchange has ended. */
  void pause(long nanos, Runnable then) {
    pause =
        loop.loop()
            .eventLoop()
            .schedule(
                () -> {
                  pause = null;
                  loop.touch();
                  then.run();
                },
                nanos,
                TimeUnit.NANOSECONDS);
  }

  // --- where -------------------------------------------------------------------------------

  private void remember(Node at) {
    if (tried.length == 0) {
      tried = new Node[MAX_TRIED];
    }
    if (!isTried(at)) {
      tried[triedCount % MAX_TRIED] = at;
      triedCount++;
    }
  }

  @SuppressWarnings("ReferenceEquality") // that very node
  private boolean isTried(Node node) {
    for (int i = 0; i < Math.min(triedCount, MAX_TRIED); i++) {
      if (tried[i] == node) {
        return true;
      }
    }
    return false;
  }

  private boolean hasOther() {
    for (Node each : exchange.target().service().nodes().available()) {
      if (!isTried(each)) {
        return true;
      }
    }
    return false;
  }

  /** The node for the next try: one that has not been tried while there is one. */
  @Nullable Node pick() {
    Node its = triedCount == 0 ? exchange.session().node() : null;
    if (its != null) {
      return its;
    }
    ServiceTarget from = exchange.target();
    int hash = from.key(exchange.request, exchange.client().who().hash());
    if (triedCount == 0) {
      return from.balancer().pick(hash, null, loop.loop().random());
    }
    Node avoid = tried[(triedCount - 1) % MAX_TRIED];
    Node last = null;
    for (int i = 0; i < PICKS; i++) {
      last = from.balancer().pick(hash, avoid, loop.loop().random());
      if (last == null || !isTried(last)) {
        return last;
      }
      avoid = last;
    }
    Node other = other(last);
    return other != null ? other : last;
  }

  /** Any available node that has not been tried and is not that one. */
  @SuppressWarnings("ReferenceEquality") // that very node
  @Nullable Node other(@Nullable Node than) {
    Node[] available = exchange.target().service().nodes().available();
    if (available.length == 0) {
      return null;
    }
    int from = loop.loop().random().nextInt(available.length);
    for (int i = 0; i < available.length; i++) {
      Node each = available[(from + i) % available.length];
      if (each != than && !isTried(each)) {
        return each;
      }
    }
    return null;
  }
}
