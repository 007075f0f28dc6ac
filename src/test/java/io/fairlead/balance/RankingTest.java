package io.fairlead.balance;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class RankingTest {
  @Test
  void theCheapestComeFirstAndThoseThatCostTheSameAreCounted() {
    Ranking ranking = Ranking.of(new float[] {3, 1, 2, 1, 1e-6f + 2});
    assertThat(ranking.cost()).isSorted();
    assertThat(ranking.order()[0]).isEqualTo(1);
    assertThat(ranking.order()[1]).isEqualTo(3);
    assertThat(ranking.first()).isEqualTo(2);
    assertThat(ranking.order()).containsExactlyInAnyOrder(0, 1, 2, 3, 4);
  }
}
