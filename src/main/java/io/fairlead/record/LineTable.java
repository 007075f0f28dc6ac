package io.fairlead.record;

import io.fairlead.telemetry.RecordLayout;
import io.fairlead.telemetry.RecordLayout.Text;
import io.fairlead.telemetry.RecordView;

/** Lines of the nodes' own logs, one row each. */
final class LineTable extends Table {
  private final TextColumn service = named("service");
  private final TextColumn node = named("node");
  private final TextColumn source = text("source");
  private final TextColumn level = text("level");
  private final TextColumn requestId = text("request_id");
  private final TextColumn traceId = text("trace_id");
  private final TextColumn pattern = text("pattern");
  private final TextColumn text = text("text");

  LineTable(String instance, Names names) {
    super("node_logs", instance, names);
  }

  @Override
  boolean takes(int type) {
    return type == RecordLayout.LINE;
  }

  @Override
  void fill(RecordView record) {
    addName(service, record.service());
    addName(node, record.node());
    addText(source, record, Text.HOST);
    addText(level, record, Text.METHOD);
    addText(requestId, record, Text.REQUEST_ID);
    addText(traceId, record, Text.TRACE_ID);
    addText(pattern, record, Text.USER_AGENT);
    addText(text, record, Text.TEXT);
  }
}
