package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.Loopback.Client;
import io.fairlead.Loopback.Reply;
import io.fairlead.demo.TestNode;
import io.fairlead.telemetry.RouteCounter;
import java.io.EOFException;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What routes do with the requests they match: whole instances, real bytes. */
@Timeout(60)
final class RulesTest {
  @TempDir private Path folder;
  private TestNode a;
  private TestNode b;
  private RawNode raw;

  @BeforeEach
  void open() throws IOException {
    raw = new RawNode();
    a = Loopback.node("a");
    b = Loopback.node("b");
  }

  @AfterEach
  void close() throws IOException {
    a.close();
    b.close();
    raw.close();
  }

  // --- rewrite -----------------------------------------------------------------------------

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "/api/**       | /$1                | /api/x/y?q=1    | /x/y?q=1",
        "/api/**       | /$1                | /api            | /",
        "/api/**       | /v2/$1             | /api/           | /v2/",
        "/api/**       | /$1                | /api//x         | //x",
        "/u/{id}/p/*   | /p/$2/of/{id}      | /u/7/p/%2541    | /p/%2541/of/7",
        "/u/{id}/p/*   | /p/$1$2            | /u/a/p/b        | /p/ab",
        "/**           | /pre{path}         | /x?y            | /pre/x?y",
        "/**           | /{host}{path}      | /x              | /shop.example/x",
        // Pieces that become something else together are read again.
        "/x/{a}/{b}    | /$1$2              | /x/%25/41       | /%2541",
        "/{a}/{b}      | /.{a}/{b}          | /.x/y           | /..x/y",
        "/{a}/{b}      | /$1.$2/z           | /.a/b           | /.a.b/z",
        "/x/*          | /a/..$1            | /x/;y           | 400",
      })
  void thePathIsRewritten(String match, String rewrite, String target, String sent)
      throws IOException {
    String route =
        "{ match: { path: \"%s\" }, service: raw, rewrite: { path: \"%s\" } }"
            .formatted(match, rewrite);
    try (Fairlead fairlead = start(route);
        Client client = client(fairlead)) {
      client.send("GET " + target + " HTTP/1.1\r\nHost: Shop.Example:80\r\n\r\n");
      Reply reply = client.reply();
      if (sent.equals("400")) {
        assertThat(reply.status()).isEqualTo(400);
        assertThat(reply.field("fairlead-error")).isEqualTo("bad-request");
        return;
      }
      assertThat(reply.body()).startsWith("GET " + sent + " HTTP/1.1\r\n");
      int query = sent.indexOf('?');
      // What explain says and what is done is the same.
      assertThat(
              explain(fairlead, "http://shop.example:" + Loopback.port(fairlead, "web") + target))
          .contains("nodes get the path " + (query < 0 ? sent : sent.substring(0, query)) + "\"");
    }
  }

  private static String explain(Fairlead fairlead, String url) {
    return explain(
        fairlead, java.net.URLEncoder.encode(url, java.nio.charset.StandardCharsets.UTF_8), "");
  }

  @Test
  void nodesGetTheRewrittenPathAndHostAndClientsTheirQuery() throws IOException {
    try (Fairlead fairlead =
            start(
                "{ match: { path: \"/e/{x}\" }, service: a, rewrite: { path: \"/{x}\", host:"
                    + " \"inner.example:81\" } }");
        Client client = client(fairlead)) {
      for (String head :
          new String[] {" HTTP/1.1\r\nhOsT:  out.example\r\n\r\n", " HTTP/1.0\r\n\r\n"}) {
        client.send(
            "GET /e/echo?raw" + head.replace("1.0\r\n", "1.0\r\nConnection: keep-alive\r\n"));
        String raw = client.reply().body();
        assertThat(raw).startsWith("GET /echo?raw HTTP/1.1\r\n");
        assertThat(raw.toLowerCase(java.util.Locale.ROOT).split("\r\nhost: ", -1)).hasSize(2);
        assertThat(raw).containsIgnoringCase("\r\nhost: inner.example:81\r\n");
        assertThat(raw).doesNotContain("out.example");
      }
    }
  }

  // --- redirect and respond ----------------------------------------------------------------

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "/**      | \"https://{host}{path}\"                         | /a/b?c=d | 307 | https://shop.example/a/b?c=d",
        "/**      | { to: \"https://{host}:8443{path}\", status: 308 } | /      | 308 | https://shop.example:8443/",
        "/old/**  | { to: \"/new/$1\", status: 301 }                 | /old/x?y | 301 | /new/x?y",
        "/old/**  | { to: \"/$1\", status: 302 }                     | /old//evil.example | 302 | /evil.example",
        "/old/**  | { to: \"/$1\", status: 302 }                     | /old////e | 302 | /e",
        "/old/**  | { to: \"/$1?from=old\", status: 303 }            | /old/x?y | 303 | /x?from=old",
        "/old/**  | { to: \"/$1#top\" }                              | /old/x?y | 307 | /x#top",
        "/q/{x}   | \"/to/{x}\"                                      | /q/a%0D%0Ab | 307 | /to/a%0D%0Ab",
        "/q/{x}   | \"/to/{x}\"                                      | /q/<a>\"^`{}| 307 | /to/%3Ca%3E%22%5E%60%7B%7D",
        "/**      | \"https://www.example{path}\"                    | /x?%41%4g% | 307 | https://www.example/x?%41%254g%25",
        "/**      | \"https://www.example{path}\"                    | /x?<>     | 307 | https://www.example/x?%3C%3E",
      })
  void redirects(String match, String redirect, String target, int status, String location)
      throws IOException {
    String route = "{ match: { path: \"%s\" }, redirect: %s }".formatted(match, redirect);
    try (Fairlead fairlead = start(route);
        Client client = client(fairlead)) {
      client.send("GET " + target + " HTTP/1.1\r\nHost: Shop.Example:80\r\n\r\n");
      Reply reply = client.reply();
      assertThat(reply.status()).isEqualTo(status);
      assertThat(reply.field("location")).isEqualTo(location);
      assertThat(reply.field("fairlead-error")).isEmpty();
      assertThat(reply.field("x-request-id")).hasSize(24);
      client.send("GET " + target + " HTTP/1.1\r\nHost: shop.example\r\n\r\n");
      assertThat(client.reply().status()).as("the connection stays").isEqualTo(status);
    }
  }

  @Test
  void aRedirectWithoutAHostToNameIsABadRequest() throws IOException {
    try (Fairlead fairlead = start("{ redirect: \"https://{host}{path}\" }");
        Client client = client(fairlead)) {
      client.send("GET / HTTP/1.0\r\n\r\n");
      Reply reply = client.reply();
      assertThat(reply.status()).isEqualTo(400);
      assertThat(reply.field("location")).isEmpty();
    }
  }

  @Test
  void respondsWithTextAndFiles() throws IOException {
    byte[] big = new byte[300_000];
    java.util.Arrays.fill(big, (byte) 'x');
    Files.write(folder.resolve("big.html"), big);
    try (Fairlead fairlead =
            start(
                "{ match: { path: /text }, respond: { status: 503, body: \"back soon\" } }",
                "{ match: { path: /json }, respond: { body: \"{}\", content-type: application/json"
                    + " } }",
                "{ match: { path: /big }, respond: { file: big.html } }",
                "{ match: { path: /gone }, respond: 410 }",
                "{ match: { path: /none }, respond: 204 }");
        Client client = client(fairlead)) {
      Reply text = client.get("/text");
      assertThat(text.status()).isEqualTo(503);
      assertThat(text.body()).isEqualTo("back soon");
      assertThat(text.field("content-type")).isEqualTo("text/plain; charset=utf-8");
      assertThat(text.field("fairlead-error")).isEmpty();
      assertThat(client.get("/json").field("content-type")).isEqualTo("application/json");
      Reply file = client.get("/big");
      assertThat(file.body()).hasSize(big.length);
      assertThat(file.field("content-type")).isEqualTo("text/html; charset=utf-8");
      assertThat(client.get("/gone").field("content-length")).isEqualTo("0");
      Reply none = client.get("/none");
      assertThat(none.status()).isEqualTo(204);
      assertThat(none.fields()).doesNotContainKey("content-length");
      client.send("HEAD /text HTTP/1.1\r\nHost: x\r\n\r\nGET /gone HTTP/1.1\r\nHost: x\r\n\r\n");
      // No body may follow: what comes next is the next answer.
      assertThat(client.headOnly()).contains("content-length: 9").startsWith("HTTP/1.1 503 ");
      assertThat(client.reply().status()).isEqualTo(410);
    }
  }

  @Test
  void errorPagesOfTheRouteComeBeforeThoseOfTheListener() throws IOException {
    Files.writeString(folder.resolve("404.html"), "<p>lost</p>");
    Files.writeString(folder.resolve("5xx.txt"), "sorry");
    Files.writeString(folder.resolve("own.json"), "{}");
    try (Fairlead fairlead =
            startWith(
                "errors: { 404: 404.html, 5xx: 5xx.txt }",
                "{ match: { path: /a }, service: nobody }",
                "{ match: { path: /b }, service: nobody, errors: { 503: own.json } }",
                "{ match: { path: \"/status/*\" }, service: a }");
        Client client = client(fairlead)) {
      Reply lost = client.get("/nowhere");
      assertThat(lost.body()).isEqualTo("<p>lost</p>");
      assertThat(lost.field("fairlead-error")).isEqualTo("no-route");
      assertThat(lost.field("content-type")).isEqualTo("text/html; charset=utf-8");
      assertThat(client.get("/a").body()).isEqualTo("sorry");
      Reply own = client.get("/b");
      assertThat(own.body()).isEqualTo("{}");
      assertThat(own.status()).isEqualTo(503);
      assertThat(own.field("fairlead-error")).isEqualTo("no-node");
      // What a node says stays what it is.
      assertThat(client.get("/status/503").body()).startsWith("status 503 from a");
    }
  }

  // --- headers -----------------------------------------------------------------------------

  @Test
  void fieldsOfRequestsAreEdited() throws IOException {
    try (Fairlead fairlead =
            start(
                """
                { name: edits, service: a, headers: { request: {
                  remove: [Cookie, x-secret],
                  set: { X-Client: "$client-ip", x-what: "$method $path on $host by $route", x-scheme: "$scheme", x-id: "$request-id", accept: "only/this", x-forwarded-host: "$host" },
                  add: { x-more: [one, "two $$$$ three"] } } } }
                """);
        Client client = client(fairlead)) {
      client.send(
          head(
              "GET /echo?raw HTTP/1.1",
              "Host: Shop.example:8080",
              "Cookie: a=b",
              "X-SECRET: x",
              "accept: text/html",
              "x-client: 1.2.3.4",
              "ACCEPT: more/html",
              "x-more: zero",
              "x-what: lie",
              "X-Forwarded-Host: liar",
              "last: 1"));
      Reply reply = client.reply();
      String raw = reply.body();
      assertThat(fields(raw, "cookie")).isEmpty();
      assertThat(fields(raw, "x-secret")).isEmpty();
      assertThat(fields(raw, "accept")).containsExactly("only/this");
      assertThat(fields(raw, "x-client")).containsExactly("127.0.0.1");
      assertThat(fields(raw, "x-what")).containsExactly("GET /echo on shop.example by edits");
      assertThat(fields(raw, "x-scheme")).containsExactly("http");
      assertThat(fields(raw, "x-id")).containsExactly(reply.field("x-request-id"));
      assertThat(fields(raw, "x-forwarded-host")).containsExactly("shop.example");
      assertThat(fields(raw, "x-more")).containsExactly("zero", "one", "two $ three");
      assertThat(fields(raw, "host")).containsExactly("Shop.example:8080");
      assertThat(fields(raw, "last")).containsExactly("1");
      assertThat(fields(raw, "x-forwarded-for")).containsExactly("127.0.0.1");
    }
  }

  @Test
  void behindATrustedProxyVariablesSpeakOfTheClientItTells() throws IOException {
    try (Fairlead fairlead =
            startWith(
                "forwarded: { trust: \"127.0.0.0/8\" }",
                "{ service: a, headers: { request: { set: { x-c: \"$client-ip\", x-s: \"$scheme\","
                    + " x-i: \"$request-id\" } } } }");
        Client client = client(fairlead)) {
      client.send(
          head(
              "GET /echo?raw HTTP/1.1",
              "Host: x",
              "x-forwarded-for: 2001:db8::7",
              "x-forwarded-proto: https",
              "x-request-id: mine"));
      String raw = client.reply().body();
      assertThat(fields(raw, "x-c")).containsExactly("2001:db8:0:0:0:0:0:7");
      assertThat(fields(raw, "x-s")).containsExactly("https");
      assertThat(fields(raw, "x-i")).containsExactly("mine");
    }
  }

  @Test
  void fieldsOfAnswersAreEditedWhoeverGivesThem() throws IOException {
    try (Fairlead fairlead =
            start(
                "{ match: { path: /local }, respond: { body: hi }, headers: { response: { set: {"
                    + " x-served-by: fairlead, content-type: text/x } } } }",
                "{ match: { path: /lost }, service: nobody, headers: { response: { add: { x-e: e }"
                    + " } } }",
                "{ service: a, headers: { response: { remove: [content-type], set: { x-served-by:"
                    + " \"$host\" }, add: { vary: [accept, origin] } } } }");
        Client client = client(fairlead)) {
      Reply local = client.get("/local");
      assertThat(local.field("x-served-by")).isEqualTo("fairlead");
      assertThat(local.field("content-type")).isEqualTo("text/x");
      assertThat(client.get("/lost").field("x-e")).isEqualTo("e");
      Reply node = client.get("/");
      assertThat(node.field("x-served-by")).isEqualTo("localhost");
      assertThat(node.fields()).doesNotContainKey("content-type");
      assertThat(node.field("vary")).isEqualTo("origin");
      assertThat(node.body()).startsWith("hello from a");
    }
  }

  // --- split -------------------------------------------------------------------------------

  @Test
  void requestsAreSplitByWeight() throws IOException {
    try (Fairlead fairlead = start("{ split: { a: 75, b: 25, nobody: 0 } }");
        Client client = client(fairlead)) {
      int toB = 0;
      for (int i = 0; i < 400; i++) {
        Reply reply = client.get("/");
        assertThat(reply.status()).isEqualTo(200);
        toB += reply.body().startsWith("hello from b") ? 1 : 0;
      }
      // 400 at 25 %: 100 on average, a standard deviation of 8.7; seven of them.
      assertThat(toB).isBetween(40, 160);
    }
  }

  // --- who may -----------------------------------------------------------------------------

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "allow: \"10.0.0.0/8\"                       | ''            | 403",
        "allow: \"127.0.0.0/8\"                      | ''            | 200",
        "deny: \"127.0.0.1\"                         | ''            | 403",
        "allow: \"127.0.0.0/8\", deny: \"127.0.0.1\" | ''            | 403",
        "deny: \"127.0.0.1\"                         | 'x-forwarded-for: 10.0.0.1\r\n' | 200",
        "deny: \"10.0.0.0/8\"                        | 'x-forwarded-for: 10.0.0.1\r\n' | 403",
      })
  void accessIsByTheClientsAddress(String access, String field, int status) throws IOException {
    String trust = "forwarded: { trust: \"127.0.0.0/8\" }";
    try (Fairlead byRoute = startWith(trust, "{ name: r, service: a, " + access + " }");
        Fairlead byListener =
            startWith(trust + "\n    " + access.replace(", deny", "\n    deny"), "{ service: a }");
        Client one = client(byRoute);
        Client other = client(byListener)) {
      for (Client client : new Client[] {one, other}) {
        client.send("GET / HTTP/1.1\r\nHost: x\r\n" + field + "\r\n");
        Reply reply = client.reply();
        assertThat(reply.status()).isEqualTo(status);
        assertThat(reply.field("fairlead-error")).isEqualTo(status == 403 ? "denied" : "");
      }
      assertThat(count(byRoute, RouteCounter.DENIED)).isEqualTo(status == 403 ? 1 : 0);
    }
  }

  @Test
  void bodiesAreLimitedByTheRouteWhereItSays() throws IOException {
    try (Fairlead fairlead =
        startWith(
            "limits: { body-bytes: 10 }",
            "{ name: r, match: { path: /small }, service: a, limits: { body-bytes: 4 } }",
            "{ match: { path: /large }, service: a, limits: { body-bytes: 1KiB } }",
            "{ service: a }")) {
      assertThat(post(fairlead, "/small", "content-length: 4\r\n\r\n1234")).isEqualTo(200);
      assertThat(post(fairlead, "/small", "content-length: 5\r\n\r\n")).isEqualTo(413);
      assertThat(post(fairlead, "/small", "transfer-encoding: chunked\r\n\r\n5\r\n12345\r\n"))
          .isEqualTo(413);
      assertThat(count(fairlead, RouteCounter.TOO_LARGE)).isEqualTo(2);
      assertThat(post(fairlead, "/large", "content-length: 11\r\n\r\n12345678901")).isEqualTo(200);
      assertThat(post(fairlead, "/large", "content-length: 1025\r\n\r\n")).isEqualTo(413);
      assertThat(post(fairlead, "/", "content-length: 10\r\n\r\n1234567890")).isEqualTo(200);
      assertThat(post(fairlead, "/", "content-length: 11\r\n\r\n")).isEqualTo(413);
      assertThat(post(fairlead, "/", "transfer-encoding: chunked\r\n\r\nb\r\n12345678901\r\n"))
          .isEqualTo(413);
    }
  }

  @Test
  void whatIsCompressedIsCounted() throws Exception {
    String typed = "headers: { response: { set: { content-type: text/plain } } }";
    try (Fairlead fairlead = startWith("", "{ name: r, service: a, compress: {}, " + typed + " }");
        HttpClient client = HttpClient.newHttpClient()) {
      URI uri = URI.create("http://127.0.0.1:" + Loopback.port(fairlead, "web") + "/bytes/100000");
      HttpRequest plain = HttpRequest.newBuilder(uri).build();
      HttpRequest packed = HttpRequest.newBuilder(uri).header("accept-encoding", "gzip").build();
      HttpResponse<byte[]> got = client.send(packed, HttpResponse.BodyHandlers.ofByteArray());
      assertThat(got.headers().firstValue("content-encoding")).hasValue("gzip");
      assertThat(client.send(plain, HttpResponse.BodyHandlers.ofByteArray()).body())
          .hasSize(100_000);
      assertThat(count(fairlead, RouteCounter.COMPRESSED)).isEqualTo(1);
      assertThat(count(fairlead, RouteCounter.BYTES_BEFORE_COMPRESSION)).isEqualTo(100_000);
      assertThat(count(fairlead, RouteCounter.BYTES_COMPRESSED))
          .isEqualTo(got.body().length)
          .isLessThan(100_000);
    }
  }

  // --- rates -------------------------------------------------------------------------------

  @Test
  void beyondTheRateClientsAreToldWhenToComeBack() throws IOException {
    try (Fairlead fairlead =
            start("{ name: r, service: a, rate-limit: { key: client-ip, rate: 1/m, burst: 3 } }");
        Client client = client(fairlead)) {
      for (int i = 0; i < 3; i++) {
        assertThat(client.get("/").status()).isEqualTo(200);
      }
      Reply refused = client.get("/");
      assertThat(refused.status()).isEqualTo(429);
      assertThat(refused.field("fairlead-error")).isEqualTo("rate-limited");
      int wait = Integer.parseInt(refused.field("retry-after"));
      assertThat(wait).isBetween(50, 61);
      assertThat(refused.field("ratelimit")).isEqualTo("\"client-ip\";r=0;t=" + wait);
      assertThat(refused.field("ratelimit-policy")).isEqualTo("\"client-ip\";q=3;w=180");
      assertThat(count(fairlead, RouteCounter.RATE_LIMITED)).isEqualTo(1);
      try (Client again = client(fairlead)) {
        assertThat(again.get("/").status()).as("another connection").isEqualTo(429);
      }
    }
  }

  @Test
  void keysAreCountedApartAndSeveralLimitsAllCount() throws IOException {
    try (Fairlead fairlead =
            start(
                "{ service: a, rate-limit: [ { key: \"header:X-Key\", rate: 1/h, burst: 2 }, {"
                    + " name: all, key: route, rate: 1/h, burst: 5 } ] }");
        Client client = client(fairlead)) {
      StringBuilder story = new StringBuilder();
      for (String key : "a a a b b b c c d".split(" ", -1)) {
        client.send("GET / HTTP/1.1\r\nHost: x\r\nx-key: " + key + "\r\n\r\n");
        Reply reply = client.reply();
        story.append(key).append(reply.status() == 200 ? "+ " : "- ");
        if (reply.status() == 429 && key.equals("d")) {
          assertThat(reply.field("ratelimit")).startsWith("\"all\";r=0;t=");
          assertThat(reply.field("ratelimit-policy"))
              .isEqualTo("\"x-key\";q=2;w=7200, \"all\";q=5;w=18000");
        }
      }
      assertThat(story.toString()).isEqualTo("a+ a+ a- b+ b+ b- c+ c- d- ");
    }
  }

  @Test
  void whatHasBeenCountedStaysWhenTheLimitDoes() throws IOException {
    String limited = "{ name: r, service: a, rate-limit: { key: route, rate: 1/h, burst: %d } }";
    try (Fairlead fairlead = start(limited.formatted(2));
        Client client = client(fairlead)) {
      assertThat(client.get("/").status()).isEqualTo(200);
      assertThat(client.get("/").status()).isEqualTo(200);
      apply(fairlead, limited.formatted(2).replace("service: a,", "service: b,"));
      assertThat(client.get("/").status()).as("the same limit").isEqualTo(429);
      apply(fairlead, limited.formatted(3));
      assertThat(client.get("/").status()).as("another limit").isEqualTo(200);
    }
  }

  private void apply(Fairlead fairlead, String route) {
    String yaml = yaml("", route);
    assertThat(fairlead.apply(Loopback.read(yaml, folder), "test"))
        .isInstanceOf(Fairlead.Applied.Done.class);
  }

  // --- time --------------------------------------------------------------------------------

  @Test
  void aTryThatTakesTooLongIsMadeAgainElsewhere() throws IOException {
    try (Fairlead fairlead =
            start("{ match: { path: \"/silent/**\" }, service: both, timeouts: { try: 200ms } }");
        Client client = client(fairlead)) {
      for (int i = 0; i < 2; i++) { // one of them to the silent node first
        Reply reply = client.get("/silent/1");
        assertThat(reply.body()).startsWith("hello from a");
      }
      // What may have been done already is not done again.
      int late = 0;
      for (int i = 0; i < 2; i++) {
        client.send("POST /silent/1 HTTP/1.1\r\nHost: x\r\ncontent-length: 0\r\n\r\n");
        Reply reply = client.reply();
        late += reply.field("fairlead-error").equals("upstream-timeout") ? 1 : 0;
      }
      assertThat(late).isEqualTo(1);
    }
  }

  @Test
  void allOfItMayTakeSoLong() throws IOException {
    try (Fairlead fairlead =
        start(
            "{ match: { path: \"/drip/**\" }, service: raw, timeouts: { total: 300ms } }",
            "{ match: { path: \"/silent/**\" }, service: raw, timeouts: { total: 300ms } }",
            "{ match: { path: \"/idle/**\" }, service: raw, rewrite: { path: /drip }, timeouts: {"
                + " idle: 300ms } }")) {
      long start = System.nanoTime();
      try (Client client = client(fairlead)) {
        Reply reply = client.get("/silent/1");
        assertThat(reply.status()).isEqualTo(504);
        assertThat(reply.field("fairlead-error")).isEqualTo("upstream-timeout");
        // The first bytes have come, more will not: the answer breaks off.
        assertThatThrownBy(() -> client.get("/drip/1")).isInstanceOf(EOFException.class);
      }
      try (Client client = client(fairlead)) {
        assertThatThrownBy(() -> client.get("/idle/1")).isInstanceOf(EOFException.class);
      }
      assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(10));
    }
  }

  @Test
  void aBodyMayTakeSoLongToCome() throws Exception {
    try (Fairlead fairlead = start("{ service: a, timeouts: { request-body: 300ms } }");
        Client client = client(fairlead)) {
      client.send("POST /1 HTTP/1.1\r\nHost: x\r\ncontent-length: 3\r\n\r\nabc");
      assertThat(client.reply().field("fairlead-error")).as("in time").isEmpty();
      client.send("POST /2 HTTP/1.1\r\nHost: x\r\ncontent-length: 100\r\n\r\nabc");
      Reply reply = client.reply();
      assertThat(reply.status()).isEqualTo(408);
      assertThat(reply.field("fairlead-error")).isEqualTo("request-timeout");
    }
  }

  @Test
  void theIdleTimeOfARouteIsNotThatOfTheConnectionAfterIt() throws Exception {
    try (Fairlead fairlead = start("{ service: a, timeouts: { idle: 100ms } }");
        Client client = client(fairlead)) {
      assertThat(client.get("/").status()).isEqualTo(200);
      assertThat(client.get("/delay/400").status()).as("no body, no idleness").isEqualTo(200);
      Thread.sleep(400); // longer than the wheel's resolution and that time: nothing happens
      assertThat(client.get("/").status()).isEqualTo(200);
    }
  }

  // --- whatever is asked for ---------------------------------------------------------------

  /** Rewritten requests and redirects say one thing only, whatever a client makes up. */
  @Test
  void whatComesOutCanBeReadInOneWayOnly() throws IOException {
    long seed = Long.getLong("fairlead.seed", System.nanoTime());
    System.out.println("seed " + seed + " (repeat with -Dfairlead.seed=" + seed + ")");
    SplittableRandom random = new SplittableRandom(seed);
    String[] templates = {
      "/$1", "/$1/x", "/a$1", "/.$1", "/..$1", "/%2541$1", "/$1$1", "/{x}.{x}", "/{x}..", "/-{x}/$2"
    };
    List<String> routes = new ArrayList<>();
    for (int i = 0; i < templates.length; i++) {
      routes.add(
          "{ match: { path: \"/w%d/{x}/**\" }, service: raw, rewrite: { path: \"%s\" },"
                  .formatted(i, templates[i])
              + " headers: { request: { set: { x-path: \"$path\", x-host: \"$host\" } } } }");
      routes.add(
          "{ match: { path: \"/r%d/{x}/**\" }, redirect: \"%s\" }"
              .formatted(i, templates[i].replace("%25", "%")));
    }
    int answered = 0;
    int refused = 0;
    try (Fairlead fairlead = start(routes.toArray(String[]::new))) {
      Client client = client(fairlead);
      for (int i = 0; i < 2_000; i++) {
        boolean redirect = random.nextInt(3) == 0;
        String target = (redirect ? "/r" : "/w") + random.nextInt(templates.length);
        target += "/" + madeUp(random) + "/" + madeUp(random);
        client.send("GET " + target + " HTTP/1.1\r\nHost: h" + i + ".example\r\n\r\n");
        Reply reply = client.reply();
        String because = "seed " + seed + ": " + target;
        switch (reply.status()) {
          case 200 -> {
            String[] lines = reply.body().split("\r\n", -1);
            String[] first = lines[0].split(" ", -1);
            assertThat(first).as(because).hasSize(3);
            int query = first[1].indexOf('?');
            assertNormal(query < 0 ? first[1] : first[1].substring(0, query), because);
            assertThat(fields(reply.body(), "x-path")).as(because).hasSize(1);
            assertThat(fields(reply.body(), "x-path").getFirst()).as(because).startsWith("/w");
            assertThat(fields(reply.body(), "x-host"))
                .as(because)
                .containsExactly("h" + i + ".example");
            // Request line, host, x-path, x-host, four of our own, and the end.
            assertThat(lines).as(because).hasSize(10);
            answered++;
          }
          case 307 -> {
            String location = reply.field("location");
            assertThat(location).as(because).matches("/([^/].*)?");
            assertThat(location)
                .as(because)
                .matches("([A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*");
            answered++;
          }
          default -> {
            assertThat(reply.status()).as(because).isIn(400, 404);
            refused++;
            client.close();
            client = client(fairlead);
          }
        }
      }
      client.close();
    }
    assertThat(answered).isGreaterThan(500);
    assertThat(refused).isGreaterThan(50);
  }

  private static void assertNormal(String path, String because) {
    assertThat(path).as(because).matches("/([!$&-.0-;=@-Z_a-z~/]|[\"<>^`{|}]|%[0-9A-F]{2})*");
    assertThat(path).as(because).doesNotContainPattern("%(2F|5C|00|2E|2D|5F|7E|4[1-9]|3[0-9])");
    assertThat(path + "/").as(because).doesNotContain("/../").doesNotContain("/./");
  }

  private static String madeUp(SplittableRandom random) {
    String[] pieces = {
      "a",
      "b",
      ".",
      "..",
      "%2e",
      "%2E",
      "%25",
      "41",
      "2F",
      "%41",
      "%0d",
      "%0A",
      "%20",
      ";",
      "<",
      "\"",
      "{",
      "}",
      "$",
      "%3B",
      "%2f",
      "/",
      "//",
      "?q=%0d%0a",
      "?",
      "%C3%BC",
      "%5c",
      "%"
    };
    StringBuilder text = new StringBuilder();
    for (int i = random.nextInt(4); i >= 0; i--) {
      // What is refused whatever surrounds it comes seldom, so that most is not.
      int piece = random.nextInt(pieces.length);
      text.append(piece < pieces.length - 2 || random.nextInt(8) == 0 ? pieces[piece] : "z");
    }
    return text.toString();
  }

  // --- explain -----------------------------------------------------------------------------

  @Test
  void explainSaysWhatTheRulesDo() throws IOException {
    try (Fairlead fairlead =
        startWith(
            "deny: \"192.0.2.0/24\"",
            "{ match: { path: \"/old/**\" }, redirect: { to: \"/new/$1\", status: 308 } }",
            "{ match: { path: /hi }, respond: 204 }",
            "{ match: { path: /in }, service: a, allow: \"10.0.0.0/8\" }",
            "{ split: { a: 1, b: 1 }, rewrite: { path: \"/x{path}\" }, rate-limit: { key: route,"
                + " rate: 5/s } }")) {
      assertThat(explain(fairlead, "/old/x?q", "")).contains("sent with 308 to /new/x?q");
      assertThat(explain(fairlead, "/hi", "")).contains("Fairlead answers itself with 204");
      assertThat(explain(fairlead, "/in", "")).contains("the route denies").contains("denied");
      assertThat(explain(fairlead, "/hi", "192.0.2.1")).contains("the listener denies");
      assertThat(explain(fairlead, "/y", "10.0.0.1"))
          .contains("leads to service a or b")
          .contains("nodes get the path /x/y")
          .contains("rate limit route lets in 5/s, up to 5 at once, by route")
          .contains("by chance: {a=1, b=1}")
          .contains("tried again once, at another node while there is one, on connect, refused,");
    }
  }

  private static String explain(Fairlead fairlead, String url, String client) {
    return Loopback.door(
            fairlead, "GET", "/api/v1/explain?method=GET&url=" + url + "&client=" + client, "")
        .body();
  }

  // --- the scene ---------------------------------------------------------------------------

  private static String head(String... lines) {
    return String.join("\r\n", lines) + "\r\n\r\n";
  }

  private static List<String> fields(String raw, String name) {
    return raw.lines()
        .filter(line -> line.toLowerCase(java.util.Locale.ROOT).startsWith(name + ":"))
        .map(line -> line.substring(name.length() + 1).strip())
        .toList();
  }

  private static int post(Fairlead fairlead, String path, String rest) throws IOException {
    try (Client client = client(fairlead)) {
      client.send("POST " + path + " HTTP/1.1\r\nHost: x\r\n" + rest);
      return client.reply().status();
    }
  }

  private static long count(Fairlead fairlead, RouteCounter counter) {
    return fairlead.state().routes().values().iterator().next().stream()
        .filter(route -> route.config().name().equals("r"))
        .mapToLong(route -> route.counters().get(counter))
        .sum();
  }

  private static Client client(Fairlead fairlead) throws IOException {
    return new Client(Loopback.port(fairlead, "web"));
  }

  private Fairlead start(String... routes) throws IOException {
    return startWith("", routes);
  }

  private Fairlead startWith(String listener, String... routes) throws IOException {
    String yaml = yaml(listener, routes);
    return Loopback.start(yaml, folder);
  }

  private String yaml(String listener, String... routes) {
    StringBuilder list = new StringBuilder();
    for (String route : routes) {
      list.append("      - ").append(route.strip().replace("\n", "\n        ")).append("\n");
    }
    return """
    admin: { bind: "127.0.0.1:0" }
    listeners:
      web:
        bind: "127.0.0.1:0"
        %s
        routes:
    %s
    services:
      a: { nodes: "127.0.0.1:%d", health: none }
      b: { nodes: "127.0.0.1:%d", health: none }
      raw: { nodes: "127.0.0.1:%d", health: none }
      both: { nodes: ["127.0.0.1:%d", "127.0.0.1:%d"], balance: round-robin, health: none }
      nobody: { health: none }
    """
        .formatted(listener, list, a.port(), b.port(), raw.port(), raw.port(), a.port());
  }
}
