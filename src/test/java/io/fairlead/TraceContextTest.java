package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.telemetry.RecordLayout;
import io.fairlead.telemetry.RecordLayout.Text;
import io.fairlead.telemetry.RecordReader;
import io.fairlead.telemetry.RecordRings;
import io.fairlead.telemetry.RecordView;
import io.fairlead.telemetry.SpanIds;
import io.fairlead.telemetry.TryEnd;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What becomes of {@code traceparent} and {@code tracestate} on the way to a node. */
@Timeout(60)
final class TraceContextTest {
  private static final String TRACE = "0af7651916cd43dd8448eb211c80319c";
  private static final String PARENT = "b7ad6b7169203331";
  private static final String CAME = "00-" + TRACE + "-" + PARENT + "-01";
  private static final Pattern VALUE =
      Pattern.compile("00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})");

  @TempDir private Path data;
  private RawNode node;
  private ServerSocket silent;
  private @Nullable Fairlead running;
  private @Nullable RecordRings opened;
  private final List<RecordReader> readers = new ArrayList<>();

  @BeforeEach
  void open() throws IOException {
    node = new RawNode();
    silent = new ServerSocket(0);
  }

  @AfterEach
  void close() throws IOException {
    if (running != null) {
      running.close();
    }
    if (opened != null) {
      opened.close();
    }
    node.close();
    silent.close();
  }

  /** Spans are wanted of what the text says; nobody sends them here. */
  private void start(String telemetry) throws IOException {
    Fairlead fairlead =
        Loopback.start(
            """
            admin: { bind: "127.0.0.1:0" }
            data: %s
            logs: { ring: 4MiB }
            telemetry: %s
            listeners:
              web:
                bind: "127.0.0.1:0"
                routes:
                  - { name: edge, match: { path: /edge }, service: raw,
                      headers: { request: { remove: [traceparent] } } }
                  - { name: gone, match: { path: /gone }, service: gone }
                  - { name: slow, match: { path: /slow }, service: silent, timeout: 100ms }
                  - { name: moved, match: { path: /moved }, redirect: { to: "https://other/" } }
                  - { name: all, service: raw }
            services:
              raw: { nodes: "127.0.0.1:%d", health: none }
              gone: { nodes: ["127.0.0.1:1", "127.0.0.2:1"], health: none }
              silent: { nodes: "127.0.0.1:%d", health: none }
            """
                .formatted(data, telemetry, node.port(), silent.getLocalPort()));
    running = fairlead;
    RecordRings rings = fairlead.openRecords();
    opened = rings;
    for (int loop = 0; loop < rings.loops(); loop++) {
      readers.add(rings.reader(loop));
    }
  }

  private int port() {
    return Loopback.port(Objects.requireNonNull(running), "web");
  }

  private static String traces(String said) {
    return "{ otlp: { endpoint: \"http://127.0.0.1:1\", traces: %s } }".formatted(said);
  }

  /** What the node got, of which the answer is made; or the answer's head. */
  private Loopback.Reply ask(String path, String... fields) throws IOException {
    try (Loopback.Client client = new Loopback.Client(port())) {
      StringBuilder request = new StringBuilder("GET " + path + " HTTP/1.1\r\nHost: h.test\r\n");
      for (String field : fields) {
        request.append(field).append("\r\n");
      }
      client.send(request + "\r\n");
      return client.reply();
    }
  }

  private static List<String> values(String head, String name) {
    List<String> values = new ArrayList<>();
    for (String line : head.split("\r\n", -1)) {
      if (line.toLowerCase(java.util.Locale.ROOT).startsWith(name + ":")) {
        values.add(line.substring(name.length() + 1).strip());
      }
    }
    return values;
  }

  private static Matcher value(String head) {
    List<String> values = values(head, "traceparent");
    assertThat(values).hasSize(1);
    Matcher matcher = VALUE.matcher(values.getFirst());
    assertThat(matcher.matches()).as(values.getFirst()).isTrue();
    return matcher;
  }

  /** The record of the one request that there was. */
  private RecordView record() throws InterruptedException {
    RecordView[] found = new RecordView[1];
    Loopback.await(
        "a record",
        () -> {
          for (RecordReader reader : readers) {
            if (found[0] == null && reader.next()) {
              found[0] = reader.record();
            }
          }
          return found[0] != null;
        });
    return found[0];
  }

