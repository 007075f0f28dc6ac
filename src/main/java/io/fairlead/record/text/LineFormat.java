package io.fairlead.record.text;

import io.fairlead.config.TextLogConfig;
import io.fairlead.record.Bytes;
import io.fairlead.record.Names;
import io.fairlead.telemetry.RecordView;

/** What a line looks like. Used by one thread. */
interface LineFormat {
  /**
   * Adds the line of a record, without its end.
   *
   * @return false if a record of that kind has no line
   */
  boolean write(RecordView record, Names names, Bytes to);

  static LineFormat of(TextLogConfig.Format format) {
    return switch (format) {
      case JSON -> new JsonLine();
      case COMBINED -> new CombinedLine();
    };
  }
}
