package io.fairlead.record;

import io.fairlead.telemetry.RecordLayout;
import io.fairlead.telemetry.RecordLayout.Text;
import io.fairlead.telemetry.RecordView;

/** Relayed connections and what a client sent over UDP, one row each. */
final class SessionTable extends ExchangeTable {
  private final TextColumn host = text("host");
  private final TextColumn protocol = of(ways, text("protocol"));
  private final TextColumn error = of(ways, error());
  private final NumberColumn bytesIn = number("bytes_in", Column.Type.INT64);
  private final NumberColumn bytesOut = number("bytes_out", Column.Type.INT64);
  private final NumberColumn total = number("total_us", Column.Type.INT64);
  private final NumberColumn queue = maybe("queue_us");
  private final NumberColumn connect = maybe("connect_us");
  private final NumberColumn tries = of(ways, number("tries", Column.Type.INT32));
  private final NumberColumn weight = of(ways, number("weight", Column.Type.DOUBLE));

  SessionTable(String instance, Names names) {
    super("sessions", instance, names);
  }

  @Override
  boolean takes(int type) {
    return type == RecordLayout.STREAM || type == RecordLayout.DATAGRAMS;
  }

  @Override
  void addWay(RecordView record) {
    addProtocol(protocol, record.protocol());
    addName(error, record.error());
    tries.add(record.tries());
    weight.add(1.0);
  }

  @Override
  void more(RecordView record) {
    addText(host, record, Text.HOST);
    bytesIn.add(record.bytesIn());
    bytesOut.add(record.bytesOut());
    total.add(record.totalMicros());
    addPhase(queue, record.queueMicros());
    addPhase(connect, record.connectMicros());
  }
}
