package io.fairlead;

import static io.fairlead.OtlpReceiver.words;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.sun.net.httpserver.HttpServer;
import io.fairlead.config.ConfigReader;
import io.fairlead.record.otlp.ExportStats;
import io.fairlead.telemetry.Event;
import io.fairlead.telemetry.EventLog;
import io.netty.pkitesting.X509Bundle;
import io.opentelemetry.proto.logs.v1.LogRecord;
import io.opentelemetry.proto.logs.v1.SeverityNumber;
import io.opentelemetry.proto.metrics.v1.AggregationTemporality;
import io.opentelemetry.proto.metrics.v1.ExponentialHistogramDataPoint;
import io.opentelemetry.proto.metrics.v1.Metric;
import io.opentelemetry.proto.metrics.v1.NumberDataPoint;
import io.opentelemetry.proto.trace.v1.Span;
import io.opentelemetry.proto.trace.v1.Status;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a receiver of OTLP gets of real traffic, and what becomes of it when it does not take it.
 */
@Timeout(60)
final class OtlpTest {
  private static final String TRACE = "0af7651916cd43dd8448eb211c80319c";
  private static final String PARENT = "b7ad6b7169203331";
  private static final String CAME = "00-" + TRACE + "-" + PARENT + "-01";

  @TempDir private Path folder;
  private HttpServer node;

  /** What the node was told, in order. */
  private final List<String> told = new CopyOnWriteArrayList<>();

  private final AtomicInteger failing = new AtomicInteger();
  private OtlpReceiver receiver;

