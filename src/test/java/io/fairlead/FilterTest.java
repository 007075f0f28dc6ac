package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.Loopback.Client;
import io.fairlead.Loopback.Reply;
import io.fairlead.extension.LoadedFilter;
import io.fairlead.telemetry.Event;
import io.fairlead.telemetry.FilterCounter;
import java.io.IOException;
import java.lang.ref.WeakReference;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.security.crypto.bcrypt.BCrypt;

/** Filters from real jars in whole instances, with real bytes on either side. */
@Timeout(120)
final class FilterTest {
  /** How clients come, and which kind of filter there is. */
  record Way(boolean http2, boolean waits) {
    String source(String body) {
      return waits ? FilterJars.waiting(body) : FilterJars.quick(body);
    }

    @Override
    public String toString() {
      return (http2 ? "HTTP/2" : "HTTP/1.1") + (waits ? ", waiting" : ", quick");
    }
  }

  @TempDir Path folder;

  private RawNode shop;
  private RawNode other;
  private final List<AutoCloseable> open = new ArrayList<>();

  @BeforeEach
  void start() throws IOException {
    shop = new RawNode();
    other = new RawNode();
    open.add(shop);
    open.add(other);
  }

  @AfterEach
  void stop() throws Exception {
    for (AutoCloseable one : open.reversed()) {
      one.close();
    }
  }

  static Stream<Way> ways() {
    return Stream.of(
        new Way(false, false), new Way(false, true), new Way(true, false), new Way(true, true));
  }

  /** With more words of the filter, each in a line of its own. */
  private String yaml(String words) {
    return yaml("it", words);
  }

  private String yaml(String named, String words) {
    return """
    admin: { bind: "127.0.0.1:0" }
    runtime: { event-loops: 2 }
    filters:
      it:
        jar: it.jar
        class: t.F
    %s
    listeners:
      web:
        bind: "127.0.0.1:0"
        routes:
          - { match: { path: /own }, respond: { body: "own" }, filters: it }
          - { match: { path: /plain }, service: shop }
          - { match: { path: "/**" }, service: shop, filters: [%s] }
    services:
      shop: { nodes: "127.0.0.1:%d" }
      other: { nodes: "127.0.0.1:%d", health: none }
    """
        .formatted(words.indent(4), named, shop.port(), other.port());
  }

  private Path jar() {
    return folder.resolve("it.jar");
  }

  private Fairlead run(String source, String words) throws IOException {
    FilterJars.write(jar(), "1.2", source);
    Fairlead fairlead = Loopback.start(yaml(words), folder);
    open.add(fairlead);
    return fairlead;
  }

  private Client client(Fairlead fairlead) throws IOException {
    Client client = new Client(Loopback.port(fairlead, "web"));
    open.add(client);
    return client;
  }

  /** One whose requests come by HTTP/2, which another instance speaks. */
  private Client client(Fairlead fairlead, Way way) throws IOException {
    if (!way.http2()) {
      return client(fairlead);
    }
    Fairlead front =
        Loopback.start(
            """
            admin: { bind: "127.0.0.1:0" }
            listeners:
              web: { bind: "127.0.0.1:0", service: back }
            services:
              back: { nodes: "127.0.0.1:%d", protocol: h2 }
            """
                .formatted(Loopback.port(fairlead, "web")));
    open.add(front);
    return client(front);
  }

  private static Reply send(Client client, String target, String fields) throws IOException {
    client.send("GET " + target + " HTTP/1.1\r\nHost: Localhost:80\r\n" + fields + "\r\n");
    return client.reply();
  }

  private static LoadedFilter filter(Fairlead fairlead) {
    return fairlead.filters().getFirst();
  }

  private static <E extends Event> List<E> events(Fairlead fairlead, Class<E> kind) {
    return fairlead.events().since(0).stream()
        .map(entry -> entry.event())
        .filter(kind::isInstance)
        .map(kind::cast)
        .toList();
  }

  private static String metrics(Fairlead fairlead) {
    return Loopback.door(fairlead, "GET", "/metrics", "").body();
  }

  // --- what a filter may do ------------------------------------------------------------------

  @ParameterizedTest
  @MethodSource("ways")
  void seesTheRequestAndChangesWhatNodesGet(Way way) throws IOException {
    Fairlead fairlead =
        run(
            way.source(
                """
                request.setHeader("x-seen", String.join("|", request.method(), request.path(),
                    request.query(), request.host(), request.route(), request.clientAddress(),
                    request.header("x-A").orElse("none"), request.headers("x-a").toString(),
                    request.identity().orElse("nobody"), "" + request.isSecure(),
                    "" + request.headerNames().contains("x-a"),
                    "" + request.headerNames().contains("connection"),
                    "" + (request.id().length() > 10)));
                request.setHeader("x-user", settings.required("user"));
                request.addHeader("x-more", "1");
                request.addHeader("X-More", "2");
                request.removeHeader("x-gone");
                return Decision.goOn();
                """
                    .replace(
                        "settings.required(\"user\")", "settings.find(\"user\").orElseThrow()")),
            "settings: { user: ann }");
    Client client = client(fairlead, way);
    Reply reply =
        send(
            client,
            "/a/../b%7e?q=1&r",
            "X-A: one\r\nX-a: two\r\nX-User: eve\r\nX_User: eve\r\nX-Gone: 1\r\n");
    assertThat(reply.status()).isEqualTo(200);
    assertThat(reply.body())
        .contains(
            "x-seen: GET|/b~|q=1&r|localhost|web-3|127.0.0.1|one|[one, two]|nobody|false|true|false"
                + "|true\r\n")
        .contains("x-user: ann\r\n")
        .contains("x-more: 1\r\n")
        .contains("x-more: 2\r\n")
        .doesNotContainIgnoringCase("eve")
        .doesNotContainIgnoringCase("x-gone");
    assertThat(send(client, "/plain", "X-Gone: 1\r\n").body())
        .doesNotContain("x-seen")
        .containsIgnoringCase("x-gone");
  }

