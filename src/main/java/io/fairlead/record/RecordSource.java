package io.fairlead.record;

import io.fairlead.telemetry.RecordReader;

/** A ring, and how far it has been read. */
final class RecordSource {
  final RecordReader reader;

  /** Behind the last record that became a row. */
  long reached;

  /** Behind the last record that is in a part on disk; before that the loop has room again. */
  private long saved;

  RecordSource(RecordReader reader) {
    this.reader = reader;
    reached = reader.place();
    saved = reached;
  }

  /** What the ring has to keep yet. */
  long held() {
    return reached - saved;
  }

  void saved(long place) {
    if (place > saved) {
      saved = place;
      reader.saved(place);
    }
  }
}
