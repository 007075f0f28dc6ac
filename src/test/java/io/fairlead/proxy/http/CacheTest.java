package io.fairlead.proxy.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.CacheConfig;
import io.fairlead.config.CompressConfig;
import io.fairlead.config.ContentCoding;
import io.fairlead.telemetry.ErrorReason;
import io.fairlead.telemetry.ListenerCounter;
import io.fairlead.telemetry.NodeCounter;
import io.fairlead.telemetry.RouteCounter;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a cache does beside the rules that {@link CacheRulesTest} goes through. */
@Timeout(60)
final class CacheTest {
  private static final Duration LONG = Duration.ofSeconds(30);
  private static final String FRESH = "Cache-Control: max-age=60";
  private static final int MANY = 20;

  @RegisterExtension final NothingLeftOver leftOver = new NothingLeftOver();

  private HandNode node;

  @SuppressWarnings("NullAway.Init") // every test begins by starting one
  private ProxyFixture proxy;

  @SuppressWarnings("NullAway.Init") // with it
  private CacheStore store;

  @BeforeEach
  void open() throws IOException {
    node = leftOver.closes(new HandNode());
  }

  private void start(int loops, int memory, int objectBytes, Duration hold) {
    store = new CacheStore(memory, new byte[16], System::currentTimeMillis);
    proxy =
        leftOver
            .watches(
                ProxyFixture.start(List.of(node.address()), ProxyFixture.limits(), LONG, loops))
            .cache(new CacheConfig(objectBytes, Duration.ZERO, hold), store);
  }

  private void start() {
    start(1, 1 << 20, 64 * 1024, LONG);
  }

  private Wire client() throws IOException {
    return leftOver.closes(Wire.to(proxy.address()));
  }

  private Wire accept() throws IOException {
    return leftOver.closes(node.accept());
  }

  private static String get(String path, String... fields) {
    return ask("GET", path, fields);
  }

  private static String ask(String method, String path, String... fields) {
    String more = fields.length == 0 ? "" : String.join("\r\n", fields) + "\r\n";
    return method + " " + path + " HTTP/1.1\r\nHost: x\r\n" + more + "\r\n";
  }

  private static String ok(String body, String... fields) {
    String more = fields.length == 0 ? "" : String.join("\r\n", fields) + "\r\n";
    return "HTTP/1.1 200 OK\r\nContent-Length: " + body.length() + "\r\n" + more + "\r\n" + body;
  }

  private static String status(Received answer) {
    return answer.values("cache-status").getLast();
  }

