package io.fairlead.proxy.http;

import io.fairlead.config.FilterConfig.OnError;
import io.fairlead.config.RouteAction;
import io.fairlead.extension.FilterLoader;
import io.fairlead.extension.FilterStats;
import io.fairlead.extension.LoadedFilter;
import io.fairlead.filter.Decision;
import io.fairlead.filter.QuickFilter;
import io.fairlead.filter.WaitingFilter;
import io.fairlead.telemetry.ErrorReason;
import io.fairlead.telemetry.FilterCounter;
import io.netty.util.concurrent.Future;
import java.util.List;
import java.util.Map;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Asks a class of somebody else's about requests. A quick one is asked here and now; one that may
 * wait has a virtual thread for each call, while the request is held.
 *
 * <p>Whatever it throws ends here: it is counted, and the request is refused or goes on, as the
 * configuration says. What it changes takes effect when it has decided, all or nothing.
 */
public final class FilterGuard extends Guard {
  /** A quick filter that takes longer keeps everybody else on its event loop waiting. */
  private static final long TOO_LONG_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

  /** Behind its timeout, which is watched here. */
  private static final long SLACK_NANOS = TimeUnit.SECONDS.toNanos(10);

  private final LoadedFilter filter;
  private final Map<String, ServiceTarget> targets;
  private final FilterStats stats;
  private final boolean passes;

  /**
   * @param targets where it may send requests, by the name of the service
   */
  public FilterGuard(LoadedFilter filter, Map<String, ServiceTarget> targets) {
    this.filter = filter;
    this.targets = Map.copyOf(targets);
    stats = filter.stats();
    passes = filter.config().onError() == OnError.PASS;
  }

  LoadedFilter filter() {
    return filter;
  }

  Map<String, ServiceTarget> targets() {
    return targets;
  }

  @Override
  Answer ask(Exchange exchange, HttpLoop loop) {
    count(loop, FilterCounter.CALLS, 1);
    return switch (filter.filter()) {
      case QuickFilter quick -> ask(quick, exchange, loop);
      case WaitingFilter waiting -> new Waiting(waiting, exchange, loop).begin();
    };
  }

  private Answer ask(QuickFilter quick, Exchange exchange, HttpLoop loop) {
    FilterCall call = new FilterCall(exchange, exchange.route(), exchange.request);
    Decision decision = null;
    Throwable thrown = null;
    long began = System.nanoTime();
    try {
      decision = quick.filter(call);
    } catch (Throwable e) { // whatever it is, it is theirs
      thrown = e;
    }
    call.end();
    boolean _ = Thread.interrupted(); // nobody may do that to an event loop
    long took = System.nanoTime() - began;
    count(loop, FilterCounter.NANOS, took);
    if (took > TOO_LONG_NANOS) {
      count(loop, FilterCounter.SLOW, 1);
      stats.slow(took);
      loop.touch();
    }
    return settle(exchange, loop, call, decision, thrown);
  }

  /** It has decided, or failed. On the event loop. */
  private Answer settle(
      Exchange exchange,
      HttpLoop loop,
      FilterCall call,
      @Nullable Decision decision,
      @Nullable Throwable thrown) {
    return switch (decision) {
      case null ->
          failed(
              exchange,
              loop,
              FilterCounter.FAILED_EXCEPTION,
              thrown == null ? "it has returned null" : FilterLoader.words(thrown));
      case Decision.GoOn _ -> goesOn(exchange, call);
      case Decision.SendTo(String service) -> {
        ServiceTarget target = service == null ? null : targets.get(service);
        if (target == null || !(exchange.route().config().action() instanceof RouteAction.Send)) {
          yield failed(
              exchange,
              loop,
              FilterCounter.FAILED_INVALID,
              target == null
                  ? "it sends a request to a service that filters."
                      + filter.config().name()
                      + ".services does not name"
                  : "it sends a request of a route elsewhere that has no service");
        }
        count(loop, FilterCounter.SENT_ELSEWHERE, 1);
        exchange.filtered().sendTo(target);
        yield goesOn(exchange, call);
      }
      case Decision.Answer answer -> answer(exchange, loop, call, answer);
    };
  }

  private static Answer goesOn(Exchange exchange, FilterCall call) {
    for (FilterEdit edit : call.requestEdits()) {
      edit.apply(exchange.request);
    }
    exchange.filtered().addToResponse(call.responseEdits());
    return Answer.GOES_ON;
  }

  private Answer answer(Exchange exchange, HttpLoop loop, FilterCall call, Decision.Answer answer) {
    String type = answer.contentType();
    LocalAnswer local;
    try {
      if (!type.isEmpty()) {
        FilterEdit _ = FilterEdit.of("content-type", true, type);
      }
      local = LocalAnswer.ofFilter(answer.status(), type, answer.body(), answer.isRefusal());
    } catch (IllegalArgumentException e) {
      return failed(exchange, loop, FilterCounter.FAILED_INVALID, String.valueOf(e.getMessage()));
    }
    exchange.filtered().addToResponse(call.responseEdits());
    if (answer.isRefusal()) {
      count(loop, FilterCounter.REFUSED, 1);
      exchange.turnAway(ErrorReason.FILTER_REFUSED, local);
    } else {
      count(loop, FilterCounter.ANSWERED, 1);
      exchange.answerInstead(local);
    }
    return Answer.TURNED_AWAY;
  }

