package io.fairlead.admin;

import io.fairlead.telemetry.LatencyHistogram.Distribution;
import io.fairlead.telemetry.Metric;
import io.fairlead.telemetry.MetricsWriter;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Writes samples in the Prometheus text format 0.0.4 or in OpenMetrics 1.0.0. The two differ in the
 * name of a counter's family, the escaping of help, the unit line and the end mark. Neither has
 * native histograms.
 */
final class TextExposition implements MetricsWriter {
  private static final int FLUSH_AT = 32 * 1024;

  private final OutputStream out;
  private final boolean openMetrics;
  private final StringBuilder text = new StringBuilder(FLUSH_AT + 4096);

  TextExposition(OutputStream out, boolean openMetrics) {
    this.out = out;
    this.openMetrics = openMetrics;
  }

  @Override
  public void family(Metric metric) {
    String family = metric.metricName();
    if (openMetrics && metric.type() == Metric.Type.COUNTER) {
      family = family.substring(0, family.length() - "_total".length());
    }
    text.append("# HELP ").append(family).append(' ');
    escape(metric.help(), openMetrics);
    text.append("\n# TYPE ").append(family).append(' ').append(metric.type().wireName());
    if (openMetrics && metric.unit() != Metric.Unit.NONE) {
      text.append("\n# UNIT ").append(family).append(' ').append(metric.unit().wireName());
    }
    text.append('\n');
  }

  @Override
  public void sample(Metric metric, double value, String... labels) throws IOException {
    name(metric, "", labels, null);
    number(value);
    flushIfLong();
  }

  @Override
  public void sample(Metric metric, long value, String... labels) throws IOException {
    name(metric, "", labels, null);
    number(value);
    flushIfLong();
  }

  @Override
  public void histogram(Metric metric, Distribution distribution, String... labels)
      throws IOException {
    for (long bound : CLASSIC_MICROS) {
      name(metric, "_bucket", labels, plain(bound / 1e6));
      number(distribution.countUpTo(bound));
    }
    name(metric, "_bucket", labels, "+Inf");
    number(distribution.count());
    name(metric, "_sum", labels, null);
    number(distribution.sumMicros() / 1e6);
    name(metric, "_count", labels, null);
    number(distribution.count());
    flushIfLong();
  }

  @Override
  public void end() throws IOException {
    if (openMetrics) {
      text.append("# EOF\n");
    }
    flush();
  }

  private void name(Metric metric, String suffix, String[] values, @Nullable String le) {
    text.append(metric.metricName()).append(suffix);
    List<String> names = MetricsWriter.names(metric, values);
    if (!names.isEmpty() || le != null) {
      text.append('{');
      for (int i = 0; i < values.length; i++) {
        text.append(i == 0 ? "" : ",").append(names.get(i)).append("=\"");
        escape(values[i], true);
        text.append('"');
      }
      if (le != null) {
        text.append(names.isEmpty() ? "" : ",").append("le=\"").append(le).append('"');
      }
      text.append('}');
    }
    text.append(' ');
  }

  private void number(long value) {
    text.append(value).append('\n');
  }

  private void number(double value) {
    text.append(plain(value)).append('\n');
  }

  private static String plain(double value) {
    return value == Math.rint(value) && Math.abs(value) < 1e15
        ? Long.toString((long) value)
        : Double.toString(value);
  }

  private void escape(String value, boolean quotes) {
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      if (c == '\\') {
        text.append("\\\\");
      } else if (c == '\n') {
        text.append("\\n");
      } else if (c == '"' && quotes) {
        text.append("\\\"");
      } else {
        text.append(c);
      }
    }
  }

  private void flushIfLong() throws IOException {
    if (text.length() > FLUSH_AT) {
      flush();
    }
  }

  private void flush() throws IOException {
    out.write(text.toString().getBytes(StandardCharsets.UTF_8));
    text.setLength(0);
  }
}
