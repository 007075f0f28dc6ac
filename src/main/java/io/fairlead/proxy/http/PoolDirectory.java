package io.fairlead.proxy.http;

import io.fairlead.service.Node;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * Which loops have unused connections to a node, so that one without can ask for one instead of
 * opening another (as HAProxy's threads take over idle connections). Read only when a loop has none
 * of its own.
 */
public final class PoolDirectory {
  private final int loops;
  private final ConcurrentHashMap<Node, AtomicReferenceArray<NodePool>> byNode =
      new ConcurrentHashMap<>();

  public PoolDirectory(int loops) {
    this.loops = loops;
  }

  int loops() {
    return loops;
  }

  void add(Node node, int loop, NodePool pool) {
    byNode.computeIfAbsent(node, n -> new AtomicReferenceArray<>(loops)).set(loop, pool);
  }

  void remove(Node node) {
    byNode.remove(node);
  }

  /** The other loop's pool with the most unused connections, or null if there is none. */
  @Nullable NodePool richest(Node node, int exceptLoop) {
    AtomicReferenceArray<NodePool> pools = byNode.get(node);
    if (pools == null) {
      return null;
    }
    NodePool best = null;
    int most = 0;
    for (int i = 0; i < loops; i++) {
      NodePool pool = i == exceptLoop ? null : pools.get(i);
      if (pool != null && pool.idleCount() > most) {
        most = pool.idleCount();
        best = pool;
      }
    }
    return best;
  }

  /** Unused connections to the node, over all loops. */
  public int idle(Node node) {
    AtomicReferenceArray<NodePool> pools = byNode.get(node);
    int sum = 0;
    for (int i = 0; pools != null && i < loops; i++) {
      NodePool pool = pools.get(i);
      sum += pool == null ? 0 : pool.idleCount();
    }
    return sum;
  }
}
