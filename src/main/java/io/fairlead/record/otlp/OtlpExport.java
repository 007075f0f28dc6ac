package io.fairlead.record.otlp;

import io.fairlead.config.OtlpConfig;
import io.fairlead.record.Names;
import io.fairlead.record.RecordConsumer;
import io.fairlead.telemetry.Event;
import io.fairlead.telemetry.EventLog;
import io.fairlead.telemetry.MetricsWriter;
import io.fairlead.telemetry.RecordLayout;
import io.fairlead.telemetry.RecordView;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What this instance sends by OTLP. {@link #follow} and {@link #close} are called by one thread at
 * a time, which may wait.
 */
public final class OtlpExport implements RecordConsumer, AutoCloseable {
  /** Longer than the recorder takes for a round. */
  private static final long ROUND_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

  /** Where all metrics come from. */
  @FunctionalInterface
  public interface Metrics {
    void writeTo(MetricsWriter to) throws IOException;
  }

  /**
   * Who sends.
   *
   * @param version of Fairlead
   * @param host what the machine calls itself
   * @param pid of the process
   */
  public record Sender(String version, String host, long pid) {}

  final Sender sender;
  final Metrics metrics;
  final EventLog events;
  final LongSupplier clock;
  final SplittableRandom random;

  /** Milliseconds since 1970: since when counters count. */
  final long started;

  final Tally spans = new Tally("traces");
  final Tally points = new Tally("metrics");
  final Tally logs = new Tally("logs");

  private long lastEvent;

  private volatile @Nullable Lanes lanes;
  private volatile boolean used;

  /** Rounds that the recorder has made. */
  private volatile long rounds;

  /**
   * @param clock milliseconds since 1970
   */
  public OtlpExport(
      Sender sender,
      Metrics metrics,
      EventLog events,
      LongSupplier clock,
      SplittableRandom random) {
    this.sender = sender;
    this.metrics = metrics;
    this.events = events;
    this.clock = clock;
    this.random = random;
    started = clock.getAsLong();
  }

  /** From now on that holds. What was to be sent as before still is, if that is quickly done. */
  public void follow(Optional<OtlpConfig> wanted) {
    Lanes old = lanes;
    if (wanted.equals(Optional.ofNullable(old).map(Lanes::config))) {
      return;
    }
    lanes = wanted.isEmpty() ? null : Lanes.open(wanted.get(), this);
    used |= wanted.isPresent();
    if (old != null) {
      Thread.ofVirtual().name("otlp before").start(() -> end(old));
    }
  }

  /** The recorder may be about to give it a record; then it may take seconds. */
  private void end(Lanes old) {
    long seen = rounds;
    long deadline = System.nanoTime() + ROUND_NANOS;
    while (rounds == seen && System.nanoTime() < deadline) {
      LockSupport.parkNanos(ROUND_NANOS / 100);
    }
    old.close();
  }

  /**
   * Events that nobody has taken yet; each is taken once, whoever sends.
   *
   * @param tally counts what the log has no more
   */
  synchronized List<EventLog.Entry> takeEvents(int most, Tally tally) {
    List<EventLog.Entry> all = events.since(lastEvent);
    List<EventLog.Entry> some = all.subList(0, Math.min(most, all.size()));
    if (!some.isEmpty()) {
      tally.full(some.getFirst().id() - lastEvent - 1);
      lastEvent = some.getLast().id();
    }
    return some;
  }

  Consumer<Event> teller() {
    return events::add;
  }

  /** What became of it all; empty: nothing is sent, and never was. */
  public List<ExportStats> stats() {
    return used ? Stream.of(spans, points, logs).map(Tally::read).toList() : List.of();
  }

  @Override
  public void accept(RecordView record, Names names) {
    if (record.has(RecordLayout.TRACED)) {
      Lanes present = lanes;
      if (present != null) {
        present.accept(record, names);
      }
    }
  }

  @Override
  @SuppressWarnings("NonAtomicVolatileUpdate") // by one thread
  public void caughtUp(long epochMillis, Runnable rest) {
    rounds++;
  }

  /** What was recorded is sent, if that can be done in a moment. */
  @Override
  public void close() {
    Lanes old = lanes;
    lanes = null;
    if (old != null) {
      old.close();
    }
  }
}
