package io.fairlead.balance;

import io.fairlead.service.Node;
import java.math.BigInteger;

/** The weights of some nodes, read once: what is published does not change while it is used. */
final class Weights {
  private Weights() {}

  static int[] of(Node[] nodes) {
    int[] weights = new int[nodes.length];
    for (int i = 0; i < nodes.length; i++) {
      // A node may have been given weight 0 since the set was published; until the next set is
      // published, which is a matter of microseconds, it counts as the lightest.
      weights[i] = Math.max(1, nodes[i].facts().weight());
    }
    return weights;
  }

  static boolean areEqual(int[] weights) {
    for (int weight : weights) {
      if (weight != weights[0]) {
        return false;
      }
    }
    return true;
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
