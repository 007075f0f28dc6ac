package io.fairlead.record.otlp;

import io.fairlead.telemetry.LatencyHistogram;
import io.fairlead.telemetry.LatencyHistogram.Distribution;
import io.fairlead.telemetry.LatencyHistogram.Exponential;
import io.fairlead.telemetry.Metric;
import io.fairlead.telemetry.MetricsWriter;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.common.AttributesBuilder;
import io.opentelemetry.sdk.metrics.data.AggregationTemporality;
import io.opentelemetry.sdk.metrics.data.Data;
import io.opentelemetry.sdk.metrics.data.DoublePointData;
import io.opentelemetry.sdk.metrics.data.ExponentialHistogramBuckets;
import io.opentelemetry.sdk.metrics.data.ExponentialHistogramData;
import io.opentelemetry.sdk.metrics.data.ExponentialHistogramPointData;
import io.opentelemetry.sdk.metrics.data.GaugeData;
import io.opentelemetry.sdk.metrics.data.LongPointData;
import io.opentelemetry.sdk.metrics.data.MetricData;
import io.opentelemetry.sdk.metrics.data.MetricDataType;
import io.opentelemetry.sdk.metrics.data.SumData;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * All metrics as data of the SDK. Counters are sums since the start, without the {@code _total}
 * that Prometheus wants at the end of their names and puts there itself; histograms are
 * exponential, with our own buckets, which are the same.
 */
final class MetricList implements MetricsWriter {
  private final Origin origin;
  private final long started;
  private final long now;
  private final List<MetricData> all = new ArrayList<>();
  private int count;

  // Of the family that is being written.
  private @Nullable Metric family;
  private List<LongPointData> whole = new ArrayList<>();
  private List<DoublePointData> real = new ArrayList<>();
  private List<ExponentialHistogramPointData> histograms = new ArrayList<>();

  /**
   * @param started since when counters count, in nanoseconds since 1970
   * @param now in nanoseconds since 1970
   */
  MetricList(Origin origin, long started, long now) {
    this.origin = origin;
    this.started = started;
    this.now = now;
  }

  @Override
  public void family(Metric metric) {
    flush();
    family = metric;
  }

  @Override
  public void sample(Metric metric, double value, String... labels) {
    real.add(
        DoublePointData.create(since(metric), now, attributes(metric, labels), value, List.of()));
  }

  @Override
  public void sample(Metric metric, long value, String... labels) {
    whole.add(LongPointData.create(since(metric), now, attributes(metric, labels), value));
  }

  /** What is not counted has no beginning. */
  private long since(Metric metric) {
    return metric.type() == Metric.Type.GAUGE ? 0 : started;
  }

  @Override
  public void histogram(Metric metric, Distribution distribution, String... labels) {
    Exponential exponential = distribution.exponential();
    int scale = LatencyHistogram.SCALE;
    histograms.add(
        ExponentialHistogramPointData.create(
            scale,
            distribution.sumMicros() / 1e6,
            exponential.zero(),
            false,
            0,
            false,
            0,
            // Bucket i of ours ends where the one with that offset begins.
            ExponentialHistogramBuckets.create(scale, exponential.from() - 1, exponential.counts()),
            ExponentialHistogramBuckets.create(scale, 0, List.of()),
            started,
            now,
            attributes(metric, labels),
            List.of()));
  }

  @Override
  public void end() {
    flush();
  }

  private static Attributes attributes(Metric metric, String... values) {
    List<String> names = MetricsWriter.names(metric, values);
    AttributesBuilder attributes = Attributes.builder();
    for (int i = 0; i < values.length; i++) {
      attributes.put(names.get(i), values[i]);
    }
    return attributes.build();
  }

  private void flush() {
    Metric metric = family;
    if (metric == null) {
      return;
    }
    if (!real.isEmpty() && !whole.isEmpty()) {
      throw new IllegalStateException(metric + " has samples of two kinds");
    }
    count += whole.size() + real.size() + histograms.size();
    boolean counted = metric.type() == Metric.Type.COUNTER;
    AggregationTemporality sinceStart = AggregationTemporality.CUMULATIVE;
    if (!histograms.isEmpty()) {
      add(
          metric,
          MetricDataType.EXPONENTIAL_HISTOGRAM,
          ExponentialHistogramData.create(sinceStart, histograms));
    } else if (!whole.isEmpty()) {
      add(
          metric,
          counted ? MetricDataType.LONG_SUM : MetricDataType.LONG_GAUGE,
          counted
              ? SumData.createLongSumData(true, sinceStart, whole)
              : GaugeData.createLongGaugeData(whole));
    } else if (!real.isEmpty()) {
      add(
          metric,
          counted ? MetricDataType.DOUBLE_SUM : MetricDataType.DOUBLE_GAUGE,
          counted
              ? SumData.createDoubleSumData(true, sinceStart, real)
              : GaugeData.createDoubleGaugeData(real));
    }
    family = null;
    whole = new ArrayList<>();
    real = new ArrayList<>();
    histograms = new ArrayList<>();
  }

  private void add(Metric metric, MetricDataType type, Data<?> data) {
    String name = metric.metricName();
    String unit =
        switch (metric.unit()) {
          case NONE -> "1";
          case SECONDS -> "s";
          case BYTES -> "By";
        };
    all.add(
        new MetricFamily(
            origin,
            metric.type() == Metric.Type.COUNTER
                ? name.substring(0, name.length() - "_total".length())
                : name,
            metric.help(),
            unit,
            type,
            data));
  }

  List<MetricData> all() {
    return all;
  }

  /** How many samples. */
  int points() {
    return count;
  }
}
