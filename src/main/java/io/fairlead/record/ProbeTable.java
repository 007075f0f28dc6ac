package io.fairlead.record;

import io.fairlead.telemetry.RecordLayout;
import io.fairlead.telemetry.RecordLayout.Text;
import io.fairlead.telemetry.RecordView;

/** What probes of nodes found, one row each. */
final class ProbeTable extends Table {
  private final TextColumn service = named("service");
  private final TextColumn node = named("node");
  private final TextColumn kind = text("kind");
  private final TextColumn outcome = outcome();
  private final TextColumn reason = text("reason");
  private final NumberColumn total = number("total_us", Column.Type.INT64);

  ProbeTable(String instance, Names names) {
    super("probes", instance, names);
  }

  @Override
  boolean takes(int type) {
    return type == RecordLayout.PROBE;
  }

  @Override
  void fill(RecordView record) {
    addName(service, record.service());
    addName(node, record.node());
    addText(kind, record, Text.METHOD);
    outcome.add(record.status());
    addText(reason, record, Text.TEXT);
    total.add(record.totalMicros());
  }
}
