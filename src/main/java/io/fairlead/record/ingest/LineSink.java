package io.fairlead.record.ingest;

import io.fairlead.insight.pattern.LinePatterns;
import io.fairlead.telemetry.NodeLine;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;

/** Where lines go, and what is counted of them. */
final class LineSink {
  private static final long PAUSE_NANOS = 2_000_000;

  private final Predicate<NodeLine> records;
  private final LinePatterns patterns;
  private final IngestStats stats;

  /**
   * @param records takes a line, unless there is no room for it now
   * @param patterns learn from lines, and count those that are recorded
   */
  LineSink(Predicate<NodeLine> records, LinePatterns patterns, IngestStats stats) {
    this.records = records;
    this.patterns = patterns;
    this.stats = stats;
  }

  private NodeLine withPattern(NodeLine line) {
    return line.ofPattern(patterns.find(line.text(), line.length(), System.currentTimeMillis()));
  }

  private void recorded(NodeLine line) {
    stats.lines.incrementAndGet();
    String pattern = line.pattern();
    if (pattern != null) {
      patterns.count(
          pattern,
          line.service(),
          line.node(),
          line.level(),
          line.micros() / 1000,
          System.currentTimeMillis());
    }
  }

  /** A line that cannot wait: where there is no room it is dropped and counted. */
  void now(NodeLine plain) {
    NodeLine line = withPattern(plain);
    if (records.test(line)) {
      recorded(line);
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
  boolean wait(NodeLine plain, Duration patience, BooleanSupplier closing) {
    NodeLine line = withPattern(plain);
    long begin = System.nanoTime();
    while (!records.test(line)) {
      if (closing.getAsBoolean() || System.nanoTime() - begin > patience.toNanos()) {
        return false;
      }
      LockSupport.parkNanos(PAUSE_NANOS);
    }
    recorded(line);
    return true;
  }

  IngestStats stats() {
    return stats;
  }
}
