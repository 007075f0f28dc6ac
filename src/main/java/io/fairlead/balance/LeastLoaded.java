package io.fairlead.balance;

import io.fairlead.service.Node;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * The node at which one more request costs least: by the number of requests or connections there,
 * counted over all event loops, and by what {@link Estimates} say of it.
 *
 * <p>Up to {@code scan} nodes it looks at all of them, beginning anywhere so that ties are not
 * always decided for the same one. Beyond, {@code looks} nodes are compared, drawn by weight and,
 * where all weigh the same, one from each of so many equal parts of the list, so that no node is
 * looked at twice. The busiest of n nodes then carries ln ln n / ln looks requests more than the
 * mean, give or take a constant [1]: 1.1 for 10,000 nodes and eight looks, where sixteen would make
 * it 0.8 and a single random choice some 4. Most of a look is waiting for memory, so where only
 * requests are counted the second eight would cost as much as the first and gain a third of a
 * request; where nodes differ in speed they find the fast ones.
 *
 * <p>The looks do not depend on each other and are compared without a branch, the order of looking
 * being the lower half of what is compared: the processor then waits for several at once.
 *
 * <p>[1] Y. Azar, A. Broder, A. Karlin, E. Upfal, Balanced Allocations, SIAM J. Comput. 29(1),
 * 1999.
 */
final class LeastLoaded implements Balancer {
  static final int MAX_SCAN = 32;
  static final int LOOKS = 8;
  static final int MAX_TIMED_SCAN = 64;
  static final int TIMED_LOOKS = 16;

  /** More than any cost. */
  private static final long NONE = Long.MAX_VALUE;

  /** What is counted. */
  enum Load {
    REQUESTS,
    CONNECTIONS
  }

  private final boolean requests;
  private final Node[] nodes;
  private final Estimates estimates;
  private final int looks;

  /** Draws by weight; null: all weigh the same, or all are looked at. */
  private final @Nullable AliasTable shares;

  private LeastLoaded(
      Load load, Node[] nodes, float[] weights, Estimates estimates, int scan, int looks) {
    boolean sampled = nodes.length > scan;
    this.requests = load == Load.REQUESTS;
    this.nodes = nodes;
    this.estimates = estimates;
    this.looks = sampled ? looks : 0;
    this.shares = sampled && !Weights.areEqual(weights) ? new AliasTable(weights) : null;
  }

  static LeastLoaded byCount(Load load, Node[] nodes, float[] weights) {
    return new LeastLoaded(load, nodes, weights, new Estimates.ByWeight(weights), MAX_SCAN, LOOKS);
  }

  static LeastLoaded byTime(Node[] nodes, float[] weights, Estimates estimates) {
    return new LeastLoaded(Load.REQUESTS, nodes, weights, estimates, MAX_TIMED_SCAN, TIMED_LOOKS);
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
    long chance = random.nextLong(); // one question to the outside; the rest is mixed from it
    Scores scores = estimates.scores();
    return looks == 0 ? scan(scores, chance, avoid) : sample(scores, chance, avoid);
  }

  private Node scan(Scores scores, long chance, @Nullable Node avoid) {
    int start = (int) Math.unsignedMultiplyHigh(chance, nodes.length);
    long best = NONE;
    for (int i = start; i < nodes.length; i++) {
      best = Math.min(best, seen(scores, i, i, avoid));
    }
    for (int i = 0; i < start; i++) {
      best = Math.min(best, seen(scores, i, i + nodes.length, avoid));
    }
    int order = (int) best;
    return best == NONE ? nodes[start] : nodes[order < nodes.length ? order : order - nodes.length];
  }

  private Node sample(Scores scores, long chance, @Nullable Node avoid) {
    long best = NONE;
    for (int look = 0; look < looks; look++) {
      best = Math.min(best, seen(scores, drawn(chance, look), look, avoid));
    }
    int index = drawn(chance, best == NONE ? 0 : (int) best);
    return best == NONE ? Weights.otherThan(nodes[index], nodes, index) : nodes[index];
  }

  /** The node of one look: the same question, the same answer. */
  private int drawn(long chance, int look) {
    long point = Hashing.mix(chance + look * Hashing.GOLDEN_RATIO);
    AliasTable byWeight = shares;
    if (byWeight != null) {
      return byWeight.indexAt(point);
    }
    // The first look wins ties: it must not always fall into the same part.
    int part = (look + (int) chance) & (looks - 1);
    int within = (int) Math.unsignedMultiplyHigh(point, nodes.length);
    return (part * nodes.length + within) / looks;
  }

  /** Cost with the request, above the order of looking: the least is the best. */
  private long seen(Scores scores, int index, int order, @Nullable Node avoid) {
    Node node = nodes[index];
    // No cost is negative, and the bits of such floats are in the order of their values.
    float cost = scores.of(index, requests ? node.inFlight() : node.connections(), node);
    return node == avoid ? NONE : (long) Float.floatToRawIntBits(cost) << 32 | order;
  }
}
