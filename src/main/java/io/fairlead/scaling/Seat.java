package io.fairlead.scaling;

import io.fairlead.runtime.Leadership;
import io.fairlead.runtime.Scheduler;
import java.time.Duration;
import java.util.function.Consumer;
import java.util.function.LongConsumer;

/** Whether this instance is the one that scales a service: only as long as its lease lasts. */
final class Seat implements Leadership.Candidate, AutoCloseable {
  private final Scheduler control;
  private final LongConsumer term;
  private final Consumer<Boolean> then;
  private final Leadership.Candidacy candidacy;
  private Scheduler.Cancellable end = () -> {};
  private boolean held;
  private boolean closed;

  /**
   * @param term is told the term of what begins then
   * @param then is told when it begins and when it ends
   */
  Seat(
      Leadership leadership,
      String service,
      Scheduler control,
      LongConsumer term,
      Consumer<Boolean> then) {
    this.control = control;
    this.term = term;
    this.then = then;
    this.candidacy = leadership.stand("scale/" + service, this);
  }

  @Override
  public void elected(long now) {
    term.accept(now); // the lease follows
  }

  @Override
  public void renewed(long sentNanos, Duration ttl) {
    end.cancel();
    if (closed) {
      return;
    }
    end =
        control.schedule(
            Duration.ofNanos(sentNanos + ttl.toNanos() - control.nanoTime()), () -> hold(false));
    hold(true);
  }

  @Override
  public void deposed() {
    end.cancel();
    hold(false);
  }

  private void hold(boolean now) {
    if (held != now) {
      held = now;
      then.accept(now);
    }
  }

  @Override
  public void close() {
    closed = true;
    end.cancel();
    candidacy.close();
  }
}
