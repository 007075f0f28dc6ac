package io.fairlead.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.telemetry.LatencyHistogram.Distribution;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LatencyHistogramTest {
  private final long seed = System.nanoTime();
  private final SplittableRandom random = new SplittableRandom(seed);

  @ParameterizedTest
  @ValueSource(doubles = {0, 0.01, 0.5, 0.9, 0.99, 0.999, 1})
  void quantilesAreAtMostOneSixteenthTooHighAndNeverTooLow(double share) {
    for (int round = 0; round < 50; round++) {
      LatencyHistogram histogram = new LatencyHistogram(3);
      long[] values = new long[1 + random.nextInt(2000)];
      for (int i = 0; i < values.length; i++) {
        values[i] = random.nextLong(1L << random.nextInt(1, 32));
        histogram.record(random.nextInt(3), values[i]);
      }
      Arrays.sort(values);
      long exact = values[(int) Math.max(0, Math.ceil(share * values.length) - 1)];
      // A bucket of values from v on is v/16 wide at most: sixteen to each power of two.
      assertThat(distribution(histogram).quantileMicros(share))
          .as("seed %s", seed)
          .isBetween(exact, exact + exact / 16);
    }
  }

  @Test
  void bucketsFollowOneAnotherWithoutGapOrOverlap() {
    for (int bucket = 0; bucket < LatencyHistogram.BUCKETS; bucket++) {
      long last = LatencyHistogram.upperBound(bucket);
      assertThat(LatencyHistogram.bucketOf(last)).isEqualTo(bucket);
      if (bucket < LatencyHistogram.BUCKETS - 1) {
        assertThat(LatencyHistogram.bucketOf(last + 1)).isEqualTo(bucket + 1);
      }
    }
  }

  @Test
  void whatIsOutsideTheRangeIsCountedAtItsEnds() {
    assertThat(LatencyHistogram.bucketOf(-1)).isZero();
    assertThat(LatencyHistogram.bucketOf(Long.MAX_VALUE)).isEqualTo(LatencyHistogram.BUCKETS - 1);
  }

  @Test
  void countsAndSumsOfAllLoopsAddUp() {
    LatencyHistogram histogram = new LatencyHistogram(2);
    histogram.record(0, 10);
    histogram.record(1, 20);
    histogram.record(1, 1000);
    Distribution all = distribution(histogram);
    assertThat(all.count()).isEqualTo(3);
    assertThat(all.sumMicros()).isEqualTo(1030);
    assertThat(all.meanNanos()).isEqualTo(1_030_000 / all.count());
    assertThat(new Distribution().meanNanos()).isZero();
    assertThat(all.countUpTo(9)).isZero();
    assertThat(all.countUpTo(20)).isEqualTo(2);
  }

  @Test
  void aWindowIsTheDifferenceOfTwoMoments() {
    LatencyHistogram histogram = new LatencyHistogram(1);
    histogram.record(0, 1_000_000);
    Distribution before = distribution(histogram);
    histogram.record(0, 5);
    Distribution window = distribution(histogram).since(before);
    assertThat(window.count()).isEqualTo(1);
    assertThat(window.sumMicros()).isEqualTo(5);
    assertThat(window.quantileMicros(1)).isEqualTo(5);
  }

  @Test
  void nothingHasNoQuantiles() {
    assertThat(distribution(new LatencyHistogram(1)).quantileMicros(0.5)).isZero();
  }

  private static Distribution distribution(LatencyHistogram histogram) {
    Distribution distribution = new Distribution();
    histogram.addTo(distribution);
    return distribution;
  }
}
