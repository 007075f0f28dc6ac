package io.fairlead.balance;

import io.fairlead.config.BalanceConfig;
import io.fairlead.config.SubsetConfig;
import io.fairlead.service.Node;
import io.fairlead.service.NodeSet;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.Set;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * One of several instances that share very many nodes uses a part of them, so that not every
 * instance keeps connections to every node. If none of that part is available, all are used.
 *
 * <p>Every node is used by the same number of instances: it names those that draw the best numbers
 * from its own hash and theirs [1] and that have not been named too often yet; nodes name in the
 * order of their hashes. So instances need not talk, the order in which nodes are written does not
 * matter, and a node that comes or goes moves few others: most still name whom they named before.
 *
 * <p>[1] As in {@link RendezvousHash}; with a bound as in {@link MaglevHash}.
 */
final class InSubset implements Balancer {
  /** How much more often than the mean an instance may be named. */
  private static final double SLACK = 1.02;

  private final Balancer balancer;
  private final Node[] members;
  private final SubsetConfig config;
  private final Set<Node> chosen;

  private InSubset(Balancer balancer, Node[] members, SubsetConfig config, Set<Node> chosen) {
    this.balancer = balancer;
    this.members = members;
    this.config = config;
    this.chosen = chosen;
  }

  static Balancer of(
      BalanceConfig config, NodeSet nodes, long epochMillis, @Nullable Balancer previous) {
    InSubset before = previous instanceof InSubset other ? other : null;
    // Who is a member says the array itself: another membership is another array.
    Set<Node> chosen =
        before != null
                && Arrays.equals(before.members, nodes.all())
                && before.config.equals(config.subset())
            ? before.chosen
            : choose(config.subset(), nodes.all());
    NodeSet part = nodes.only(chosen::contains);
    return new InSubset(
        Kinds.layered(
            config,
            part.available().length == 0 ? nodes : part,
            epochMillis,
            before == null ? previous : before.balancer),
        nodes.all(),
        config.subset(),
        chosen);
  }

  private static Set<Node> choose(SubsetConfig config, Node[] members) {
    long[] hashes = new long[members.length];
    for (int i = 0; i < hashes.length; i++) {
      hashes[i] = Hashing.of(members[i]);
    }
    Set<Node> chosen = new HashSet<>();
    for (int node : usedBy(hashes, config.size(), config.instances())[config.instance()]) {
      chosen.add(members[node]);
    }
    return chosen;
  }

  /**
   * Who uses whom.
   *
   * @param nodes their hashes
   * @return for each instance the nodes that it uses
   */
  static int[][] usedBy(long[] nodes, int size, int instances) {
    int[] order =
        IntStream.range(0, nodes.length)
            .boxed()
            .sorted(Comparator.comparingLong(i -> nodes[i]))
            .mapToInt(Integer::intValue)
            .toArray();
    int each =
        Math.clamp(Math.round((double) instances * size / Math.max(1, nodes.length)), 1, instances);
    int most = (int) Math.ceil(SLACK * nodes.length * each / instances);
    int[][] uses = new int[instances][most];
    int[] count = new int[instances];
    // A draw above, the instance below: sorting the one sorts the other.
    long[] draws = new long[instances];
    long mask = Integer.highestOneBit(instances) * 2L - 1;
    for (int node : order) {
      for (int i = 0; i < instances; i++) {
        draws[i] = (Hashing.mix(nodes[node] ^ Hashing.mix(i)) & ~mask) | i;
      }
      Arrays.sort(draws);
      int named = 0;
      for (int i = 0; i < instances && named < each; i++) {
        int instance = (int) (draws[i] & mask);
        if (count[instance] < most) {
          uses[instance][count[instance]++] = node;
          named++;
        }
      }
    }
    for (int i = 0; i < instances; i++) {
      uses[i] = Arrays.copyOf(uses[i], count[i]);
    }
    return uses;
  }

  /** Whether this instance uses the node. */
  boolean isChosen(Node node) {
    return chosen.contains(node);
  }

  Balancer balancer() {
    return balancer;
  }

  @Override
  public @Nullable Node pick(int hash, @Nullable Node avoid, RandomGenerator random) {
    return balancer.pick(hash, avoid, random);
  }

  @Override
  public boolean tick(long now) {
    return balancer.tick(now);
  }

  @Override
  public @Nullable NodeEstimate estimateOf(Node node) {
    return balancer.estimateOf(node);
  }
}
