package io.fairlead.limit;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.limit.RateLimiter.Verdict;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(60)
final class RateLimiterTest {
  private static final long SECOND = 1_000_000_000L;
  private final long seed = Long.getLong("fairlead.seed", System.nanoTime());
  private final SplittableRandom random = new SplittableRandom(seed);
  private final Verdict verdict = new Verdict();

  @Test
  void aBurstIsLetInAtOnceAndThenOneInEachInterval() {
    RateLimiter limiter = new RateLimiter(SECOND / 100, 5, 100, seed);
    List<String> story = new ArrayList<>();
    for (long millis : new long[] {0, 0, 0, 0, 0, 0, 9, 10, 11, 20, 1000}) {
      story.add(millis + (limiter.admit(7, millis * 1_000_000, verdict) ? " in" : " out"));
    }
    // Time is counted in parts of an interval, rounded down: 10 ms later one may not be due yet.
    assertThat(story)
        .containsExactly(
            "0 in", "0 in", "0 in", "0 in", "0 in", "0 out", "9 out", "10 out", "11 in", "20 out",
            "1000 in");
  }

  @Test
  void theVerdictSaysHowManyMoreAndHowLongToWait() {
    RateLimiter limiter = new RateLimiter(SECOND, 3, 100, seed);
    assertThat(limiter.admit(1, 0, verdict)).isTrue();
    assertThat(verdict.remaining()).isEqualTo(2);
    assertThat(verdict.waitNanos()).isZero();
    assertThat(verdict.fullNanos()).isBetween(SECOND, SECOND + SECOND / 100);
    assertThat(limiter.admit(1, 0, verdict)).isTrue();
    assertThat(limiter.admit(1, 0, verdict)).isTrue();
    assertThat(verdict.remaining()).isZero();
    assertThat(verdict.waitNanos()).isBetween(SECOND, SECOND + SECOND / 100);
    assertThat(limiter.admit(1, SECOND / 2, verdict)).isFalse();
    assertThat(verdict.remaining()).isZero();
    assertThat(verdict.waitNanos()).isBetween(SECOND * 49 / 100, SECOND * 51 / 100);
    assertThat(verdict.fullNanos()).isBetween(SECOND * 249 / 100, SECOND * 251 / 100);
  }

  @Test
  void keysAreCountedApart() {
    RateLimiter limiter = new RateLimiter(SECOND, 1, 4000, seed);
    for (long key = 0; key < 500; key++) {
      assertThat(limiter.admit(key, 0, verdict)).as("seed %s", seed).isTrue();
    }
    for (long key = 0; key < 500; key++) {
      assertThat(limiter.admit(key, 0, verdict)).as("seed %s", seed).isFalse();
    }
  }

  /** Against exact arithmetic: never more in any span, and hardly less than what is due. */
  @ParameterizedTest
  @CsvSource({
    "1_000, 1",
    "1_000, 1_000_000",
    "1_429, 3",
    "100_000, 50",
    "10_000_000, 200",
    "333_333_334, 1",
    "60_000_000_000, 30",
    "3_600_000_000_000, 1_000",
    "255, 7"
  })
  void letsInWhatIsDueAndNoMore(String intervalText, String burstText) {
    long interval = Long.parseLong(intervalText.replace("_", ""));
    int burst = Integer.parseInt(burstText.replace("_", ""));
    RateLimiter limiter = new RateLimiter(interval, burst, 50, seed);
    // Intervals are whole numbers of parts, so a little longer than asked for.
    long part = (interval + Math.min(256, interval) - 1) / Math.min(256, interval);
    long real = (interval + part - 1) / part * part;
    assertThat(real).isBetween(interval, interval + interval / 50);
    Map<Long, Long> due = new HashMap<>(); // from when on the next would be on time, strictly
    Map<Long, Long> realDue = new HashMap<>();
    long now = random.nextLong(1L << 50);
    int in = 0;
    for (int i = 0; i < 200_000; i++) {
      if (random.nextInt(4) == 0) {
        now += random.nextLong(interval * 2 + 1);
      }
      if (random.nextInt(5_000) == 0) {
        now += random.nextLong(interval * 3 * Math.min(burst, 1000));
      }
      long key = random.nextInt(3);
      long time = Math.max(due.getOrDefault(key, Long.MIN_VALUE), now);
      long realTime = Math.max(realDue.getOrDefault(key, Long.MIN_VALUE), now);
      if (limiter.admit(key, now, verdict)) {
        in++;
        due.put(key, time + interval);
        realDue.put(key, realTime + real);
        assertThat(time + interval - now)
            .as("seed %s: let in too early", seed)
            .isLessThanOrEqualTo(interval * burst + part);
      } else {
        assertThat(realTime + real - now)
            .as("seed %s: kept out without need", seed)
            .isGreaterThan(real * burst - 2 * part);
      }
    }
    assertThat(in).isPositive();
  }

