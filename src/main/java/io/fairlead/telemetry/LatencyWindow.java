package io.fairlead.telemetry;

import io.fairlead.telemetry.LatencyHistogram.Distribution;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * How long requests took lately: the quantiles of the last {@value #TICKS} ticks, from histograms
 * that only grow. One thread.
 *
 * <p>When nodes leave, what they had counted is missing from the sum, and the window begins anew.
 * With fewer than {@value #MIN_COUNT} requests in it nothing is said.
 */
public final class LatencyWindow {
  private static final int TICKS = 10;
  private static final int MIN_COUNT = 100;

  /** The first percentile that is told; the last is the 99th. */
  public static final int FIRST = 50;

  private static final int PERCENTILES = 50;

  private final ArrayDeque<Distribution> seen = new ArrayDeque<>();

  /**
   * A tick has passed.
   *
   * @param sum of all that has been counted so far
   * @return nanoseconds of the {@value #FIRST}th percentile and each up to the 99th; null: too few
   */
  public long @Nullable [] tick(Distribution sum) {
    Distribution last = seen.peekLast();
    if (last != null && sum.count() < last.count()) {
      seen.clear();
    }
    seen.addLast(sum);
    if (seen.size() > TICKS + 1) {
      seen.removeFirst();
    }
    Distribution window = sum.since(seen.getFirst());
    if (window.count() < MIN_COUNT) {
      return null;
    }
    long[] nanos = new long[PERCENTILES];
    for (int i = 0; i < PERCENTILES; i++) {
      nanos[i] = window.quantileMicros((FIRST + i) / 100.0) * 1000;
    }
    return nanos;
  }
}
