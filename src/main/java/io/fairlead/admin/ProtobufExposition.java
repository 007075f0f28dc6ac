package io.fairlead.admin;

import io.fairlead.telemetry.LatencyHistogram;
import io.fairlead.telemetry.LatencyHistogram.Distribution;
import io.fairlead.telemetry.LatencyHistogram.Exponential;
import io.fairlead.telemetry.Metric;
import io.fairlead.telemetry.MetricsWriter;
import io.fairlead.telemetry.ProtobufWriter;
import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;

/**
 * Writes samples as Prometheus' messages {@code MetricFamily} [1], one behind the other with their
 * lengths: the one stable format that has native histograms. A histogram comes with its classic
 * buckets, too; the scraper takes which it is set up for.
 *
 * <p>Numbers of fields are those of [1].
 *
 * <p>[1] io/prometheus/client/metrics.proto of github.com/prometheus/client_model.
 */
final class ProtobufExposition implements MetricsWriter {
  /** Empty buckets in a row that are cheaper to write than a span of their own. */
  private static final int GAP = 2;

  private final OutputStream out;
  private final ProtobufWriter family = new ProtobufWriter();
  private final ProtobufWriter length = new ProtobufWriter();
  private int samples;

  ProtobufExposition(OutputStream out) {
    this.out = out;
  }

  @Override
  public void family(Metric metric) throws IOException {
    flush();
    family.string(1, metric.metricName());
    family.string(2, metric.help());
    family.number(
        3,
        switch (metric.type()) {
          case COUNTER -> 0;
          case GAUGE -> 1;
          case HISTOGRAM -> 4;
        });
    if (metric.unit() != Metric.Unit.NONE) {
      family.string(5, metric.unit().wireName());
    }
  }

  @Override
  public void sample(Metric metric, double value, String... labels) {
    int sample = begin(metric, labels);
    int kind = family.begin(metric.type() == Metric.Type.COUNTER ? 3 : 2);
    family.real(1, value);
    family.end(kind);
    family.end(sample);
  }

  @Override
  public void sample(Metric metric, long value, String... labels) {
    sample(metric, (double) value, labels);
  }

  @Override
  public void histogram(Metric metric, Distribution distribution, String... labels) {
    int sample = begin(metric, labels);
    int histogram = family.begin(7);
    family.number(1, distribution.count());
    family.real(2, distribution.sumMicros() / 1e6);
    for (long bound : CLASSIC_MICROS) {
      int bucket = family.begin(3);
      family.number(1, distribution.countUpTo(bound));
      family.real(2, bound / 1e6);
      family.end(bucket);
    }
    nativeBuckets(distribution.exponential());
    family.end(histogram);
    family.end(sample);
  }

  private void nativeBuckets(Exponential exponential) {
    family.signed(5, LatencyHistogram.SCALE);
    family.real(6, LatencyHistogram.ZERO_SECONDS);
    family.number(7, exponential.zero());
    List<Long> counts = exponential.counts();
    List<Span> spans = spans(counts);
    int index = 0; // that the next span is counted from
    for (Span each : spans) {
      int span = family.begin(12);
      family.signed(1, exponential.from() + each.begin - index);
      family.number(2, each.end - each.begin);
      family.end(span);
      index = exponential.from() + each.end;
    }
    int deltas = family.begin(13); // what each bucket of a span has more than the one before
    long before = 0;
    for (Span each : spans) {
      for (long count : counts.subList(each.begin, each.end)) {
        family.signed(count - before);
        before = count;
      }
    }
    family.end(deltas);
  }

  /** Buckets in a row, the last excluded. */
  private record Span(int begin, int end) {}

  private static List<Span> spans(List<Long> counts) {
    List<Span> spans = new ArrayList<>();
    int begin = 0;
    int end = 0; // behind the last bucket that is not empty
    for (int i = 0; i < counts.size(); i++) {
      if (counts.get(i) != 0) {
        if (i - end > GAP) {
          spans.add(new Span(begin, end));
          begin = i;
        }
        end = i + 1;
      }
    }
    if (end > begin) {
      spans.add(new Span(begin, end));
    }
    return spans;
  }

  private int begin(Metric metric, String... labels) {
    samples++;
    int sample = family.begin(4);
    List<String> names = MetricsWriter.names(metric, labels);
    for (int i = 0; i < labels.length; i++) {
      int label = family.begin(1);
      family.string(1, names.get(i));
      family.string(2, labels[i]);
      family.end(label);
    }
    return sample;
  }

  @Override
  public void end() throws IOException {
    flush();
  }

  /** A family of no samples is left out. */
  private void flush() throws IOException {
    if (samples > 0) {
      length.varint(family.size());
      length.writeTo(out);
      family.writeTo(out);
    }
    length.clear();
    family.clear();
    samples = 0;
  }
}
