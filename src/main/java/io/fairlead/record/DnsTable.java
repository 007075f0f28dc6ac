package io.fairlead.record;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.fairlead.telemetry.RecordLayout;
import io.fairlead.telemetry.RecordLayout.Text;
import io.fairlead.telemetry.RecordView;
import java.nio.ByteBuffer;

/** Answers of the DNS, and questions that got none, one row each. */
final class DnsTable extends Table {
  private static final int ADDRESS = 16;

  private final byte[] address = new byte[ADDRESS];
  private final ByteBuffer addressParts = ByteBuffer.wrap(address);
  private final byte[][] protocols = new byte[256][];
  private final TextColumn listener = named("listener");
  private final TextColumn client =
      written("client", (from, at, _, to) -> Addresses.write(from, at, to));
  private final TextColumn protocol = text("protocol");
  private final TextColumn asked = text("name");
  private final TextColumn type = asked();
  private final TextColumn code = answered();
  private final TextColumn answer = text("answer");
  private final TextColumn error = text("error");
  private final NumberColumn total = number("total_us", Column.Type.INT64);
  private final NumberColumn weight = number("weight", Column.Type.DOUBLE);

  DnsTable(String instance, Names names) {
    super("dns", instance, names);
    for (int number = 0; number < protocols.length; number++) {
      protocols[number] = RecordLayout.protocol(number).getBytes(US_ASCII);
    }
  }

  @Override
  boolean takes(int kind) {
    return kind == RecordLayout.DNS;
  }

  @Override
  void fill(RecordView record) {
    addName(listener, record.listener());
    addressParts.putLong(0, record.clientHigh()).putLong(8, record.clientLow());
    client.add(address, 0, ADDRESS);
    protocol.add(record.protocol(), protocols[record.protocol()]);
    addText(asked, record, Text.PATH);
    addName(type, record.status());
    addName(code, record.tries());
    addText(answer, record, Text.TEXT);
    addText(error, record, Text.METHOD);
    total.add(record.totalMicros());
    weight.add((double) record.weight());
  }
}
