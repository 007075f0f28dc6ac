package io.fairlead.record;

import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/** What the recorder counts; written by its thread, read by any. */
public final class RecordStats {
  /** Where nothing is recorded. */
  public static final RecordStats NONE = new RecordStats(() -> 0);

  private final LongSupplier clock;
  final AtomicLong written = new AtomicLong();
  final AtomicLong notWritten = new AtomicLong();
  final AtomicLong failed = new AtomicLong();
  final AtomicLong recovered = new AtomicLong();
  final AtomicLong restarts = new AtomicLong();
  volatile long bytes;
  volatile long parts;
  volatile long oldestMillis;
  volatile long caughtUpMillis;
  volatile boolean writing = true;
  volatile long droppedOrdinary;
  volatile long droppedValuable;

  /**
   * @param clock milliseconds since 1970
   */
  RecordStats(LongSupplier clock) {
    this.clock = clock;
    caughtUpMillis = clock.getAsLong();
  }

  /** Records of what went well for which a ring had no room. */
  public long droppedOrdinary() {
    return droppedOrdinary;
  }

  /** Records of what did not for which a ring had no room. */
  public long droppedValuable() {
    return droppedValuable;
  }

  /** Rows that are in files. */
  public long written() {
    return written.get();
  }

  /** Rows that were given up since nothing could be written. */
  public long notWritten() {
    return notWritten.get();
  }

  /** Records that could not be made rows of, which is a mistake of ours. */
  public long failed() {
    return failed.get();
  }

  /** Records of processes that were killed. */
  public long recovered() {
    return recovered.get();
  }

  /** How often the thread had to be started again. */
  public long restarts() {
    return restarts.get();
  }

  /** Of all parts, at the last look, which is a minute old at most. */
  public long bytes() {
    return bytes;
  }

  /** Files, at the last look. */
  public long parts() {
    return parts;
  }

  /** When the oldest kept record began, since 1970; 0: there is none. */
  public long oldestMillis() {
    return oldestMillis;
  }

  /** Since when not all rings have been read to their ends. */
  public long lagMillis() {
    return Math.max(0, clock.getAsLong() - caughtUpMillis);
  }

  /** Whether rows get to disk. */
  public boolean isWriting() {
    return writing;
  }
}
