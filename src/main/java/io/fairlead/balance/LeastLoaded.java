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
 * with equal weights the busiest of n nodes then carries ln ln n / ln 8 requests more than the
 * mean, give or take a constant [1]: 1.1 for 10,000 nodes, where sixteen looks would make it 0.8
 * and a single random choice some 4. Most of a look is waiting for memory, so the second eight
 * would cost as much as the first and gain a third of a request.
 *
 * <p>The looks do not depend on each other and are compared without a branch, the order of looking
 * being the lower half of what is compared: the processor then waits for several at once.
 *
 * <p>[1] Y. Azar, A. Broder, A. Karlin, E. Upfal, Balanced Allocations, SIAM J. Comput. 29(1),
 * 1999.
 */
final class LeastLoaded implements Balancer {
  static final int MAX_SCAN = 32;
  static final int SAMPLE = 8;

  /** More than any load per weight. */
  private static final long NONE = Long.MAX_VALUE;

  /** What is counted. */
  enum Load {
    REQUESTS,
    CONNECTIONS
  }

  private final boolean requests;
  private final Node[] nodes;

  /** One through the weight of each. */
  private final float[] relief;

  /** Draws by weight; null: all weigh the same, or all are looked at. */
  private final @Nullable AliasTable shares;

  LeastLoaded(Load load, Node[] nodes) {
    int[] weights = Weights.of(nodes);
    boolean sampled = nodes.length > MAX_SCAN;
    this.requests = load == Load.REQUESTS;
    this.nodes = nodes;
    this.relief = new float[nodes.length];
    this.shares = sampled && !Weights.areEqual(weights) ? new AliasTable(weights) : null;
    for (int i = 0; i < relief.length; i++) {
      relief[i] = 1f / weights[i];
    }
  }

  @Override
  public Node pick(int hash, @Nullable Node avoid, RandomGenerator random) {
    long chance = random.nextLong(); // one question to the outside; the rest is mixed from it
    return nodes.length <= MAX_SCAN ? scan(chance, avoid) : sample(chance, avoid);
  }

  private Node scan(long chance, @Nullable Node avoid) {
    int start = (int) Math.unsignedMultiplyHigh(chance, nodes.length);
    long best = NONE;
    for (int i = start; i < nodes.length; i++) {
      best = Math.min(best, seen(i, i, avoid));
    }
    for (int i = 0; i < start; i++) {
      best = Math.min(best, seen(i, i + nodes.length, avoid));
    }
    int order = (int) best;
    return best == NONE ? nodes[start] : nodes[order < nodes.length ? order : order - nodes.length];
  }

  private Node sample(long chance, @Nullable Node avoid) {
    long best = NONE;
    for (int look = 0; look < SAMPLE; look++) {
      best = Math.min(best, seen(drawn(chance, look), look, avoid));
    }
    int index = drawn(chance, best == NONE ? 0 : (int) best);
    return best == NONE ? Weights.otherThan(nodes[index], nodes, index) : nodes[index];
  }

  /** The node of one look: the same question, the same answer. */
  private int drawn(long chance, int look) {
    long point = Hashing.mix(chance + look * Hashing.GOLDEN_RATIO);
    AliasTable byWeight = shares;
    return byWeight == null
        ? (int) Math.unsignedMultiplyHigh(point, nodes.length)
        : byWeight.indexAt(point);
  }

  /** Load per weight with the request, above the order of looking: the least is the best. */
  private long seen(int index, int order, @Nullable Node avoid) {
    Node node = nodes[index];
    // No load is negative, and the bits of such floats are in the order of their values.
    float load = (1f + (requests ? node.inFlight() : node.connections())) * relief[index];
    return node == avoid ? NONE : (long) Float.floatToRawIntBits(load) << 32 | order;
  }
}
