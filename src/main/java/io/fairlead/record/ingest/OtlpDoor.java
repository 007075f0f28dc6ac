package io.fairlead.record.ingest;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.fairlead.config.LogSource;
import io.fairlead.telemetry.NodeLine;
import io.fairlead.telemetry.RecordLayout.Text;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.zip.GZIPInputStream;

/**
 * Takes logs of OpenTelemetry over HTTP. Where there is no room for a second it says 503, and
 * whoever sends tries again.
 */
final class OtlpDoor implements Closeable {
  /** Bytes of a request, unpacked. */
  static final int MOST_BODY = 8 << 20;

  private static final int MOST_REQUESTS = 16;
  private static final Duration PATIENCE = Duration.ofSeconds(1);

  private final LogSource.Otlp source;
  private final LineSink sink;
  private final HttpServer server;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final Semaphore requests = new Semaphore(MOST_REQUESTS);
  private volatile boolean closed;

  private OtlpDoor(LogSource.Otlp source, LineSink sink) throws IOException {
    this.source = source;
    this.sink = sink;
    server = HttpServer.create(SyslogServer.address(source.bind()), 0);
    server.setExecutor(threads);
    server.createContext("/", this::handle);
    server.start();
  }

  static OtlpDoor open(LogSource.Otlp source, LineSink sink) throws IOException {
    return new OtlpDoor(source, sink);
  }

  int port() {
    return server.getAddress().getPort();
  }

  private void handle(HttpExchange exchange) throws IOException {
    try (exchange) {
      if (!exchange.getRequestURI().getPath().equals("/v1/logs")) {
        answer(exchange, 404, "logs are taken at /v1/logs");
      } else if (!exchange.getRequestMethod().equals("POST")) {
        answer(exchange, 405, "logs are sent by POST");
      } else if (!requests.tryAcquire()) {
        answer(exchange, 503, "there are " + MOST_REQUESTS + " requests at once already");
      } else {
        try {
          take(exchange);
        } finally {
          requests.release();
        }
      }
    }
  }

  private void take(HttpExchange exchange) throws IOException {
    String type = String.valueOf(exchange.getRequestHeaders().getFirst("content-type"));
    boolean json = type.startsWith("application/json");
    if (!json && !type.startsWith("application/x-protobuf")) {
      answer(exchange, 415, "logs come as application/x-protobuf or application/json");
      return;
    }
    byte[] body = body(exchange);
    if (body.length > MOST_BODY) {
      answer(exchange, 413, "a request may have at most " + MOST_BODY + " bytes");
      return;
    }
    List<OtlpLogs.Entry> entries = new ArrayList<>();
    try {
      if (json) {
        OtlpLogs.readJson(body, entries::add);
      } else {
        OtlpLogs.readProtobuf(body, entries::add);
      }
    } catch (OtlpLogs.Broken e) {
      sink.stats().unreadable.incrementAndGet();
      answer(exchange, 400, String.valueOf(e.getMessage()));
      return;
    }
    for (int i = 0; i < entries.size(); i++) {
      if (!sink.wait(line(entries.get(i)), PATIENCE, () -> closed)) {
        if (i == 0) { // nothing of it has been taken: it may come again as it is
          answer(exchange, 503, "there is no room now");
          return;
        }
        sink.stats().dropped.addAndGet(entries.size() - i);
        break;
      }
    }
    exchange.getResponseHeaders().set("content-type", json ? type : "application/x-protobuf");
    byte[] done = (json ? "{}" : "").getBytes(UTF_8);
    exchange.sendResponseHeaders(200, done.length == 0 ? -1 : done.length);
    if (done.length > 0) {
      exchange.getResponseBody().write(done);
    }
  }

  private static byte[] body(HttpExchange exchange) throws IOException {
    boolean packed = "gzip".equals(exchange.getRequestHeaders().getFirst("content-encoding"));
    InputStream in = exchange.getRequestBody();
    return (packed ? new GZIPInputStream(in) : in).readNBytes(MOST_BODY + 1);
  }

  private static void answer(HttpExchange exchange, int status, String why) throws IOException {
    if (status == 503) {
      exchange.getResponseHeaders().set("retry-after", "1");
    }
    exchange.getResponseHeaders().set("content-type", "text/plain; charset=utf-8");
    byte[] text = (why + "\n").getBytes(UTF_8);
    exchange.sendResponseHeaders(status, text.length);
    exchange.getResponseBody().write(text);
  }

  private NodeLine line(OtlpLogs.Entry entry) {
    long arrived = System.currentTimeMillis() * 1000;
    byte[] text = entry.body().getBytes(UTF_8);
    if (text.length > Text.TEXT.most()) {
      sink.stats().cut.incrementAndGet();
      text = Arrays.copyOf(text, Text.TEXT.most());
    }
    String id = first(entry.attributes(), "request_id", "request.id", "x-request-id");
    return new NodeLine(
        entry.timeNanos() <= 0 ? arrived : LineParser.sane(entry.timeNanos() / 1000, arrived),
        source.service().isEmpty() ? first(entry.resource(), "service.name") : source.service(),
        source.node().isEmpty()
            ? first(entry.resource(), "service.instance.id", "host.name")
            : source.node(),
        "otlp",
        entry.level(),
        id.isEmpty() ? LineParser.requestId(entry.body()) : id,
        entry.traceId().isEmpty() ? LineParser.traceId(entry.body()) : entry.traceId(),
        null,
        text,
        text.length,
        0,
        0);
  }

  private static String first(Map<String, String> from, String... names) {
    for (String name : names) {
      String value = from.getOrDefault(name, "");
      if (!value.isEmpty()) {
        return value;
      }
    }
    return "";
  }

  @Override
  public void close() {
    closed = true;
    server.stop(0);
    threads.shutdownNow();
  }
}
