package io.fairlead.telemetry;

import io.fairlead.telemetry.LatencyHistogram.Distribution;
import java.io.IOException;
import java.util.List;

/**
 * Takes all metrics: each family, then its samples, in a format that scrapers read, or for whoever
 * gets them sent. The values of labels come in the order of the metric's labels.
 */
public interface MetricsWriter {
  /** Upper bounds of classic buckets in microseconds: a request that is served to one lost. */
  List<Long> CLASSIC_MICROS =
      List.of(
          250L,
          500L,
          1_000L,
          2_500L,
          5_000L,
          10_000L,
          25_000L,
          50_000L,
          100_000L,
          250_000L,
          500_000L,
          1_000_000L,
          2_500_000L,
          5_000_000L,
          10_000_000L,
          30_000_000L,
          60_000_000L);

  /** From now on samples are of this metric. */
  void family(Metric metric) throws IOException;

  void sample(Metric metric, double value, String... labels) throws IOException;

  /** A sample of something that is counted. */
  void sample(Metric metric, long value, String... labels) throws IOException;

  void histogram(Metric metric, Distribution distribution, String... labels) throws IOException;

  /** Nothing follows. */
  void end() throws IOException;

  /** The names of the metric's labels; a bug unless there are as many values. */
  static List<String> names(Metric metric, String... values) {
    List<String> names = metric.labels();
    if (names.size() != values.length) {
      throw new IllegalArgumentException(metric + " needs values of " + names);
    }
    return names;
  }
}
