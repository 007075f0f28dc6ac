package io.fairlead.runtime;

import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;

/**
 * The one thread that decides. Whatever it owns needs no lock, since nobody else writes it. Its
 * tasks neither wait nor touch the network; how late they start is its lag, the sign that one did.
 */
public final class ControlThread implements Scheduler, AutoCloseable {
  private static final System.Logger LOG = System.getLogger(ControlThread.class.getName());
  private static final Duration LAG_PROBE = Duration.ofMillis(250);

  private final ScheduledThreadPoolExecutor executor;
  private final AtomicLong lagNanos = new AtomicLong();
  private volatile Thread thread = Thread.currentThread();

  public ControlThread() {
    executor =
        new ScheduledThreadPoolExecutor(
            1,
            task -> {
              Thread created = Thread.ofPlatform().name("control").daemon(true).unstarted(task);
              thread = created;
              return created;
            });
    executor.setRemoveOnCancelPolicy(true);
    executor.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    executor.prestartCoreThread();
    probeLag();
  }

  @Override
  public long nanoTime() {
    return System.nanoTime();
  }

  @Override
  public long epochMillis() {
    return System.currentTimeMillis();
  }

  @Override
  public void execute(Runnable task) {
    try {
      executor.execute(guarded(task));
    } catch (RejectedExecutionException _) {
      // Closed: there is nothing left to decide.
    }
  }

  @Override
  public Cancellable schedule(Duration delay, Runnable task) {
    try {
      ScheduledFuture<?> planned =
          executor.schedule(guarded(task), delay.toNanos(), TimeUnit.NANOSECONDS);
      return () -> planned.cancel(false);
    } catch (RejectedExecutionException _) {
      return () -> {}; // closed
    }
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

  /** Whether the caller is on the control thread. */
  public boolean isCurrent() {
    return Thread.currentThread() == thread;
  }

  /** How much later than planned the last timed task began. */
  public Duration lag() {
    return Duration.ofNanos(lagNanos.get());
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
          lagNanos.set(Math.max(0, System.nanoTime() - due));
          probeLag();
        });
  }

  /** A mistake of ours in one task must not end the thread that all others need. */
  private static Runnable guarded(Runnable task) {
    return () -> {
      try {
        task.run();
      } catch (RuntimeException | Error e) {
        LOG.log(Level.ERROR, "a task of the control thread failed", e);
      }
    };
  }
}
