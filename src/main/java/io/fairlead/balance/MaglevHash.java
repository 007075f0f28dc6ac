package io.fairlead.balance;

import io.fairlead.service.Node;
import io.fairlead.service.NodeFacts;
import io.fairlead.service.NodeSet;
import java.util.Arrays;
import java.util.Comparator;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The same key keeps its node: one look into a table in which every member has slots in proportion
 * to its weight [1]. Members claim slots in turn, each in an order of its own, heavier ones more
 * often, so that the table of a slightly different membership is nearly the same.
 *
 * <p>The table is made from the members, not from those that are up, and stays while membership and
 * weights stay. A key whose node is not available is hashed again, {@value #MAX_ATTEMPTS} times at
 * most. So when a node goes down only its own keys move, spread over the others, and they come back
 * when it does. A node that is trusted with a part of its share keeps that part of its keys.
 *
 * <p>When a member comes or goes, less than 1 % of the keys move without need (seen: 0.7 % at 100
 * members, 0.5 % at 1,000). A member of share p among n has its share of the slots to within pn + 2
 * of them; there are {@value #SLOTS_PER_MEMBER} slots or more per member up to 6,553 members.
 *
 * <p>With a bound no node gets more than {@code bound} times its share of the requests in flight
 * [2]: a key whose node is full is hashed again like that of one that is down. So a key that
 * everybody wants costs its affinity and not its node.
 *
 * <p>[1] D. Eisenbud et al., Maglev: A Fast and Reliable Software Network Load Balancer, NSDI 2016.
 * [2] V. Mirrokni, M. Thorup, M. Zadimoghaddam, Consistent Hashing with Bounded Loads, SODA 2018.
 */
final class MaglevHash implements Balancer {
  /** Both prime, so that any step visits every slot. */
  static final int SMALL_TABLE = 65_537;

  static final int LARGE_TABLE = 655_373;
  static final int SLOTS_PER_MEMBER = 100;

  /** Nine of ten keys stay at home while a quarter above the mean is nowhere exceeded. */
  static final float BOUND = 1.25f;

  /** With more, requests in flight are added up once a tick and not for every full node. */
  private static final int MAX_SUM = 64;

  private static final int MAX_ATTEMPTS = 32;

  private final Node[] members;
  private final float[] weights;
  private final int[] slots;

  /** Of its keys, by member, that it gets: 0 if it is not available. */
  private final float[] shares;

  /** By member: how many of the requests in flight it may have; empty if there is no bound. */
  private final float[] bounds;

  private volatile boolean touched;
  private volatile int inFlight;

  private MaglevHash(Node[] members, float[] weights, int[] slots, float[] shares, float[] bounds) {
    this.members = members;
    this.weights = weights;
    this.slots = slots;
    this.shares = shares;
    this.bounds = bounds;
    this.inFlight = sum();
  }

  /**
   * @param bound how far above the mean a node may be loaded; 0: as far as its keys want
   */
  static MaglevHash of(NodeSet nodes, SlowStart start, float bound, @Nullable Balancer previous) {
    Node[] members = nodes.all();
    float[] weights = new float[members.length];
    float[] shares = new float[members.length];
    int next = 0;
    float most = 0;
    for (int i = 0; i < members.length; i++) {
      NodeFacts facts = members[i].facts();
      // both arrays of the set are in the same order
      if (next < nodes.available().length && nodes.available()[next] == members[i]) {
        next++;
        shares[i] = Weights.share(facts, start);
      }
      most = Math.max(most, shares[i]);
      weights[i] = Math.max(shares[i] > 0 ? 1 : 0, facts.weight());
    }
    float[] bounds = bound == 0 ? new float[0] : new float[members.length];
    double sum = 0;
    for (int i = 0; i < members.length; i++) {
      shares[i] /= most;
      sum += weights[i] * shares[i];
    }
    for (int i = 0; i < bounds.length; i++) {
      bounds[i] = (float) (bound * weights[i] * shares[i] / sum);
    }
    int[] slots =
        previous instanceof MaglevHash other
                && Arrays.equals(other.members, members)
                && Arrays.equals(other.weights, weights)
            ? other.slots
            : table(members, weights);
    return new MaglevHash(members, weights, slots, shares, bounds);
  }

  @Override
  public boolean tick(long now) {
    boolean busy = touched;
    if (busy) {
      touched = false;
      inFlight = sum();
    }
    return busy;
  }

  @Override
  public Node pick(int hash, @Nullable Node avoid, RandomGenerator random) {
    if (bounds.length > MAX_SUM && !touched) {
      touched = true;
    }
    long key = Hashing.mix(hash);
    int index = 0;
    int all = -1;
    for (int attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      index = slots[(int) Math.unsignedMultiplyHigh(key, slots.length)];
      Node node = members[index];
      if (node != avoid && takes(index, key)) {
        int load = bounds.length == 0 ? 0 : node.inFlight();
        if (load == 0) {
          return node;
        }
        all = all < 0 ? (members.length <= MAX_SUM ? sum() : inFlight) : all;
        if (load < Math.ceil(bounds[index] * (all + 1))) {
          return node;
        }
      }
      key = Hashing.mix(key);
    }
    return anyAvailable(index, avoid);
  }

  /** How many slots each member has. */
  int[] slotsByMember() {
    int[] counts = new int[members.length];
    for (int member : slots) {
      counts[member]++;
    }
    return counts;
  }

  /** Whether the key belongs to the part of its keys that the node gets. */
  private boolean takes(int index, long key) {
    float share = shares[index];
    return share == 1 || (share > 0 && (Hashing.mix(~key) >>> 40) * 0x1p-24f < share);
  }

  private int sum() {
    int sum = 0;
    if (bounds.length > 0) {
      for (int i = 0; i < members.length; i++) {
        sum += shares[i] > 0 ? members[i].inFlight() : 0;
      }
    }
    return sum;
  }

  /** Nearly all are down, or one of two has most of the weight: the next in the list will do. */
  private Node anyAvailable(int start, @Nullable Node avoid) {
    int last = start;
    for (int i = 0; i < members.length; i++) {
      int index = (start + i) % members.length;
      if (shares[index] > 0) {
        last = index;
        if (members[index] != avoid) {
          break;
        }
      }
    }
    return members[last];
  }

  private static int[] table(Node[] members, float[] weights) {
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
  private static int[] turns(int[] order, float[] weights, long[] hashes, int size) {
    long sum = 0;
    long heaviest = 0;
    for (float weight : weights) {
      sum += (long) weight; // they are whole
      heaviest = Math.max(heaviest, (long) weight);
    }
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
