package io.fairlead.runtime;

import java.time.Duration;

/**
 * Runs tasks one after another on one thread, now or later, and tells the time they live in. In
 * tests the thread is the test's and time is turned by hand.
 */
public interface Scheduler {
  /** Nanoseconds of a clock that never goes back; only differences mean something. */
  long nanoTime();

  /** Milliseconds since 1970 for people and records; may jump. */
  long epochMillis();

  /** Runs the task as soon as the ones before it are done. Any thread may call. */
  void execute(Runnable task);

  /** Runs the task after the delay unless cancelled before. Any thread may call. */
  Cancellable schedule(Duration delay, Runnable task);

  /** A task that has been planned. */
  interface Cancellable {
    /** Keeps the task from running if it has not begun. */
    void cancel();
  }
}
