package io.fairlead.limit;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.limit.AdmissionLevel.Window;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class AdmissionLevelTest {
  private final AdmissionLevel level = new AdmissionLevel(4, 2);
  private final SplittableRandom random = new SplittableRandom(1);
  private final int[] admitted = new int[4];

  /** One second of 2000 requests, a quarter of each class; the answer is how many were let in. */
  private int second(Window window) {
    int sum = offer();
    level.close(window, 0);
    return sum;
  }

  private int offer() {
    java.util.Arrays.fill(admitted, 0);
    for (int i = 0; i < 2000; i++) {
      int importance = i % 4;
      if (level.admits(i % 2, AdmissionLevel.rank(importance, random.nextInt(5000)))) {
        admitted[importance]++;
      }
    }
    return admitted[0] + admitted[1] + admitted[2] + admitted[3];
  }

  @Test
  void nobodyIsRefusedBeforeTheFirstOverload() {
    assertThat(level.isOpen()).isTrue();
    level.close(Window.CALM, 0);
    assertThat(level.isOpen()).isTrue();
    level.close(Window.OVERLOADED, 0);
    assertThat(level.isOpen()).isFalse(); // from now on it is counted
    assertThat(second(Window.OVERLOADED)).isEqualTo(2000);
  }

  @Test
  void itFallsByOneInTwentyOfTheRequestsAndRisesByOneInAHundredAtFirst() {
    level.close(Window.OVERLOADED, 0);
    second(Window.OVERLOADED);
    int before = second(Window.OVERLOADED);
    assertThat(before).isBetween(1870, 1910);
    int after = second(Window.BUSY);
    assertThat(after).isBetween((int) (before * 0.93), (int) (before * 0.97));
    int risen = second(Window.BUSY);
    assertThat(risen).isBetween(after + 1, (int) (after * 1.03));
    assertThat(second(Window.BUSY)).isBetween(risen, (int) (risen * 1.03));
  }

  @Test
  void theLeastImportantGoFirstAndTheMostImportantNever() {
    level.close(Window.OVERLOADED, 0);
    for (int i = 0; i < 200; i++) {
      second(Window.OVERLOADED);
      for (int importance = 1; importance < 4; importance++) {
        if (admitted[importance] > 0) {
          assertThat(admitted[importance - 1]).isEqualTo(500); // one class at a time
        }
      }
    }
    assertThat(admitted).containsExactly(500, 0, 0, 0);
  }

  @Test
  void itOpensAgainAndThenCostsNothing() {
    level.close(Window.OVERLOADED, 0);
    for (int i = 0; i < 20; i++) {
      second(Window.OVERLOADED);
    }
    int seconds = 0;
    while (!level.isOpen()) {
      second(Window.CALM);
      seconds++;
    }
    assertThat(level.openness()).isEqualTo(1);
    assertThat(seconds).isBetween(5, 9); // 1.01 · 1.02 · 1.04 · … · 1.64 = 2.9 after seven
  }

  @Test
  void aFewWhoAreTurnedAwayAfterAllAreNoReasonToLetFewerIn() {
    level.close(Window.BUSY, 1);
    assertThat(level.isOpen()).isFalse(); // it is to be counted
    second(Window.OVERLOADED);
    int before = second(Window.OVERLOADED);
    offer();
    level.close(Window.BUSY, before / 25);
    double risen = level.level();
    int now = offer();
    level.close(Window.BUSY, now / 15);
    assertThat(level.level()).isLessThan(risen);
  }

  @Test
  void whereHalfOfTheRoomIsNotUsedItOpensByAQuarterAndMore() {
    level.close(Window.OVERLOADED, 0);
    for (int i = 0; i < 20; i++) {
      second(Window.OVERLOADED);
    }
    int windows = 0;
    while (!level.isOpen()) {
      second(Window.IDLE);
      windows++;
    }
    assertThat(windows).isBetween(3, 4); // 1.25 · 1.5 = 1.9, · 2 = 3.8
  }

  @Test
  void theSameClientHasTheSameRank() {
    int rank = AdmissionLevel.rank(2, 4711);
    assertThat(rank).isBetween(2 * AdmissionLevel.USERS, 3 * AdmissionLevel.USERS - 1);
    assertThat(AdmissionLevel.rank(2, 4711)).isEqualTo(rank);
  }

  @Test
  void whereAllComesFromOneAddressAPartOfItIsLetIn() {
    level.close(Window.OVERLOADED, 0);
    int admittedNow = 1000;
    for (int i = 0; i < 10; i++) {
      admittedNow = 0;
      for (int k = 0; k < 1000; k++) {
        admittedNow += level.admits(0, AdmissionLevel.rank(2, 1)) ? 1 : 0;
      }
      level.close(Window.OVERLOADED, 0);
    }
    assertThat(admittedNow).isBetween(610, 650); // 1000 · 0.95^9 = 630
  }
}
