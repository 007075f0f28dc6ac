package io.fairlead.extension;

import io.fairlead.telemetry.FilterCounter;
import io.fairlead.telemetry.LoopCounters;

/** What is counted about the filters that have a name, one after the other. */
public final class FilterStats {
  private final LoopCounters<FilterCounter> counters;
  private volatile String lastFailure = "";
  private volatile long slowest;

  FilterStats(int loops) {
    counters = new LoopCounters<>(loops, FilterCounter.class);
  }

  public LoopCounters<FilterCounter> counters() {
    return counters;
  }

  /** Requests about which it has not decided. */
  public long failures() {
    return counters.get(FilterCounter.FAILED_EXCEPTION)
        + counters.get(FilterCounter.FAILED_TIMEOUT)
        + counters.get(FilterCounter.FAILED_INVALID)
        + counters.get(FilterCounter.FAILED_BUSY);
  }

  /** It has failed. Any thread. */
  public void failed(String why) {
    lastFailure = why;
  }

  /** Why it failed the last time; empty: it never has. */
  public String lastFailure() {
    return lastFailure;
  }

  /** It kept its event loop for so long. Of two loops at once one may get lost. */
  public void slow(long nanos) {
    if (nanos > slowest) {
      slowest = nanos;
    }
  }

  /** The longest since it was asked last, in nanoseconds; 0: none was too long. */
  public long takeSlowest() {
    long longest = slowest;
    slowest = 0;
    return longest;
  }
}
