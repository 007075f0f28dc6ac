package io.fairlead.replication.manage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.ArrayList;
import java.util.List;
import java.util.SortedSet;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class VoterRuleTest {
  @ParameterizedTest
  @CsvSource({
    // voters, acks, recruits needed
    "a b,       1, 2",
    "a b,       2, 1",
    "a b c,     1, 3",
    "a b c,     2, 2",
    "a b c d e, 3, 3"
  })
  void howManyTakeNothingMoreFromThePrimary(String voters, int acks, int recruits) {
    VoterRule rule = VoterRule.of(List.of(voters.split(" ")), acks);
    assertThat(rule.recruits()).isEqualTo(recruits);
    assertThat(rule.isSafe()).isTrue();
  }

  @Test
  void namesThatAreNoWordsAreQuoted() {
    assertThat(VoterRule.of(List.of("a-1", "any", "B", "c_2"), 1).synchronousStandbyNames())
        .isEqualTo("ANY 1 (\"B\", \"a-1\", \"any\", c_2)");
  }

  @Test
  void strangersAndRepetitionsAreNotCounted() {
    VoterRule rule = VoterRule.of(List.of("a", "b", "c"), 2);
    assertThat(rule.isRecruited(List.of("a", "a", "x"))).isFalse();
    assertThat(rule.isRecruited(List.of("a", "c"))).isTrue();
    assertThat(rule.synchronousStandbyNames()).isEqualTo("ANY 2 (a, b, c)");
  }

  @Test
  void nobodyCanBeWaitedForWhoIsNotThere() {
    assertThatIllegalArgumentException().isThrownBy(() -> VoterRule.of(List.of("a"), 2));
    assertThatIllegalArgumentException().isThrownBy(() -> VoterRule.of(List.of("a"), 0));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "a b 1   | a b 1   | ANY 1 (a, b)",
        // one more: who elects asks all of the three first
        "a b 1   | a b c 1 | state 3 of [a, b, c]; ANY 1 (a, b, c)",
        "a b c 1 | a b 1   | ANY 1 (a, b); state 2 of [a, b]",
        "a b c 1 | a b c 2 | ANY 2 (a, b, c); state 2 of [a, b, c]",
        "a b c 2 | a b c 1 | state 3 of [a, b, c]; ANY 1 (a, b, c)",
        "a b 1   | c d 1   | state 4 of [a, b, c, d]; ANY 1 (c, d); state 2 of [c, d]",
      })
  void theOrderInWhichRulesChange(String from, String to, String steps) {
    List<String> said = new ArrayList<>();
    for (VoterRule.Step step : rule(from).stepsTo(names(to), acks(to))) {
      said.add(
          switch (step) {
            case VoterRule.Step.State(VoterRule rule) ->
                "state " + rule.recruits() + " of " + rule.voters();
            case VoterRule.Step.Names(VoterRule rule) -> rule.synchronousStandbyNames();
          });
    }
    assertThat(String.join("; ", said)).isEqualTo(steps);
  }

  /**
   * Whatever changes into whatever, and wherever it stops: any voters that a commit may have had
   * and any that may be recruited have one in common. Whoever goes on knows but what the group
   * remembers, and not what the primary waits for.
   */
  @RepeatedTest(10)
  void noElectionMissesACommitAtAnyMoment() {
    long seed = System.nanoTime();
    SplittableRandom random = new SplittableRandom(seed);
    for (int i = 0; i < 200; i++) {
      VoterRule remembered = random(random);
      VoterRule waitsFor = remembered;
      for (int change = 0; change < 4; change++) {
        VoterRule next = random(random);
        for (VoterRule.Step step : remembered.stepsTo(next.voters(), next.acks())) {
          switch (step) {
            case VoterRule.Step.State(VoterRule rule) -> remembered = rule;
            case VoterRule.Step.Names(VoterRule rule) -> {
              assertMeet(waitsFor, remembered, seed);
              waitsFor = rule;
            }
          }
          assertMeet(waitsFor, remembered, seed);
          if (random.nextInt(3) == 0) {
            break; // whoever did it is gone; another begins from here
          }
        }
      }
    }
  }

  private static void assertMeet(VoterRule waitsFor, VoterRule remembered, long seed) {
    assertMeet(waitsFor.names(), waitsFor.acks(), remembered.voters(), remembered.recruits(), seed);
    assertThat(remembered.isSafe()).as("seed %d", seed).isTrue();
  }

  private static void assertMeet(
      SortedSet<String> names, int acks, SortedSet<String> voters, int recruits, long seed) {
    TreeSet<String> all = new TreeSet<>(names);
    all.addAll(voters);
    List<String> order = List.copyOf(all);
    for (int one = 0; one < 1 << order.size(); one++) {
      if (Integer.bitCount(one) == acks && isOf(one, order, names)) {
        for (int other = 0; other < 1 << order.size(); other++) {
          if (Integer.bitCount(other) == recruits && isOf(other, order, voters)) {
            assertThat(one & other)
                .as("seed %d: %d of %s, %d of %s", seed, acks, names, recruits, voters)
                .isNotZero();
          }
        }
      }
    }
  }

  private static boolean isOf(int mask, List<String> order, SortedSet<String> set) {
    for (int i = 0; i < order.size(); i++) {
      if ((mask >> i & 1) == 1 && !set.contains(order.get(i))) {
        return false;
      }
    }
    return true;
  }

  private static VoterRule random(SplittableRandom random) {
    TreeSet<String> voters = new TreeSet<>();
    int count = 1 + random.nextInt(4);
    while (voters.size() < count) {
      voters.add(Character.toString('a' + random.nextInt(6)));
    }
    return VoterRule.of(voters, 1 + random.nextInt(count));
  }

  private static VoterRule rule(String text) {
    return VoterRule.of(names(text), acks(text));
  }

  private static List<String> names(String text) {
    List<String> words = List.of(text.strip().split(" +"));
    return words.subList(0, words.size() - 1);
  }

  private static int acks(String text) {
    return Integer.parseInt(text.strip().substring(text.strip().lastIndexOf(' ') + 1));
  }
}
