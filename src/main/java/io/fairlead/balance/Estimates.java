package io.fairlead.balance;

import io.fairlead.service.Node;
import org.jspecify.annotations.Nullable;

/**
 * Where the scores of a balancer come from: fixed by weight, or estimated anew at every tick.
 * Written by the control thread, read by event loops.
 */
abstract sealed class Estimates permits Estimates.ByWeight, LeastTime, PeakEwma {
  private volatile Scores scores;

  Estimates(Scores first) {
    scores = first;
  }

  final Scores scores() {
    return scores;
  }

  final void publish(Scores next) {
    scores = next;
  }

  /** A request has been sent: there is something to estimate. Any thread. */
  abstract void touch();

  /** See {@link Balancer#tick}. */
  abstract boolean tick(long now);

  /** What is thought of the node, in words; null: nothing but its weight. */
  abstract @Nullable NodeEstimate of(Node node);

  /** Nothing but weights. */
  static final class ByWeight extends Estimates {
    ByWeight(float[] weights) {
      super(Scores.of(reciprocals(weights)));
    }

    private static float[] reciprocals(float[] weights) {
      float[] cost = new float[weights.length];
      for (int i = 0; i < cost.length; i++) {
        cost[i] = 1 / weights[i];
      }
      return cost;
    }

    @Override
    void touch() {}

    @Override
    boolean tick(long now) {
      return false;
    }

    @Override
    @Nullable NodeEstimate of(Node node) {
      return null;
    }
  }
}
