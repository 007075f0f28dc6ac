package io.fairlead.balance;

import io.fairlead.service.Node;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** Any node, in proportion to weight, whatever came before. */
final class RandomChoice implements Balancer {
  private static final int MAX_ATTEMPTS = 4;

  private final Node[] nodes;
  private final AliasTable shares;

  RandomChoice(Node[] nodes, float[] weights) {
    this.nodes = nodes;
    this.shares = new AliasTable(weights);
  }

  @Override
  public Node pick(int hash, @Nullable Node avoid, RandomGenerator random) {
    int index = 0;
    for (int attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      index = shares.indexAt(random.nextLong());
      if (nodes[index] != avoid) {
        return nodes[index];
      }
    }
    return Weights.otherThan(nodes[index], nodes, random.nextInt(nodes.length));
  }
}
