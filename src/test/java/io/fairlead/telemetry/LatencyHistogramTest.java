package io.fairlead.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.telemetry.LatencyHistogram.Distribution;
import io.fairlead.telemetry.LatencyHistogram.Exponential;
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
  void quantilesAreAtMostOneBucketTooHighAndNeverTooLow(double share) {
    for (int round = 0; round < 50; round++) {
      LatencyHistogram histogram = new LatencyHistogram(3);
      long[] values = new long[1 + random.nextInt(2000)];
      for (int i = 0; i < values.length; i++) {
        values[i] = random.nextLong(1L << random.nextInt(1, 32));
        histogram.record(random.nextInt(3), values[i]);
      }
      Arrays.sort(values);
      long exact = values[(int) Math.max(0, Math.ceil(share * values.length) - 1)];
      // The bound above v is at most 2^(1/16) times v: sixteen buckets to each power of two.
      assertThat(distribution(histogram).quantileMicros(share))
          .as("seed %s", seed)
          .isBetween(exact, exact + (long) (exact * 0.0443));
    }
  }

  @Test
  void bucketsFollowOneAnotherWithoutGapOrOverlap() {
    for (int bucket = 0; bucket < LatencyHistogram.BUCKETS - 1; bucket++) {
      long last = LatencyHistogram.upperBound(bucket);
      // Of the first microseconds, some buckets hold none.
      assertThat(LatencyHistogram.bucketOf(last)).isLessThanOrEqualTo(bucket);
      assertThat(LatencyHistogram.bucketOf(last + 1)).isGreaterThan(bucket);
    }
  }

  /** As the definition of Prometheus and OpenTelemetry has it, with a logarithm. */
  @Test
  void boundsArePowersOfTheBaseInSeconds() {
    for (int round = 0; round < 100_000; round++) {
      long micros = random.nextLong(1, 1L << random.nextInt(1, 32));
      LatencyHistogram histogram = new LatencyHistogram(1);
      histogram.record(0, micros);
      Exponential counts = distribution(histogram).exponential();
      double lower = Math.pow(2, (counts.from() - 1) / 8.0);
      double upper = Math.pow(2, counts.from() / 8.0);
      assertThat(micros / 1e6).as("seed %s", seed).isGreaterThan(lower).isLessThanOrEqualTo(upper);
      assertThat(counts.counts()).containsExactly(1L);
      assertThat(counts.zero()).isZero();
    }
  }

  @Test
  void exponentialCountsAreAllThatWasCounted() {
    LatencyHistogram histogram = new LatencyHistogram(1);
    assertThat(distribution(histogram).exponential().counts()).isEmpty();
    histogram.record(0, 0);
    histogram.record(0, 1_000_000); // one second is a bound, and belongs to what is below it
    histogram.record(0, 1_000_001);
    histogram.record(0, 2_000_000);
    Exponential counts = distribution(histogram).exponential();
    assertThat(counts.zero()).isEqualTo(1);
    assertThat(counts.from()).isZero();
    assertThat(counts.counts()).containsExactly(1L, 1L, 0L, 0L, 0L, 0L, 0L, 0L, 1L);
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