  private static String span(RecordView record, int number) {
    return HexFormat.of().toHexDigits(SpanIds.of(record.idHigh(), record.idLow(), number));
  }

  // By the examples and rules of W3C Trace Context, 3.2 and 4.
  @ParameterizedTest(name = "{0}")
  @CsvSource({
    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01, 01",
    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00, 00",
    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01, 01",
    // The flag for random ids stays, others are not ours to pass on.
    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03, 03",
    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-ff, 03",
    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-08, 00",
    // Later versions.
    "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01, 01",
    "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what-the-future-will-be-like, 01",
    "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-, 01",
  })
  void aSoundOneKeepsItsTraceAndFlags(String came, String flags) throws Exception {
    start(traces("0%"));
    String got =
        ask("/", "TraceParent:   " + came + " ", "tracestate: a=1,b=2", "tracestate: c=3").body();
    Matcher value = value(got);
    assertThat(value.group(1)).isEqualTo(came.substring(3, 35));
    assertThat(value.group(2)).isNotEqualTo(came.substring(36, 52));
    assertThat(value.group(3)).isEqualTo(flags);
    assertThat(values(got, "tracestate")).containsExactly("a=1,b=2", "c=3");
    RecordView record = record();
    assertThat(value.group(2)).isEqualTo(span(record, 1));
    assertThat(record.text(Text.TRACE_ID)).isEqualTo(came.substring(3, 35));
    boolean sampled = flags.endsWith("1") || flags.endsWith("3");
    assertThat(record.has(RecordLayout.TRACED)).isEqualTo(sampled);
    assertThat(record.text(Text.PARENT_ID)).isEqualTo(sampled ? came.substring(36, 52) : "");
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource({
    "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", // never a version
    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more", // not in this version
    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-",
    "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01.what", // in none
    "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01", // capitals
    "00-0af7651916cd43dd8448eb211c80319c-B7AD6B7169203331-01",
    "0A-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0A",
    "00-00000000000000000000000000000000-b7ad6b7169203331-01", // nobody's trace
    "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", // nobody's span
    "00-0af7651916cd43dd8448eb211c80319-b7ad6b7169203331-01", // too short
    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333-01",
    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1",
    "0-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    "00-0af7651916cd43dd8448eb211c80319cc-b7ad6b7169203331-01", // too long
    "00-0af7651916cd43dd8448eb211c80319x-b7ad6b7169203331-01", // no digit
    "00-0af7651916cd43dd8448eb211c80319c.b7ad6b7169203331-01", // no dash
    "000af7651916cd43dd8448eb211c80319cb7ad6b716920333101",
    "00",
    "''",
  })
  void anyOtherBeginsANewTraceWithoutState(String came) throws Exception {
    start(traces("100%"));
    String got = ask("/", "traceparent: " + came, "tracestate: a=1").body();
    Matcher value = value(got);
    assertThat(value.group(1)).isNotEqualTo(TRACE);
    assertThat(value.group(3)).isEqualTo("03");
    assertThat(values(got, "tracestate")).isEmpty();
    RecordView record = record();
    assertThat(record.text(Text.TRACE_ID)).isEqualTo(value.group(1));
    assertThat(record.text(Text.PARENT_ID)).isEmpty();
  }

  @Test
  void twoSayNothing() throws Exception {
    start(traces("100%"));
    String got = ask("/", "traceparent: " + CAME, "traceparent: " + CAME, "tracestate: a=1").body();
    assertThat(value(got).group(1)).isNotEqualTo(TRACE);
    assertThat(values(got, "tracestate")).isEmpty();
  }

  /** Who calls a field hop by hop means it for the next hop. */
  @Test
  void oneForTheNextHopOnlyEndsThere() throws Exception {
    start(traces("100%"));
    String got = ask("/", "traceparent: " + CAME, "connection: traceparent").body();
    assertThat(value(got).group(1)).isNotEqualTo(TRACE);
  }

  @Test
  void withoutOneATraceBegins() throws Exception {
    start(traces("0%"));
    List<String> traces = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      Matcher value = value(ask("/", "tracestate: a=1").body());
      assertThat(value.group(3)).as("not sampled, of random ids").isEqualTo("02");
      traces.add(value.group(1));
    }
    assertThat(traces).doesNotHaveDuplicates();
    RecordView record = record();
    assertThat(record.has(RecordLayout.TRACED)).isFalse();
    assertThat(record.text(Text.TRACE_ID)).as("that nobody has heard of").isEmpty();
  }

