package io.fairlead.simulate;

import io.fairlead.config.HedgeConfig;
import io.fairlead.limit.RetryBudget;
import io.fairlead.telemetry.LatencyHistogram;
import io.fairlead.telemetry.LatencyHistogram.Distribution;
import io.fairlead.telemetry.LatencyWindow;

/** When one instance asks a second node, and whether it may: by what it has seen itself. */
final class Hedges {
  /** How often production looks at what was answered. */
  static final long TICK = 1_000_000_000L;

  private final HedgeConfig config;
  private final RetryBudget budget = new RetryBudget(1);
  private final LatencyHistogram answers = new LatencyHistogram(1);
  private final LatencyWindow window = new LatencyWindow();
  private long[] quantiles = {};

  Hedges(HedgeConfig config) {
    this.config = config;
  }

  /**
   * A request has gone to a node for the first time.
   *
   * @return how long that node has before another is asked; {@link Long#MAX_VALUE}: not known
   */
  long request(long now) {
    budget.request(0, now);
    int percentile = config.payablePercentile();
    if (percentile == 0) {
      return config.after().toNanos();
    }
    return quantiles.length == 0 ? Long.MAX_VALUE : quantiles[percentile - LatencyWindow.FIRST];
  }

  boolean grants(long now) {
    return budget.grant(now, config.budget(), 0);
  }

  /** A node has answered; or the other one has before, and this one would have taken longer. */
  void answered(long took) {
    answers.record(0, took / 1000);
  }

  void tick() {
    Distribution sum = new Distribution();
    answers.addTo(sum);
    long[] next = window.tick(sum);
    if (next != null) {
      quantiles = next;
    }
  }
}