  @Test
  void knowsWhoTheClientIs() throws IOException {
    Files.writeString(
        folder.resolve("users"), "ann:" + BCrypt.hashpw("secret", BCrypt.gensalt(4)) + "\n");
    FilterJars.write(
        jar(),
        "1",
        FilterJars.quick(
            """
            request.setHeader("x-who", request.identity().orElse("nobody"));
            request.setHeader("x-shown", "" + request.header("authorization").isPresent());
            return Decision.goOn();
            """));
    String yaml =
        yaml("").replace("filters: [it] }", "filters: [it], basic-auth: { users: file:users } }");
    try (Fairlead fairlead = Loopback.start(yaml, folder);
        Client client = new Client(Loopback.port(fairlead, "web"))) {
      assertThat(client.get("/").status()).isEqualTo(401);
      assertThat(filter(fairlead).stats().counters().get(FilterCounter.CALLS)).isZero();
      for (int i = 0; i < 2; i++) { // looked up, then known
        assertThat(send(client, "/", "Authorization: Basic YW5uOnNlY3JldA==\r\n").body())
            .contains("x-who: ann\r\n", "x-shown: false\r\n");
      }
    }
  }

  @ParameterizedTest
  @MethodSource("ways")
  void seesManyFieldsAndAddsMany(Way way) throws IOException {
    Fairlead fairlead =
        run(
            way.source(
                """
                int sum = 0;
                for (String name : request.headerNames()) {
                  if (name.startsWith("x-n")) {
                    sum += Integer.parseInt(request.header(name).orElseThrow());
                  }
                }
                request.setHeader("x-sum", "" + sum);
                for (int i = 0; i < 100; i++) {
                  request.addHeader("x-more", "v".repeat(400) + i);
                }
                return Decision.goOn();
                """),
            "");
    Client client = client(fairlead, way);
    StringBuilder fields = new StringBuilder();
    for (int i = 1; i <= 80; i++) {
      fields.append("X-N").append(i).append(": ").append(i).append("\r\n");
    }
    for (int i = 0; i < 3; i++) {
      Reply reply = send(client, "/", fields.toString());
      assertThat(reply.status()).isEqualTo(200);
      assertThat(reply.body()).contains("x-sum: 3240\r\n").contains("v99\r\n");
      assertThat(reply.body().split("x-more: v", -1)).hasSize(101);
    }
  }

  @ParameterizedTest
  @MethodSource("ways")
  void changesWhatClientsGetWhoeverAnswers(Way way) throws IOException {
    Fairlead fairlead =
        run(
            way.source(
                """
                request.setResponseHeader("x-by", "filter");
                request.addResponseHeader("set-cookie", "a=1");
                request.removeResponseHeader("content-type");
                return Decision.goOn();
                """),
            "");
    Client client = client(fairlead, way);
    for (String path : List.of("/", "/own")) {
      Reply reply = client.get(path);
      assertThat(reply.status()).isEqualTo(200);
      assertThat(reply.field("x-by")).isEqualTo("filter");
      assertThat(reply.field("set-cookie")).isEqualTo("a=1");
      assertThat(reply.fields()).doesNotContainKey("content-type");
    }
    assertThat(client.get("/plain").fields()).doesNotContainKey("x-by");
  }

