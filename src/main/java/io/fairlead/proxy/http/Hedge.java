package io.fairlead.proxy.http;

import io.fairlead.config.HedgeConfig;
import io.fairlead.service.Node;
import io.fairlead.telemetry.RouteCounter;
import io.netty.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The second try of an exchange while its first goes on [1]. When the first node has not answered
 * by the time that most requests are answered, another node is asked, too; whichever head comes
 * first is the answer, and the other try is cancelled without anybody being blamed.
 *
 * <p>Made with the first request of an exchange whose route wants it. Never while the service turns
 * requests away, and for a few percent of the requests only, since it costs nodes work.
 *
 * <p>[1] J. Dean, L. A. Barroso, The Tail at Scale, CACM 56(2), 2013.
 */
final class Hedge {
  private final HttpLoop loop;
  private final Exchange exchange;

  /** The one that is not the exchange's current one. */
  private Attempt other;

  private @Nullable Future<?> timer;

  Hedge(HttpLoop loop, Exchange exchange) {
    this.loop = loop;
    this.exchange = exchange;
    this.other = new Attempt(exchange, loop);
  }

  Attempt other() {
    return other;
  }

  boolean isGoing() {
    return other.isGoing();
  }

  /** From now on this is the other one. */
  void setOther(Attempt attempt) {
    other = attempt;
  }

  /** The request has just been sent for the first time. */
  void plan(HedgeConfig config, ServiceTarget target) {
    target.hedges().request(loop.index(), loop.now());
    int percentile = config.payablePercentile();
    long wait = percentile == 0 ? config.after().toNanos() : target.quantileNanos(percentile);
    if (wait < Long.MAX_VALUE) {
      timer = loop.loop().eventLoop().schedule(this::due, wait, TimeUnit.NANOSECONDS);
    }
  }

  /** The answer is there, or none is wanted any more. */
  void end() {
    Future<?> planned = timer;
    if (planned != null) {
      timer = null;
      planned.cancel(false);
    }
  }

  private void due() {
    timer = null;
    loop.touch();
    Node slow = exchange.awaitedNode();
    if (slow == null) {
      return; // it is being tried again already
    }
    HttpRoute route = exchange.route();
    ServiceTarget target = exchange.target();
    Node second = exchange.retries().other(slow);
    if (second == null) {
      return;
    }
    if (target.isShedding()) {
      route.counters().increment(loop.index(), RouteCounter.RETRY_SHEDDING);
    } else if (!target.hedges().grant(loop.now(), route.retry().hedge().budget(), 0)) {
      route.counters().increment(loop.index(), RouteCounter.HEDGE_NO_BUDGET);
    } else {
      Node free = target.claim(second, loop.loop().random());
      if (free != null) {
        route.counters().increment(loop.index(), RouteCounter.HEDGED);
        exchange.hedged();
        other.begin(free, target, route, false);
      }
    }
  }
}
