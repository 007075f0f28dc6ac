package io.fairlead.record;

import io.fairlead.telemetry.RecordView;

/**
 * Gets each record in the pass in which it becomes a row: rollups, the live tail, detectors. Called
 * by the recorder's thread, in the order of each ring; also while nothing can be written to disk.
 * Must not wait, and must not keep the view.
 */
public interface RecordConsumer {
  /** A record, and what its numbers mean. */
  void accept(RecordView record, Names names);

  /**
   * The rings have been read to their ends as of that time.
   *
   * @param rest to be called between pieces of work of some tens of microseconds: event loops may
   *     have no other core
   */
  void caughtUp(long epochMillis, Runnable rest);
}
