package io.fairlead.record.otlp;

import io.fairlead.record.Addresses;
import io.fairlead.record.Bytes;
import io.fairlead.record.Names;
import io.fairlead.telemetry.RecordLayout;
import io.fairlead.telemetry.RecordLayout.Text;
import io.fairlead.telemetry.RecordView;
import io.fairlead.telemetry.SpanIds;
import io.fairlead.telemetry.TryEnd;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.common.AttributesBuilder;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.TraceFlags;
import io.opentelemetry.api.trace.TraceState;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.data.StatusData;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The spans of an exchange: its own, of kind server, and one of kind client for each try. They say
 * what the record says, masked as it is, in the words of OpenTelemetry's conventions for HTTP [1],
 * and what these have no word for in our own, with {@code fairlead.} in front.
 *
 * <p>The whole URL of a try is not said: what a rewriting sent to the node is not recorded.
 *
 * <p>[1] OpenTelemetry Semantic Conventions, HTTP spans.
 */
final class ExchangeSpans {
  private static final HexFormat HEX = HexFormat.of();

  /** Addresses of IPv6 have brackets. */
  private static final Pattern HOST_AND_PORT =
      Pattern.compile("\\[?(?<host>[^:]+|(?<=\\[)[0-9a-f:.]+(?=]))]?:(?<port>[0-9]{1,5})");

  private final Origin origin;
  private final ByteBuffer address = ByteBuffer.allocate(16);
  private final Bytes text = new Bytes(64);

  ExchangeSpans(Origin origin) {
    this.origin = origin;
  }

  void add(RecordView record, Names names, List<SpanData> to) {
    String trace = record.text(Text.TRACE_ID);
    TraceFlags flags =
        record.has(RecordLayout.SAMPLED) ? TraceFlags.getSampled() : TraceFlags.getDefault();
    SpanContext self = context(trace, record, SpanIds.EXCHANGE, flags);
    String parent = record.text(Text.PARENT_ID);
    String known = RecordLayout.method(record.method());
    String method = known.isEmpty() ? "HTTP" : known; // whatever else it is, there are too many
    String route = names.name(record.route());
    String error = names.error(record.error());
    long start = record.startMicros() * 1000;
    to.add(
        new Span(
            origin,
            route == null ? method : method + " " + route,
            SpanKind.SERVER,
            self,
            parent.isEmpty()
                ? SpanContext.getInvalid()
                : SpanContext.createFromRemoteParent(trace, parent, flags, TraceState.getDefault()),
            start,
            start + record.totalMicros() * 1000,
            status(record.status(), error),
            ofExchange(record, names, route, error)));
    for (int i = 0; i < record.toldTries(); i++) {
      long begun = start + record.tryStartMicros(i) * 1000L;
      to.add(
          new Span(
              origin,
              method,
              SpanKind.CLIENT,
              context(trace, record, record.tryNumber(i), flags),
              self,
              begun,
              begun + record.tryMicros(i) * 1000L,
              statusOfTry(record, i),
              ofTry(record, names, i)));
    }
  }

  private static SpanContext context(
      String trace, RecordView record, int number, TraceFlags flags) {
    String id = HEX.toHexDigits(SpanIds.of(record.idHigh(), record.idLow(), number));
    return SpanContext.create(trace, id, flags, TraceState.getDefault());
  }

  /** What the client does wrong is no error of the server. */
  private static StatusData status(int status, @Nullable String error) {
    if (status >= 500 || (error != null && (status < 400))) {
      return StatusData.create(StatusCode.ERROR, error == null ? "" : error);
    }
    return StatusData.unset();
  }

  private Attributes ofExchange(
      RecordView record, Names names, @Nullable String route, @Nullable String error) {
    AttributesBuilder all = Attributes.builder();
    method(record, all);
    int status = record.status();
    if (status > 0) {
      all.put("http.response.status_code", status);
    }
    if (error != null) {
      all.put("fairlead.error", error);
    }
    if (status >= 500 || (error != null && status < 400)) {
      all.put("error.type", error == null ? String.valueOf(status) : error);
    }
    path(record.text(Text.PATH), all);
    all.put("url.scheme", record.has(RecordLayout.TLS) ? "https" : "http");
    place(record.text(Text.HOST), all);
    client(record, all);
    protocol(record.protocol(), all);
    put("user_agent.original", record.text(Text.USER_AGENT), all);
    all.put("http.request.body.size", record.bytesIn());
    all.put("http.response.body.size", record.bytesOut());
    put("fairlead.listener", names.name(record.listener()), all);
    put("fairlead.route", route, all);
    put("fairlead.service", names.name(record.service()), all);
    put("fairlead.node", names.name(record.node()), all);
    String given = record.text(Text.REQUEST_ID);
    all.put("fairlead.request_id", given.isEmpty() ? record.id() : given);
    all.put("fairlead.tries", record.tries());
    phase("fairlead.queue_us", record.queueMicros(), all);
    phase("fairlead.connect_us", record.connectMicros(), all);
    phase("fairlead.tls_us", record.tlsMicros(), all);
    phase("fairlead.first_byte_us", record.firstByteMicros(), all);
    return all.build();
  }

