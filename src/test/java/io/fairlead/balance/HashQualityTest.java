package io.fairlead.balance;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.BalanceConfig;
import io.fairlead.config.BalanceMethod;
import io.fairlead.config.SubsetConfig;
import io.fairlead.service.Node;
import io.fairlead.service.NodeSpec;
import io.fairlead.service.Service;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** How evenly hashing spreads, and how little it moves when nodes come and go. */
class HashQualityTest {
  private final long seed = System.nanoTime();
  private final SplittableRandom random = new SplittableRandom(seed);

  private static Service service(int nodes) {
    return BalancerTest.service(IntStream.range(0, nodes).map(_ -> 1).toArray());
  }

  /** A thousand nodes: no table is further off than a hundredth, and few keys move needlessly. */
  @Test
  void aTableIsEvenAndKeepsKeysWhereTheyAre() {
    Service service = service(1000);
    MaglevHash before = MaglevHash.of(service.nodes(), SlowStart.NONE, 0, null);
    int[] counts = before.slotsByMember();
    double mean = Arrays.stream(counts).average().orElseThrow();
    assertThat(Arrays.stream(counts).max().orElseThrow() / mean).isLessThanOrEqualTo(1.01);
    int[] removed = {1, 10, 100};
    // The large table, which a thousand nodes get, was seen to need 0.3, 0.6 and 1.1 %.
    double[] needless = {0.006, 0.025, 0.045};
    for (int i = 0; i < removed.length; i++) {
      List<NodeSpec> fewer =
          new ArrayList<>(BalancerTest.specs(IntStream.range(0, 1000).map(_ -> 1).toArray()));
      Set<String> gone = new HashSet<>();
      while (gone.size() < removed[i]) {
        gone.add("n" + random.nextInt(1000));
      }
      fewer.removeIf(spec -> gone.contains(spec.name()));
      Service other = service(1);
      other.setMembers(fewer);
      MaglevHash after = MaglevHash.of(other.nodes(), SlowStart.NONE, 0, null);
      int moved = 0;
      int keys = 50_000;
      for (int key = 0; key < keys; key++) {
        String was = before.pick(key, null, random).name();
        moved += gone.contains(was) || was.equals(after.pick(key, null, random).name()) ? 0 : 1;
      }
      assertThat((double) moved / keys)
          .as("%s of 1000 gone, seed %s", removed[i], seed)
          .isLessThanOrEqualTo(needless[i]);
    }
  }

  /**
   * 20 nodes, 10,000 keys of which few are wanted by many (Zipf, 0.9), 2000 requests in flight.
   * Which node the most wanted keys fall to decides how many can stay at home: seen for single sets
   * of keys 0.88 to 0.94, for the mean of twelve 0.907.
   */
  @Test
  void aBoundHoldsAndMostKeysStayAtHome() {
    double home = 0;
    int sets = 12;
    for (int set = 0; set < sets; set++) {
      home += home(set) / sets;
    }
    assertThat(home).as("seed %s", seed).isGreaterThanOrEqualTo(0.9);
  }

  private double home(int set) {
    Service service = service(20);
    Balancer bounded = Balancer.of(new BalanceConfig(BalanceMethod.HASH), service.nodes(), 0, null);
    MaglevHash free = MaglevHash.of(service.nodes(), SlowStart.NONE, 0, null);
    double[] ends = new double[10_000];
    double sum = 0;
    for (int key = 0; key < ends.length; key++) {
      sum += 1 / Math.pow(key + 1, 0.9);
      ends[key] = sum;
    }
    ArrayDeque<Node> going = new ArrayDeque<>();
    int home = 0;
    int picks = 20_000;
    for (int i = 0; i < picks; i++) {
      int found = Arrays.binarySearch(ends, random.nextDouble() * sum);
      int key = (int) Hashing.mix((found < 0 ? -found - 1 : found) * 31L + set * 1_000_003L);
      Node node = bounded.pick(key, null, random);
      if (node == null) {
        throw new AssertionError("no node, seed " + seed);
      }
      home += node == free.pick(key, null, random) ? 1 : 0;
      node.requestStarted();
      going.add(node);
      if (going.size() > 2000) {
        going.remove().requestFinished();
        if (i % 50 == 0) {
          int most =
              Arrays.stream(service.nodes().all()).mapToInt(Node::inFlight).max().orElseThrow();
          assertThat(most / (2000 / 20.0)).as("seed %s", seed).isLessThanOrEqualTo(1.25 + 0.02);
        }
      }
    }
    return (double) home / picks;
  }

  private static long[] hashes(int count, int from) {
    return IntStream.range(from, from + count).mapToLong(i -> Hashing.mix(i * 977L)).toArray();
  }

  /** What a node gets if every instance spreads as much over its own part. */
  private static double mostLoaded(int[][] uses, int nodes) {
    double[] load = new double[nodes];
    for (int[] part : uses) {
      for (int node : part) {
        load[node] += 1.0 / part.length;
      }
    }
    return Arrays.stream(load).max().orElseThrow() / Arrays.stream(load).average().orElseThrow();
  }

