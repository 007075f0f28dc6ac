package io.fairlead;

import com.google.protobuf.InvalidProtocolBufferException;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import io.opentelemetry.proto.collector.logs.v1.ExportLogsServiceRequest;
import io.opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;
import io.opentelemetry.proto.common.v1.AnyValue;
import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.logs.v1.LogRecord;
import io.opentelemetry.proto.metrics.v1.Metric;
import io.opentelemetry.proto.trace.v1.Span;
import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/** A receiver of OTLP that reads messages with the official classes and keeps what is in them. */
final class OtlpReceiver implements Closeable {
  /** How it answers. */
  interface Manner {
    void answer(HttpExchange exchange) throws IOException;
  }

  final List<ExportTraceServiceRequest> traces = new CopyOnWriteArrayList<>();
  final List<ExportMetricsServiceRequest> metrics = new CopyOnWriteArrayList<>();
  final List<ExportLogsServiceRequest> logs = new CopyOnWriteArrayList<>();

  /** Fields of requests that were taken. */
  final List<Map<String, List<String>>> fields = new CopyOnWriteArrayList<>();

  /** Null: it takes everything. */
  volatile @Nullable Manner manner;

  private final HttpServer server;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

  OtlpReceiver() throws IOException {
    this(0, null);
  }

  OtlpReceiver(int port, @Nullable SSLContext secure) throws IOException {
    InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    if (secure == null) {
      server = HttpServer.create(address, 50);
    } else {
      HttpsServer https = HttpsServer.create(address, 50);
      https.setHttpsConfigurator(new HttpsConfigurator(secure));
      server = https;
    }
    server.createContext("/", this::take);
    server.setExecutor(threads);
    server.start();
  }

  int port() {
    return server.getAddress().getPort();
  }

  String url() {
    return (server instanceof HttpsServer ? "https" : "http") + "://127.0.0.1:" + port();
  }

  private void take(HttpExchange exchange) throws IOException {
    try (exchange) {
      byte[] body = exchange.getRequestBody().readAllBytes();
      Manner present = manner;
      if (present != null) {
        present.answer(exchange);
        return;
      }
      keep(exchange.getRequestURI().getPath(), body);
      fields.add(Map.copyOf(exchange.getRequestHeaders()));
      exchange.getResponseHeaders().set("content-type", "application/x-protobuf");
      exchange.sendResponseHeaders(200, -1);
    }
  }

  private void keep(String path, byte[] body) {
    try {
      switch (path) {
        case "/v1/traces" -> traces.add(ExportTraceServiceRequest.parseFrom(body));
        case "/v1/metrics" -> metrics.add(ExportMetricsServiceRequest.parseFrom(body));
        case "/v1/logs" -> logs.add(ExportLogsServiceRequest.parseFrom(body));
        default -> throw new IllegalStateException("nothing is sent to " + path);
      }
    } catch (InvalidProtocolBufferException e) {
      throw new UncheckedIOException(e);
    }
  }

  List<Span> spans() {
    return traces.stream()
        .flatMap(one -> one.getResourceSpansList().stream())
        .flatMap(one -> one.getScopeSpansList().stream())
        .flatMap(one -> one.getSpansList().stream())
        .toList();
  }

  List<LogRecord> records() {
    return logs.stream()
        .flatMap(one -> one.getResourceLogsList().stream())
        .flatMap(one -> one.getScopeLogsList().stream())
        .flatMap(one -> one.getLogRecordsList().stream())
        .toList();
  }

  /** Those of the last message, by name. */
  Map<String, Metric> lastMetrics() {
    Map<String, Metric> all = new TreeMap<>();
    if (!metrics.isEmpty()) {
      metrics.getLast().getResourceMetricsList().stream()
          .flatMap(one -> one.getScopeMetricsList().stream())
          .flatMap(one -> one.getMetricsList().stream())
          .forEach(one -> all.put(one.getName(), one));
    }
    return all;
  }

  /** Attributes in words. */
  static Map<String, String> words(List<KeyValue> attributes) {
    Map<String, String> words = new TreeMap<>();
    attributes.forEach(one -> words.put(one.getKey(), word(one.getValue())));
    return words;
  }

  private static String word(AnyValue value) {
    return switch (value.getValueCase()) {
      case STRING_VALUE -> value.getStringValue();
      case INT_VALUE -> Long.toString(value.getIntValue());
      case DOUBLE_VALUE -> Double.toString(value.getDoubleValue());
      case BOOL_VALUE -> Boolean.toString(value.getBoolValue());
      case ARRAY_VALUE ->
          value.getArrayValue().getValuesList().stream()
              .map(OtlpReceiver::word)
              .toList()
              .toString();
      default -> value.toString();
    };
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }
}
