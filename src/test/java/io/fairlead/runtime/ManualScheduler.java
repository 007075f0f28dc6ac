package io.fairlead.runtime;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.PriorityQueue;

/** A scheduler whose clock stands still until the test turns it. Starts at zero. */
public final class ManualScheduler implements Scheduler {
  private record Planned(long due, long order, Runnable task) {}

  private final PriorityQueue<Planned> planned =
      new PriorityQueue<>(Comparator.comparingLong(Planned::due).thenComparingLong(Planned::order));
  private final ArrayDeque<Runnable> ready = new ArrayDeque<>();
  private long now;
  private long order;

  @Override
  public synchronized long nanoTime() {
    return now;
  }

  @Override
  public synchronized long epochMillis() {
    return now / 1_000_000;
  }

  /** Runs at the next {@link #run} or {@link #advance}. */
  @Override
  public synchronized void execute(Runnable task) {
    ready.add(task);
  }

  @Override
  public synchronized Cancellable schedule(Duration delay, Runnable task) {
    Planned entry = new Planned(now + Math.max(0, delay.toNanos()), order++, task);
    planned.add(entry);
    return () -> {
      synchronized (this) {
        planned.remove(entry);
      }
    };
  }

  /** Runs what is ready now. */
  public void run() {
    advance(Duration.ZERO);
  }

  /** Turns the clock, running what falls due in order. */
  public void advance(Duration by) {
    long target;
    synchronized (this) {
      target = now + by.toNanos();
    }
    for (Runnable task = next(target); task != null; task = next(target)) {
      task.run();
    }
  }

  /** Time passes while nothing is run, as in a process that is frozen; then what fell due is. */
  public void freeze(Duration by) {
    synchronized (this) {
      now += by.toNanos();
    }
    run();
  }

  private synchronized @org.jspecify.annotations.Nullable Runnable next(long target) {
    Runnable immediate = ready.poll();
    if (immediate != null) {
      return immediate;
    }
    Planned head = planned.peek();
    if (head == null || head.due() > target) {
      now = target;
      return null;
    }
    planned.poll();
    now = Math.max(now, head.due());
    return head.task();
  }
}
