package io.fairlead.record.tail;

import io.fairlead.record.Addresses;
import io.fairlead.record.Bytes;
import io.fairlead.record.DnsWords;
import io.fairlead.record.Names;
import io.fairlead.record.sql.RecordTable;
import io.fairlead.telemetry.RecordLayout;
import io.fairlead.telemetry.RecordLayout.Text;
import io.fairlead.telemetry.RecordView;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.HexFormat;
import java.util.function.ToIntFunction;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/** What a record says in a column, read from the record itself. */
sealed interface RowField {
  /** There is no such thing in the record. */
  long NONE = Long.MIN_VALUE;

  /** A number; of times, microseconds since 1970. */
  record Whole(ToLongFunction<RecordView> value) implements RowField {}

  /** One of few texts, by a number; 0: there is none. */
  record Numbered(ToIntFunction<RecordView> number, Meaning meaning) implements RowField {}

  /** A text that stands in the record; empty: there is none. */
  record Words(Text which) implements RowField {}

  /** A text that is made of what stands in the record; empty: there is none. */
  record Made(Making making) implements RowField {}

  /** The same in each record. */
  record Same(String text) implements RowField {}

  /** What a number stands for. */
  interface Meaning {
    @Nullable String of(int number, Names names);
  }

  /** How a text is made. */
  interface Making {
    void write(RecordView record, Bytes to);
  }

  VarHandle BIG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

  /**
   * The field of that column; to be read by one thread.
   *
   * @param instance what the column of that name says
   */
  static RowField of(RecordTable table, String column, String instance) {
    return switch (column) {
      case "name" -> new Words(Text.PATH);
      case "type" -> new Numbered(RecordView::status, (number, _) -> DnsWords.type(number));
      case "code" -> new Numbered(RecordView::tries, (number, _) -> DnsWords.code(number - 1));
      case "answer" -> new Words(Text.TEXT);
      case "id" -> new Made(RowField::id);
      case "time" -> new Whole(RecordView::startMicros);
      case "instance" -> new Same(instance);
      case "listener" -> named(RecordView::listener);
      case "route" -> named(RecordView::route);
      case "service" -> named(RecordView::service);
      case "node" -> named(RecordView::node);
      case "client" -> {
        byte[] address = new byte[16];
        yield new Made((record, to) -> {
          BIG.set(address, 0, record.clientHigh());
          BIG.set(address, 8, record.clientLow());
          Addresses.write(address, 0, to);
        });
      }
      case "method" -> new Made(RowField::method);
      case "host", "source" -> new Words(Text.HOST);
      case "path" -> new Words(Text.PATH);
      case "protocol" ->
          new Numbered(RecordView::protocol, (number, _) -> RecordLayout.protocol(number));
      case "status" -> new Whole(record -> record.status() == 0 ? NONE : record.status());
      case "error" ->
          table == RecordTable.DNS
              ? new Words(Text.METHOD)
              : new Numbered(RecordView::error, (number, names) -> names.error(number));
      case "bytes_in" -> new Whole(RecordView::bytesIn);
      case "bytes_out" -> new Whole(RecordView::bytesOut);
      case "total_us" -> new Whole(RecordView::totalMicros);
      case "queue_us" -> phase(RecordView::queueMicros);
      case "connect_us" -> phase(RecordView::connectMicros);
      case "tls_us" -> phase(RecordView::tlsMicros);
      case "first_byte_us" -> phase(RecordView::firstByteMicros);
      case "tries" -> new Whole(RecordView::tries);
      case "user_agent", "pattern" -> new Words(Text.USER_AGENT);
      case "trace_id" -> new Words(Text.TRACE_ID);
      case "request_id" -> new Words(Text.REQUEST_ID);
      case "weight" -> new Whole(RecordView::weight);
      case "kind", "level" -> new Words(Text.METHOD);
      case "outcome" -> new Numbered(RecordView::status, (number, _) -> Names.outcome(number));
      case "reason", "text" -> new Words(Text.TEXT);
      default ->
          throw new IllegalStateException(table + " have a column " + column + " of no record");
    };
  }

  private static RowField named(ToIntFunction<RecordView> number) {
    return new Numbered(number, (of, names) -> names.name(of));
  }

  private static RowField phase(ToIntFunction<RecordView> micros) {
    return new Whole(record -> {
      int value = micros.applyAsInt(record);
      return value == RecordLayout.NONE ? NONE : value;
    });
  }

  private static void id(RecordView record, Bytes to) {
    int length = record.textLength(Text.REQUEST_ID);
    if (length > 0 && record.type() != RecordLayout.LINE) {
      to.put(record.bytes(), record.textStart(Text.REQUEST_ID), length);
      return;
    }
    hex(record.idHigh(), 16, to);
    hex(record.idLow(), 8, to);
  }

  private static void hex(long value, int digits, Bytes to) {
    for (int shift = (digits - 1) * 4; shift >= 0; shift -= 4) {
      to.put(HexFormat.of().toLowHexDigit((int) (value >>> shift)));
    }
  }

  private static void method(RecordView record, Bytes to) {
    String known = RecordLayout.method(record.method());
    if (known.isEmpty()) {
      to.put(record.bytes(), record.textStart(Text.METHOD), record.textLength(Text.METHOD));
    } else {
      for (int i = 0; i < known.length(); i++) {
        to.put(known.charAt(i));
      }
    }
  }
}
