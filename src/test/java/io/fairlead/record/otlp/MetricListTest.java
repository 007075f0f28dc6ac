package io.fairlead.record.otlp;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.telemetry.LatencyHistogram;
import io.fairlead.telemetry.LatencyHistogram.Distribution;
import io.fairlead.telemetry.Metric;
import io.opentelemetry.sdk.metrics.data.ExponentialHistogramPointData;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Our buckets are those of exponential histograms. */
final class MetricListTest {
  private static ExponentialHistogramPointData of(long... micros) {
    LatencyHistogram histogram = new LatencyHistogram(1);
    for (long one : micros) {
      histogram.record(0, one);
    }
    Distribution all = new Distribution();
    histogram.addTo(all);
    MetricList list = new MetricList(new Origin(new OtlpExport.Sender("1", "h", 7)), 1, 2);
    list.family(Metric.SERVICE_LATENCY);
    list.histogram(Metric.SERVICE_LATENCY, all, "shop");
    list.end();
    return list.all().getFirst().getExponentialHistogramData().getPoints().iterator().next();
  }

  /**
   * A bucket of scale 3 with index i holds what is longer than 2^(i/8) and not than 2^((i+1)/8).
   */
  @ParameterizedTest
  @ValueSource(
      longs = {1, 2, 3, 100, 999, 1_000, 65_536, 999_999, 1_000_000, 1_000_001, 30_000_000})
  void aValueIsInItsBucket(long micros) {
    ExponentialHistogramPointData point = of(micros);
    int index = point.getPositiveBuckets().getOffset();
    assertThat(point.getPositiveBuckets().getBucketCounts()).containsExactly(1L);
    assertThat(micros / 1e6)
        .isGreaterThan(Math.pow(2, index / 8.0) * 0.9999)
        .isLessThanOrEqualTo(Math.pow(2, (index + 1) / 8.0) * 1.0001);
    assertThat(point.getScale()).isEqualTo(3);
    assertThat(point.getCount()).isEqualTo(1);
  }

  @Test
  void countsAndSumAreThoseOfTheValues() {
    ExponentialHistogramPointData point = of(0, 1_000, 1_000, 4_000_000);
    assertThat(point.getCount()).isEqualTo(4);
    assertThat(point.getZeroCount()).isEqualTo(1);
    assertThat(point.getSum()).isEqualTo(4.002);
    assertThat(point.getPositiveBuckets().getTotalCount()).isEqualTo(3);
    assertThat(point.hasMin()).isFalse();
  }
}
