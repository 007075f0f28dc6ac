package io.fairlead.record;

import io.fairlead.telemetry.RecordReader;

/** A ring, and how far it has been read. */
final class RecordSource {
  final RecordReader reader;

  /** Behind the last record that became a row. */
  long reached;

  /** How far the ring had been written when the round began. */
  private long end;

  /** Behind the last record that is in a part on disk; before that the loop has room again. */
  private long saved;

  private final long most;

  /**
   * @param most bytes that it had better hold at most
   */
  RecordSource(RecordReader reader, long most) {
    this.most = most;
    this.reader = reader;
    reached = reader.place();
    saved = reached;
  }

  /** A round begins. */
  void begin() {
    end = reader.end();
  }

  /**
   * Goes to the next record, if there is one.
   *
   * @param enough what has been written since the round began is for the next one
   */
  boolean next(boolean enough) {
    return (!enough || reader.place() < end) && reader.next();
  }

  /** Whether the ring has to keep so much yet that it should be written. */
  boolean holdsMuch() {
    return reached - saved >= most;
  }

  void saved(long place) {
    if (place > saved) {
      saved = place;
      reader.saved(place);
    }
  }
}
