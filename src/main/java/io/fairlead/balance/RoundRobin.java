package io.fairlead.balance;

import io.fairlead.service.Node;
import java.util.concurrent.atomic.AtomicLong;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Each node in turn, in proportion to weight, evenly spread. All loops take their turns from one
 * cursor, which goes on when the set changes.
 *
 * <p>Weights are reduced by their common divisor. As long as one cycle is cheap to work out, its
 * order is that of smooth weighted round robin [1]: 5:1:1 gives {@code aabacaa}, and after m turns
 * a node of share p has had fewer than mp + 1 of them.
 *
 * <p>Many nodes with odd weights would make the cycle millions of turns long. Then turn k looks at
 * the point k·φ mod 1, φ the golden ratio, and takes the node whose share holds it ({@link
 * Shares}): no cycle is stored, and the number of turns a node got after m of them differs from its
 * due by at most 3 + 3.53·ln m [2].
 *
 * <p>[1] I. Sysoev, M. Dounin, NGINX, upstream round robin, 2012. [2] L. Kuipers, H. Niederreiter,
 * Uniform Distribution of Sequences, 1974, chapter 2, theorem 3.4, for partial quotients of 1.
 */
final class RoundRobin implements Balancer {
  /** Steps spent on working out a cycle; about a millisecond. */
  static final int MAX_STEPS = 1_000_000;

  private static final long GOLDEN_RATIO = 0x9E3779B97F4A7C15L;
  private static final int MAX_ATTEMPTS = 4;

  private final Node[] nodes;
  private final AtomicLong cursor;

  /** Indexes of nodes in order; null if the cycle is too long to be written down. */
  private final int @Nullable [] cycle;

  private final Shares shares;

  private RoundRobin(Node[] nodes, AtomicLong cursor, int @Nullable [] cycle, Shares shares) {
    this.nodes = nodes;
    this.cursor = cursor;
    this.cycle = cycle;
    this.shares = shares;
  }

  static RoundRobin of(Node[] nodes, float[] shares, @Nullable Balancer previous) {
    int[] weights = Weights.reduced(Weights.whole(shares));
    AtomicLong cursor = previous instanceof RoundRobin other ? other.cursor : new AtomicLong();
    return new RoundRobin(nodes, cursor, cycle(weights), new Shares(weights));
  }

  @Override
  public Node pick(int hash, @Nullable Node avoid, RandomGenerator random) {
    int index = 0;
    for (int attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      index = indexAt(cursor.getAndIncrement());
      if (nodes[index] != avoid) {
        return nodes[index];
      }
    }
    return Weights.otherThan(nodes[index], nodes, index); // heavy nodes have several turns in a row
  }

  private int indexAt(long turn) {
    int[] order = cycle;
    return order != null ? order[(int) (turn % order.length)] : shares.indexAt(turn * GOLDEN_RATIO);
  }

  static int @Nullable [] cycle(int[] weights) {
    long length = Weights.sum(weights);
    boolean equal = length == weights.length;
    if (!equal && length * weights.length > MAX_STEPS) {
      return null;
    }
    int[] cycle = new int[(int) length];
    long[] credit = new long[weights.length];
    for (int turn = 0; turn < cycle.length; turn++) {
      cycle[turn] = equal ? turn : richest(credit, weights, length);
    }
    return cycle;
  }

  private static int richest(long[] credit, int[] weights, long length) {
    int best = 0;
    for (int i = 0; i < weights.length; i++) {
      credit[i] += weights[i];
      if (credit[i] > credit[best]) {
        best = i;
      }
    }
    credit[best] -= length;
    return best;
  }
}