  private Answer failed(Exchange exchange, HttpLoop loop, FilterCounter how, String why) {
    count(loop, how, 1);
    stats.failed(why);
    if (passes) {
      return Answer.GOES_ON;
    }
    exchange.answer(
        how == FilterCounter.FAILED_TIMEOUT || how == FilterCounter.FAILED_BUSY
            ? ErrorReason.FILTER_TIMEOUT
            : ErrorReason.FILTER_FAILED);
    return Answer.TURNED_AWAY;
  }

  private void count(HttpLoop loop, FilterCounter what, long amount) {
    stats.counters().add(loop.index(), what, amount);
  }

  /** A request that is held while a thread of its own asks. */
  private final class Waiting implements Hold {
    private final WaitingFilter asked;
    private final Exchange exchange;
    private final HttpLoop loop;
    private final FilterCall call;
    private final long began = System.nanoTime();
    private @Nullable Thread thread;
    private @Nullable Future<?> end;

    /** The thread need not go on: its answer is there, or of no use any more. */
    private boolean over;

    Waiting(WaitingFilter asked, Exchange exchange, HttpLoop loop) {
      this.asked = asked;
      this.exchange = exchange;
      this.loop = loop;
      Head copy = new Head();
      copy.copyRequest(exchange.request);
      call = new FilterCall(exchange, exchange.route(), copy);
    }

    Answer begin() {
      if (!filter.beginCall()) {
        return failed(
            exchange,
            loop,
            FilterCounter.FAILED_BUSY,
            "it has " + filter.config().requests() + " requests to decide about already");
      }
      long nanos = filter.config().timeout().toNanos();
      exchange.hold(this, nanos + SLACK_NANOS);
      // Not the wheel, whose tenths of a second are coarser than what is wanted here.
      end = loop.loop().eventLoop().schedule(this::tooLong, nanos, TimeUnit.NANOSECONDS);
      thread = Thread.ofVirtual().name("filter " + filter.config().name()).unstarted(this::run);
      thread.start();
      return Answer.HELD;
    }

    private void run() {
      Decision decision = null;
      Throwable thrown = null;
      try {
        Thread.currentThread().setContextClassLoader(filter.loader());
        decision = asked.filter(call);
      } catch (Throwable e) { // whatever it is, it is theirs
        thrown = e;
      } finally {
        call.end();
        filter.endCall();
      }
      tell(decision, thrown);
    }

    private void tell(@Nullable Decision decision, @Nullable Throwable thrown) {
      try {
        loop.loop().eventLoop().execute(() -> ended(decision, thrown));
      } catch (RejectedExecutionException _) {
        // The instance has stopped, and whoever waited is gone.
      }
    }

    private void ended(@Nullable Decision decision, @Nullable Throwable thrown) {
      if (over) {
        return;
      }
      over = true;
      loop.touch();
      count(loop, FilterCounter.NANOS, System.nanoTime() - began);
      goOnIf(() -> settle(exchange, loop, call, decision, thrown));
    }

    private void tooLong() {
      if (over) {
        return;
      }
      loop.touch();
      stop();
      goOnIf(() -> failed(exchange, loop, FilterCounter.FAILED_TIMEOUT, late(false)));
    }

    /** Lets the exchange go on if that is the answer; a mistake of ours ends it. */
    private void goOnIf(java.util.function.Supplier<Answer> decided) {
      try {
        if (decided.get() == Answer.GOES_ON) {
          exchange.goOn();
        }
      } catch (RuntimeException e) {
        Failures.log(e);
        exchange.broken();
      }
    }

    private String late(boolean byRoute) {
      return byRoute
          ? "it has not decided within the time that the route has"
          : "it has not decided within its timeout of "
              + filter.config().timeout().toMillis()
              + " ms";
    }

    private void stop() {
      over = true;
      count(loop, FilterCounter.NANOS, System.nanoTime() - began);
      Thread asking = thread;
      if (asking != null) {
        asking.interrupt();
      }
    }

    @Override
    public void letGo() {
      Future<?> planned = end;
      if (planned != null) {
        boolean _ = planned.cancel(false);
      }
      if (!over) {
        stop();
      }
    }

    @Override
    public ErrorReason late() {
      count(loop, FilterCounter.FAILED_TIMEOUT, 1);
      stats.failed(late(true));
      return ErrorReason.FILTER_TIMEOUT;
    }
  }

  @Override
  @Nullable ErrorReason explain(Head request, List<String> said) {
    said.add(
        "filter "
            + filter.config().name()
            + " ("
            + filter.config().factory()
            + " of "
            + filter.config().jar().getFileName()
            + (filter.version().isEmpty() ? "" : " " + filter.version())
            + ", "
            + filter.digest().substring(0, 12)
            + ") is asked, which is not done here");
    return null;
  }
}
