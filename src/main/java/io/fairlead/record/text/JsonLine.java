package io.fairlead.record.text;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.fairlead.record.Bytes;
import io.fairlead.record.Names;
import io.fairlead.telemetry.RecordLayout;
import io.fairlead.telemetry.RecordLayout.Text;
import io.fairlead.telemetry.RecordView;
import org.jspecify.annotations.Nullable;

/** An object of JSON; fields are those of the tables of records, without what did not happen. */
final class JsonLine implements LineFormat {
  private final LogTimes times = new LogTimes(LogTimes.ISO);
  private final byte[] address = new byte[16];

  @Override
  public boolean write(RecordView record, Names names, Bytes to) {
    LogTexts.ascii("{\"time\":\"", to);
    times.micros(record.startMicros(), to);
    to.put('"');
    text("id", LogTexts.id(record), to);
    text("listener", names.name(record.listener()), to);
    text("route", names.name(record.route()), to);
    text("service", names.name(record.service()), to);
    text("node", names.name(record.node()), to);
    name("client", to);
    to.put('"');
    LogTexts.client(record, address, to);
    to.put('"');
    boolean request = record.type() == RecordLayout.HTTP;
    if (request) {
      text("method", LogTexts.method(record), to);
    }
    text("host", record, Text.HOST, to);
    if (request) {
      text("path", record, Text.PATH, to);
    }
    text("protocol", RecordLayout.protocol(record.protocol()), to);
    if (record.status() != 0) {
      number("status", record.status(), to);
    }
    text("error", names.error(record.error()), to);
    number("bytes_in", record.bytesIn(), to);
    number("bytes_out", record.bytesOut(), to);
    number("total_us", record.totalMicros(), to);
    phase("queue_us", record.queueMicros(), to);
    phase("connect_us", record.connectMicros(), to);
    phase("tls_us", record.tlsMicros(), to);
    phase("first_byte_us", record.firstByteMicros(), to);
    number("tries", record.tries(), to);
    text("user_agent", record, Text.USER_AGENT, to);
    text("trace_id", record, Text.TRACE_ID, to);
    to.put('}');
    return true;
  }

  private static void name(String name, Bytes to) {
    LogTexts.ascii(",\"", to);
    LogTexts.ascii(name, to);
    LogTexts.ascii("\":", to);
  }

  private static void number(String name, long value, Bytes to) {
    name(name, to);
    LogTexts.number(value, to);
  }

  private static void phase(String name, int micros, Bytes to) {
    if (micros != RecordLayout.NONE) {
      number(name, micros, to);
    }
  }

  private static void text(String name, @Nullable String value, Bytes to) {
    if (value != null && !value.isEmpty()) {
      byte[] bytes = value.getBytes(UTF_8);
      text(name, bytes, 0, bytes.length, to);
    }
  }

  private static void text(String name, RecordView record, Text which, Bytes to) {
    if (record.textLength(which) > 0) {
      text(name, record.bytes(), record.textStart(which), record.textLength(which), to);
    }
  }

  private static void text(String name, byte[] from, int offset, int length, Bytes to) {
    name(name, to);
    to.put('"');
    LogTexts.json(from, offset, length, to);
    to.put('"');
  }
}
