package io.fairlead.balance;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.service.Service;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Which member has a key: evenly, by all alike, and with as few moves as there can be. */
class KeyedHashTest {
  private static final int KEYS = 20_000;

  private static List<String> names(int count) {
    List<String> names = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      names.add(Character.toString('a' + i));
    }
    return names;
  }

  private static String holder(List<String> names, int key) {
    return names.get(KeyedHash.holder(names, KeyedHash.hash("tenant-" + key)));
  }

  @Test
  void keysAreSpreadEvenly() {
    for (int members = 1; members <= 16; members++) {
      List<String> names = names(members);
      int[] counts = new int[members];
      for (int key = 0; key < KEYS; key++) {
        counts[KeyedHash.holder(names, KeyedHash.hash("tenant-" + key))]++;
      }
      double mean = (double) KEYS / members;
      double five = 5 * Math.sqrt(mean); // by chance once in two million
      for (int count : counts) {
        assertThat((double) count).as("of %d", members).isBetween(mean - five, mean + five);
      }
    }
  }

  @Test
  void onlyTheKeysOfAMemberThatGoesMoveAndOnlyTheyComeBack() {
    List<String> all = names(5);
    for (String gone : all) {
      List<String> left = new ArrayList<>(all);
      left.remove(gone);
      int[] got = new int[left.size()];
      for (int key = 0; key < KEYS; key++) {
        String before = holder(all, key);
        String after = holder(left, key);
        if (before.equals(gone)) {
          got[left.indexOf(after)]++;
        } else {
          assertThat(after).isEqualTo(before);
        }
      }
      assertThat(got).as("shared by the others").doesNotContain(0);
    }
  }

  @Test
  void theOrderOfTheNamesDoesNotMatter() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    List<String> names = names(7);
    List<String> other = new ArrayList<>(names);
    for (int key = 0; key < KEYS; key++) {
      if (key % 100 == 0) {
        Collections.shuffle(other, random);
      }
      assertThat(holder(other, key)).as("seed %d", seed).isEqualTo(holder(names, key));
    }
  }

  /** Instances of another version have to find the same. */
  @Test
  void itStaysTheSame() {
    StringBuilder holders = new StringBuilder();
    for (int key = 0; key < 32; key++) {
      holders.append(holder(names(3), key));
    }
    assertThat(holders).hasToString("bcaacbaaaaaabacacbbacccabccbacbb");
  }

  @Test
  void nodesThatAreNotAvailableHaveNone() {
    Service service = BalancerTest.service(1, 1, 1);
    SplittableRandom random = new SplittableRandom(1);
    Balancer all = KeyedHash.of(service.nodes());
    service.setUp(service.nodes().all()[1], false, "down");
    Balancer two = KeyedHash.of(service.nodes());
    for (int key = 0; key < 1000; key++) {
      String before = String.valueOf(all.pick(key, null, random));
      String after = String.valueOf(two.pick(key, service.nodes().all()[0], random));
      assertThat(after).isNotEqualTo(service.nodes().all()[1].toString());
      if (!before.equals(service.nodes().all()[1].toString())) {
        assertThat(after).as("whichever failed").isEqualTo(before);
      }
    }
    for (var node : service.nodes().all()) {
      service.setUp(node, false, "down");
    }
    assertThat(KeyedHash.of(service.nodes()).pick(1, null, random)).isNull();
  }
}