  @ParameterizedTest
  @MethodSource("ways")
  void answersAndRefuses(Way way) throws IOException {
    Fairlead fairlead =
        run(
            way.source(
                """
                request.setResponseHeader("x-by", "filter");
                return switch (request.path()) {
                  case "/answer" -> Decision.answer(201, "application/json", "{}");
                  case "/empty" -> Decision.answer(204, "", "");
                  case "/away" -> {
                    request.setResponseHeader("location", "/login");
                    yield Decision.answer(303, "", "");
                  }
                  default -> Decision.refuse(451, "text/plain", "not here");
                };
                """),
            "");
    Client client = client(fairlead, way);
    Reply reply = client.get("/answer");
    assertThat(reply.status()).isEqualTo(201);
    assertThat(reply.body()).isEqualTo("{}");
    assertThat(reply.field("content-type")).isEqualTo("application/json");
    assertThat(reply.field("x-by")).isEqualTo("filter");
    assertThat(reply.fields()).doesNotContainKey("fairlead-error");
    client.send("GET /empty HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assertThat(client.headOnly()).startsWith("HTTP/1.1 204");
    reply = client.get("/away");
    assertThat(reply.status()).isEqualTo(303);
    assertThat(reply.field("location")).isEqualTo("/login");
    reply = client.get("/");
    assertThat(reply.status()).isEqualTo(451);
    assertThat(reply.body()).isEqualTo("not here");
    assertThat(metrics(fairlead))
        .contains(
            "fairlead_filter_requests_total{filter=\"it\",reason=\"answered\"} 3",
            "fairlead_filter_requests_total{filter=\"it\",reason=\"refused\"} 1",
            "fairlead_route_refused_total{listener=\"web\",route=\"web-3\",service=\"shop\","
                + "reason=\"filter-refused\"} 1");
    if (!way.http2()) {
      assertThat(reply.field("fairlead-error")).isEqualTo("filter-refused");
    }
  }

  @ParameterizedTest
  @MethodSource("ways")
  void sendsRequestsToAnotherService(Way way) throws IOException {
    Fairlead fairlead =
        run(
            way.source(
                """
                return request.path().equals("/o") ? Decision.sendTo("other") : Decision.goOn();
                """),
            "services: other");
    Client client = client(fairlead, way);
    assertThat(client.get("/o").status()).isEqualTo(200);
    assertThat(client.get("/").status()).isEqualTo(200);
    String page = metrics(fairlead);
    assertThat(page)
        .contains("fairlead_filter_requests_total{filter=\"it\",reason=\"sent-elsewhere\"} 1");
    assertThat(page)
        .containsPattern("fairlead_node_responses_total\\{service=\"other\",[^}]*2xx\"} 1")
        .containsPattern("fairlead_node_responses_total\\{service=\"shop\",[^}]*2xx\"} 1");
  }

  @Test
  void seesWhatTheFilterBeforeHasChanged() throws IOException {
    FilterJars.write(
        jar(),
        "1",
        FilterJars.quick(
            """
            String all = request.header("x-all").orElse("") + settings.find("say").orElseThrow();
            request.setHeader("x-all", all);
            request.addResponseHeader("x-resp-" + settings.find("say").orElseThrow(), "1");
            return Decision.goOn();
            """));
    String yaml =
        yaml("it, last", "settings: { say: a }")
            .replace(
                "listeners:",
                "  last: { jar: it.jar, class: t.F, settings: { say: b } }\nlisteners:");
    try (Fairlead fairlead = Loopback.start(yaml, folder);
        Client client = new Client(Loopback.port(fairlead, "web"))) {
      Reply reply = client.get("/");
      assertThat(reply.body()).contains("x-all: ab\r\n");
      assertThat(reply.fields()).containsKeys("x-resp-a", "x-resp-b");
      assertThat(fairlead.filters().get(0).loader()).isSameAs(fairlead.filters().get(1).loader());
    }
  }

  /** The operator has the last word. */
  @Test
  void whatTheRouteSaysOfFieldsComesLater() throws IOException {
    FilterJars.write(
        jar(),
        "1",
        FilterJars.quick(
            """
            request.setHeader("x-a", "filter");
            request.setResponseHeader("x-a", "filter");
            return Decision.goOn();
            """));
    String yaml =
        yaml("")
            .replace(
                "filters: [it] }",
                "filters: [it], headers: { request: { set: { x-a: route } },"
                    + " response: { set: { x-a: route } } } }");
    try (Fairlead fairlead = Loopback.start(yaml, folder);
        Client client = new Client(Loopback.port(fairlead, "web"))) {
      Reply reply = client.get("/");
      assertThat(reply.body()).contains("x-a: route\r\n").doesNotContain("x-a: filter");
      assertThat(reply.field("x-a")).isEqualTo("route");
    }
  }

  // --- what goes wrong -----------------------------------------------------------------------

  static Stream<Arguments> failures() {
    return Stream.of(
        Arguments.of("throw new IllegalStateException(\"a\\nb\");", "IllegalStateException: a b"),
        Arguments.of("return filter(request);", "StackOverflowError"),
        Arguments.of("throw new NoClassDefFoundError(\"gone/Away\");", "gone/Away"),
        Arguments.of("throw new OutOfMemoryError(\"not really\");", "OutOfMemoryError"),
        Arguments.of("return null;", "returned null"),
        Arguments.of("return Decision.sendTo(\"shop\");", "services does not name"),
        Arguments.of("return Decision.sendTo(null);", "services does not name"),
        Arguments.of("return Decision.refuse(200, \"\", \"\");", "no status for that: 200"),
        Arguments.of("return Decision.answer(101, \"\", \"\");", "no status for that: 101"),
        Arguments.of("return Decision.answer(304, \"\", \"x\");", "has no body"),
        Arguments.of("return Decision.answer(200, \"\", \"x\".repeat(70_000));", "too long"),
        Arguments.of("return Decision.answer(200, \"a\\r\\nb: c\", \"\");", "control characters"),
        Arguments.of("return set(request, \"x-a\", \"1\\r\\nx-evil: 1\");", "control characters"),
        Arguments.of("return set(request, \"x-a\", \"1\\nx\");", "control characters"),
        Arguments.of("return set(request, \"x-a\", \"1\\u0000\");", "control characters"),
        Arguments.of("return set(request, \"x-a\", \" 1\");", "spaces at its ends"),
        Arguments.of("return set(request, \"x-a\", \"v\".repeat(9000));", "longer than 8192"),
        Arguments.of("return set(request, \"x a\", \"1\");", "must be a header name"),
        Arguments.of("return set(request, \"\", \"1\");", "must be a header name"),
        Arguments.of("return set(request, \"x\\r\\na\", \"1\");", "must be a header name"),
        Arguments.of("return set(request, \"Content-Length\", \"1\");", "must not be edited"),
        Arguments.of("return set(request, \"transfer_encoding\", \"x\");", "must not be edited"),
        Arguments.of("return set(request, \"connection\", \"close\");", "must not be edited"),
        Arguments.of("return set(request, \"upgrade\", \"x\");", "must not be edited"),
        Arguments.of("return set(request, \"te\", \"trailers\");", "must not be edited"),
        Arguments.of("return set(request, \"host\", \"x\");", "must not be edited"),
        Arguments.of("return set(request, \"x-forwarded-for\", \"x\");", "must not be edited"),
        Arguments.of(
            "for (int i = 0; i < 1000; i++) { request.addHeader(\"x-a\", \"1\"); }"
                + " return Decision.goOn();",
            "may change 128 fields"),
        Arguments.of(
            "for (int i = 0; i < 100; i++) { request.addHeader(\"x-a\", \"v\".repeat(8000)); }"
                + " return Decision.goOn();",
            "65536 characters"));
  }

  private static final String SET =
      """
      static Decision set(FilterRequest request, String name, String value) {
        request.setHeader("x-before", "1");
        request.setHeader(name, value);
        return Decision.goOn();
      }
      """;

  @ParameterizedTest
  @MethodSource("failures")
  void aFailureIsTheFiltersAlone(String body, String why) throws IOException {
    for (boolean waits : new boolean[] {false, true}) {
      String source =
          FilterJars.source(
              waits ? "WaitingFilter" : "QuickFilter", waits ? " throws Exception" : "", body, SET);
      source = waits ? source.replace("return filter(", "return this.filter(") : source;
      Fairlead fairlead = run(source, "");
      try (Client client = new Client(Loopback.port(fairlead, "web"))) {
        for (int i = 0; i < 2; i++) {
          Reply reply = client.get("/");
          assertThat(reply.status()).as(body).isEqualTo(500);
          assertThat(reply.field("fairlead-error")).isEqualTo("filter-failed");
          assertThat(reply.body()).contains("A filter of the route failed");
        }
        assertThat(client.get("/plain").status()).isEqualTo(200);
        assertThat(filter(fairlead).stats().failures()).isEqualTo(2);
        assertThat(filter(fairlead).stats().lastFailure()).contains(why).doesNotContain("\n");
        // The same with on-error: pass, and nothing half done.
        Fairlead.Applied passing =
            fairlead.apply(Loopback.read(yaml("on-error: pass"), folder), "test");
        assertThat(passing).isInstanceOf(Fairlead.Applied.Done.class);
        Reply reply = client.get("/");
        assertThat(reply.status()).isEqualTo(200);
        assertThat(reply.body()).doesNotContain("x-before").doesNotContain("x-evil");
      } finally {
        open.remove(fairlead);
        fairlead.close();
      }
    }
  }

  @Test
  void aBurstOfFailuresIsToldOnceAndCounted() throws Exception {
    Fairlead fairlead = run(FilterJars.quick("throw new IllegalStateException(\"no\");"), "");
    Client client = client(fairlead);
    for (int i = 0; i < 50; i++) {
      assertThat(client.get("/").status()).isEqualTo(500);
    }
    Loopback.await("an event", () -> !events(fairlead, Event.FilterFailing.class).isEmpty());
    for (int i = 0; i < 50; i++) {
      assertThat(client.get("/").status()).isEqualTo(500);
    }
    Thread.sleep(1500); // more than the second after which counters are looked at
    assertThat(events(fairlead, Event.FilterFailing.class)).hasSize(1);
    assertThat(events(fairlead, Event.FilterFailing.class).getFirst().text())
        .contains("filter it fails, and requests are refused")
        .contains("IllegalStateException: no");
    assertThat(metrics(fairlead))
        .contains(
            "fairlead_filter_failures_total{filter=\"it\",reason=\"exception\"} 100",
            "fairlead_filter_requests_total{filter=\"it\",reason=\"failed\"} 100",
            "fairlead_route_refused_total{listener=\"web\",route=\"web-3\",service=\"shop\","
                + "reason=\"filter-failed\"} 100");
  }

  @ParameterizedTest
  @ValueSource(strings = {"refuse", "pass"})
  void oneThatWaitsTooLongIsInterruptedAndTheRequestGoesOn(String onError) throws Exception {
    Fairlead fairlead =
        run(
            FilterJars.source(
                "WaitingFilter",
                " throws Exception",
                """
                try {
                  Thread.sleep(600_000);
                } catch (InterruptedException e) {
                  interrupted.incrementAndGet();
                  throw e;
                }
                return Decision.goOn();
                """,
                """
                static final java.util.concurrent.atomic.AtomicInteger interrupted =
                    new java.util.concurrent.atomic.AtomicInteger();
                """),
            "timeout: 50ms\non-error: " + onError);
    Client client = client(fairlead);
    long began = System.nanoTime();
    Reply reply = client.get("/");
    assertThat((System.nanoTime() - began) / 1_000_000).isBetween(50L, 5000L);
    if (onError.equals("pass")) {
      assertThat(reply.status()).isEqualTo(200);
    } else {
      assertThat(reply.status()).isEqualTo(503);
      assertThat(reply.field("fairlead-error")).isEqualTo("filter-timeout");
    }
    Loopback.await("the thread has ended", () -> filter(fairlead).calls() == 0);
    assertThat(
            Class.forName("t.F$It", true, filter(fairlead).loader())
                .getDeclaredField("interrupted"))
        .isNotNull();
    assertThat(filter(fairlead).stats().lastFailure()).contains("within its timeout of 50 ms");
    assertThat(metrics(fairlead))
        .contains("fairlead_filter_failures_total{filter=\"it\",reason=\"timeout\"} 1");
  }

  @Test
  void whoGoesAwayIsNotWaitedFor() throws Exception {
    Fairlead fairlead =
        run(FilterJars.waiting("Thread.sleep(600_000); return null;"), "timeout: 1m");
    Socket socket = new Socket(InetAddress.ofLiteral("127.0.0.1"), Loopback.port(fairlead, "web"));
    socket.setSoLinger(true, 0); // a reset: who only ends its half may still want the answer
    Client client = new Client(socket);
    client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    Loopback.await("the call", () -> filter(fairlead).calls() == 1);
    client.close();
    Loopback.await("the call ends", () -> filter(fairlead).calls() == 0);
    Loopback.await("nothing is left", () -> filter(fairlead).requests() == 0);
    Loopback.await("no exchange is", () -> fairlead.dataPlane().exchangesInUse() == 0);
    assertThat(filter(fairlead).stats().lastFailure()).isEmpty();
    assertThat(filter(fairlead).stats().failures()).isZero();
  }

  @Test
  void asManyAsItMayAreAskedAtOnce() throws Exception {
    Path gate = folder.resolve("gate");
    Fairlead fairlead =
        run(
            FilterJars.waiting(
                """
                while (!java.nio.file.Files.exists(java.nio.file.Path.of("GATE"))) {
                  Thread.sleep(5);
                }
                return Decision.goOn();
                """
                    .replace("GATE", gate.toString())),
            "requests: 2\ntimeout: 1m");
    List<Client> held = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      Client client = client(fairlead);
      client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
      held.add(client);
    }
    Loopback.await("both", () -> filter(fairlead).calls() == 2);
    Reply refused = client(fairlead).get("/");
    assertThat(refused.status()).isEqualTo(503);
    assertThat(filter(fairlead).stats().lastFailure()).contains("2 requests to decide about");
    assertThat(client(fairlead).get("/plain").status()).isEqualTo(200);
    Files.createFile(gate);
    for (Client client : held) {
      assertThat(client.reply().status()).isEqualTo(200);
    }
  }

