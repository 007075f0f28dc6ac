package io.fairlead.record;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.fairlead.telemetry.RecordLayout;
import io.fairlead.telemetry.RecordView;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** What somebody asked of a listener: where it went, and who asked. */
abstract sealed class ExchangeTable extends Table permits RequestTable, SessionTable {
  private static final int ADDRESS = 16;
  private static final VarHandle BIG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

  private final byte[] address = new byte[ADDRESS];
  private final byte[][] protocols = new byte[256][];

  /** Which way exchanges went. */
  final AlikeRows ways = alike();

  private final TextColumn listener = of(ways, named("listener"));
  private final TextColumn route = of(ways, named("route"));
  private final TextColumn service = of(ways, named("service"));
  private final TextColumn node = of(ways, named("node"));
  private final TextColumn client =
      written("client", (from, at, _, to) -> Addresses.write(from, at, to));

  ExchangeTable(String name, String instance, Names names) {
    super(name, instance, names);
    for (int number = 0; number < protocols.length; number++) {
      protocols[number] = RecordLayout.protocol(number).getBytes(US_ASCII);
    }
  }

  @Override
  final void fill(RecordView record) {
    if (ways.add(record.era(), record.way())) {
      addName(listener, record.listener());
      addName(route, record.route());
      addName(service, record.service());
      addName(node, record.node());
      addWay(record);
    }
    BIG.set(address, 0, record.clientHigh());
    BIG.set(address, 8, record.clientLow());
    client.add(address, 0, ADDRESS);
    more(record);
  }

  /** What else is the same on one way. */
  abstract void addWay(RecordView record);

  /** The columns that not all of them have. */
  abstract void more(RecordView record);

  final void addProtocol(TextColumn column, int number) {
    column.add(number, protocols[number]);
  }
}
