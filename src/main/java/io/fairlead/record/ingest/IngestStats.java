package io.fairlead.record.ingest;

import java.util.concurrent.atomic.AtomicLong;

/** What became of the nodes' own lines; read by any thread. */
public final class IngestStats {
  /** Where nothing is read. */
  public static final IngestStats NONE = new IngestStats();

  final AtomicLong lines = new AtomicLong();
  final AtomicLong dropped = new AtomicLong();
  final AtomicLong cut = new AtomicLong();
  final AtomicLong unreadable = new AtomicLong();

  /** Lines that became records. */
  public long lines() {
    return lines.get();
  }

  /** Lines, or connections full of them, that there was no room for. */
  public long dropped() {
    return dropped.get();
  }

  /** Lines that were longer than a record may be. */
  public long cut() {
    return cut.get();
  }

  /** Messages that are none. */
  public long unreadable() {
    return unreadable.get();
  }
}
