package io.fairlead.record;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.fairlead.telemetry.RecordLayout;
import io.fairlead.telemetry.RecordLayout.Text;
import io.fairlead.telemetry.RecordView;

/** Exchanges of HTTP, one row each. */
final class RequestTable extends ExchangeTable {
  private final TextColumn method = text("method");
  private final TextColumn host = text("host");
  private final TextColumn path = text("path");
  private final TextColumn protocol = text("protocol");
  private final NumberColumn status = maybe("status");
  private final TextColumn error = error();
  private final NumberColumn bytesIn = number("bytes_in", Column.Type.INT64);
  private final NumberColumn bytesOut = number("bytes_out", Column.Type.INT64);
  private final NumberColumn total = number("total_us", Column.Type.INT64);
  private final NumberColumn queue = maybe("queue_us");
  private final NumberColumn connect = maybe("connect_us");
  private final NumberColumn tls = maybe("tls_us");
  private final NumberColumn firstByte = maybe("first_byte_us");
  private final NumberColumn tries = number("tries", Column.Type.INT32);
  private final TextColumn userAgent = text("user_agent");
  private final TextColumn traceId = text("trace_id");
  private final NumberColumn weight = number("weight", Column.Type.DOUBLE);

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
  void more(RecordView record) {
    byte[] known = methods[record.method()];
    if (known.length > 0) {
      method.add(record.method(), known);
    } else {
      addText(method, record, Text.METHOD);
    }
    addText(host, record, Text.HOST);
    addText(path, record, Text.PATH);
    addProtocol(protocol, record.protocol());
    if (record.status() == 0) {
      status.addNull();
    } else {
      status.add(record.status());
    }
    addName(error, record.error());
    bytesIn.add(record.bytesIn());
    bytesOut.add(record.bytesOut());
    total.add(record.totalMicros());
    addPhase(queue, record.queueMicros());
    addPhase(connect, record.connectMicros());
    addPhase(tls, record.tlsMicros());
    addPhase(firstByte, record.firstByteMicros());
    tries.add(record.tries());
    addText(userAgent, record, Text.USER_AGENT);
    addText(traceId, record, Text.TRACE_ID);
    weight.add(1.0);
  }
}
