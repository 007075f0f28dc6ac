package io.fairlead.balance;

import io.fairlead.service.Node;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Looks at two nodes drawn by weight and takes the cheaper one [1]: the busiest of n nodes then
 * carries ln ln n / ln 2 more than the mean, at the price of two looks. What is compared is the
 * number of requests in flight, times latency if there are estimates of it.
 *
 * <p>[1] M. Mitzenmacher, The Power of Two Choices in Randomized Load Balancing, IEEE TPDS 12(10),
 * 2001.
 */
final class PowerOfTwo implements Balancer {
  private static final int MAX_ATTEMPTS = 4;

  private final Node[] nodes;
  private final Estimates estimates;

  /** Draws by weight; null: all weigh the same. */
  private final @Nullable AliasTable shares;

  PowerOfTwo(Node[] nodes, float[] weights, Estimates estimates) {
    this.nodes = nodes;
    this.estimates = estimates;
    this.shares = Weights.areEqual(weights) ? null : new AliasTable(weights);
  }

  Estimates estimates() {
    return estimates;
  }

  @Override
  public boolean tick(long now) {
    return estimates.tick(now);
  }

  @Override
  public @Nullable NodeEstimate estimateOf(Node node) {
    return estimates.of(node);
  }

  @Override
  public Node pick(int hash, @Nullable Node avoid, RandomGenerator random) {
    estimates.touch();
    long chance = random.nextLong();
    int a = drawn(chance);
    for (int attempt = 1; nodes[a] == avoid && attempt < MAX_ATTEMPTS; attempt++) {
      a = drawn(chance + attempt * Hashing.GOLDEN_RATIO);
    }
    int b = other(chance, a);
    if (nodes[a] == avoid) {
      return nodes[b] == avoid ? Weights.otherThan(nodes[a], nodes, a) : nodes[b];
    }
    if (nodes[b] == avoid) {
      return nodes[a];
    }
    Scores scores = estimates.scores();
    float ofA = scores.of(a, nodes[a].burden());
    float ofB = scores.of(b, nodes[b].burden());
    return ofB < ofA ? nodes[b] : nodes[a];
  }

  private int drawn(long chance) {
    long point = Hashing.mix(chance);
    AliasTable byWeight = shares;
    return byWeight == null
        ? (int) Math.unsignedMultiplyHigh(point, nodes.length)
        : byWeight.indexAt(point);
  }

  private int other(long chance, int a) {
    long point = Hashing.mix(~chance);
    AliasTable byWeight = shares;
    if (byWeight != null || nodes.length == 1) {
      return byWeight == null ? a : byWeight.indexAt(point);
    }
    int b = (int) Math.unsignedMultiplyHigh(point, nodes.length - 1);
    return b >= a ? b + 1 : b; // two distinct ones, both uniform: skip over a
  }
}
