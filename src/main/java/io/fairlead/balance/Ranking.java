package io.fairlead.balance;

import java.util.Arrays;

/**
 * Nodes by what a request costs where there is none, the cheapest first. Whoever walks along it may
 * stop at the first that is no cheaper empty than the best so far as it is: nothing better follows.
 * Where most nodes have nothing to do for us, as with many instances or many nodes, that is after a
 * few looks, and the best of all has been found.
 *
 * <p>Never changed once published.
 */
final class Ranking {
  private final int[] order;
  private final float[] cost;
  private final int first;

  private Ranking(int[] order, float[] cost, int first) {
    this.order = order;
    this.cost = cost;
    this.first = first;
  }

  /**
   * @param cost by index of the node, above 0
   */
  static Ranking of(float[] cost) {
    int count = cost.length;
    long[] keys = new long[count];
    for (int i = 0; i < count; i++) {
      // The bits of positive floats are in the order of their values.
      keys[i] = (long) Float.floatToRawIntBits(cost[i]) << 32 | i;
    }
    Arrays.sort(keys);
    int[] order = new int[count];
    float[] ranked = new float[count];
    int first = 0;
    for (int rank = 0; rank < count; rank++) {
      order[rank] = (int) keys[rank];
      ranked[rank] = cost[order[rank]];
      first += ranked[rank] == ranked[0] ? 1 : 0;
    }
    return new Ranking(order, ranked, first);
  }

  /** Indexes of the nodes, the cheapest first. */
  int[] order() {
    return order;
  }

  /** Their costs, in the same order. */
  float[] cost() {
    return cost;
  }

  /** How many cost the same as the first: it does not matter with which of them one begins. */
  int first() {
    return first;
  }
}
