package io.fairlead.runtime;

import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** A thread of its own that runs tasks one after another, by the clocks of the machine. */
public abstract class TaskThread implements Scheduler, AutoCloseable {
  private static final System.Logger LOG = System.getLogger(TaskThread.class.getName());

  protected final ScheduledThreadPoolExecutor executor;
  private final String name;
  private volatile Thread thread = Thread.currentThread();

  /**
   * @param name of the thread
   */
  protected TaskThread(String name) {
    this.name = name;
    executor =
        new ScheduledThreadPoolExecutor(
            1,
            task -> {
              Thread created = Thread.ofPlatform().name(name).daemon(true).unstarted(task);
              thread = created;
              return created;
            });
    executor.setRemoveOnCancelPolicy(true);
    executor.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    executor.prestartCoreThread();
  }

  @Override
  public final long nanoTime() {
    return System.nanoTime();
  }

  @Override
  public final long epochMillis() {
    return System.currentTimeMillis();
  }

  @Override
  public final void execute(Runnable task) {
    try {
      executor.execute(guarded(task));
    } catch (RejectedExecutionException _) {
      // Closed: there is nothing left to do.
    }
  }

  @Override
  public final Cancellable schedule(Duration delay, Runnable task) {
    try {
      ScheduledFuture<?> planned =
          executor.schedule(guarded(task), delay.toNanos(), TimeUnit.NANOSECONDS);
      return () -> planned.cancel(false);
    } catch (RejectedExecutionException _) {
      return () -> {}; // closed
    }
  }

  /** Whether the caller is on this thread. */
  public final boolean isCurrent() {
    return Thread.currentThread() == thread;
  }

  @Override
  public abstract void close();

  /** A mistake of ours in one task must not end the thread that all others need. */
  private Runnable guarded(Runnable task) {
    return () -> {
      try {
        task.run();
      } catch (RuntimeException | Error e) {
        LOG.log(Level.ERROR, "a task of the thread " + name + " failed", e);
      }
    };
  }
}
