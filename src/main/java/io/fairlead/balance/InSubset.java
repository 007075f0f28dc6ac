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

  /** Up to so many are found by looking at all draws for each; more by sorting the draws. */
  private static final int FEW = 8;

  private final Balancer balancer;
  private final Node[] members;
  private final SubsetConfig config;
  private final Set<Node> chosen;

  /** None of the part is available, so all are used. */
  private final boolean all;

  private InSubset(
      Balancer balancer, Node[] members, SubsetConfig config, Set<Node> chosen, boolean all) {
    this.all = all;
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
    boolean all = part.available().length == 0;
    return new InSubset(
        Kinds.layered(
            config, all ? nodes : part, epochMillis, before == null ? previous : before.balancer),
        nodes.all(),
        config.subset(),
        chosen,
        all);
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
    long[] names = new long[instances];
    for (int i = 0; i < instances; i++) {
      names[i] = Hashing.mix(i);
    }
    // A draw above, the instance below: whoever finds the least draw has found the instance.
    long[] draws = new long[instances];
    long mask = Integer.highestOneBit(instances) * 2L - 1;
    for (int node : order) {
      int open = 0;
      for (int i = 0; i < instances; i++) {
        if (count[i] < most) {
          draws[open++] = (Hashing.mix(nodes[node] ^ names[i]) & ~mask) | i;
        }
      }
      least(draws, open, each);
      for (int i = 0; i < Math.min(each, open); i++) {
        int instance = (int) (draws[i] & mask);
        uses[instance][count[instance]++] = node;
      }
    }
    for (int i = 0; i < instances; i++) {
      uses[i] = Arrays.copyOf(uses[i], count[i]);
    }
    return uses;
  }

  /** Brings the least so many of the first {@code count} to the front, in order. */
  private static void least(long[] draws, int count, int wanted) {
    if (wanted > FEW) {
      Arrays.sort(draws, 0, count);
      return;
    }
    for (int first = 0; first < Math.min(wanted, count); first++) {
      int least = first;
      for (int i = first + 1; i < count; i++) {
        if (draws[i] < draws[least]) {
          least = i;
        }
      }
      long found = draws[least];
      draws[least] = draws[first];
      draws[first] = found;
    }
  }

  /** Whether this instance uses the node. */
  boolean isChosen(Node node) {
    return chosen.contains(node);
  }

  Balancer balancer() {
    return balancer;
  }

  @Override
  public boolean uses(Node node) {
    return all || isChosen(node);
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
