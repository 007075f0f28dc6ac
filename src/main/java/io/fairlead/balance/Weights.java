package io.fairlead.balance;

import io.fairlead.service.Node;
import io.fairlead.service.NodeFacts;
import java.math.BigInteger;

/** How much of the work each node is to get, relative to the others. */
final class Weights {
  /** Parts that a weight is cut into where it is not whole. */
  private static final int FINEST = 1000;

  private Weights() {}

  /**
   * Weights times what nodes are trusted with and how far they have started, read once: what is
   * published does not change while it is used.
   */
  static float[] of(Node[] nodes, SlowStart start) {
    float[] weights = new float[nodes.length];
    for (int i = 0; i < nodes.length; i++) {
      weights[i] = weight(nodes[i].facts()) * share(nodes[i].facts(), start);
    }
    return weights;
  }

  private static float weight(NodeFacts facts) {
    // A node may have been given weight 0 since the set was published; until the next set is
    // published, which is a matter of microseconds, it counts as the lightest.
    return Math.max(1, facts.weight());
  }

  /** What is left of its weight; above 0, for the same reason. */
  static float share(NodeFacts facts, SlowStart start) {
    return (float) Math.max(1e-3, facts.standing().share() * start.share(facts));
  }

  static boolean areEqual(float[] weights) {
    for (float weight : weights) {
      if (weight != weights[0]) {
        return false;
      }
    }
    return true;
  }

  /** The same proportions in whole numbers. */
  static int[] whole(float[] weights) {
    boolean whole = true;
    for (float weight : weights) {
      whole &= weight == Math.rint(weight);
    }
    int[] numbers = new int[weights.length];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = Math.max(1, Math.round(weights[i] * (whole ? 1 : FINEST)));
    }
    return numbers;
  }

  /** The same proportions in the smallest whole numbers. */
  static int[] reduced(int[] weights) {
    BigInteger divisor = BigInteger.ZERO;
    for (int weight : weights) {
      divisor = divisor.gcd(BigInteger.valueOf(weight));
    }
    int[] reduced = weights.clone();
    for (int i = 0; i < reduced.length; i++) {
      reduced[i] /= divisor.intValueExact();
    }
    return reduced;
  }

  static long sum(int[] weights) {
    long sum = 0;
    for (int weight : weights) {
      sum += weight;
    }
    return sum;
  }

  static double sum(float[] weights) {
    double sum = 0;
    for (float weight : weights) {
      sum += weight;
    }
    return sum;
  }

  /** The first node from {@code start} on, round the end, that is not the one to avoid. */
  static Node otherThan(Node avoid, Node[] nodes, int start) {
    for (int i = 0; i < nodes.length; i++) {
      Node node = nodes[(start + i) % nodes.length];
      if (node != avoid) {
        return node;
      }
    }
    return avoid;
  }
}
