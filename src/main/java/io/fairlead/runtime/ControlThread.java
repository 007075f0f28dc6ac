package io.fairlead.runtime;

import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;

/**
 * The one thread that decides. Whatever it owns needs no lock, since nobody else writes it. Its
 * tasks neither wait nor touch the network; how late they start is its lag, the sign that one did.
 */
public final class ControlThread extends TaskThread {
  private static final Duration LAG_PROBE = Duration.ofMillis(250);

  private final AtomicLong lagNanos = new AtomicLong();
  private final AtomicLong longestNanos = new AtomicLong();

  public ControlThread() {
    super("control");
    probeLag();
  }

  /**
   * Runs the question on the control thread and waits for its answer. Not for event loops.
   *
   * @throws CompletionException if the question failed
   * @throws IllegalStateException if the thread has been closed before it got to the question
   */
  public <T> T call(Supplier<T> question) {
    if (isCurrent()) {
      return question.get();
    }
    Future<T> answer;
    try {
      answer = executor.submit(question::get);
    } catch (RejectedExecutionException e) {
      throw new IllegalStateException("the instance has ended", e);
    }
    return await(answer);
  }

  /** Whoever is interrupted hears of it afterwards: half a change is worse than a late end. */
  private static <T> T await(Future<T> answer) {
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return answer.get();
        } catch (InterruptedException _) {
          interrupted = true;
        }
      }
    } catch (ExecutionException e) {
      throw new CompletionException(e.getCause());
    } catch (CancellationException e) {
      throw new IllegalStateException("the instance has ended", e);
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** How much later than planned the last timed task began. */
  public Duration lag() {
    return Duration.ofNanos(lagNanos.get());
  }

  /** The same of the one that was latest since the last call. */
  public Duration takeLongestLag() {
    return Duration.ofNanos(longestNanos.getAndSet(0));
  }

  @Override
  public void close() {
    for (Runnable waiting : executor.shutdownNow()) {
      if (waiting instanceof Future<?> question) {
        question.cancel(false); // whoever waits for its answer must not wait for ever
      }
    }
  }

  private void probeLag() {
    long due = System.nanoTime() + LAG_PROBE.toNanos();
    schedule(
        LAG_PROBE,
        () -> {
          long late = Math.max(0, System.nanoTime() - due);
          longestNanos.accumulateAndGet(late, Math::max); // first: whoever sees the other finds it
          lagNanos.set(late);
          probeLag();
        });
  }
}
