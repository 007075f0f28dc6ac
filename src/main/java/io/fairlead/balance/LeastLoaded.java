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
 * <p>Where most nodes have nothing in flight and are not alike, the cheapest are looked at first
 * ({@link Ranking}), which mostly finds the very best after a few looks; if {@value #RANKED_LOOKS}
 * of very many nodes do not suffice, the others are sampled.
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

  /** So many of the cheapest are looked at before some at random. */
  static final int RANKED_LOOKS = 32;

  /** Steps from one point to the next (D. Knuth, MMIX); the upper bits are the good ones. */
  private static final long MULTIPLIER = 6364136223846793005L;

  /** Of a node's index, below the number of the look. */
  private static final int INDEX_BITS = 26;

  private static final int MAX_INDEX = (1 << INDEX_BITS) - 1;

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
  private final int looksLog;

  /** Draws by weight; null: all weigh the same, or all are looked at. */
  private final @Nullable AliasTable shares;

  private LeastLoaded(
      Load load, Node[] nodes, float[] weights, Estimates estimates, int scan, int looks) {
    boolean sampled = nodes.length > scan;
    this.requests = load == Load.REQUESTS;
    this.nodes = nodes;
    this.estimates = estimates;
    this.looks = sampled ? looks : 0;
    this.looksLog = Integer.numberOfTrailingZeros(looks);
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
    Ranking ranking = scores.ranking();
    if (ranking != null) {
      return walk(ranking, scores, chance, avoid);
    }
    return looks == 0 ? scan(scores, chance, avoid) : sample(scores, chance, NONE, avoid);
  }

  /** The cheapest first, until none that follows can be better. */
  private Node walk(Ranking ranking, Scores scores, long chance, @Nullable Node avoid) {
    Node[] all = nodes;
    int[] order = ranking.order();
    float[] empty = ranking.cost();
    float[] cost = scores.cost();
    boolean plain = scores.isPlain();
    int limit = looks == 0 ? all.length : Math.min(RANKED_LOOKS, all.length);
    int first = ranking.first();
    int start = (int) Math.unsignedMultiplyHigh(chance, first);
    long best = NONE;
    for (int look = 0; look < limit; look++) {
      int rank = rank(look, start, first);
      if ((long) Float.floatToRawIntBits(empty[rank]) << 32 >= best) {
        return all[order[rank((int) best, start, first)]];
      }
      best = Math.min(best, seen(all, scores, cost, plain, order[rank], look, avoid));
    }
    if (best != NONE) {
      best = (best >>> 32) << 32 | order[rank((int) best, start, first)];
    }
    if (looks > 0) {
      return sample(scores, chance, best, avoid);
    }
    return best == NONE ? all[0] : all[(int) best & MAX_INDEX];
  }

  private Node scan(Scores scores, long chance, @Nullable Node avoid) {
    Node[] all = nodes;
    int start = (int) Math.unsignedMultiplyHigh(chance, all.length);
    float[] cost = scores.cost();
    boolean plain = scores.isPlain();
    long best = NONE;
    for (int i = start; i < all.length; i++) {
      best = Math.min(best, seen(all, scores, cost, plain, i, i, avoid));
    }
    for (int i = 0; i < start; i++) {
      best = Math.min(best, seen(all, scores, cost, plain, i, i + all.length, avoid));
    }
    int order = (int) best;
    return best == NONE ? all[start] : all[order < all.length ? order : order - all.length];
  }

  /** The first of the ranking cost the same: round them, beginning anywhere. */
  private static int rank(int look, int start, int first) {
    if (look >= first) {
      return look;
    }
    int rank = start + look;
    return rank < first ? rank : rank - first;
  }

  /**
   * @param found the best so far, if any
   */
  private Node sample(Scores scores, long chance, long found, @Nullable Node avoid) {
    Node[] all = nodes;
    AliasTable byWeight = shares;
    float[] cost = scores.cost();
    boolean plain = scores.isPlain();
    // The first look wins ties: it must not always fall into the same part of the list.
    int first = (int) chance;
    long point = chance;
    long best = found;
    for (int look = 0; look < looks; look++) {
      point = point * MULTIPLIER + Hashing.GOLDEN_RATIO;
      int index =
          byWeight != null
              ? byWeight.indexAt(Hashing.mix(point))
              : (((look + first) & (looks - 1)) * all.length
                      + (int) Math.unsignedMultiplyHigh(point, all.length))
                  >>> looksLog;
      int order = look << INDEX_BITS | index;
      best = Math.min(best, seen(all, scores, cost, plain, index, order, avoid));
    }
    int index = (int) best & MAX_INDEX;
    return best == NONE && avoid != null
        ? Weights.otherThan(avoid, all, first & MAX_INDEX) // it was seen at every look
        : all[index];
  }

  /** Cost with the request, above the order of looking: the least is the best. */
  private long seen(
      Node[] all,
      Scores scores,
      float[] cost,
      boolean plain,
      int index,
      int order,
      @Nullable Node avoid) {
    Node node = all[index];
    long burden = requests ? node.burden() : node.connections();
    // No cost is negative, and the bits of such floats are in the order of their values.
    float price =
        plain && burden >> 32 == 0
            ? cost[index] * (1 + scores.each() * (int) burden)
            : scores.of(index, burden);
    return node == avoid ? NONE : (long) Float.floatToRawIntBits(price) << 32 | order;
  }
}
