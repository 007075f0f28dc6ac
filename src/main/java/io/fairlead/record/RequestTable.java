package io.fairlead.record;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.fairlead.telemetry.RecordLayout;
import io.fairlead.telemetry.RecordLayout.Text;
import io.fairlead.telemetry.RecordView;

/** Exchanges of HTTP, one row each. */
final class RequestTable extends ExchangeTable {
  /** Who asked. */
  private final AlikeRows askers = alike();

  private final TextColumn method = of(ways, text("method"));
  private final TextColumn host = of(askers, text("host"));
  private final TextColumn path = text("path");
  private final TextColumn protocol = of(ways, text("protocol"));
  private final NumberColumn status = of(ways, maybe("status"));
  private final TextColumn error = of(ways, error());
  private final NumberColumn bytesIn = number("bytes_in", Column.Type.INT64);
  private final NumberColumn bytesOut = number("bytes_out", Column.Type.INT64);
  private final NumberColumn total = number("total_us", Column.Type.INT64);
  private final NumberColumn queue = maybe("queue_us");
  private final NumberColumn connect = maybe("connect_us");
  private final NumberColumn tls = maybe("tls_us");
  private final NumberColumn firstByte = maybe("first_byte_us");
  private final NumberColumn tries = of(ways, number("tries", Column.Type.INT32));
  private final TextColumn userAgent = of(askers, text("user_agent"));
  private final TextColumn traceId = text("trace_id");
  private final NumberColumn weight = of(ways, number("weight", Column.Type.DOUBLE));

  private final byte[][] methods = new byte[256][];

  RequestTable(String instance, Names names) {
    super("requests", instance, names);
    for (int number = 0; number < 256; number++) {
      methods[number] = RecordLayout.method(number).getBytes(US_ASCII);
    }
  }

  @Override
  boolean takes(int type) {
    return type == RecordLayout.HTTP;
  }

  @Override
  void addWay(RecordView record) {
    byte[] known = methods[record.method()];
    if (known.length > 0) {
      method.add(record.method(), known);
    } else {
      addText(method, record, Text.METHOD);
    }
    addProtocol(protocol, record.protocol());
    if (record.status() == 0) {
      status.addNull();
    } else {
      status.add(record.status());
    }
    addName(error, record.error());
    tries.add(record.tries());
    weight.add(1.0);
  }

  @Override
  void more(RecordView record) {
    if (askers.add(record.era(), record.asker())) {
      addText(host, record, Text.HOST);
      addText(userAgent, record, Text.USER_AGENT);
    }
    addText(path, record, Text.PATH);
    bytesIn.add(record.bytesIn());
    bytesOut.add(record.bytesOut());
    total.add(record.totalMicros());
    addPhase(queue, record.queueMicros());
    addPhase(connect, record.connectMicros());
    addPhase(tls, record.tlsMicros());
    addPhase(firstByte, record.firstByteMicros());
    addText(traceId, record, Text.TRACE_ID);
  }
}
