package io.fairlead.balance;

import io.fairlead.service.Node;
import io.fairlead.service.NodeSet;
import java.util.Arrays;
import java.util.Comparator;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The same client keeps its node: one look into a table in which every member has slots in
 * proportion to its weight [1]. Members claim slots in turn, each in an order of its own, heavier
 * ones more often, so that the table of a slightly different membership is nearly the same.
 *
 * <p>The table is made from the members, not from those that are up, and stays while membership and
 * weights stay. A client whose node is not available is hashed again, {@value #MAX_ATTEMPTS} times
 * at most. So when a node goes down only its own clients move, spread over the others, and they
 * come back when it does.
 *
 * <p>When a member comes or goes, less than 1 % of the clients move without need (seen: 0.7 % at
 * 100 members, 0.5 % at 1,000). A member of share p among n has its share of the slots to within pn
 * + 2 of them; there are {@value #SLOTS_PER_MEMBER} slots or more per member up to 6,553 members.
 *
 * <p>[1] D. Eisenbud et al., Maglev: A Fast and Reliable Software Network Load Balancer, NSDI 2016.
 */
final class MaglevHash implements Balancer {
  /** Both prime, so that any step visits every slot. */
  static final int SMALL_TABLE = 65_537;

  static final int LARGE_TABLE = 655_373;
  static final int SLOTS_PER_MEMBER = 100;
  private static final int MAX_ATTEMPTS = 32;

  private final Node[] members;
  private final int[] weights;
  private final int[] slots;
  private final boolean[] available;

  private MaglevHash(Node[] members, int[] weights, int[] slots, boolean[] available) {
    this.members = members;
    this.weights = weights;
    this.slots = slots;
    this.available = available;
  }

  static MaglevHash of(NodeSet nodes, @Nullable Balancer previous) {
    Node[] members = nodes.all();
    int[] weights = new int[members.length];
    boolean[] available = new boolean[members.length];
    int next = 0;
    for (int i = 0; i < members.length; i++) {
      // both arrays of the set are in the same order
      available[i] = next < nodes.available().length && nodes.available()[next] == members[i];
      next += available[i] ? 1 : 0;
      weights[i] = Math.max(available[i] ? 1 : 0, members[i].facts().weight());
    }
    if (previous instanceof MaglevHash other
        && Arrays.equals(other.members, members)
        && Arrays.equals(other.weights, weights)) {
      return new MaglevHash(members, weights, other.slots, available);
    }
    return new MaglevHash(members, weights, table(members, weights), available);
  }

  @Override
  public Node pick(int hash, @Nullable Node avoid, RandomGenerator random) {
    long key = Hashing.mix(hash);
    int index = 0;
    for (int attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      index = slots[(int) Math.unsignedMultiplyHigh(key, slots.length)];
      if (available[index] && members[index] != avoid) {
        return members[index];
      }
      key = Hashing.mix(key);
    }
    return anyAvailable(index, avoid);
  }

  /** Nearly all are down, or one of two has most of the weight: the next in the list will do. */
  private Node anyAvailable(int start, @Nullable Node avoid) {
    int last = start;
    for (int i = 0; i < members.length; i++) {
      int index = (start + i) % members.length;
      if (available[index]) {
        last = index;
        if (members[index] != avoid) {
          break;
        }
      }
    }
    return members[last];
  }

  private static int[] table(Node[] members, int[] weights) {
    long[] hashes = new long[members.length];
    for (int i = 0; i < members.length; i++) {
      hashes[i] = Hashing.of(members[i]);
    }
    // by hash: what is named first in the file must not matter
    int[] order =
        IntStream.range(0, members.length)
            .filter(i -> weights[i] > 0)
            .boxed()
            .sorted(Comparator.comparingLong(i -> hashes[i]))
            .mapToInt(Integer::intValue)
            .toArray();
    int size = (long) order.length * SLOTS_PER_MEMBER <= SMALL_TABLE ? SMALL_TABLE : LARGE_TABLE;
    int[] slots = new int[size];
    Arrays.fill(slots, -1);
    int[] position = new int[members.length];
    int[] step = new int[members.length];
    for (int i : order) {
      position[i] = (int) Long.remainderUnsigned(hashes[i], size);
      step[i] = 1 + (int) Long.remainderUnsigned(Hashing.mix(hashes[i]), size - 1);
    }
    for (int member : turns(order, weights, hashes, size)) {
      int slot = position[member];
      while (slots[slot] >= 0) {
        slot = next(slot, step[member], size);
      }
      slots[slot] = member;
      position[member] = next(slot, step[member], size);
    }
    return slots;
  }

  private static int next(int slot, int step, int size) {
    int next = slot + step;
    return next >= size ? next - size : next;
  }

  /**
   * Who claims when: the heaviest in every round, one of weight w in the rounds in which r·w /
   * heaviest passes a whole number, shifted by the member's own phase lest all light ones claim in
   * the same round. Sorted by counting, so that uneven weights cost no empty rounds.
   */
  private static int[] turns(int[] order, int[] weights, long[] hashes, int size) {
    long sum = Weights.sum(weights);
    long heaviest = Arrays.stream(weights).max().orElseThrow();
    // each member may fall short of its due by one claim: count them in
    int rounds = (int) ((size + order.length) * heaviest / sum) + 1;
    int[] starts = new int[rounds + 1];
    for (int i : order) {
      double pace = (double) heaviest / weights[i];
      double phase = (hashes[i] >>> 11) * 0x1p-53;
      for (int claim = 1, round; (round = round(claim, phase, pace)) < rounds; claim++) {
        starts[round + 1]++;
      }
    }
    for (int round = 0; round < rounds; round++) {
      starts[round + 1] += starts[round];
    }
    int[] turns = new int[starts[rounds]];
    for (int i : order) {
      double pace = (double) heaviest / weights[i];
      double phase = (hashes[i] >>> 11) * 0x1p-53;
      for (int claim = 1, round; (round = round(claim, phase, pace)) < rounds; claim++) {
        turns[starts[round]++] = i;
      }
    }
    return Arrays.copyOf(turns, size);
  }

  private static int round(int claim, double phase, double pace) {
    return (int) Math.ceil((claim - phase) * pace) - 1;
  }
}
