package io.fairlead.balance;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LikenessTest {
  private final long seed = System.nanoTime();

  /** What the first of so many nodes takes, by so many answers of each; the others take 1. */
  @ParameterizedTest
  @CsvSource({
    "3, 100, 1,    1, 1", // alike
    "3, 100, 1.1,  1, 1", // a tenth is not worth a preference
    "3, 100, 3,    0, 0", // seen by itself and in the sum
    "3, 1,   3,    1, 1", // too few answers to say
    "100, 12, 3,   0, 1", // one of many hardly shows in the sum
    "100, 50, 0.5, 1, 1", // to be faster is no reason to be left out
  })
  void differencesCountWhenChanceDoesNotExplainThem(
      int nodes, double answers, double first, double itself, double all) {
    Likeness likeness = new Likeness(nodes, 1, 0.02);
    double certainty = Math.sqrt(answers);
    assertThat(likeness.add(first, certainty, first, certainty)).isEqualTo(itself);
    for (int i = 1; i < nodes; i++) {
      assertThat(likeness.add(1, certainty, 1, certainty)).isEqualTo(1);
    }
    assertThat(likeness.ofAll(0)).isEqualTo(all);
  }

  @ParameterizedTest
  @CsvSource({
    "0.0002, 3,   1", // 0.4 ms more than 0.2 ms
    "0.0002, 8,   0", // 1.4 ms more
    "0.002,  1.2, 1",
    "0.002,  3,   0",
  })
  void norDoesHalfAMillisecond(double mean, double part, double itself) {
    assertThat(new Likeness(3, 1, mean).add(part, 20, part, 20)).isEqualTo(itself);
  }

  @Test
  void requestsInFlightTellNodesApartByThemselves() {
    Likeness likeness = new Likeness(2, 1, 0.02);
    double _ = likeness.add(1, 1, 1, 1);
    double _ = likeness.add(1, 1, 1, 1);
    assertThat(likeness.ofAll(0)).isEqualTo(1);
    assertThat(likeness.ofAll(0.25)).isEqualTo(0.5);
    assertThat(likeness.ofAll(0.5)).isZero();
  }

  @Test
  void oneNodeHasNoneToBeLike() {
    Likeness likeness = new Likeness(1, 1, 0.02);
    double _ = likeness.add(1, 1, 1, 1);
    assertThat(likeness.ofAll(0)).isZero();
  }

  /** Means of exponential times differ; that is rarely mistaken for a difference of nodes. */
  @ParameterizedTest
  @CsvSource({"2", "3", "10", "100"})
  void chanceIsRarelyMistakenForADifference(int nodes) {
    SplittableRandom random = new SplittableRandom(seed);
    int answers = 30;
    double alike = 0;
    for (int run = 0; run < 200; run++) {
      Likeness likeness = new Likeness(nodes, 1, 0.02);
      for (int i = 0; i < nodes; i++) {
        double sum = 0;
        for (int k = 0; k < answers; k++) {
          sum -= Math.log(1 - random.nextDouble());
        }
        double _ = likeness.add(1, 0, sum / answers, Math.sqrt(answers));
      }
      alike += likeness.ofAll(0) / 200;
    }
    assertThat(alike).as("seed %s", seed).isGreaterThan(0.9);
  }
}
