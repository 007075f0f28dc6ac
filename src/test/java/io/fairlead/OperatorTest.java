package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.Loopback.Client;
import io.fairlead.demo.TestNode;
import io.fairlead.service.Node;
import io.fairlead.telemetry.Event;
import io.fairlead.telemetry.EventLog;
import java.net.URLEncoder;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The real instance behind its real admin door. */
@Timeout(60)
class OperatorTest {
  private static final String SHOP = "/api/v1/services/shop/nodes/";

  private TestNode a;
  private TestNode b;
  private Fairlead fairlead;
  private int port;

  @BeforeEach
  void start() throws Exception {
    a = Loopback.node("a");
    b = Loopback.node("b");
    fairlead = Loopback.start(config(""));
    port = Loopback.port(fairlead, "web");
  }

  @AfterEach
  void stop() {
    fairlead.close();
    a.close();
    b.close();
  }

  private String config(String admin) {
    return """
    admin: { bind: "127.0.0.1:0" %s }
    listeners:
      web:
        bind: "127.0.0.1:0"
        routes:
          - { name: beta, match: { header: { x-beta: "1" } }, service: next }
          - { name: post, match: { method: POST, path: "/orders" }, service: next }
          - { name: host, match: { host: "*.shop.example" }, service: next }
          - { name: api, match: { path: "/api/**" }, service: shop }
    services:
      shop: { nodes: { name: a, address: "127.0.0.1:%d" } }
      next: { nodes: { name: b, address: "127.0.0.1:%d" } }
    """
        .formatted(admin, a.port(), b.port());
  }

  private static JsonNode json(HttpResponse<String> response) {
    return JsonMapper.builder().build().readTree(response.body());
  }

  private String address(TestNode node) {
    return "127.0.0.1:" + node.port();
  }

  @Test
  void aNodeRegistersRenewsAndLeaves() throws Exception {
    String path = SHOP + address(b);
    HttpResponse<String> first = Loopback.door(fairlead, "PUT", path, "{\"name\":\"reg\"}");
    assertThat(first.statusCode()).isEqualTo(201);
    assertThat(json(first).get("state").asString()).as("it is there at once").isEqualTo("up");
    assertThat(json(first).get("changed").booleanValue()).isTrue();
    long audits = audits();
    HttpResponse<String> again = Loopback.door(fairlead, "PUT", path, "{\"name\":\"reg\"}");
    assertThat(again.statusCode()).isEqualTo(200);
    assertThat(json(again).get("changed").booleanValue()).isFalse();
    assertThat(audits()).as("a heartbeat is no change").isEqualTo(audits);
    HttpResponse<String> heavier =
        Loopback.door(fairlead, "PUT", path, "{\"name\":\"reg\",\"weight\":3}");
    assertThat(json(heavier).get("changed").booleanValue()).isTrue();
    HttpResponse<String> gone = Loopback.door(fairlead, "DELETE", path, "");
    assertThat(gone.statusCode()).isEqualTo(200);
    assertThat(json(gone).get("state").asString()).isEqualTo("gone");
    assertThat(Loopback.door(fairlead, "DELETE", path, "").statusCode()).isEqualTo(404);
  }

  private long audits() {
    return fairlead.events().since(0).stream()
        .map(EventLog.Entry::event)
        .filter(Event.Audit.class::isInstance)
        .count();
  }

  @Test
  void aLeaseThatRunsOutOfADeadNodeEndsItsMembership() throws Exception {
    b.close();
    Loopback.door(fairlead, "PUT", SHOP + address(b), "{\"ttl\":\"1s\"}");
    Loopback.await("it has left", () -> Loopback.nodes(fairlead, "shop").length == 1);
  }

  @Test
  void aNodeThatTheFileNamesMayRegisterToo() {
    String path = SHOP + address(a);
    assertThat(Loopback.door(fairlead, "DELETE", path, "").statusCode())
        .as("the file names it")
        .isEqualTo(409);
    HttpResponse<String> first = Loopback.door(fairlead, "PUT", path, "");
    assertThat(first.statusCode()).isEqualTo(200);
    assertThat(json(Loopback.door(fairlead, "PUT", path, "")).get("changed").booleanValue())
        .isFalse();
    assertThat(Loopback.door(fairlead, "DELETE", path, "").statusCode()).isEqualTo(200);
    assertThat(Loopback.nodes(fairlead, "shop")).hasSize(1);
  }