  @Test
  void aShareOfThemIsSampled() throws Exception {
    start(traces("25%"));
    int sampled = 0;
    try (Loopback.Client client = new Loopback.Client(port())) {
      for (int i = 0; i < 2_000; i++) {
        sampled += value(client.get("/").body()).group(3).equals("03") ? 1 : 0;
      }
    }
    // 2,000 coins that fall so one time in four: 500, six times the deviation of 19 to either side.
    assertThat(sampled).isBetween(384, 616);
  }

  /** Whoever does not want strangers to decide takes the field away, and a trace begins here. */
  @Test
  void aRouteMayTakeItAway() throws Exception {
    start(traces("100%"));
    String got = ask("/edge", "traceparent: " + CAME, "tracestate: a=1").body();
    Matcher value = value(got);
    assertThat(value.group(1)).isNotEqualTo(TRACE);
    assertThat(values(got, "tracestate")).isEmpty();
    assertThat(record().text(Text.TRACE_ID)).isEqualTo(value.group(1));
  }

  @Test
  void whereNobodyWantsSpansBothArePassedOnAsTheyCame() throws Exception {
    start("{}");
    String got = ask("/", "traceparent: " + CAME, "tracestate: a=1").body();
    assertThat(values(got, "traceparent")).containsExactly(CAME);
    assertThat(values(got, "tracestate")).containsExactly("a=1");
    RecordView record = record();
    assertThat(record.text(Text.TRACE_ID)).isEqualTo(TRACE);
    assertThat(record.has(RecordLayout.TRACED)).isFalse();
    assertThat(values(ask("/").body(), "traceparent")).isEmpty();
  }

  @Test
  void triesAreToldOf() throws Exception {
    start(traces("100%"));
    assertThat(ask("/gone", "traceparent: " + CAME).status()).isEqualTo(503);
    RecordView record = record();
    assertThat(record.toldTries()).isEqualTo(record.tries()).isGreaterThan(1);
    for (int i = 0; i < record.toldTries(); i++) {
      assertThat(record.tryNumber(i)).isEqualTo(i + 1);
      assertThat(record.tryEnd(i)).isEqualTo(TryEnd.CONNECT_FAILED);
      assertThat(record.tryStatus(i)).isZero();
      assertThat(record.tryStartMicros(i)).isNotNegative();
      assertThat(Objects.requireNonNull(opened).names().text(record.tryNode(i)))
          .matches("127\\.0\\.0\\.[12]:1");
    }
  }

  @Test
  void aTryThatTookTooLongSaysSo() throws Exception {
    start(traces("100%"));
    assertThat(ask("/slow").status()).isEqualTo(504);
    RecordView record = record();
    assertThat(record.toldTries()).isEqualTo(1);
    assertThat(record.tryEnd(0)).isEqualTo(TryEnd.TIMEOUT);
    assertThat(record.tryMicros(0)).isBetween(90_000, 5_000_000);
  }

  @Test
  void whatNoNodeIsAskedForIsTracedToo() throws Exception {
    start(traces("100%"));
    assertThat(ask("/moved", "traceparent: " + CAME).status()).isEqualTo(307);
    RecordView record = record();
    assertThat(record.has(RecordLayout.TRACED)).isTrue();
    assertThat(record.text(Text.PARENT_ID)).isEqualTo(PARENT);
    assertThat(record.toldTries()).isZero();
  }

  @Test
  void failuresAreWantedAlsoWhereTheyAreNotSampled() throws Exception {
    start(traces("{ sample: 0%, errors: true }"));
    assertThat(ask("/").status()).isEqualTo(200);
    assertThat(record().has(RecordLayout.TRACED)).isFalse();
    readers.forEach(reader -> reader.saved(reader.place()));
    assertThat(ask("/gone").status()).isEqualTo(503);
    RecordView record = record();
    assertThat(record.has(RecordLayout.TRACED)).isTrue();
    assertThat(record.has(RecordLayout.SAMPLED)).isFalse();
    assertThat(record.text(Text.TRACE_ID)).matches("[0-9a-f]{32}");
    assertThat(record.toldTries()).isEqualTo(record.tries());
  }
}