  @Test
  void aQuickFilterThatTakesItsTimeIsToldAbout() throws Exception {
    Fairlead fairlead =
        run(
            FilterJars.quick(
                """
                try {
                  Thread.sleep(30);
                } catch (InterruptedException e) {
                  return null;
                }
                Thread.currentThread().interrupt();
                return Decision.goOn();
                """),
            "");
    Client client = client(fairlead);
    for (int i = 0; i < 3; i++) {
      assertThat(client.get("/").status()).isEqualTo(200);
    }
    Loopback.await("an event", () -> !events(fairlead, Event.FilterSlow.class).isEmpty());
    assertThat(events(fairlead, Event.FilterSlow.class).getFirst().text())
        .contains("filter it took up to ")
        .contains("has to be a WaitingFilter");
    assertThat(metrics(fairlead)).contains("fairlead_filter_slow_total{filter=\"it\"} 3");
  }

  @Test
  void aRequestIsOfNoUseLater() throws IOException {
    Fairlead fairlead =
        run(
            FilterJars.source(
                "QuickFilter",
                "",
                """
                FilterRequest before = kept;
                kept = request;
                if (before != null) {
                  try {
                    request.setHeader("x-late", before.path());
                  } catch (IllegalStateException e) {
                    request.setHeader("x-late", "too late");
                  }
                }
                return Decision.goOn();
                """,
                "private FilterRequest kept;"),
            "");
    Client client = client(fairlead);
    assertThat(client.get("/secret").body()).doesNotContain("x-late");
    assertThat(client.get("/").body()).contains("x-late: too late\r\n");
  }