  private static void method(RecordView record, AttributesBuilder all) {
    String known = RecordLayout.method(record.method());
    if (!known.isEmpty()) {
      all.put("http.request.method", known);
    } else if (record.textLength(Text.METHOD) > 0) {
      all.put("http.request.method", "_OTHER");
      all.put("http.request.method_original", record.text(Text.METHOD));
    }
  }

  private static void path(String path, AttributesBuilder all) {
    int query = path.indexOf('?');
    put("url.path", query < 0 ? path : path.substring(0, query), all);
    if (query >= 0) {
      put("url.query", path.substring(query + 1), all);
    }
  }

  /** A host, or an address of a node, with a port or without. */
  private static void place(@Nullable String name, AttributesBuilder all) {
    if (name == null || name.isEmpty()) {
      return;
    }
    Matcher both = HOST_AND_PORT.matcher(name);
    if (both.matches()) {
      all.put("server.address", both.group("host"));
      all.put("server.port", Integer.parseInt(both.group("port")));
    } else {
      all.put("server.address", name);
    }
  }

  private void client(RecordView record, AttributesBuilder all) {
    address.putLong(0, record.clientHigh()).putLong(8, record.clientLow());
    text.clear();
    Addresses.write(address.array(), 0, text);
    all.put("client.address", new String(text.array(), 0, text.size(), StandardCharsets.US_ASCII));
    if (record.clientPort() > 0) {
      all.put("client.port", record.clientPort());
    }
  }

  private static void protocol(int protocol, AttributesBuilder all) {
    switch (protocol) {
      case RecordLayout.HTTP_1_0 -> all.put("network.protocol.version", "1.0");
      case RecordLayout.HTTP_1_1 -> all.put("network.protocol.version", "1.1");
      case RecordLayout.HTTP_2 -> all.put("network.protocol.version", "2");
      case RecordLayout.HTTP_3 -> all.put("network.protocol.version", "3");
      case RecordLayout.GRPC -> {
        all.put("network.protocol.version", "2");
        all.put("fairlead.protocol", "grpc");
      }
      default -> put("fairlead.protocol", RecordLayout.protocol(protocol), all);
    }
  }

  private static void put(String name, @Nullable String value, AttributesBuilder all) {
    if (value != null && !value.isEmpty()) {
      all.put(name, value);
    }
  }

  private static void phase(String name, int micros, AttributesBuilder all) {
    if (micros != RecordLayout.NONE) {
      all.put(name, micros);
    }
  }

  // --- tries -------------------------------------------------------------------------------

  private static StatusData statusOfTry(RecordView record, int told) {
    return isError(record, told) ? StatusData.error() : StatusData.unset();
  }

  private static boolean isError(RecordView record, int told) {
    return switch (record.tryEnd(told)) {
      case ANSWERED, REJECTED -> record.tryStatus(told) >= 400;
      case CANCELLED -> false;
      case CONNECT_FAILED, RESET, REFUSED, TIMEOUT, BAD_RESPONSE -> true;
    };
  }

  private static Attributes ofTry(RecordView record, Names names, int told) {
    AttributesBuilder all = Attributes.builder();
    method(record, all);
    TryEnd end = record.tryEnd(told);
    int status = record.tryStatus(told);
    if (status > 0) {
      all.put("http.response.status_code", status);
    }
    if (isError(record, told)) {
      boolean answered = end == TryEnd.ANSWERED || end == TryEnd.REJECTED;
      all.put("error.type", answered ? String.valueOf(status) : end.wireName());
    }
    String node = names.name(record.tryNode(told));
    place(node, all);
    put("fairlead.node", node, all);
    put("fairlead.service", names.name(record.service()), all);
    all.put("fairlead.try", end.wireName());
    if (record.tryNumber(told) > 1) {
      all.put("http.request.resend_count", record.tryNumber(told) - 1);
    }
    return all.build();
  }
}
