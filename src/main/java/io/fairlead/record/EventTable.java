package io.fairlead.record;

import io.fairlead.telemetry.RecordLayout;
import io.fairlead.telemetry.RecordLayout.Text;
import io.fairlead.telemetry.RecordView;

/** What happened, one row each. */
final class EventTable extends Table {
  private final TextColumn kind = text("kind");
  private final TextColumn listener = named("listener");
  private final TextColumn service = named("service");
  private final TextColumn node = named("node");
  private final TextColumn text = text("text");

  EventTable(String instance, Names names) {
    super("events", instance, names);
  }

  @Override
  boolean takes(int type) {
    return type == RecordLayout.EVENT;
  }

  @Override
  void fill(RecordView record) {
    addText(kind, record, Text.METHOD);
    addName(listener, record.listener());
    addName(service, record.service());
    addName(node, record.node());
    addText(text, record, Text.TEXT);
  }
}