  @Test
  void drainTellsWhatIsInFlightAndLetsItEnd() throws Exception {
    try (Client client = new Client(port)) {
      client.send("GET /api/x?latency=400ms HTTP/1.1\r\nHost: a\r\n\r\n");
      Node node = Loopback.nodes(fairlead, "shop")[0];
      Loopback.await("it is in flight", () -> node.inFlight() == 1);
      JsonNode drained = json(Loopback.door(fairlead, "POST", SHOP + "a/drain", ""));
      assertThat(drained.get("state").asString()).isEqualTo("draining");
      assertThat(drained.get("inFlight").intValue()).isEqualTo(1);
      assertThat(explain("/api/x", "").get("error").asString()).isEqualTo("no-node");
      assertThat(client.reply().status()).isEqualTo(200);
      assertThat(client.get("/api/x").field("fairlead-error")).isEqualTo("no-node");
      Loopback.await(
          "it is said to be empty",
          () ->
              fairlead.events().since(0).stream()
                  .anyMatch(e ->
                      e.event().equals(new Event.NodeDrained("shop", "a", "nothing in flight"))));
      assertThat(Loopback.door(fairlead, "POST", SHOP + "a/undrain", "").statusCode())
          .isEqualTo(200);
      assertThat(client.get("/api/x").status()).isEqualTo(200);
    }
  }

  private JsonNode explain(String url, String more) {
    return json(
        Loopback.door(
            fairlead,
            "GET",
            "/api/v1/explain?url=" + URLEncoder.encode(url, StandardCharsets.UTF_8) + more,
            ""));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      nullValues = "-",
      textBlock =
          """
          GET    | h             | /api/x        | -         | api  | -
          GET    | h             | /API/x        | -         | -    | no-route
          GET    | h             | /nothing      | -         | -    | no-route
          GET    | h             | /nothing      | x-beta: 1 | beta | -
          GET    | h             | /nothing      | x-beta: 2 | -    | no-route
          POST   | h             | /orders       | -         | post | -
          GET    | h             | /orders       | -         | -    | no-route
          GET    | a.shop.example | /            | -         | host | -
          GET    | h             | /a/../api/x   | -         | api  | -
          GET    | h             | /api/%zz      | -         | -    | bad-request
          G(T    | h             | /api/x        | -         | -    | bad-request
          GET    | a b           | /api/x        | -         | -    | bad-request
          GET    | h             | /api/x        | a b: 1    | -    | bad-request
          """)
  void explainAgreesWithWhatHappens(
      String method, String host, String path, String header, String route, String error)
      throws Exception {
    try (Client client = new Client(port)) {
      client.send(
          method
              + " "
              + path
              + " HTTP/1.1\r\nHost: "
              + host
              + "\r\n"
              + (header == null ? "" : header + "\r\n")
              + (method.equals("POST") ? "Content-Length: 0\r\n" : "")
              + "\r\n");
      Loopback.Reply real = client.reply();
      JsonNode said =
          explain(
              path,
              "&method="
                  + encode(method)
                  + "&header="
                  + encode("Host: " + host)
                  + (header == null ? "" : "&header=" + encode(header)));
      assertThat(said.get("route").asString(null)).isEqualTo(route);
      assertThat(said.get("error").asString(null)).isEqualTo(error);
      assertThat(real.field("fairlead-error")).isEqualTo(error == null ? "" : error);
      if (error != null) {
        assertThat(real.status()).isEqualTo(said.get("status").intValue());
      } else {
        assertThat(said.get("node").asString())
            .endsWith(real.field("x-node").equals("a") ? address(a) : address(b));
      }
    }
  }