  @Test
  void seesTheJdkTheApiAndItselfAndNothingElse() throws IOException {
    String look =
        FilterJars.quick(
            """
            StringBuilder seen = new StringBuilder();
            for (String name : new String[] {"io.fairlead.proxy.DataPlane", "io.fairlead.Main",
                "io.netty.buffer.ByteBuf", "org.jspecify.annotations.Nullable",
                "io.fairlead.extension.LoadedFilter", "io.fairlead.filter.FilterApi",
                "java.sql.Connection", "t.Beside", "io.netty.util.Mine"}) {
              try {
                Class.forName(name);
                seen.append('+');
              } catch (ClassNotFoundException e) {
                seen.append('-');
              }
            }
            ClassLoader loader = F.class.getClassLoader();
            seen.append(loader.getResource("io/fairlead/Main.class") == null ? '-' : '+');
            seen.append(loader.getResource("META-INF/MANIFEST.MF") == null ? '-' : '+');
            request.setHeader("x-seen", seen.toString());
            return Decision.goOn();
            """);
    FilterJars.write(
        jar(),
        "1",
        look,
        "package t;\nfinal class Beside {}",
        "package io.netty.util;\npublic final class Mine {}");
    try (Fairlead fairlead = Loopback.start(yaml(""), folder);
        Client client = new Client(Loopback.port(fairlead, "web"))) {
      assertThat(client.get("/").body()).contains("x-seen: -----++++--\r\n");
    }
  }

