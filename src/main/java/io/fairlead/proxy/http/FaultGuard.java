package io.fairlead.proxy.http;

import io.fairlead.config.FaultConfig;
import io.fairlead.telemetry.ErrorReason;
import io.fairlead.telemetry.LoopCounters;
import io.fairlead.telemetry.RouteCounter;
import io.netty.util.concurrent.Future;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Holds some requests for a while and answers some with an error, on purpose (as Envoy's and
 * Istio's fault filters do), before a service is chosen: no node has to do with it, and records say
 * that it was meant, so that nothing is concluded from it.
 *
 * <p>Where the configuration names a field, a client may ask in it for {@code delay}, {@code abort}
 * or both. A request that is held costs its memory and no thread; only so many are at once, and one
 * whose client goes is let go.
 */
public final class FaultGuard extends Guard {
  /** Behind the delay; it is watched here. */
  private static final long SLACK_NANOS = TimeUnit.SECONDS.toNanos(10);

  private static final byte[] DELAY = Ascii.bytes("delay");
  private static final byte[] ABORT = Ascii.bytes("abort");

  private final FaultConfig config;
  private final LoopCounters<RouteCounter> counters;
  private final byte[] header;
  private final @Nullable LocalAnswer answer;
  private final AtomicInteger delayed = new AtomicInteger();

  /**
   * @param counters of the route whose requests meet it
   */
  public FaultGuard(FaultConfig config, LoopCounters<RouteCounter> counters) {
    this.config = config;
    this.counters = counters;
    header = Ascii.bytes(config.header());
    answer = config.abort() == 0 ? null : LocalAnswer.ofFault(config.abort());
  }

  @Override
  Answer ask(Exchange exchange, HttpLoop loop) {
    Head request = exchange.request;
    boolean aborts = answer != null && isMeant(request, ABORT, config.abortShare(), loop);
    if (!config.delay().isZero() && isMeant(request, DELAY, config.delayShare(), loop)) {
      if (delayed.incrementAndGet() <= config.delayed()) {
        count(loop, RouteCounter.FAULT_DELAYED);
        new Delay(exchange, loop, aborts).begin();
        return Answer.HELD;
      }
      delayed.decrementAndGet();
      count(loop, RouteCounter.FAULT_NOT_DELAYED);
    }
    if (aborts) {
      abort(exchange, loop);
      return Answer.TURNED_AWAY;
    }
    return Answer.GOES_ON;
  }

  private boolean isMeant(Head request, byte[] word, double share, HttpLoop loop) {
    return isAskedFor(request, word) || (share > 0 && loop.loop().random().nextDouble() < share);
  }

  /** Whether the field says that word, perhaps among others, with commas between. */
  private boolean isAskedFor(Head request, byte[] word) {
    return header.length > 0 && request.lists(header, word);
  }

  private void abort(Exchange exchange, HttpLoop loop) {
    LocalAnswer error = answer;
    if (error != null) {
      count(loop, RouteCounter.FAULT_ABORTED);
      exchange.injectFault(error);
    }
  }

  private void count(HttpLoop loop, RouteCounter what) {
    counters.increment(loop.index(), what);
  }

  /** A request that is held on purpose. */
  private final class Delay implements Hold {
    private final Exchange exchange;
    private final HttpLoop loop;
    private final boolean aborts;
    private @Nullable Future<?> end;

    Delay(Exchange exchange, HttpLoop loop, boolean aborts) {
      this.exchange = exchange;
      this.loop = loop;
      this.aborts = aborts;
    }

    void begin() {
      long nanos = config.delay().toNanos();
      exchange.meant();
      exchange.hold(this, nanos + SLACK_NANOS);
      // Not the wheel, whose tenths of a second are coarser than what is wanted here.
      end = loop.loop().eventLoop().schedule(this::over, nanos, TimeUnit.NANOSECONDS);
    }

    private void over() {
      loop.touch();
      if (aborts) {
        abort(exchange, loop);
      } else {
        exchange.goOn();
      }
    }

    @Override
    public void letGo() {
      delayed.decrementAndGet();
      Future<?> planned = end;
      if (planned != null) {
        planned.cancel(false);
      }
    }

    @Override
    public ErrorReason late() {
      return ErrorReason.UPSTREAM_TIMEOUT;
    }
  }

  @Override
  @Nullable ErrorReason explain(Head request, List<String> said) {
    if (!config.delay().isZero()) {
      said.add(
          words(request, DELAY, config.delayShare())
              + " held for "
              + config.delay().toMillis()
              + " ms on purpose, "
              + config.delayed()
              + " at once at most");
    }
    boolean asked = isAskedFor(request, ABORT);
    if (answer != null) {
      said.add(
          words(request, ABORT, config.abortShare())
              + " answered with "
              + config.abort()
              + " on purpose");
    }
    return answer != null && (asked || config.abortShare() >= 1)
        ? ErrorReason.FAULT_INJECTED
        : null;
  }

  private String words(Head request, byte[] word, double share) {
    return isAskedFor(request, word)
        ? "as " + config.header() + " asks for it, the request is"
        : Math.round(share * 10_000) / 100.0 + " % of such requests, by chance, are";
  }
}
