package io.fairlead.limit;

/**
 * Tells whether all of a process stood still: stopped by a signal or a debugger, together with its
 * machine, for a collection of garbage, or without a processor. Event loops and the control thread
 * have nothing to wait for in common, so when all of them are late at once none could go on.
 */
public final class Standstill {
  /** Shorter ones are usual on machines that are shared or busy. */
  private static final long LEAST_NANOS = 1_000_000_000;

  private long loopsBefore;
  private long controlBefore;

  /**
   * Judges; looks are taken more often than stops come. Which of the threads goes on first is
   * chance, so one of them may have told of the same stop a look earlier.
   *
   * @param loopsNanos by how much every event loop has been late once since the last look
   * @param controlNanos the same of the control thread
   * @return nanoseconds, once for each time; 0: it did not
   */
  public long look(long loopsNanos, long controlNanos) {
    long loops = Math.max(loopsNanos, loopsBefore);
    long control = Math.max(controlNanos, controlBefore);
    if (Math.min(loops, control) >= LEAST_NANOS) {
      loopsBefore = 0;
      controlBefore = 0;
      return Math.max(loops, control);
    }
    loopsBefore = loopsNanos;
    controlBefore = controlNanos;
    return 0;
  }
}