  // --- what is refused -----------------------------------------------------------------------

  static Stream<Arguments> refusals() {
    return Stream.of(
        Arguments.of(
            "package t;\npublic final class Other {}",
            "",
            "6:12: filters.it.class: must be a class in it.jar, which has t.Other (was t.F)"),
        Arguments.of(
            "package t;\npublic final class F {}",
            "",
            "6:12: filters.it.class: must be an io.fairlead.filter.FilterFactory (was t.F)"),
        Arguments.of(
            "package t;\nfinal class F {}",
            "",
            "6:12: filters.it.class: must be a public class with a public constructor without"
                + " parameters (was t.F)"),
        Arguments.of(
            "package t;\npublic final class F { public F() { throw new RuntimeException(\"x\"); } }",
            "",
            "6:12: filters.it.class: must make a filter; java.lang.RuntimeException: x (was t.F)"),
        Arguments.of(
            "package t;\npublic final class F { static { if (true) throw new Error(\"x\"); } }",
            "",
            "6:12: filters.it.class: must make a filter; java.lang.Error: x (was t.F)"),
        Arguments.of(
            FilterJars.quick("return null;").replace("FilterApi.VERSION", "2"),
            "",
            "6:12: filters.it.class: must be compiled against version 1 of io.fairlead.filter, and is"
                + " against 2 (was t.F)"),
        Arguments.of(
            FilterJars.quick("return null;").replace("return new It(settings)", "return null"),
            "",
            "6:12: filters.it.class: must make a filter, and makes none (was t.F)"),
        Arguments.of(
            FilterJars.quick("return null;")
                .replace("QuickFilter {", "QuickFilter, WaitingFilter {"),
            "",
            "6:12: filters.it.class: must make a quick filter or one that may wait, and not both in"
                + " one (was t.F)"),
        Arguments.of(
            FilterJars.quick("return null;")
                .replace(
                    "return new It(settings)",
                    "settings.number(\"most\", 1, 9, 5); return new It(settings)"),
            "settings:\n  least: 1\n  most: many",
            "9:13: filters.it.settings.most: must be a whole number from 1 to 9 (was many)"),
        Arguments.of(
            FilterJars.quick("return null;")
                .replace(
                    "return new It(settings)", "settings.only(\"most\"); return new It(settings)"),
            "settings: { mots: \"5\" }",
            "7:23: filters.it.settings.mots: must be one of most (was 5)"),
        Arguments.of(
            FilterJars.quick("return null;")
                .replace(
                    "return new It(settings)",
                    "settings.required(\"key\"); return new It(settings)"),
            "",
            "5:5: filters.it.settings.key: must be given"));
  }

  @ParameterizedTest
  @MethodSource("refusals")
  void whatCannotBeLoadedIsRefusedAndTheOldOneGoesOn(String source, String words, String said)
      throws IOException {
    Fairlead fairlead =
        run(FilterJars.quick("request.setHeader(\"x-a\", \"1\"); return Decision.goOn();"), "");
    Client client = client(fairlead);
    FilterJars.write(jar(), "2", source);
    Fairlead.Applied applied = fairlead.apply(Loopback.read(yaml(words), folder), "shop.yaml");
    assertThat(applied).isInstanceOf(Fairlead.Applied.Refused.class);
    assertThat(((Fairlead.Applied.Refused) applied).problems())
        .extracting(Object::toString)
        .containsExactly("shop.yaml:" + said);
    assertThat(client.get("/").body()).contains("x-a: 1\r\n");
    assertThat(filter(fairlead).version()).isEqualTo("1.2");
  }

  static Stream<Arguments> files() {
    return Stream.of(
        Arguments.of(null, "there is no such file"),
        Arguments.of("", "it is no jar, or an empty one"),
        Arguments.of("this is no jar", "it is no jar, or an empty one"),
        Arguments.of("cut", "it is no whole jar"));
  }

  @ParameterizedTest
  @MethodSource("files")
  void whatIsNoJarIsRefused(String content, String said) throws IOException {
    Fairlead fairlead = run(FilterJars.quick("return Decision.goOn();"), "");
    if (content == null) {
      Files.delete(jar());
    } else if (content.equals("cut")) {
      byte[] bytes = Files.readAllBytes(jar());
      Files.write(jar(), java.util.Arrays.copyOf(bytes, bytes.length / 3));
    } else {
      Files.writeString(jar(), content);
    }
    Fairlead.Applied applied = fairlead.apply(Loopback.read(yaml(""), folder), "shop.yaml");
    assertThat(applied).isInstanceOf(Fairlead.Applied.Refused.class);
    assertThat(((Fairlead.Applied.Refused) applied).problems().getFirst().toString())
        .startsWith("shop.yaml:5:10: filters.it.jar: must be a jar that can be read; " + said);
    assertThat(client(fairlead).get("/").status()).isEqualTo(200);
  }

