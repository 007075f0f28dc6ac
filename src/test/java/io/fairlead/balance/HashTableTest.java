package io.fairlead.balance;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.BalanceConfig;
import io.fairlead.config.BalanceMethod;
import io.fairlead.config.HostPort;
import io.fairlead.service.Node;
import io.fairlead.service.NodeSet;
import io.fairlead.service.NodeSpec;
import io.fairlead.service.Service;
import io.fairlead.telemetry.EventLog;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * How evenly hashing deals keys out, how many move without need, and what a bound on the load of a
 * node costs in affinity. {@code make bench-balance} prints the figures.
 */
final class HashTableTest {
  private static final int SIZE = MaglevHash.LARGE_TABLE;

  private static NodeSet members(int from, int to) {
    Service service = new Service("s", 1, new EventLog(() -> 0), () -> 0);
    List<NodeSpec> specs = new ArrayList<>();
    for (int i = from; i < to; i++) {
      specs.add(new NodeSpec(new HostPort("10.0.0.1", i + 1), "n" + i, 1, "", "file"));
    }
    service.setMembers(specs);
    return service.nodes();
  }

  /** The port of the node of every slot, found by asking until every slot has been met. */
  private static int[] table(NodeSet nodes) {
    Balancer balancer = Balancer.of(new BalanceConfig(BalanceMethod.IP_HASH), nodes, 0, null);
    SplittableRandom random = new SplittableRandom(1);
    int[] table = new int[SIZE];
    for (int hash = 0, left = SIZE; left > 0; hash++) {
      int slot = (int) Math.unsignedMultiplyHigh(Hashing.mix(hash), SIZE);
      if (table[slot] == 0) {
        table[slot] = Objects.requireNonNull(balancer.pick(hash, null, random)).address().port();
        left--;
      }
    }
    return table;
  }

  @Test
  void aThousandMembersShareEvenlyAndFewKeysMoveWithoutNeed() {
    int[] table = table(members(0, 1000));
    int[] counts = new int[1001];
    for (int port : table) {
      counts[port]++;
    }
    double uneven = Arrays.stream(counts).max().orElse(0) / (SIZE / 1000.0);
    print(
        String.format(
            Locale.ROOT, "1000 members, %d slots: largest share %.4f of the mean", SIZE, uneven));
    assertThat(uneven).isLessThanOrEqualTo(1.01);
    int[] gone = {1, 10, 100};
    double[] most = {0.006, 0.025, 0.045};
    for (int i = 0; i < gone.length; i++) {
      int[] after = table(members(gone[i], 1000));
      int moved = 0;
      for (int slot = 0; slot < SIZE; slot++) {
        moved += table[slot] > gone[i] && table[slot] != after[slot] ? 1 : 0;
      }
      print(
          String.format(
              Locale.ROOT,
              "%d of them leave: %.2f %% of keys move without need",
              gone[i],
              100.0 * moved / SIZE));
      assertThat((double) moved / SIZE).isLessThanOrEqualTo(most[i]);
    }
  }

  /**
   * Keys as popular as words in a text (Zipf with exponent 0.9), 2,000 requests in flight on 20
   * nodes.
   */
  @Test
  void aBoundKeepsPopularKeysFromOneNodeAndNineOfTenRequestsAtHome() {
    double[] ends = new double[10_000];
    double sum = 0;
    for (int key = 0; key < ends.length; key++) {
      sum += Math.pow(key + 1, -0.9);
      ends[key] = sum;
    }
    NodeSet nodes = members(0, 20);
    Balancer home = Balancer.of(new BalanceConfig(BalanceMethod.IP_HASH), nodes, 0, null);
    Balancer bounded = Balancer.of(new BalanceConfig(BalanceMethod.HASH), nodes, 0, null);
    SplittableRandom random = new SplittableRandom(2);
    @Nullable Node[] inFlight = new Node[2000];
    int most = 0;
    int atHome = 0;
    int picks = 0;
    for (int i = 0; i < 200_000; i++) {
      int place = i < inFlight.length ? i : random.nextInt(inFlight.length);
      Node before = inFlight[place];
      if (before != null) {
        before.requestFinished();
      }
      int found = Arrays.binarySearch(ends, random.nextDouble() * sum);
      int key = (int) Hashing.mix(found < 0 ? -found - 1 : found);
      Node node = Objects.requireNonNull(bounded.pick(key, null, random));
      node.requestStarted();
      inFlight[place] = node;
      if (i >= 20_000) {
        picks++;
        atHome += node == home.pick(key, null, random) ? 1 : 0;
        most = Math.max(most, Arrays.stream(nodes.all()).mapToInt(Node::inFlight).max().orElse(0));
      }
    }
    print(
        String.format(
            Locale.ROOT,
            "bound 1.25: most in flight %.3f of the mean, %.1f %% at home",
            most / 100.0,
            100.0 * atHome / picks));
    assertThat(most / 100.0).isLessThanOrEqualTo(1.27);
    assertThat((double) atHome / picks).isGreaterThanOrEqualTo(0.9);
  }

  private static void print(String line) {
    if (Boolean.getBoolean("fairlead.print")) {
      System.out.println(line);
    }
  }
}
