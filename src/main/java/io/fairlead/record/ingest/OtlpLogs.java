package io.fairlead.record.ingest;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.HashMap;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Reads what OpenTelemetry sends to {@code /v1/logs} [1]. Of protobuf it takes the fields that are
 * needed and steps over all others; a library that knows all of them would be larger than the rest
 * of this package by two orders.
 *
 * <p>[1] opentelemetry-proto, opentelemetry/proto/logs/v1/logs.proto; OTLP 1, binary and JSON.
 */
final class OtlpLogs {
  /** Deeper values are left out: nobody logs like that. */
  private static final int MOST_DEPTH = 8;

  private static final JsonMapper MAPPER = new JsonMapper();

  /** One log record, with the attributes of its resource. */
  record Entry(
      Map<String, String> resource,
      long timeNanos,
      int severity,
      String severityText,
      String body,
      Map<String, String> attributes,
      String traceId) {

    /** One of six words; empty: it does not say. */
    String level() {
      String word = LineParser.word(severityText);
      if (!word.isEmpty() || severity <= 0) {
        return word;
      }
      String[] levels = {"trace", "debug", "info", "warn", "error", "fatal"};
      return levels[Math.min((severity - 1) / 4, 5)];
    }
  }

  /** It is none. */
  static final class Broken extends Exception {
    private static final long serialVersionUID = 1L;

    Broken(String message) {
      super(message, null, false, false); // said to the sender
    }
  }

  private OtlpLogs() {}

  // --- protobuf ----------------------------------------------------------------------------

  static void readProtobuf(byte[] bytes, Consumer<Entry> to) throws Broken {
    Fields request = new Fields(bytes, 0, bytes.length);
    while (request.next()) {
      if (request.is(1, Fields.BYTES)) {
        resourceLogs(request.inner(), to);
      }
    }
  }

  private static void resourceLogs(Fields logs, Consumer<Entry> to) throws Broken {
    Map<String, String> resource = new HashMap<>();
    Fields again = logs.copy(); // the resource may come behind
    while (logs.next()) {
      if (logs.is(1, Fields.BYTES)) {
        Fields fields = logs.inner();
        while (fields.next()) {
          if (fields.is(1, Fields.BYTES)) {
            attribute(fields.inner(), resource);
          }
        }
      }
    }
    while (again.next()) {
      if (again.is(2, Fields.BYTES)) {
        Fields scope = again.inner();
        while (scope.next()) {
          if (scope.is(2, Fields.BYTES)) {
            to.accept(entry(scope.inner(), resource));
          }
        }
      }
    }
  }

  private static Entry entry(Fields log, Map<String, String> resource) throws Broken {
    long time = 0;
    long observed = 0;
    int severity = 0;
    String severityText = "";
    String body = "";
    String trace = "";
    Map<String, String> attributes = new HashMap<>();
    while (log.next()) {
      if (log.is(1, Fields.EIGHT)) {
        time = log.number;
      } else if (log.is(11, Fields.EIGHT)) {
        observed = log.number;
      } else if (log.is(2, Fields.VARINT)) {
        severity = (int) log.number;
      } else if (log.is(3, Fields.BYTES)) {
        severityText = log.text();
      } else if (log.is(5, Fields.BYTES)) {
        body = value(log.inner(), 0);
      } else if (log.is(6, Fields.BYTES)) {
        attribute(log.inner(), attributes);
      } else if (log.is(9, Fields.BYTES)) {
        trace = log.hex();
      }
    }
    return new Entry(
        resource, time == 0 ? observed : time, severity, severityText, body, attributes, trace);
  }

  private static void attribute(Fields pair, Map<String, String> to) throws Broken {
    String key = "";
    String value = "";
    while (pair.next()) {
      if (pair.is(1, Fields.BYTES)) {
        key = pair.text();
      } else if (pair.is(2, Fields.BYTES)) {
        value = value(pair.inner(), 0);
      }
    }
    to.put(key, value);
  }

  /** As a text: what is no text looks like JSON. */
  private static String value(Fields value, int depth) throws Broken {
    String found = "";
    while (value.next()) {
      if (value.is(1, Fields.BYTES)) {
        found = value.text();
      } else if (value.is(2, Fields.VARINT)) {
        found = Boolean.toString(value.number != 0);
      } else if (value.is(3, Fields.VARINT)) {
        found = Long.toString(value.number);
      } else if (value.is(4, Fields.EIGHT)) {
        found = Double.toString(Double.longBitsToDouble(value.number));
      } else if (value.is(5, Fields.BYTES)) {
        found = "[" + several(value.inner(), depth, false) + "]";
      } else if (value.is(6, Fields.BYTES)) {
        found = "{" + several(value.inner(), depth, true) + "}";
      } else if (value.is(7, Fields.BYTES)) {
        found = value.hex();
      }
    }
    return found;
  }

