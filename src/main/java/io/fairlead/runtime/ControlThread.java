package io.fairlead.runtime;

import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
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
    if (!executor.isShutdown()) {
      executor.execute(guarded(task));
    }
  }

  @Override
  public Cancellable schedule(Duration delay, Runnable task) {
    if (executor.isShutdown()) {
      return () -> {};
    }
    ScheduledFuture<?> planned =
        executor.schedule(guarded(task), delay.toNanos(), TimeUnit.NANOSECONDS);
    return () -> planned.cancel(false);
  }

  /**
   * Runs the question on the control thread and waits for its answer. Not for event loops.
   *
   * @throws java.util.concurrent.CompletionException if the question failed
   */
  public <T> T call(Supplier<T> question) {
    if (isCurrent()) {
      return question.get();
    }
    return CompletableFuture.supplyAsync(question, executor).join();
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
    executor.shutdownNow();
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