  /**
   * Several instances, each told every 100 ms what the others have let in, that much later:
   * together they let in the rate, and beyond it a burst each and what they did not know of each
   * other.
   */
  @ParameterizedTest
  @CsvSource({"2, 100, 100", "3, 1000, 1", "5, 50, 200", "2, 1, 1", "10, 200, 20"})
  void instancesCountTogether(int instances, int rate, int burst) {
    List<RateLimiter> limiters = new ArrayList<>();
    List<Map<Long, Integer>> told = new ArrayList<>();
    for (int i = 0; i < instances; i++) {
      limiters.add(new RateLimiter(SECOND / rate, burst, 100, random.nextLong(), 1));
      told.add(new HashMap<>());
    }
    int seconds = 60;
    long[] in = new long[2];
    for (long millis = 0; millis < seconds * 1000L; millis++) {
      long now = millis * 1_000_000;
      for (int i = 0; i < instances; i++) {
        for (int asks = random.nextInt(1 + 8 * rate / 1000 + 1); asks > 0; asks--) {
          int key = random.nextInt(2);
          in[key] += limiters.get(i).admit(key, now, verdict) ? 1 : 0;
        }
      }
      if (millis % 100 == 0) {
        for (int i = 0; i < instances; i++) {
          for (int other = 0; other < instances; other++) {
            if (other != i) {
              RateLimiter charged = limiters.get(other);
              told.get(i).forEach((key, requests) -> charged.charge(key, requests, now));
            }
          }
          Map<Long, Integer> next = new HashMap<>();
          limiters.get(i).drain(key -> next.merge(key, 1, Integer::sum));
          told.set(i, next);
        }
      }
    }
    for (long each : in) {
      assertThat(each)
          .as("seed %s", seed)
          .isBetween(
              (long) (0.9 * rate * seconds),
              (long) (rate * (seconds + 0.2 * instances)) + (long) instances * burst + 10);
    }
    assertThat(limiters).allMatch(limiter -> limiter.untold() == 0);
  }

  @Test
  void whatNobodyFetchesIsLostAndCounted() {
    RateLimiter limiter = new RateLimiter(1000, 1_000_000, 100, seed, 1);
    for (int i = 0; i < AdmissionRing.PLACES + 5; i++) {
      assertThat(limiter.admit(i % 3, 0, verdict)).isTrue();
    }
    assertThat(limiter.untold()).isEqualTo(5);
    List<Long> keys = new ArrayList<>();
    limiter.drain(keys::add);
    assertThat(keys).hasSize(AdmissionRing.PLACES).startsWith(0L, 1L, 2L, 0L);
    keys.clear();
    limiter.drain(keys::add);
    assertThat(keys).isEmpty();
  }