  private static String several(Fields values, int depth, boolean named) throws Broken {
    StringBuilder all = new StringBuilder();
    while (depth < MOST_DEPTH && values.next()) {
      if (values.is(1, Fields.BYTES)) {
        all.append(all.isEmpty() ? "" : ",");
        Fields inner = values.inner();
        if (!named) {
          all.append(value(inner, depth + 1));
          continue;
        }
        while (inner.next()) {
          if (inner.is(1, Fields.BYTES)) {
            all.append(inner.text()).append(':');
          } else if (inner.is(2, Fields.BYTES)) {
            all.append(value(inner.inner(), depth + 1));
          }
        }
      }
    }
    return all.toString();
  }

  /** The fields of a message, one after the other. */
  private static final class Fields {
    static final int VARINT = 0;
    static final int EIGHT = 1;
    static final int BYTES = 2;
    private static final int FOUR = 5;

    private final byte[] bytes;
    private final int begin;
    private final int end;
    private int at;
    private int field;
    private int type;
    private int from;
    private int to;
    long number;

    Fields(byte[] bytes, int begin, int end) {
      this.bytes = bytes;
      this.begin = begin;
      this.end = end;
      at = begin;
    }

    Fields copy() {
      return new Fields(bytes, begin, end);
    }

    boolean is(int wanted, int kind) {
      return field == wanted && type == kind;
    }

    boolean next() throws Broken {
      if (at >= end) {
        return false;
      }
      long tag = varint();
      field = (int) (tag >>> 3);
      type = (int) tag & 7;
      switch (type) {
        case VARINT -> number = varint();
        case EIGHT -> number = fixed(8);
        case FOUR -> number = fixed(4);
        case BYTES -> {
          long length = varint();
          if (length < 0 || length > end - at) {
            throw new Broken("a field is longer than the message");
          }
          from = at;
          at += (int) length;
          to = at;
        }
        default -> throw new Broken("no field has the type " + type);
      }
      return true;
    }

    private long varint() throws Broken {
      long value = 0;
      for (int shift = 0; shift < 64; shift += 7) {
        if (at >= end) {
          throw new Broken("the message ends in the midst of a number");
        }
        byte next = bytes[at++];
        value |= (long) (next & 0x7F) << shift;
        if (next >= 0) {
          return value;
        }
      }
      throw new Broken("a number has more than 64 bits");
    }

    private long fixed(int count) throws Broken {
      if (end - at < count) {
        throw new Broken("the message ends in the midst of a number");
      }
      long value = 0;
      for (int i = 0; i < count; i++) {
        value |= (bytes[at++] & 0xFFL) << (8 * i);
      }
      return value;
    }

    Fields inner() {
      return new Fields(bytes, from, to);
    }

    String text() {
      return new String(bytes, from, to - from, UTF_8);
    }

    String hex() {
      return HexFormat.of().formatHex(bytes, from, to);
    }
  }

  // --- JSON --------------------------------------------------------------------------------

  static void readJson(byte[] bytes, Consumer<Entry> to) throws Broken {
    try {
      JsonNode request = MAPPER.readTree(bytes);
      if (request == null || !request.isObject()) {
        throw new Broken("the body must be an object");
      }
      for (JsonNode logs : request.path("resourceLogs")) {
        Map<String, String> resource = attributes(logs.path("resource").path("attributes"));
        for (JsonNode scope : logs.path("scopeLogs")) {
          for (JsonNode log : scope.path("logRecords")) {
            to.accept(entry(log, resource));
          }
        }
      }
    } catch (JacksonException | NumberFormatException e) {
      throw new Broken("the body is not JSON as OTLP has it");
    }
  }

  private static Entry entry(JsonNode log, Map<String, String> resource) {
    long time = nanos(log.get("timeUnixNano"));
    return new Entry(
        resource,
        time == 0 ? nanos(log.get("observedTimeUnixNano")) : time,
        log.path("severityNumber").asInt(0),
        log.path("severityText").asString(""),
        value(log.path("body")),
        attributes(log.path("attributes")),
        log.path("traceId").asString("").toLowerCase(Locale.ROOT));
  }

  /** A number of 64 bits, which JSON has as a text. */
  private static long nanos(@Nullable JsonNode node) {
    return node == null
        ? 0
        : node.isNumber() ? node.longValue() : Long.parseLong(node.asString("0"));
  }

  private static Map<String, String> attributes(JsonNode list) {
    Map<String, String> found = new HashMap<>();
    for (JsonNode each : list) {
      found.put(each.path("key").asString(""), value(each.path("value")));
    }
    return found;
  }

  private static String value(JsonNode any) {
    for (JsonNode value : any) { // one member, named by its type
      return value.isValueNode() ? value.asString("") : value.toString();
    }
    return "";
  }
}
