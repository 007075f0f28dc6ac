package io.fairlead.balance;

import io.fairlead.service.Node;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * The same client keeps its node: each node draws a number from its own and the client's address,
 * and the best number wins [1]. With unequal weights w the number is -ln(u)/w, the smallest wins,
 * and a node wins in proportion to its weight.
 *
 * <p>Whatever happens to one node moves no client between two others: only the clients of a node
 * that left move, in proportion to weight, and only to a newcomer if one came. The node that has
 * just failed a request is left out, so its clients go where they would go if it were down.
 *
 * <p>For services of at most {@value #MAX_MEMBERS} members, since every node is looked at; {@link
 * MaglevHash} does the rest. When a service grows or shrinks across that size, most clients move
 * once.
 *
 * <p>[1] D. Thaler, C. Ravishankar, Using Name-Based Mappings to Increase Hit Rates, IEEE/ACM
 * Transactions on Networking 6(1), 1998.
 */
final class RendezvousHash implements Balancer {
  static final int MAX_MEMBERS = 16;

  private static final double TWO_TO_MINUS_53 = 0x1p-53;

  private final Node[] nodes;
  private final long[] seeds;
  private final float[] weights;
  private final boolean equal;

  RendezvousHash(Node[] nodes, float[] weights) {
    this.nodes = nodes;
    this.seeds = new long[nodes.length];
    for (int i = 0; i < nodes.length; i++) {
      seeds[i] = Hashing.of(nodes[i]);
    }
    this.weights = weights;
    this.equal = Weights.areEqual(weights);
  }

  @Override
  public Node pick(int hash, @Nullable Node avoid, RandomGenerator random) {
    int best = 0;
    double bestScore = Double.POSITIVE_INFINITY;
    for (int i = 0; i < nodes.length; i++) {
      if (nodes[i] != avoid) {
        double score = score(hash, i);
        if (score < bestScore) {
          best = i;
          bestScore = score;
        }
      }
    }
    return nodes[best];
  }

  private double score(int hash, int index) {
    // u lies strictly between 0 and 1, so the logarithm is finite
    double u = ((Hashing.mix(seeds[index] ^ hash) >>> 11) + 0.5) * TWO_TO_MINUS_53;
    return equal ? -u : -Math.log(u) / weights[index];
  }
}
