package io.fairlead.insight.deploy;

import io.fairlead.telemetry.NodeAnswers;
import java.util.IdentityHashMap;
import java.util.Set;

/** What nodes have answered since the last time, added up by version and route class. */
public final class Readings {
  private final IdentityHashMap<NodeAnswers, int[][]> last = new IdentityHashMap<>();

  /**
   * Adds what a node has answered to some classes; of one that is seen for the first time nothing.
   *
   * @param into by class; as many are read
   */
  public void read(NodeAnswers node, Answers[] into) {
    int[][] known = last.get(node);
    boolean first = known == null || known.length != into.length;
    int[][] now = new int[into.length][NodeAnswers.LENGTH];
    for (int i = 0; i < into.length; i++) {
      node.read(i, now[i]);
      if (!first && known != null) {
        add(known[i], now[i], into[i]);
      }
    }
    last.put(node, now);
  }

  private static void add(int[] before, int[] now, Answers into) {
    int errors = now[NodeAnswers.ERRORS] - before[NodeAnswers.ERRORS];
    into.errors += Math.max(0, errors);
    for (int i = 0; i < into.clients.length; i++) {
      into.clients[i] +=
          Math.max(0, now[NodeAnswers.CLIENTS + i] - before[NodeAnswers.CLIENTS + i]);
    }
    // Those that wait too long count while they wait, and not again when they end.
    int waiting = now[NodeAnswers.AGED] - now[NodeAnswers.CAUGHT_UP];
    int more = waiting - (before[NodeAnswers.AGED] - before[NodeAnswers.CAUGHT_UP]);
    int counted = Math.max(0, -more);
    for (int i = NodeAnswers.BUCKET_COUNT - 1; i >= 0; i--) {
      int came = Math.max(0, now[NodeAnswers.BUCKETS + i] - before[NodeAnswers.BUCKETS + i]);
      int again = Math.min(counted, came);
      counted -= again;
      into.good(i, came - again);
    }
    into.good(NodeAnswers.BUCKET_COUNT - 1, Math.max(0, more));
  }

  /** Forgets the others. */
  public void keep(Set<NodeAnswers> nodes) {
    last.keySet().retainAll(nodes);
  }
}
