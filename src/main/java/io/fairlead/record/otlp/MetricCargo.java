package io.fairlead.record.otlp;

import io.opentelemetry.sdk.metrics.data.MetricData;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * All metrics, each interval, and once more at the end. What could not be sent is not worth
 * waiting: counters count on, and the next sending says all of it.
 */
final class MetricCargo implements Cargo {
  private final OtlpExport.Metrics source;
  private final Exporters.Export<MetricData> export;
  private final Origin origin;
  private final long interval;
  private final long started;
  private final LongSupplier clock;
  private List<MetricData> batch = List.of();
  private long next = System.nanoTime();
  private boolean ended;

  /**
   * @param started since when counters count, in milliseconds since 1970
   * @param clock milliseconds since 1970
   */
  MetricCargo(
      OtlpExport.Metrics source,
      Exporters exporters,
      Origin origin,
      Duration interval,
      long started,
      LongSupplier clock) {
    this.source = source;
    this.export = exporters.metrics();
    this.origin = origin;
    this.interval = interval.toNanos();
    this.started = TimeUnit.MILLISECONDS.toNanos(started);
    this.clock = clock;
  }

  @Override
  public int gather(boolean last) {
    long now = System.nanoTime();
    if (last ? ended : now - next < 0) {
      return 0;
    }
    ended = last;
    next = now - next > interval ? now + interval : next + interval;
    MetricList list =
        new MetricList(origin, started, TimeUnit.MILLISECONDS.toNanos(clock.getAsLong()));
    try {
      source.writeTo(list);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    batch = list.all();
    return list.points();
  }

  @Override
  public Sending send() throws InterruptedException {
    return export.send(batch);
  }

  @Override
  public int abandon() {
    return 0;
  }

  @Override
  public boolean isWorthWaiting() {
    return false;
  }

  @Override
  public long pauseNanos() {
    return Math.max(1, next - System.nanoTime());
  }
}