  @BeforeEach
  void open() throws IOException {
    receiver = new OtlpReceiver();
    node = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 50);
    node.createContext(
        "/",
        exchange -> {
          try (exchange) {
            told.add(String.valueOf(exchange.getRequestHeaders().getFirst("traceparent")));
            boolean fails = failing.getAndUpdate(left -> Math.max(0, left - 1)) > 0;
            exchange.sendResponseHeaders(fails ? 503 : 200, 5);
            exchange
                .getResponseBody()
                .write("hello".getBytes(java.nio.charset.StandardCharsets.US_ASCII));
          }
        });
    node.start();
  }

  @AfterEach
  void close() {
    node.stop(0);
    receiver.close();
  }

  private String nodeAddress() {
    return "127.0.0.1:" + node.getAddress().getPort();
  }

  private String yaml(String otlp) {
    return """
    admin: { bind: "127.0.0.1:0" }
    data: %s
    logs: { ring: 4MiB, mask: { query: [token] } }
    telemetry: { otlp: %s }
    listeners:
      web:
        bind: "127.0.0.1:0"
        routes:
          - { name: moved, match: { path: /moved }, redirect: { to: "https://other/" } }
          - { name: gone, match: { path: /gone }, service: gone, retry: { attempts: 0 } }
          - { name: shop, service: shop, retry: { attempts: 1, on: ["503"] } }
    services:
      shop: { nodes: "%s", health: none }
      gone: { nodes: { address: "127.0.0.1:1", name: lost }, health: none }
    """
        .formatted(folder.resolve("data"), otlp, nodeAddress());
  }

  private String to(String said) {
    return "{ endpoint: \"%s\", %s }".formatted(receiver.url(), said);
  }

  private static void ask(Fairlead fairlead, String path, String... fields) throws IOException {
    try (Loopback.Client client = new Loopback.Client(Loopback.port(fairlead, "web"))) {
      StringBuilder request =
          new StringBuilder("GET " + path + " HTTP/1.1\r\nHost: Shop.Test:81\r\n");
      for (String field : fields) {
        request.append(field).append("\r\n");
      }
      client.send(request + "\r\n");
      client.reply();
    }
  }

  private static String hex(ByteString id) {
    return HexFormat.of().formatHex(id.toByteArray());
  }

  private static ExportStats stats(Fairlead fairlead, String kind) {
    return fairlead.export().stats().stream()
        .filter(one -> one.kind().equals(kind))
        .findFirst()
        .orElseThrow();
  }

  // --- traces ------------------------------------------------------------------------------

  @Test
  void spansSayWhatTheRecordSays() throws Exception {
    failing.set(1);
    long before = System.currentTimeMillis();
    try (Fairlead fairlead =
        Loopback.startRecording(yaml(to("traces: 100%, metrics: false, logs: false")))) {
      ask(
          fairlead,
          "/buy?item=7&token=hidden",
          "traceparent: " + CAME,
          "user-agent: me",
          "content-length: 0");
    } // what was recorded is sent before the end
    long after = System.currentTimeMillis();
    List<Span> spans = receiver.spans();
    assertThat(spans).hasSize(3);
    Span exchange = spans.get(0);
    assertThat(exchange.getName()).isEqualTo("GET shop");
    assertThat(exchange.getKind()).isEqualTo(Span.SpanKind.SPAN_KIND_SERVER);
    assertThat(hex(exchange.getTraceId())).isEqualTo(TRACE);
    assertThat(hex(exchange.getParentSpanId())).isEqualTo(PARENT);
    assertThat(exchange.getFlags() & 0xFF).isEqualTo(1);
    assertThat(exchange.getStatus().getCode()).isEqualTo(Status.StatusCode.STATUS_CODE_UNSET);
    Map<String, String> words = words(exchange.getAttributesList());
    assertThat(words.remove("client.port")).matches("[0-9]+");
    assertThat(words.remove("fairlead.request_id")).matches("[0-9a-f]{24}");
    assertThat(words.remove("fairlead.first_byte_us")).matches("[0-9]+");
    words.remove("fairlead.connect_us"); // only of a new connection
    assertThat(words)
        .isEqualTo(
            Map.ofEntries(
                Map.entry("http.request.method", "GET"),
                Map.entry("http.response.status_code", "200"),
                Map.entry("url.path", "/buy"),
                Map.entry("url.query", "item=7&token=***"),
                Map.entry("url.scheme", "http"),
                Map.entry("server.address", "shop.test"),
                Map.entry("client.address", "127.0.0.1"),
                Map.entry("network.protocol.version", "1.1"),
                Map.entry("user_agent.original", "me"),
                Map.entry("http.request.body.size", "0"),
                Map.entry("http.response.body.size", "5"),
                Map.entry("fairlead.listener", "web"),
                Map.entry("fairlead.route", "shop"),
                Map.entry("fairlead.service", "shop"),
                Map.entry("fairlead.node", nodeAddress()),
                Map.entry("fairlead.tries", "2")));
    long start = exchange.getStartTimeUnixNano();
    long end = exchange.getEndTimeUnixNano();
    assertThat(start / 1_000_000).isBetween(before - 1, after);
    assertThat(end).isBetween(start, (after + 1) * 1_000_000);

    for (int i = 1; i <= 2; i++) {
      Span one = spans.get(i);
      assertThat(one.getName()).isEqualTo("GET");
      assertThat(one.getKind()).isEqualTo(Span.SpanKind.SPAN_KIND_CLIENT);
      assertThat(hex(one.getTraceId())).isEqualTo(TRACE);
      assertThat(one.getParentSpanId()).isEqualTo(exchange.getSpanId());
      assertThat(one.getStartTimeUnixNano()).isGreaterThanOrEqualTo(start);
      assertThat(one.getEndTimeUnixNano())
          .isBetween(one.getStartTimeUnixNano(), end + 1_000); // a microsecond of rounding
    }
    Map<String, String> both =
        Map.of(
            "http.request.method", "GET",
            "server.address", "127.0.0.1",
            "server.port", String.valueOf(node.getAddress().getPort()),
            "fairlead.node", nodeAddress(),
            "fairlead.service", "shop");
    assertThat(words(spans.get(1).getAttributesList()))
        .isEqualTo(
            with(
                both,
                Map.of(
                    "http.response.status_code", "503",
                    "error.type", "503",
                    "fairlead.try", "rejected")));
    assertThat(spans.get(1).getStatus().getCode()).isEqualTo(Status.StatusCode.STATUS_CODE_ERROR);
    assertThat(words(spans.get(2).getAttributesList()))
        .isEqualTo(
            with(
                both,
                Map.of(
                    "http.response.status_code", "200",
                    "http.request.resend_count", "1",
                    "fairlead.try", "answered")));
    assertThat(spans.get(2).getStatus().getCode()).isEqualTo(Status.StatusCode.STATUS_CODE_UNSET);
    // What the node was told are the spans of the tries.
    assertThat(told)
        .containsExactly(
            "00-" + TRACE + "-" + hex(spans.get(1).getSpanId()) + "-01",
            "00-" + TRACE + "-" + hex(spans.get(2).getSpanId()) + "-01");
    assertThat(
            words(receiver.traces.getFirst().getResourceSpans(0).getResource().getAttributesList()))
        .containsOnlyKeys("service.name", "service.version", "service.instance.id", "host.name")
        .containsEntry("service.name", "fairlead");
    assertThat(receiver.traces.getFirst().getResourceSpans(0).getScopeSpans(0).getScope().getName())
        .isEqualTo("io.fairlead");
  }

  private static Map<String, String> with(Map<String, String> some, Map<String, String> more) {
    Map<String, String> all = new java.util.TreeMap<>(some);
    all.putAll(more);
    return all;
  }

  @Test
  void failuresAreErrorsAndAnswersOfOurOwnHaveNoTry() throws Exception {
    try (Fairlead fairlead =
        Loopback.startRecording(yaml(to("traces: 100%, metrics: false, logs: false")))) {
      ask(fairlead, "/gone");
      ask(fairlead, "/moved");
    }
    Map<String, List<Span>> byName =
        receiver.spans().stream().collect(Collectors.groupingBy(Span::getName));
    assertThat(byName.keySet()).isEqualTo(Set.of("GET gone", "GET moved", "GET"));
    Span gone = first(byName, "GET gone");
    assertThat(gone.getParentSpanId().isEmpty()).isTrue();
    assertThat(gone.getStatus().getCode()).isEqualTo(Status.StatusCode.STATUS_CODE_ERROR);
    assertThat(gone.getStatus().getMessage()).isEqualTo("connect-failed");
    assertThat(words(gone.getAttributesList()))
        .containsEntry("error.type", "connect-failed")
        .containsEntry("fairlead.error", "connect-failed");
    Span tried = first(byName, "GET");
    assertThat(tried.getParentSpanId()).isEqualTo(gone.getSpanId());
    assertThat(tried.getTraceId()).isEqualTo(gone.getTraceId());
    assertThat(words(tried.getAttributesList()))
        .containsEntry("error.type", "connect-failed")
        .containsEntry("fairlead.try", "connect-failed")
        .containsEntry("server.address", "lost")
        .doesNotContainKey("http.response.status_code");
    Span moved = first(byName, "GET moved");
    assertThat(moved.getStatus().getCode()).isEqualTo(Status.StatusCode.STATUS_CODE_UNSET);
    assertThat(words(moved.getAttributesList())).containsEntry("http.response.status_code", "307");
  }

  private static Span first(Map<String, List<Span>> byName, String name) {
    return Objects.requireNonNull(byName.get(name)).getFirst();
  }

  // --- metrics -----------------------------------------------------------------------------

  @Test
  void metricsAreThoseOfThePage() throws Exception {
    try (Fairlead fairlead =
        Loopback.startRecording(yaml(to("metrics: true, logs: false, interval: 1s")))) {
      for (int i = 0; i < 20; i++) {
        ask(fairlead, "/");
      }
      Loopback.await(
          "metrics of all requests",
          () ->
              receiver.lastMetrics().containsKey("fairlead_listener_requests")
                  && receiver
                          .lastMetrics()
                          .get("fairlead_listener_requests")
                          .getSum()
                          .getDataPoints(0)
                          .getAsInt()
                      == 20);
      Map<String, Metric> all = receiver.lastMetrics();
      Metric requests = Objects.requireNonNull(all.get("fairlead_listener_requests"));
      assertThat(requests.getUnit()).isEqualTo("1");
      assertThat(requests.getDescription()).startsWith("Requests received.");
      assertThat(requests.getSum().getIsMonotonic()).isTrue();
      assertThat(requests.getSum().getAggregationTemporality())
          .isEqualTo(AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE);
      NumberDataPoint point = requests.getSum().getDataPoints(0);
      assertThat(words(point.getAttributesList())).isEqualTo(Map.of("listener", "web"));
      assertThat(point.getStartTimeUnixNano()).isPositive().isLessThan(point.getTimeUnixNano());

      Metric latency = Objects.requireNonNull(all.get("fairlead_service_latency_seconds"));
      assertThat(latency.getUnit()).isEqualTo("s");
      ExponentialHistogramDataPoint shop =
          latency.getExponentialHistogram().getDataPointsList().stream()
              .filter(one -> words(one.getAttributesList()).equals(Map.of("service", "shop")))
              .findFirst()
              .orElseThrow();
      assertThat(shop.getScale()).isEqualTo(3);
      assertThat(shop.getCount()).isEqualTo(20);
      assertThat(
              shop.getZeroCount()
                  + shop.getPositive().getBucketCountsList().stream()
                      .mapToLong(Long::longValue)
                      .sum())
          .isEqualTo(20);
      // The values are in their buckets: the sum is between those of all lower and upper bounds.
      double low = 0;
      double high = 0;
      for (int i = 0; i < shop.getPositive().getBucketCountsCount(); i++) {
        int index = shop.getPositive().getOffset() + i;
        low += shop.getPositive().getBucketCounts(i) * Math.pow(2, index / 8.0);
        high += shop.getPositive().getBucketCounts(i) * Math.pow(2, (index + 1) / 8.0);
      }
      assertThat(shop.getSum()).isBetween(low - 1e-4, high + 1e-4);

      // Each family of the page is there, under its name; counters without what Prometheus adds.
      Set<String> page = new TreeSet<>();
      for (String line : Loopback.door(fairlead, "GET", "/metrics", "").body().split("\n", -1)) {
        if (!line.startsWith("#") && !line.isEmpty()) {
          page.add(line.replaceAll("[{ ].*", "").replaceAll("_(total|bucket|sum|count)$", ""));
        }
      }
      assertThat(all.keySet()).isEqualTo(page);
    }
    assertThat(receiver.metrics.size()).as("and once more at the end").isGreaterThan(1);
  }

  // --- logs --------------------------------------------------------------------------------

  @Test
  void eventsAreLogRecordsEachOnce() throws Exception {
    List<EventLog.Entry> happened;
    try (Fairlead fairlead = Loopback.startRecording(yaml(to("metrics: false")))) {
      fairlead.events().add(new Event.NodeDown("shop", "a", "refused"));
      Loopback.await(
          "an event sent",
          () -> receiver.records().stream().anyMatch(r -> r.getEventName().endsWith("node_down")));
      fairlead.events().add(new Event.NodeUp("shop", "a", "answered in 2 ms"));
      happened = fairlead.events().since(0);
    }
    List<LogRecord> records = receiver.records();
    assertThat(records.stream().map(one -> one.getBody().getStringValue()))
        .startsWith(happened.stream().map(one -> one.event().text()).toArray(String[]::new));
    LogRecord down =
        records.stream()
            .filter(one -> one.getEventName().equals("fairlead.node_down"))
            .findFirst()
            .orElseThrow();
    assertThat(down.getSeverityNumber()).isEqualTo(SeverityNumber.SEVERITY_NUMBER_WARN);
    assertThat(down.getBody().getStringValue()).isEqualTo("shop/a is down: refused");
    assertThat(words(down.getAttributesList()))
        .isEqualTo(
            Map.of(
                "fairlead.tone", "bad",
                "fairlead.service", "shop",
                "fairlead.node", "a",
                "fairlead.why", "refused"));
    assertThat(down.getTimeUnixNano())
        .isEqualTo(
            1_000_000
                * happened.stream()
                    .filter(one -> one.event() instanceof Event.NodeDown)
                    .findFirst()
                    .orElseThrow()
                    .epochMillis());
  }

  // --- receivers that do not take --------------------------------------------------------------

  @Test
  void whatCouldNotBeSentIsSentWhenTheReceiverIsThere() throws Exception {
    int port = receiver.port();
    receiver.close();
    try (Fairlead fairlead =
        Loopback.startRecording(yaml(to("traces: 100%, metrics: false, logs: false")))) {
      ask(fairlead, "/", "traceparent: " + CAME);
      Loopback.await(
          "an event that says so",
          () ->
              fairlead.events().since(0).stream()
                  .anyMatch(one ->
                      one.event().equals(new Event.ExportStopped("traces", "no connection"))));
      receiver = new OtlpReceiver(port, null);
      Loopback.await("the spans", () -> stats(fairlead, "traces").sent() > 0);
      assertThat(receiver.spans()).hasSize(2);
      assertThat(stats(fairlead, "traces")).isEqualTo(new ExportStats("traces", 2, 0, 0, 0));
      ask(fairlead, "/"); // what goes well again is said so when it has for a while
      Loopback.await(
          "another event",
          () ->
              fairlead.events().since(0).stream()
                  .anyMatch(one -> one.event().equals(new Event.ExportResumed("traces", 0))));
    }
    assertThat(receiver.spans()).hasSize(4);
  }

  @Test
  void aReceiverThatHangsCostsRequestsNothingAndWhatIsLostIsCounted() throws Exception {
    CountDownLatch end = new CountDownLatch(1);
    receiver.manner =
        exchange -> {
          try {
            end.await();
          } catch (InterruptedException e) {
            throw new IOException(e);
          }
        };
    Fairlead fairlead =
        Loopback.startRecording(yaml(to("traces: 100%, metrics: false, logs: false")));
    try {
      String path = "/" + "long".repeat(250);
      int asked = 0;
      try (Loopback.Client client = new Loopback.Client(Loopback.port(fairlead, "web"))) {
        long deadline = System.nanoTime() + Duration.ofSeconds(20).toNanos();
        while (stats(fairlead, "traces").full() == 0 && System.nanoTime() < deadline) {
          assertThat(client.get(path).status()).isEqualTo(200);
          asked++;
          if (asked % 100 == 0) {
            awaitRecorded(fairlead); // which a full machine may put off, and a ring is short
          }
        }
      }
      assertThat(asked).as("until a megabyte is full").isBetween(500, 5_000);
      String page = Loopback.door(fairlead, "GET", "/metrics", "").body();
      assertThat(page)
          .containsPattern("fairlead_otlp_dropped_total\\{kind=\"traces\",reason=\"full\"} [1-9]");
      assertThat(fairlead.recordStats().failed()).isZero();
      assertThat(fairlead.recordStats().droppedOrdinary()).isZero();
    } finally {
      long begun = System.nanoTime();
      fairlead.close();
      assertThat(System.nanoTime() - begun)
          .as("the end does not wait for it for long")
          .isLessThan(Duration.ofSeconds(9).toNanos());
      end.countDown();
    }
    ExportStats left = stats(fairlead, "traces");
    assertThat(left.sent()).isZero();
    assertThat(left.failed()).isPositive();
  }

  /** All records of what has been are read from their rings, whoever hangs. */
  private static void awaitRecorded(Fairlead fairlead) throws InterruptedException {
    long asked = System.currentTimeMillis();
    Loopback.await(
        "the recorder has come that far",
        () -> System.currentTimeMillis() - fairlead.recordStats().lagMillis() > asked);
  }

  @Test
  void whatTheReceiverRejectsIsCounted() throws Exception {
    receiver.manner =
        exchange -> {
          // ExportTracePartialSuccess: 2 rejected, and why.
          byte[] answer =
              io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceResponse.newBuilder()
                  .setPartialSuccess(
                      io.opentelemetry.proto.collector.trace.v1.ExportTracePartialSuccess
                          .newBuilder()
                          .setRejectedSpans(2)
                          .setErrorMessage("too old"))
                  .build()
                  .toByteArray();
          exchange.sendResponseHeaders(200, answer.length);
          exchange.getResponseBody().write(answer);
        };
    try (Fairlead fairlead =
        Loopback.startRecording(yaml(to("traces: 100%, metrics: false, logs: false")))) {
      ask(fairlead, "/");
      Loopback.await("an answer", () -> stats(fairlead, "traces").refused() > 0);
      assertThat(stats(fairlead, "traces")).isEqualTo(new ExportStats("traces", 0, 0, 0, 2));
      Loopback.await(
          "an event",
          () ->
              fairlead.events().since(0).stream()
                  .anyMatch(one ->
                      one.event().equals(new Event.ExportStopped("traces", "rejected: too old"))));
      receiver.manner = exchange -> exchange.sendResponseHeaders(400, -1);
      ask(fairlead, "/");
      Loopback.await("a refusal", () -> stats(fairlead, "traces").refused() == 4);
    }
  }

  // --- changes -----------------------------------------------------------------------------

  @Test
  void aChangeLosesNoSpan() throws Exception {
    try (OtlpReceiver second = new OtlpReceiver();
        Fairlead fairlead =
            Loopback.startRecording(yaml(to("traces: 100%, metrics: false, logs: false")))) {
      for (int i = 0; i < 10; i++) {
        ask(fairlead, "/");
      }
      Loopback.await("some have gone out", () -> stats(fairlead, "traces").sent() > 0);
      change(fairlead, yaml(to("traces: 0%, metrics: false"))); // other lanes, other share
      for (int i = 0; i < 10; i++) {
        ask(fairlead, "/");
        ask(fairlead, "/", "traceparent: " + CAME);
      }
      String other =
          "{ endpoint: \"%s\", traces: 100%%, headers: { x-key: secret-of-ours } }"
              .formatted(second.url());
      change(fairlead, yaml(other));
      for (int i = 0; i < 10; i++) {
        ask(fairlead, "/");
      }
      Loopback.await("all spans", () -> stats(fairlead, "traces").sent() >= 60);
      // What was recorded and not read yet goes where the change says.
      assertThat(receiver.spans()).hasSizeBetween(2 * 10, 2 * (10 + 10));
      assertThat(second.spans()).hasSizeBetween(2 * 10, 2 * (10 + 10));
      assertThat(Stream.of(receiver, second).flatMap(one -> one.spans().stream()))
          .extracting(Span::getSpanId)
          .hasSize(60)
          .doesNotHaveDuplicates();
      assertThat(second.fields.getFirst().get("X-key")).containsExactly("secret-of-ours");
      assertThat(Loopback.door(fairlead, "GET", "/api/v1/config", "").body())
          .doesNotContain("secret-of-ours");
      change(fairlead, yaml("{ endpoint: \"http://127.0.0.1:1\", metrics: false }"));
      ask(fairlead, "/", "traceparent: " + CAME);
      assertThat(told.getLast()).as("passed on as it came").isEqualTo(CAME);
      assertThat(stats(fairlead, "traces")).isEqualTo(new ExportStats("traces", 60, 0, 0, 0));
    }
  }

  private static void change(Fairlead fairlead, String yaml) {
    ConfigReader.Result read = Loopback.read(yaml);
    assertThat(fairlead.apply(read, "test")).isInstanceOf(Fairlead.Applied.Done.class);
  }

  // --- TLS ---------------------------------------------------------------------------------

  @Test
  void overTlsTheReceiverHasToProveWhoItIs() throws Exception {
    TestCertificates certificates = new TestCertificates(folder);
    X509Bundle good =
        TestCertificates.builder("127.0.0.1").buildIssuedBy(TestCertificates.issuer());
    SSLContext secure = SSLContext.getInstance("TLS");
    secure.init(good.toKeyManagerFactory().getKeyManagers(), null, null);
    try (OtlpReceiver https = new OtlpReceiver(0, secure)) {
      String said = "{ endpoint: \"%s\", traces: 100%%, metrics: false%s }";
      try (Fairlead fairlead =
          Loopback.startRecording(
              yaml(said.formatted(https.url(), ", ca: " + certificates.ca())))) {
        ask(fairlead, "/");
        Loopback.await("the spans", () -> https.spans().size() == 2);
      }
      try (Fairlead fairlead = Loopback.startRecording(yaml(said.formatted(https.url(), "")))) {
        ask(fairlead, "/");
        Loopback.await(
            "an event that says why not",
            () ->
                fairlead.events().since(0).stream()
                    .anyMatch(one ->
                        one.event() instanceof Event.ExportStopped(String _, String why)
                            && why.startsWith("TLS: ")));
      }
      assertThat(https.spans()).hasSize(2);
    }
  }

  @Test
  void wherePortsAreClosedOrDumbTheInstanceStartsAndEnds() throws Exception {
    try (ServerSocket dumb = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        Fairlead fairlead =
            Loopback.startRecording(
                yaml(
                    "{ endpoint: \"http://127.0.0.1:%d\", traces: 100%% }"
                        .formatted(dumb.getLocalPort())))) {
      ask(fairlead, "/");
      assertThat(told).hasSize(1);
    }
  }
}
