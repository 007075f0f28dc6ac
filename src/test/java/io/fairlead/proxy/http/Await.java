package io.fairlead.proxy.http;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

/** Waits for something that another thread brings about. */
public final class Await {
  /** Longer than anything honest takes on a busy machine. */
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(10);

  private Await() {}

  /**
   * Returns as soon as nothing is wrong any more.
   *
   * @param wrong what is still wrong, in words; empty when nothing is
   */
  public static void nothing(Supplier<String> wrong) {
    long deadline = System.nanoTime() + PATIENCE_NANOS;
    String now = wrong.get();
    while (!now.isEmpty()) {
      if (System.nanoTime() > deadline) {
        throw new AssertionError(now);
      }
      LockSupport.parkNanos(1_000_000);
      now = wrong.get();
    }
  }

  /** Returns as soon as the value is the one wanted. */
  public static void value(Object wanted, Supplier<?> actual, String what) {
    nothing(() -> {
      Object now = actual.get();
      return now.equals(wanted) ? "" : what + ": still " + now + ", not " + wanted;
    });
  }
}
