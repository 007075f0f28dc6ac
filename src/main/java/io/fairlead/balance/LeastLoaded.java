package io.fairlead.balance;

import io.fairlead.service.Node;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * The node that would have the smallest load per weight if it got this request, load being counted
 * over all event loops.
 *
 * <p>Up to {@value #MAX_SCAN} nodes it looks at all of them, beginning anywhere so that ties are
 * not always decided for the same one. Beyond, {@value #SAMPLE} nodes drawn by weight are compared:
 * with equal weights the busiest of n nodes then carries ln ln n / ln 16 requests more than the
 * mean, give or take a constant [1], where a single random choice would carry ln n / ln ln n.
 *
 * <p>[1] Y. Azar, A. Broder, A. Karlin, E. Upfal, Balanced Allocations, SIAM J. Comput. 29(1),
 * 1999.
 */
final class LeastLoaded implements Balancer {
  static final int MAX_SCAN = 64;
  static final int SAMPLE = 16;

  /** What is counted. */
  enum Load {
    REQUESTS,
    CONNECTIONS
  }

  private final Load load;
  private final Node[] nodes;
  private final int[] weights;
  private final AliasTable shares;
  private final boolean equal;

  LeastLoaded(Load load, Node[] nodes) {
    this.load = load;
    this.nodes = nodes;
    this.weights = Weights.of(nodes);
    this.shares = new AliasTable(weights);
    this.equal = Weights.areEqual(weights);
  }

  @Override
  public Node pick(int hash, @Nullable Node avoid, RandomGenerator random) {
    boolean scan = nodes.length <= MAX_SCAN;
    int looks = scan ? nodes.length : SAMPLE;
    long chance = random.nextLong(); // one question to the outside; the rest is mixed from it
    int index = (int) Math.unsignedMultiplyHigh(chance, nodes.length);
    int best = -1;
    long bestLoad = 0;
    for (int look = 0; look < looks; look++) {
      if (scan) {
        index = index + 1 == nodes.length ? 0 : index + 1;
      } else {
        chance += Hashing.GOLDEN_RATIO;
        long point = Hashing.mix(chance);
        index =
            equal ? (int) Math.unsignedMultiplyHigh(point, nodes.length) : shares.indexAt(point);
      }
      Node node = nodes[index];
      if (node == avoid) {
        continue;
      }
      long nodeLoad = load(node) + 1L;
      if (best < 0 || nodeLoad * weights[best] < bestLoad * weights[index]) {
        best = index;
        bestLoad = nodeLoad;
      }
    }
    return best >= 0 ? nodes[best] : Weights.otherThan(nodes[index], nodes, index);
  }

  private int load(Node node) {
    return switch (load) {
      case REQUESTS -> node.inFlight();
      case CONNECTIONS -> node.connections();
    };
  }
}
