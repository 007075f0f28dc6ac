package io.fairlead.balance;

import io.fairlead.service.Node;
import io.fairlead.service.NodeSet;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Each key has one of the nodes, and no other is ever given in its place: each node draws a number
 * from its own name and the key, and the highest wins [1]. Whoever knows the same names of the same
 * available nodes finds the same one, in whatever order they are named.
 *
 * <p>If a node goes, its keys move and no others; if it comes back, they move back, and no others.
 * Unlike {@link RendezvousHash} it goes by names and not by addresses, knows no weights, and does
 * not leave out a node that has just failed: writes of one key at two nodes are what it is to
 * prevent.
 *
 * <p>[1] D. Thaler, C. Ravishankar, Using Name-Based Mappings to Increase Hit Rates, IEEE/ACM
 * Transactions on Networking 6(1), 1998.
 */
public final class KeyedHash implements Balancer {
  private final Node[] nodes;
  private final long[] seeds;

  private KeyedHash(Node[] nodes) {
    this.nodes = nodes;
    this.seeds = new long[nodes.length];
    for (int i = 0; i < nodes.length; i++) {
      seeds[i] = seed(nodes[i].name());
    }
  }

  /** Among the available nodes of that set. */
  public static Balancer of(NodeSet nodes) {
    Node[] available = nodes.available();
    return available.length == 0 ? new NoNode() : new KeyedHash(available);
  }

  /** Of a key that somebody has written; the same in every instance and after every restart. */
  public static int hash(String key) {
    return (int) (seed(key) >>> Integer.SIZE);
  }

  /**
   * Which of the names has the key: the index of one of them.
   *
   * @param names one or more, all different
   */
  public static int holder(List<String> names, int hash) {
    return highest(names.stream().mapToLong(KeyedHash::seed).toArray(), hash);
  }

  @Override
  public Node pick(int hash, @Nullable Node avoid, RandomGenerator random) {
    return nodes[highest(seeds, hash)];
  }

  /** Different seeds draw different numbers: what is mixed differs, and mixing loses nothing. */
  private static int highest(long[] seeds, int hash) {
    int best = 0;
    long most = Long.MIN_VALUE;
    for (int i = 0; i < seeds.length; i++) {
      long drawn = Hashing.mix(seeds[i] ^ hash);
      if (drawn > most) {
        best = i;
        most = drawn;
      }
    }
    return best;
  }

  private static long seed(String text) {
    return Hashing.of(text.getBytes(StandardCharsets.UTF_8));
  }
}
