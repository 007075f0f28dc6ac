package io.fairlead.record.ingest;

import io.fairlead.telemetry.NodeLine;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;

/** Where lines go, and what is counted of them. */
final class LineSink {
  private static final long PAUSE_NANOS = 2_000_000;

  private final Predicate<NodeLine> records;
  private final IngestStats stats;

  /**
   * @param records takes a line, unless there is no room for it now
   */
  LineSink(Predicate<NodeLine> records, IngestStats stats) {
    this.records = records;
    this.stats = stats;
  }

  /** A line that cannot wait: where there is no room it is dropped and counted. */
  void now(NodeLine line) {
    if (records.test(line)) {
      stats.lines.incrementAndGet();
    } else {
      stats.dropped.incrementAndGet();
    }
  }

  /**
   * A line that can.
   *
   * @param patience for how long
   * @param closing asked now and then; the line is given up when it says so
   * @return whether it is recorded
   */
  boolean wait(NodeLine line, Duration patience, BooleanSupplier closing) {
    long begin = System.nanoTime();
    while (!records.test(line)) {
      if (closing.getAsBoolean() || System.nanoTime() - begin > patience.toNanos()) {
        return false;
      }
      LockSupport.parkNanos(PAUSE_NANOS);
    }
    stats.lines.incrementAndGet();
    return true;
  }

  IngestStats stats() {
    return stats;
  }
}