  private static String encode(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          url=/api%0d%0aX-Beta:1                     | line break
          url=/api/x&method=GET%0aX                  | line break
          url=/api/x&header=a:%20b%0d%0ax-beta:%201  | line break
          url=/api/x&header=a%0ax:b                  | line break
          url=/api/x&client=nobody                   | client must be an IP address
          url=ftp://h/                               | url must begin with http://
          url=nonsense                               | url must begin with http://
          url=http://h:port/                         | port of the url
          """)
  void explainRefusesWhatNoRequestCanBe(String query, String why) {
    HttpResponse<String> answer = Loopback.door(fairlead, "GET", "/api/v1/explain?" + query, "");
    assertThat(answer.statusCode()).isEqualTo(400);
    assertThat(answer.body()).contains(why);
  }

  @ParameterizedTest
  @CsvSource({"http://u@h/, bad-request", "/caf\u00e9, bad-request", "http://h?x=1, no-route"})
  void explainHasAnAnswerForOddAddresses(String url, String error) {
    assertThat(explain(url, "").get("error").asString(null)).isEqualTo(error);
  }

  @Test
  void explainSaysThatNobodyServesThere() {
    assertThat(explain("http://h:1/", "").get("why").toString())
        .contains("no listener serves on port 1");
  }

  @Test
  void aDownNodeIsExplainedWithItsReason() throws Exception {
    a.close();
    Node node = Loopback.nodes(fairlead, "shop")[0];
    Loopback.await("it is down", () -> !node.facts().up());
    JsonNode said = explain("/api/x", "");
    assertThat(said.get("error").asString()).isEqualTo("no-node");
    assertThat(said.get("why").toString()).contains("node a is down").contains("refused");
  }

  @Test
  void newTokensAreHiddenAsSoonAsTheyAreInForce() {
    String secret = "0123456789abcdef-new";
    String text = config(", tokens: [ { name: ops, role: operator, token: \"" + secret + "\" } ]");
    HttpResponse<String> put = Loopback.door(fairlead, "PUT", "/api/v1/config", text);
    assertThat(put.body()).contains("take effect at the next start");
    assertThat(put.statusCode()).isEqualTo(200);
    assertThat(Loopback.door(fairlead, "GET", "/api/v1/config", "").body())
        .doesNotContain(secret)
        .contains("(secret)");
  }

  /** Whoever edits what was shown must not make "(secret)" the token. */
  @Test
  void whatHidesASecretIsNoSecret() {
    String token = ", tokens: [ { name: ops, role: operator, token: 0123456789abcdef-new } ]";
    assertThat(put(config(token)).statusCode()).isEqualTo(200);
    String shown =
        json(Loopback.door(fairlead, "GET", "/api/v1/config", "")).get("text").stringValue();
    assertThat(shown).contains("(secret)");
    for (HttpResponse<String> refused : List.of(put(shown), check(shown))) {
      assertThat(refused.statusCode()).isEqualTo(422);
      assertThat(json(refused).get("problems").get(0).get("rule").stringValue())
          .isEqualTo(
              "(secret) stands where a secret is not shown: write it, or file:PATH, or ${NAME}");
    }
    assertThat(fairlead.state().version()).isEqualTo(2);
  }

  @Test
  void aTextIsCheckedWithoutAChangeAndTheOneBeforeCanBeHadAgain() {
    String other = config("").replace("web:", "site:");
    assertThat(json(check(other)).get("changes").toString()).contains("site", "web");
    assertThat(check("nonsense: 1").statusCode()).isEqualTo(422);
    assertThat(fairlead.state().version()).isEqualTo(1);
    assertThat(fairlead.state().listeners()).containsKey("web");
    assertThat(put(other).statusCode()).isEqualTo(200);
    assertThat(fairlead.state().listeners()).containsOnlyKeys("site");
    JsonNode versions =
        json(Loopback.door(fairlead, "GET", "/api/v1/config/history", "")).get("versions");
    assertThat(versions.size()).isEqualTo(2);
    assertThat(versions.get(0).get("current").booleanValue()).isTrue();
    HttpResponse<String> back =
        Loopback.door(fairlead, "POST", "/api/v1/config/rollback?version=1", "");
    assertThat(back.statusCode()).as(back.body()).isEqualTo(200);
    assertThat(fairlead.state().version()).isEqualTo(3);
    assertThat(fairlead.state().listeners()).containsOnlyKeys("web");
  }

  private HttpResponse<String> put(String text) {
    return Loopback.door(fairlead, "PUT", "/api/v1/config", text);
  }

  private HttpResponse<String> check(String text) {
    return Loopback.door(fairlead, "POST", "/api/v1/config/check", text);
  }

  @Test
  void aTextWithProblemsIsRefusedWithAllOfThem() {
    HttpResponse<String> put =
        Loopback.door(
            fairlead,
            "PUT",
            "/api/v1/config",
            config("").replace("service: shop", "service: shpo") + "nonsense: 1\n");
    assertThat(put.statusCode()).isEqualTo(422);
    assertThat(List.of(json(put).get("problems").size())).containsExactly(2);
    assertThat(fairlead.state().version()).isEqualTo(1);
    assertThat(
            json(Loopback.door(fairlead, "GET", "/api/v1/config", ""))
                .get("lastReloadSucceeded")
                .booleanValue())
        .isFalse();
  }
}