  private static Map<Integer, Set<Long>> named(int[][] uses, long[] nodes) {
    Map<Integer, Set<Long>> named = new HashMap<>();
    for (int i = 0; i < uses.length; i++) {
      Set<Long> part = new HashSet<>();
      for (int node : uses[i]) {
        part.add(nodes[node]);
      }
      named.put(i, part);
    }
    return named;
  }

  private static int begun(Map<Integer, Set<Long>> before, Map<Integer, Set<Long>> after) {
    int begun = 0;
    for (Map.Entry<Integer, Set<Long>> part : after.entrySet()) {
      Set<Long> fresh = new HashSet<>(part.getValue());
      fresh.removeAll(before.getOrDefault(part.getKey(), Set.of()));
      begun += fresh.size();
    }
    return begun;
  }

  /** 300 instances before 300 nodes, 30 each. */
  @Test
  void partsOfAServiceAreEvenAndStay() {
    long[] nodes = hashes(300, 0);
    int[][] uses = InSubset.usedBy(nodes, 30, 300);
    assertThat(mostLoaded(uses, 300)).isLessThanOrEqualTo(1.1);
    Map<Integer, Set<Long>> before = named(uses, nodes);
    // One more instance takes 30 nodes, each of which then is used by one less.
    assertThat(begun(before, named(InSubset.usedBy(nodes, 30, 301), nodes)))
        .isLessThanOrEqualTo(2 * 30);
    // 30 more nodes: with 30 of 330 for each of 300 instances a node is used by 27, not by 30.
    long[] more = hashes(330, 0);
    int[][] then = InSubset.usedBy(more, 30, 300);
    assertThat(begun(before, named(then, more))).isLessThanOrEqualTo(2 * 30 * 27);
    assertThat(mostLoaded(then, 330)).isLessThanOrEqualTo(1.1);
    // A node that is replaced by another moves its own 30, and others that it crowds out.
    long[] replaced = nodes.clone();
    replaced[7] = Hashing.mix(-1);
    assertThat(begun(before, named(InSubset.usedBy(replaced, 30, 300), replaced)))
        .isLessThanOrEqualTo(3 * 30);
  }

  /** The quick way for few instances per node is the long way: by sorting all draws of each. */
  @Test
  void whoUsesWhomIsByTheLeastDrawsHoweverTheyAreFound() {
    SplittableRandom random = new SplittableRandom(20261128);
    for (int round = 0; round < 200; round++) {
      int instances = 1 + random.nextInt(40);
      long[] nodes = random.longs(1 + random.nextInt(120)).toArray();
      int size = 1 + random.nextInt(nodes.length);
      assertThat(InSubset.usedBy(nodes, size, instances))
          .as("round %d: %d instances, %d of %d nodes", round, instances, size, nodes.length)
          .isDeepEqualTo(byTheBook(nodes, size, instances));
    }
  }

  private static int[][] byTheBook(long[] nodes, int size, int instances) {
    int each = Math.clamp(Math.round((double) instances * size / nodes.length), 1, instances);
    int most = (int) Math.ceil(1.02 * nodes.length * each / instances);
    List<List<Integer>> uses = new ArrayList<>();
    IntStream.range(0, instances).forEach(_ -> uses.add(new ArrayList<>()));
    long mask = Integer.highestOneBit(instances) * 2L - 1;
    IntStream.range(0, nodes.length)
        .boxed()
        .sorted(Comparator.comparingLong(i -> nodes[i]))
        .forEach(node ->
            IntStream.range(0, instances)
                .boxed()
                .sorted(
                    Comparator.comparingLong(
                        i -> (Hashing.mix(nodes[node] ^ Hashing.mix(i)) & ~mask) | i))
                .filter(i -> uses.get(i).size() < most)
                .limit(each)
                .toList()
                .forEach(i -> uses.get(i).add(node)));
    return uses.stream()
        .map(part -> part.stream().mapToInt(Integer::intValue).toArray())
        .toArray(int[][]::new);
  }

  @Test
  void anInstanceUsesItsPartAndAllIfThatIsDown() {
    Service service = service(100);
    BalanceConfig config =
        new BalanceConfig(BalanceMethod.RANDOM).withSubset(new SubsetConfig(10, 3, 10));
    Balancer balancer = Balancer.of(config, service.nodes(), 0, null);
    Set<Node> used = new HashSet<>();
    for (int i = 0; i < 5000; i++) {
      Node node = balancer.pick(0, null, random);
      if (node != null) {
        used.add(node);
      }
    }
    assertThat(used).as("seed %s", seed).hasSizeBetween(7, 11);
    used.forEach(node -> service.setUp(node, false, "test"));
    assertThat(Balancer.of(config, service.nodes(), 0, balancer).pick(0, null, random)).isNotNull();
  }
}
