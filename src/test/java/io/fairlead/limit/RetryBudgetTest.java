package io.fairlead.limit;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How many second tries are granted, by a clock turned by hand. */
final class RetryBudgetTest {
  private static final long SECOND = 1_000_000_000;

  private long now = 1000 * SECOND;

  @ParameterizedTest
  @CsvSource({
    // requests, share, per second, granted at once
    "0,    20, 10, 100", // the reserve of ten seconds
    "1000, 20, 10, 300",
    "1000, 20, 0,  200",
    "1000, 0,  0,  0",
    "4,    20, 0,  0", // less than one
    "5,    20, 0,  1",
    "1000, 100, 0, 1000",
  })
  void grantsAShareAndAReserve(int requests, int share, int perSecond, int granted) {
    RetryBudget budget = new RetryBudget(2);
    for (int i = 0; i < requests; i++) {
      budget.request(i % 2, now);
    }
    assertThat(granted(budget, share, perSecond)).isEqualTo(granted);
    assertThat(budget.grant(now, share, perSecond)).isFalse();
  }

  private int granted(RetryBudget budget, int share, int perSecond) {
    int granted = 0;
    while (budget.grant(now, share, perSecond)) {
      granted++;
    }
    return granted;
  }

  @Test
  void whatIsTenSecondsOldNoLongerCounts() {
    RetryBudget budget = new RetryBudget(1);
    for (int i = 0; i < 100; i++) {
      budget.request(0, now);
    }
    assertThat(granted(budget, 20, 0)).isEqualTo(20);
    now += 9 * SECOND;
    assertThat(granted(budget, 20, 0)).isZero();
    now += SECOND;
    assertThat(granted(budget, 20, 0)).isZero(); // neither requests nor grants
    for (int i = 0; i < 100; i++) {
      budget.request(0, now);
    }
    assertThat(granted(budget, 20, 0)).isEqualTo(20);
  }

  @Test
  void aLongPauseIsNotTakenForTheSecondsThatHadTheSamePlace() {
    RetryBudget budget = new RetryBudget(1);
    budget.request(0, now);
    assertThat(granted(budget, 100, 0)).isOne();
    now += 16 * SECOND;
    assertThat(granted(budget, 100, 0)).isZero();
    budget.request(0, now);
    assertThat(granted(budget, 100, 0)).isOne();
  }

  /**
   * Whatever comes, what has been granted in any ten seconds that begin with a second is no more
   * than the share of what came in them, and the reserve: each grant looked at these very seconds.
   */
  @Test
  void neverGrantsMoreThanWasPromised() {
    long seed = System.nanoTime();
    SplittableRandom random = new SplittableRandom(seed);
    RetryBudget budget = new RetryBudget(3);
    List<long[]> seconds = new ArrayList<>(); // second, requests, grants
    ArrayDeque<long[]> window = new ArrayDeque<>();
    for (int step = 0; step < 20_000; step++) {
      now += random.nextLong(random.nextInt(50) == 0 ? 3 * SECOND : SECOND / 20);
      long second = now / SECOND;
      long[] last = seconds.isEmpty() ? null : seconds.getLast();
      if (last == null || last[0] != second) {
        last = new long[] {second, 0, 0};
        seconds.add(last);
        window.add(last);
        while (window.peekFirst()[0] <= second - RetryBudget.WINDOW_SECONDS) {
          window.removeFirst();
        }
      }
      if (random.nextInt(3) > 0) {
        budget.request(random.nextInt(3), now);
        last[1]++;
      } else {
        last[2] += budget.grant(now, 20, 1) ? 1 : 0;
      }
      long requests = window.stream().mapToLong(each -> each[1]).sum();
      long grants = window.stream().mapToLong(each -> each[2]).sum();
      // The window moves on between grants, and with it go requests: a whole one more at most.
      long oldest = requests + 400;
      assertThat(grants).as("seed %d, step %d", seed, step).isLessThanOrEqualTo(oldest / 5 + 10);
    }
  }

  @Test
  void loopsThatAskAtTheSameTimeGetNoMoreTogether() throws InterruptedException {
    RetryBudget budget = new RetryBudget(4);
    for (int i = 0; i < 10_000; i++) {
      budget.request(0, now);
    }
    AtomicInteger granted = new AtomicInteger();
    List<Thread> threads = new ArrayList<>();
    for (int loop = 0; loop < 4; loop++) {
      threads.add(
          Thread.ofPlatform()
              .start(() -> {
                for (int i = 0; i < 10_000; i++) {
                  if (budget.grant(now, 20, 0)) {
                    granted.incrementAndGet();
                  }
                }
              }));
    }
    for (Thread each : threads) {
      each.join();
    }
    assertThat(granted.get()).isEqualTo(2000); // who was refused asks again, so none is left over
  }
}