  @Test
  void allThatIsWrongIsToldAtOnceAndBeforeAnythingStarts() throws IOException {
    FilterJars.write(jar(), "1", "package t;\npublic final class Other {}");
    String yaml =
        yaml("").replace("listeners:", "  last: { jar: gone.jar, class: t.F }\nlisteners:");
    assertThat(org.assertj.core.api.Assertions.catchThrowable(() -> Loopback.start(yaml, folder)))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("test:6:12: filters.it.class: must be a class in it.jar")
        .hasMessageContaining("filters.last.jar: must be a jar that can be read");
    Path file = folder.resolve("shop.yaml");
    Files.writeString(file, yaml);
    assertThat(new Launch().check(file)).hasSize(2);
  }

  /** Whoever reaches the door may not run programs because of that. */
  @Test
  void theDoorTakesNoNewFilters() throws IOException {
    Fairlead fairlead = run(FilterJars.quick("return Decision.goOn();"), "");
    assertThat(Loopback.door(fairlead, "PUT", "/api/v1/config", yaml("settings: { a: b }")).body())
        .contains("filters.it")
        .contains("taken from the file");
  }

  // --- another version -----------------------------------------------------------------------

  @Test
  void aJarIsReplacedUnderLoadWithoutAFailedRequestAndTheOldOneGoes() throws Exception {
    String source =
        FilterJars.source(
            "WaitingFilter",
            " throws Exception",
            """
            Thread.sleep(2);
            if (closed) {
              throw new IllegalStateException("asked after its end");
            }
            request.setResponseHeader("x-version", "@V@");
            return Decision.goOn();
            """,
            """
            private volatile boolean closed;

            @Override
            public void close() throws Exception {
              closed = true;
              java.nio.file.Files.createFile(java.nio.file.Path.of("FOLDER/closed-@V@"));
            }
            """);
    source = source.replace("FOLDER", folder.toString());
    Fairlead fairlead = run(source.replace("@V@", "1"), "");
    WeakReference<ClassLoader> old = new WeakReference<>(filter(fairlead).loader());
    AtomicBoolean ends = new AtomicBoolean();
    AtomicInteger wrong = new AtomicInteger();
    AtomicInteger first = new AtomicInteger();
    AtomicInteger second = new AtomicInteger();
    List<Thread> clients = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      clients.add(
          Thread.ofVirtual()
              .start(() -> {
                try (Client client = new Client(Loopback.port(fairlead, "web"))) {
                  while (!ends.get()) {
                    Reply reply = client.get("/");
                    if (reply.status() != 200) {
                      wrong.incrementAndGet();
                    }
                    (reply.field("x-version").equals("1") ? first : second).incrementAndGet();
                  }
                } catch (IOException e) {
                  wrong.incrementAndGet();
                }
              }));
    }
    Loopback.await("the first answers", () -> first.get() > 200);
    FilterJars.write(jar(), "2", source.replace("@V@", "2"));
    assertThat(fairlead.apply(Loopback.read(yaml(""), folder), "test"))
        .isInstanceOf(Fairlead.Applied.Done.class);
    int before = second.get();
    Loopback.await("the second answers", () -> second.get() > before + 200);
    ends.set(true);
    for (Thread client : clients) {
      client.join();
    }
    assertThat(wrong).hasValue(0);
    Loopback.await("the first is closed", () -> Files.exists(folder.resolve("closed-1")));
    assertThat(folder.resolve("closed-2")).doesNotExist();
    assertThat(filter(fairlead).stats().failures()).isZero();
    Loopback.await(
        "the first's classes are gone",
        () -> {
          System.gc();
          return old.get() == null;
        });
    Loopback.await("an event", () -> !events(fairlead, Event.FilterEnded.class).isEmpty());
    assertThat(events(fairlead, Event.FilterEnded.class).getFirst().trouble()).isEmpty();
    open.remove(fairlead);
    fairlead.close();
    assertThat(folder.resolve("closed-2")).exists();
  }

  @Test
  void theOldOneDecidesWhatItHasBegun() throws Exception {
    Path gate = folder.resolve("gate");
    String source =
        FilterJars.source(
                "WaitingFilter",
                " throws Exception",
                """
                while (!java.nio.file.Files.exists(java.nio.file.Path.of("FOLDER/gate"))) {
                  Thread.sleep(5);
                }
                request.setHeader("x-late", String.valueOf(Late.class.getSimpleName()));
                return Decision.goOn();
                """,
                """
                @Override
                public void close() throws Exception {
                  java.nio.file.Files.createFile(java.nio.file.Path.of("FOLDER/closed"));
                }

                static final class Late {}
                """)
            .replace("FOLDER", folder.toString());
    Fairlead fairlead = run(source, "timeout: 1m");
    Client client = client(fairlead);
    client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    Loopback.await("the call", () -> filter(fairlead).calls() == 1);
    FilterJars.write(
        jar(),
        "2",
        FilterJars.quick("request.setHeader(\"x-new\", \"1\"); return Decision.goOn();"));
    assertThat(fairlead.apply(Loopback.read(yaml(""), folder), "test"))
        .isInstanceOf(Fairlead.Applied.Done.class);
    assertThat(client(fairlead).get("/").body()).contains("x-new: 1");
    Thread.sleep(200); // would have been closed within a tenth of that
    assertThat(folder.resolve("closed")).doesNotExist();
    Files.createFile(gate);
    assertThat(client.reply().body()).contains("x-late: Late\r\n");
    Loopback.await("it is closed", () -> Files.exists(folder.resolve("closed")));
  }

  /** Also where it has not been asked yet, since another one holds the request. */
  @Test
  void theOldOneIsThereForRequestsThatHaveNotComeToIt() throws Exception {
    FilterJars.write(
        folder.resolve("gate.jar"),
        "1",
        FilterJars.waiting(
            """
            while (!java.nio.file.Files.exists(java.nio.file.Path.of("GATE"))) {
              Thread.sleep(5);
            }
            return Decision.goOn();
            """
                .replace("GATE", folder.resolve("gate").toString())));
    FilterJars.write(
        jar(),
        "1",
        FilterJars.source(
            "QuickFilter",
            "",
            "request.setHeader(\"x-by\", closed ? \"closed\" : \"old\"); return Decision.goOn();",
            """
            private volatile boolean closed;

            @Override
            public void close() {
              closed = true;
            }
            """));
    String yaml =
        yaml("gate, it", "")
            .replace(
                "listeners:", "  gate: { jar: gate.jar, class: t.F, timeout: 1m }\nlisteners:");
    try (Fairlead fairlead = Loopback.start(yaml, folder);
        Client client = new Client(Loopback.port(fairlead, "web"))) {
      LoadedFilter gate = fairlead.filters().get(1);
      client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
      Loopback.await("the call", () -> gate.calls() == 1);
      FilterJars.write(
          jar(),
          "2",
          FilterJars.quick("request.setHeader(\"x-by\", \"new\"); return Decision.goOn();"));
      assertThat(fairlead.apply(Loopback.read(yaml, folder), "test"))
          .isInstanceOf(Fairlead.Applied.Done.class);
      assertThat(fairlead.filters().get(1)).isSameAs(gate);
      Thread.sleep(200); // would have been closed within a tenth of that
      Files.createFile(folder.resolve("gate"));
      assertThat(client.reply().body()).contains("x-by: old\r\n");
      assertThat(client.get("/").body()).contains("x-by: new\r\n");
      Loopback.await("it has ended", () -> !events(fairlead, Event.FilterEnded.class).isEmpty());
    }
  }

  @Test
  void whatDidNotChangeStays() throws IOException {
    Fairlead fairlead = run(FilterJars.quick("return Decision.goOn();"), "");
    LoadedFilter filter = filter(fairlead);
    assertThat(fairlead.apply(Loopback.read(yaml(""), folder), "test"))
        .isInstanceOf(Fairlead.Applied.Done.class);
    assertThat(filter(fairlead)).isSameAs(filter);
    // Other settings: another filter, of the same classes, with what was counted.
    assertThat(fairlead.apply(Loopback.read(yaml("settings: { a: b }"), folder), "test"))
        .isInstanceOf(Fairlead.Applied.Done.class);
    assertThat(filter(fairlead)).isNotSameAs(filter);
    assertThat(filter(fairlead).loader()).isSameAs(filter.loader());
    assertThat(filter(fairlead).stats()).isSameAs(filter.stats());
    String without = yaml("").replaceAll("(?s)filters:\n.*?listeners:", "listeners:");
    without = without.replaceAll(", filters: \\[?it]?", "");
    assertThat(fairlead.apply(Loopback.read(without, folder), "test"))
        .isInstanceOf(Fairlead.Applied.Done.class);
    assertThat(fairlead.filters()).isEmpty();
  }

  // --- what operators see --------------------------------------------------------------------

  @Test
  void theDoorTellsWhichAreLoaded() throws IOException {
    Fairlead fairlead = run(FilterJars.quick("return Decision.goOn();"), "");
    assertThat(client(fairlead).get("/").status()).isEqualTo(200);
    String filters = Loopback.door(fairlead, "GET", "/api/v1/filters", "").body();
    assertThat(filters)
        .contains("\"api\":1")
        .contains("\"name\":\"it\"")
        .contains("\"version\":\"1.2\"")
        .contains("\"kind\":\"quick\"")
        .contains("\"requests\":1")
        .contains("\"sha256\":\"" + filter(fairlead).digest());
    String url =
        URLEncoder.encode(
            "http://x:" + Loopback.port(fairlead, "web") + "/", StandardCharsets.UTF_8);
    assertThat(Loopback.door(fairlead, "GET", "/api/v1/explain?url=" + url, "").body())
        .contains("filter it (t.F of it.jar 1.2, ")
        .contains("is asked, which is not done here");
    assertThat(events(fairlead, Event.FilterLoaded.class).getFirst().text())
        .startsWith("filter it is t.F of it.jar, version 1.2 (");
  }
}