  @Test
  void isGivenWithItsFieldsAndThoseOfTheRequest() throws Exception {
    start();
    Wire client = client().send(get("/"));
    Wire up = accept();
    up.request();
    up.send(
        "HTTP/1.1 200 Fine\r\nTransfer-Encoding: chunked\r\nConnection: X-Hop\r\nX-Hop: 1\r\n"
            + "X-Kept: 2\r\nVia: 1.1 node\r\nCache-Status: node; hit\r\nAge: 3\r\n"
            + FRESH
            + "\r\n\r\n3\r\none\r\n0\r\n\r\n");
    Received first = client.response();
    assertThat(status(first)).isEqualTo("fairlead; fwd=uri-miss; stored");
    Received again = client.send(get("/")).response();
    assertThat(again.start).isEqualTo("HTTP/1.1 200 Fine");
    assertThat(again.body.toString()).isEqualTo("one");
    assertThat(again.values("content-length")).containsExactly("3");
    assertThat(again.values("transfer-encoding")).isEmpty();
    assertThat(again.values("x-hop")).isEmpty();
    assertThat(again.values("x-kept")).containsExactly("2");
    assertThat(again.values("via")).isEqualTo(first.values("via")).hasSize(2);
    assertThat(again.values("age").getFirst()).isIn("3", "4");
    assertThat(again.values("date")).hasSize(1);
    assertThat(again.values("cache-status")).hasSize(2).startsWith("node; hit");
    assertThat(status(again)).startsWith("fairlead; hit; ttl=5");
    assertThat(again.values("x-request-id")).hasSize(1).isNotEqualTo(first.values("x-request-id"));
    Received head = client.send(ask("HEAD", "/")).responseToHead();
    assertThat(head.values("content-length")).containsExactly("3");
    assertThat(status(head)).startsWith("fairlead; hit");
    assertThat(proxy.counted(RouteCounter.CACHE_HITS)).isEqualTo(2);
    assertThat(proxy.counted(RouteCounter.CACHE_STORED)).isOne();
    assertThat(proxy.counted(RouteCounter.REQUESTS)).isEqualTo(3);
    assertThat(proxy.counted(0, NodeCounter.REQUESTS)).isOne();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "GET /a?b=2 HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /a HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /A?b=1 HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /a?b=1 HTTP/1.1\r\nHost: x:81\r\n\r\n",
        "GET /a?b=1 HTTP/1.1\r\nHost: y\r\n\r\n",
        "GET /a?b=1 HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx",
        "OPTIONS /a?b=1 HTTP/1.1\r\nHost: x\r\n\r\n"
      })
  void somethingElseIsAskedFor(String request) throws Exception {
    start();
    Wire client = client().send(get("/a?b=1"));
    Wire up = accept();
    up.request();
    up.send(ok("one", FRESH));
    client.response();
    client.send("GET /./%61?b=1 HTTP/1.1\r\nHOST: X\r\n\r\n"); // the same
    assertThat(client.response().body.toString()).isEqualTo("one");
    client.send(request);
    up.request();
    up.send(ok("two", FRESH));
    assertThat(client.response().body.toString()).isEqualTo("two");
  }

  @ParameterizedTest
  @ValueSource(strings = {"POST", "PUT", "DELETE", "PATCH", "FROB"})
  void whatChangesItMakesItOutOfDate(String method) throws Exception {
    start();
    Wire client = client().send(get("/"));
    Wire up = accept();
    up.request();
    up.send(ok("one", FRESH));
    client.response();
    client.send(ask(method, "/", "Content-Length: 0"));
    up.request();
    up.send("HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n"); // nothing has changed
    client.response();
    assertThat(status(client.send(get("/")).response())).startsWith("fairlead; hit");
    client.send(ask(method, "/", "Content-Length: 0"));
    up.request();
    up.send("HTTP/1.1 204 Done\r\n\r\n");
    assertThat(status(client.response())).isEqualTo("fairlead; fwd=method");
    client.send(get("/"));
    up.request();
    up.send(ok("two", FRESH));
    assertThat(client.response().body.toString()).isEqualTo("two");
    assertThat(client.send(get("/")).response().body.toString()).isEqualTo("two");
  }

  @ParameterizedTest
  @CsvSource({
    "Location, /made, true",
    "Location, made, true",
    "Location, //X/made, true",
    "Content-Location, http://x/made, true",
    "Location, http://other/made, false",
    "Location, https://x/made, false",
    "Location, 'http://x/ma de', false",
    "Content-Location, ://, false",
  })
  void whatItsAnswerLeadsToIsOutOfDateIfItIsOfTheSameOrigin(
      String field, String to, boolean outOfDate) throws Exception {
    start();
    Wire client = client().send(get("/made"));
    Wire up = accept();
    up.request();
    up.send(ok("one", FRESH));
    client.response();
    client.send(ask("POST", "/shop/../", "Content-Length: 0"));
    up.request();
    up.send("HTTP/1.1 201 Made\r\nContent-Length: 0\r\n" + field + ": " + to + "\r\n\r\n");
    client.response();
    client.send(get("/made"));
    if (outOfDate) {
      up.request();
      up.send(ok("two", FRESH));
    }
    assertThat(client.response().body.toString()).isEqualTo(outOfDate ? "two" : "one");
  }

  @Test
  void whatIsOnItsWayWhileItChangesIsNotKept() throws Exception {
    start();
    Wire client = client().send(get("/"));
    Wire up = accept();
    up.request();
    Wire other = client().send(ask("POST", "/", "Content-Length: 0"));
    Wire second = accept();
    second.request();
    second.send("HTTP/1.1 204 Done\r\n\r\n");
    other.response();
    up.send(ok("old", FRESH));
    assertThat(client.response().body.toString()).isEqualTo("old");
    client.send(get("/"));
    up.request();
    up.send(ok("new", FRESH));
    assertThat(client.response().body.toString()).isEqualTo("new");
    store.clear();
    assertThat(store.bytes()).isZero();
    client.send(get("/"));
    up.request();
    up.send(ok("newer", FRESH));
    assertThat(client.response().body.toString()).isEqualTo("newer");
  }

  @Test
  void manyThatAskAtOnceAskOnce() throws Exception {
    start(2, 1 << 20, 64 * 1024, LONG);
    Wire first = client().send(get("/"));
    Wire up = accept();
    up.request();
    List<Wire> others = new ArrayList<>();
    for (int i = 0; i < MANY; i++) {
      others.add(client().send(i % 5 == 0 ? ask("GET", "/", "Accept: x") : get("/")));
    }
    Await.value(1 + MANY, () -> proxy.dataPlane().exchangesInUse(), "exchanges");
    others.get(3).reset(); // nobody minds
    up.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n" + FRESH + "\r\n\r\non");
    assertThat(first.responseHead().values("cache-status"))
        .containsExactly("fairlead; fwd=uri-miss; stored");
    up.send("ce!!");
    assertThat(first.raw(6)).isEqualTo("once!!");
    others.remove(3);
    int together = 0;
    for (Wire other : others) {
      Received answer = other.response();
      assertThat(answer.body.toString()).isEqualTo("once!!");
      together += status(answer).equals("fairlead; fwd=uri-miss; collapsed") ? 1 : 0;
    }
    assertThat(together).isEqualTo(MANY - 1);
    assertThat(proxy.counted(RouteCounter.CACHE_COLLAPSED)).isBetween(MANY - 1L, (long) MANY);
    assertThat(proxy.counted(0, NodeCounter.REQUESTS)).isOne();
    assertThat(proxy.counted(RouteCounter.CACHE_MISSES)).isOne();
  }

  /** What becomes of the one that asks: its client goes, its node dies, it is not for all. */
  @ParameterizedTest
  @ValueSource(strings = {"client", "node", "private", "long", "error"})
  void whoWaitsGoesOnAlone(String what) throws Exception {
    start(1, 1 << 20, 1024, LONG);
    Wire first = client().send(get("/"));
    Wire up = accept();
    up.request();
    Wire second = client().send(get("/"));
    Wire third = client().send(get("/"));
    Await.value(3, () -> proxy.dataPlane().exchangesInUse(), "exchanges");
    switch (what) {
      case "client" -> first.reset();
      case "node" -> {
        up.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n" + FRESH + "\r\n\r\nhalf");
        first.responseHead();
        up.reset();
      }
      case "private" -> up.send(ok("mine", FRESH + ", private"));
      case "long" -> {
        up.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n" + FRESH + "\r\n\r\n7d0\r\n");
        up.send("x".repeat(2000));
      }
      default -> up.send("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n");
    }
    List<Wire> ups = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      // The connection of the first may serve again.
      Wire next = i == 0 && (what.equals("private") || what.equals("error")) ? up : accept();
      next.request();
      ups.add(next);
    }
    assertThat(proxy.counted(RouteCounter.CACHE_STORED)).isZero();
    for (Wire each : ups) {
      each.send(ok("whole", FRESH));
    }
    assertThat(second.response().body.toString()).isEqualTo("whole");
    assertThat(third.response().body.toString()).isEqualTo("whole");
    if (what.equals("private")) {
      assertThat(first.response().body.toString()).isEqualTo("mine");
    } else if (what.equals("node")) {
      assertThat(first.ends()).isFalse(); // the half
    } else if (what.equals("long")) {
      up.send("\r\n0\r\n\r\n");
      assertThat(first.response().body).hasSize(2000);
    }
    Received kept = client().send(get("/")).response();
    assertThat(kept.body.toString()).isEqualTo("whole");
    assertThat(status(kept)).startsWith("fairlead; hit");
  }

  @Test
  void nobodyWaitsForLong() throws Exception {
    start(1, 1 << 20, 1024, Duration.ofMillis(200));
    Wire first = client().send(get("/"));
    Wire up = accept();
    up.request();
    Wire second = client().send(get("/"));
    Wire later = accept();
    later.request();
    later.send(ok("second", FRESH));
    assertThat(second.response().body.toString()).isEqualTo("second");
    Wire third = client().send(get("/"));
    assertThat(third.response().body.toString()).isEqualTo("second");
    up.send(ok("first", FRESH));
    assertThat(first.response().body.toString()).isEqualTo("first");
  }

  @Test
  void whereNobodyIsToWaitEachAsks() throws Exception {
    start(1, 1 << 20, 1024, Duration.ZERO);
    client().send(get("/"));
    Wire up = accept();
    up.request();
    Wire second = client().send(get("/"));
    Wire other = accept();
    other.request();
    other.send(ok("second", FRESH));
    assertThat(second.response().body.toString()).isEqualTo("second");
  }

  @Test
  void whatIsNotKeptIsNotWaitedForAgain() throws Exception {
    start();
    Wire first = client();
    Wire up;
    first.send(get("/"));
    up = accept();
    up.request();
    up.send(ok("mine", "Cache-Control: private"));
    assertThat(status(first.response())).isEqualTo("fairlead; fwd=uri-miss");
    first.send(get("/"));
    up.request();
    client().send(get("/"));
    accept().request(); // at once
    up.send(ok("mine", "Cache-Control: private"));
    first.response();
  }

  @Test
  void eachVariantIsAskedForOnce() throws Exception {
    start();
    Wire first = client().send(get("/", "Accept-Language: de"));
    Wire up = accept();
    up.request();
    Wire english = client().send(get("/", "Accept-Language: en"));
    Wire german = client().send(get("/", "Accept-Language: de"));
    Await.value(3, () -> proxy.dataPlane().exchangesInUse(), "exchanges");
    up.send(ok("gut", FRESH, "Vary: Accept-Language"));
    assertThat(first.response().body.toString()).isEqualTo("gut");
    assertThat(german.response().body.toString()).isEqualTo("gut");
    assertThat(up.request().values("accept-language")).containsExactly("en");
    up.send(ok("good", FRESH, "Vary: Accept-Language"));
    assertThat(english.response().body.toString()).isEqualTo("good");
    for (String each : List.of("de:gut", "en:good")) {
      String language = each.substring(0, 2);
      Received kept = first.send(get("/", "Accept-Language: " + language)).response();
      assertThat(kept.body.toString()).isEqualTo(each.substring(3));
    }
    assertThat(proxy.counted(0, NodeCounter.REQUESTS)).isEqualTo(2);
  }

  @ParameterizedTest
  @ValueSource(strings = {"cut?", "trailers", "long"})
  void isNotKept(String what) throws Exception {
    start(1, 1 << 20, 1024, LONG);
    Wire client = client().send(get("/"));
    Wire up = accept();
    up.request();
    up.send("HTTP/1.1 200 OK\r\n" + FRESH + "\r\n");
    switch (what) {
      case "trailers" ->
          up.send("Transfer-Encoding: chunked\r\n\r\n3\r\none\r\n0\r\nX-Sum: 1\r\n\r\n");
      case "long" -> up.send("Content-Length: 2000\r\n\r\n" + "x".repeat(2000));
      default -> {
        up.send("\r\nends with the connection");
        up.close();
      }
    }
    client.response();
    client().send(get("/"));
    (what.equals("cut?") ? accept() : up).request();
    assertThat(proxy.counted(RouteCounter.CACHE_STORED)).isZero();
  }

  @Test
  void aNodeSaysThatItIsStillGood() throws Exception {
    start();
    Wire client = client();
    client.send(get("/"));
    Wire up = accept();
    up.request();
    up.send(ok("one", "Cache-Control: max-age=9", "Age: 10", "ETag: \"a\"", "X-A: 1", "X-B: 1"));
    client.response();
    client.send(get("/", "If-None-Match: \"a\"", "If-Modified-Since: x"));
    Wire waits = client();
    Received asked = up.request();
    assertThat(asked.values("if-none-match")).containsExactly("\"a\"");
    assertThat(asked.values("if-modified-since")).isEmpty();
    waits.send(get("/"));
    Await.value(2, () -> proxy.dataPlane().exchangesInUse(), "exchanges");
    up.send(
        "HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\nX-A: 2\r\nContent-Type: a/b\r\n"
            + FRESH
            + "\r\n\r\n");
    Received answer = client.response();
    assertThat(answer.status()).isEqualTo(304);
    assertThat(answer.values("content-type")).isEmpty();
    assertThat(answer.values("etag")).containsExactly("\"a\"");
    for (Received given : List.of(waits.response(), client.send(get("/")).response())) {
      assertThat(given.status()).isEqualTo(200);
      assertThat(given.body.toString()).isEqualTo("one");
      assertThat(given.values("x-a")).containsExactly("2");
      assertThat(given.values("x-b")).containsExactly("1");
      assertThat(given.values("content-type")).containsExactly("a/b");
      assertThat(given.values("age").getFirst()).isIn("0", "1");
    }
    assertThat(proxy.counted(0, NodeCounter.REQUESTS)).isEqualTo(2);
  }

  @Test
  void aNodeHasAnotherOne() throws Exception {
    start();
    Wire client = client();
    client.send(get("/"));
    Wire up = accept();
    up.request();
    up.send(ok("one", "Cache-Control: max-age=9", "Age: 10", "ETag: \"a\""));
    client.response();
    client.send(get("/"));
    up.request();
    up.send(ok("two", FRESH, "ETag: \"b\""));
    Received answer = client.response();
    assertThat(answer.body.toString()).isEqualTo("two");
    assertThat(status(answer)).isEqualTo("fairlead; fwd=stale; stored");
    assertThat(client.send(get("/")).response().body.toString()).isEqualTo("two");
  }

  @ParameterizedTest
  @ValueSource(strings = {"503", "dies", "gone", "not allowed"})
  void isGivenInsteadOfAnError(String what) throws Exception {
    start();
    Wire client = client();
    client.send(get("/"));
    Wire up = accept();
    up.request();
    String more = what.equals("not allowed") ? ", must-revalidate" : "";
    up.send(ok("one", "Cache-Control: max-age=9, stale-if-error=60" + more, "Age: 10"));
    client.response();
    if (what.equals("gone")) {
      node.close();
      up.close();
    }
    client.send(get("/"));
    switch (what) {
      case "gone" -> {}
      case "dies" -> {
        up.request();
        up.reset();
        Wire next = accept(); // it is tried again first
        next.request();
        next.reset();
      }
      default -> {
        up.request();
        up.send("HTTP/1.1 503 No\r\nContent-Length: 5\r\n\r\nsorry");
      }
    }
    Received answer = client.response();
    if (what.equals("not allowed")) {
      assertThat(answer.status()).isEqualTo(503);
      return;
    }
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.body.toString()).isEqualTo("one");
    assertThat(status(answer)).isEqualTo("fairlead; fwd=stale; detail=stale-if-error");
    assertThat(proxy.counted(RouteCounter.CACHE_STALE)).isOne();
  }

  @Test
  void onlyIfCachedIsNobodysError() throws Exception {
    start();
    Wire client = client().send(get("/", "Cache-Control: only-if-cached"));
    Received answer = client.response();
    assertThat(answer.status()).isEqualTo(504);
    assertThat(answer.values("fairlead-error")).containsExactly("not-cached");
    assertThat(proxy.errors(ErrorReason.NOT_CACHED)).isOne();
    assertThat(proxy.counted(RouteCounter.MEANT_5XX)).isOne();
    assertThat(proxy.listener().state().counters().get(ListenerCounter.MEANT_5XX)).isOne();
  }

  @Test
  void isPackedForThoseWhoTakeIt() throws Exception {
    start();
    proxy.compress(new CompressConfig(List.of(ContentCoding.GZIP), List.of("text/*"), 100, 3));
    String text = "a line that comes again and again\n".repeat(60);
    Wire client = client().send(get("/", "Accept-Encoding: gzip"));
    Wire up = accept();
    up.request();
    up.send(ok(text, FRESH, "Content-Type: text/plain", "ETag: \"a\""));
    for (int i = 0; i < 2; i++) {
      Received packed = client.response();
      assertThat(packed.values("content-encoding")).containsExactly("gzip");
      assertThat(packed.values("content-length")).isEmpty();
      assertThat(packed.values("etag")).containsExactly("W/\"a\"");
      byte[] bytes = packed.body.toString().getBytes(ISO_8859_1);
      try (GZIPInputStream in = new GZIPInputStream(new ByteArrayInputStream(bytes))) {
        assertThat(new String(in.readAllBytes(), ISO_8859_1)).isEqualTo(text);
      }
      client.send(get("/", "Accept-Encoding: gzip"));
    }
    client.response();
    Received plain = client.send(get("/")).response();
    assertThat(plain.values("content-encoding")).isEmpty();
    assertThat(plain.body.toString()).isEqualTo(text);
    Received same = client.send(get("/", "If-None-Match: W/\"a\"")).response();
    assertThat(same.status()).isEqualTo(304);
    assertThat(proxy.counted(0, NodeCounter.REQUESTS)).isOne();
  }

  @Test
  void aSlowClientGetsAllOfIt() throws Exception {
    int bytes = 5_000_000;
    start(1, 16 << 20, 8 << 20, LONG);
    Wire client = client();
    client.send(get("/"));
    Wire up = accept();
    up.request();
    String body = "0123456789".repeat(bytes / 10);
    up.send(ok(body, FRESH));
    assertThat(client.response().body).hasSize(bytes);
    Wire slow = leftOver.closes(Wire.to(proxy.address(), 4096));
    slow.send(get("/"));
    Wire gone = leftOver.closes(Wire.to(proxy.address(), 4096));
    gone.send(get("/"));
    gone.responseHead();
    slow.responseHead();
    gone.reset();
    assertThat(client.send(get("/")).response().body).hasSize(bytes);
    assertThat(slow.raw(bytes)).isEqualTo(body);
    assertThat(status(slow.send(get("/")).response())).startsWith("fairlead; hit");
  }

  @Test
  void memoryIsBounded() throws Exception {
    int memory = 256 * 1024;
    start(1, memory, 100 * 1024, LONG);
    Wire client = client();
    Wire up = null;
    for (int i = 0; i < 20; i++) {
      client.send(get("/" + i));
      up = up == null ? accept() : up;
      up.request();
      up.send(ok("x".repeat(50_000), FRESH));
      client.response();
      assertThat(store.bytes()).isBetween(50_000L, (long) memory);
      if (i > 0) { // what is asked for again stays
        assertThat(status(client.send(get("/0")).response())).startsWith("fairlead; hit");
      }
    }
    assertThat(store.evicted()).isBetween(15L, 17L);
    store.clear();
    assertThat(store.bytes()).isZero();
  }

  @Test
  void isGivenOverHttp2() throws Exception {
    int bytes = 300_000; // more than a window, and than a piece
    start(1, 4 << 20, 1 << 20, LONG);
    Wire client = client().send("GET / HTTP/1.1\r\nHost: A.example\r\n\r\n");
    Wire up = accept();
    up.request();
    up.send(ok("x".repeat(bytes), FRESH));
    client.response();
    Http2Wire other = leftOver.closes(Http2Wire.client(proxy.address()));
    other.get(1, "/");
    other.get(3, "/");
    for (int stream = 1; stream <= 3; stream += 2) {
      Http2Wire.Stream answer = other.bigAnswer(stream);
      assertThat(answer.status()).isEqualTo(200);
      assertThat(answer.body).hasSize(bytes);
      assertThat(answer.value("cache-status")).startsWith("fairlead; hit");
    }
    assertThat(proxy.counted(0, NodeCounter.REQUESTS)).isOne();
  }
}