  /**
   * Many event loops, one key that nobody has seen, again and again: the first moment is the test.
   */
  @Test
  void noTwoLoopsLetInWhatOneMay() throws Exception {
    int threads = 4;
    int keys = 3_000;
    int burst = 3;
    // Small, so that keys come and go in the same buckets while others are counted there.
    RateLimiter limiter = new RateLimiter(3600 * SECOND, burst, keys * 4, seed);
    AtomicLongArray letIn = new AtomicLongArray(keys);
    CyclicBarrier barrier = new CyclicBarrier(threads);
    run(
        threads,
        () -> {
          Verdict own = new Verdict();
          barrier.await();
          for (int key = 0; key < keys; key++) {
            for (int i = 0; i < 4; i++) {
              if (limiter.admit(key, 0, own)) {
                letIn.incrementAndGet(key);
              }
            }
          }
          return 0;
        });
    for (int key = 0; key < keys; key++) {
      assertThat(letIn.get(key)).as("seed %s, key %s", seed, key).isEqualTo(burst);
    }
  }

  @Test
  void inRealTimeNoMoreThanRateTimesTimeAndBurst() throws Exception {
    long interval = SECOND / 20_000;
    int burst = 100;
    RateLimiter limiter = new RateLimiter(interval, burst, 1, seed);
    long wanted = SECOND / 2 / interval / 2;
    AtomicLong letIn = new AtomicLong();
    long start = System.nanoTime();
    run(
        4,
        () -> {
          Verdict own = new Verdict();
          long now = System.nanoTime();
          // As long as it takes on a machine that has no time for the threads.
          while (now - start < SECOND / 2 || (letIn.get() <= wanted && now - start < 60 * SECOND)) {
            now = System.nanoTime();
            if (limiter.admit(42, now, own)) {
              letIn.incrementAndGet();
            }
          }
          return 0;
        });
    long elapsed = System.nanoTime() - start;
    assertThat(letIn.get()).isLessThanOrEqualTo(burst + elapsed / interval + 1);
    assertThat(letIn.get()).isGreaterThan(wanted);
  }

  @Test
  void aFloodOfAddressesDoesNotWashOutWhoUsesAllItMay() {
    int keys = 1024;
    RateLimiter limiter = new RateLimiter(SECOND / 10, 100, keys, seed);
    long offender = -1;
    for (int i = 0; i < 100; i++) {
      assertThat(limiter.admit(offender, 0, verdict)).isTrue();
    }
    assertThat(limiter.admit(offender, 0, verdict)).isFalse();
    int letInAgain = 0;
    for (int flood = 0; flood < 200_000; flood++) {
      long now = flood * 5_000L; // a second in all: ten more requests are due
      assertThat(limiter.admit(flood, now, verdict)).isTrue();
      if (limiter.admit(offender, now, verdict)) {
        letInAgain++;
      }
    }
    assertThat(letInAgain).as("seed %s", seed).isLessThanOrEqualTo(10);
  }

  @Test
  void aLoopWhoseTimeIsBehindLetsInNoMore() {
    RateLimiter limiter = new RateLimiter(SECOND / 100, 10, 10, seed);
    long now = 5 * SECOND;
    for (int i = 0; i < 10; i++) {
      assertThat(limiter.admit(1, now, verdict)).isTrue();
    }
    assertThat(limiter.admit(1, now - SECOND / 2, verdict)).isFalse();
    assertThat(limiter.admit(1, now, verdict)).isFalse();
    assertThat(limiter.admit(1, now + SECOND / 50, verdict)).isTrue();
  }

  @Test
  void theClockMayBeAnywhereOnItsCircle() {
    RateLimiter limiter = new RateLimiter(1000, 4, 10, seed);
    for (long start : new long[] {-3, 0, Long.MAX_VALUE - 2000, Long.MIN_VALUE / 4, -1L << 40}) {
      int letIn = 0;
      for (int i = 0; i < 10; i++) {
        letIn += limiter.admit(start, start + i, verdict) ? 1 : 0;
      }
      assertThat(letIn).as("from %s", start).isEqualTo(4);
    }
  }

  private static void run(int threads, Callable<Integer> task) throws Exception {
    try (ExecutorService pool = Executors.newFixedThreadPool(threads)) {
      List<Future<Integer>> futures = new ArrayList<>();
      for (int i = 0; i < threads; i++) {
        futures.add(pool.submit(task));
      }
      for (Future<Integer> future : futures) {
        future.get();
      }
    }
  }
}
