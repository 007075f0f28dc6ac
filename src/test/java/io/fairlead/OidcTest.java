package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.jwk.gen.RSAKeyGenerator;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.PlainJWT;
import com.nimbusds.jwt.SignedJWT;
import io.fairlead.Loopback.Client;
import io.fairlead.Loopback.Reply;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Date;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * People who sign in at a provider: whole instances, real bytes, and a provider that does what none
 * should. OidcProviderTest has a real one and a real browser.
 */
@Timeout(90)
final class OidcTest {
  private static final String PAGE = "Accept: text/html,*/*;q=0.8\r\n";
  private static final String CALLBACK = "/.fairlead/oidc/callback";

  @TempDir private Path folder;
  private RawNode node;
  private HandProvider provider;

  @BeforeEach
  void open() throws Exception {
    node = new RawNode();
    provider = new HandProvider();
  }

  @AfterEach
  void close() throws IOException {
    node.close();
    provider.close();
  }

  private String yaml(String more) {
    return """
    admin: { bind: "127.0.0.1:0" }
    data: data
    runtime: { event-loops: 1 }
    listeners:
      web:
        bind: "127.0.0.1:0"
        routes:
          - match: { path: "/open/**" }
            service: raw
          - name: ops
            match: { path: "/ops/**" }
            service: raw
            oidc:
              { issuer: "%1$s", client-id: shop, client-secret: "%2$s", %4$s
                require: { groups: ops, email: ann@shop.example } }
          - name: boss
            match: { path: "/boss/**" }
            service: raw
            oidc:
              { issuer: "%1$s", client-id: shop, client-secret: "%2$s", %4$s
                require: { groups: bosses } }
          - name: site
            service: raw
            oidc:
              { issuer: "%1$s", client-id: shop, client-secret: "%2$s", %4$s
                forward: { X-User: sub, x-groups: groups, x-none: none } }
    services: { raw: { nodes: "127.0.0.1:%3$d" } }
    """
        .formatted(provider.issuer(), HandProvider.SECRET, node.port(), more);
  }

  private Fairlead start() throws Exception {
    Fairlead fairlead = Loopback.start(yaml("scopes: [email],"), folder);
    awaitProvider(fairlead);
    return fairlead;
  }

  private static void awaitProvider(Fairlead fairlead) throws Exception {
    Loopback.await("the provider's description", () -> page(fairlead, "/", "").status() == 302);
  }

  /** A browser goes to a page. */
  private static Reply page(Fairlead fairlead, String target, String fields) {
    return get(fairlead, target, PAGE + fields);
  }

  private static Reply get(Fairlead fairlead, String target, String fields) {
    return send(fairlead, "GET", target, fields);
  }

  private static Reply send(Fairlead fairlead, String method, String target, String fields) {
    try (Client client = new Client(Loopback.port(fairlead, "web"))) {
      client.send(
          method + " " + target + " HTTP/1.1\r\nHost: Shop.example:8080\r\n" + fields + "\r\n");
      return client.reply();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /** A browser that has been sent to the provider. */
  private record Sent(Map<String, String> query, String cookie) {
    String state() {
      return query.getOrDefault("state", "");
    }
  }

  private static Sent begin(Fairlead fairlead, String target, String fields) {
    Reply reply = page(fairlead, target, fields);
    assertThat(reply.status()).isEqualTo(302);
    String location = reply.field("location");
    return new Sent(
        HandProvider.parameters(location.substring(location.indexOf('?') + 1)), cookie(reply));
  }

  private static String cookie(Reply reply) {
    String field = reply.field("set-cookie");
    return field.isEmpty() ? "" : "Cookie: " + field.substring(0, field.indexOf(';')) + "\r\n";
  }

  private static Reply back(Fairlead fairlead, Sent sent, String code) {
    return back(fairlead, "code=" + code + "&state=" + sent.state(), sent.cookie());
  }

  private static Reply back(Fairlead fairlead, String query, String cookie) {
    return page(fairlead, CALLBACK + "?" + query, cookie);
  }

  /** All of it; the cookie of the session. */
  private String signIn(Fairlead fairlead) {
    Sent sent = begin(fairlead, "/", "");
    Reply back = back(fairlead, sent, provider.code(sent.query()));
    assertThat(back.status()).isEqualTo(303);
    return cookie(back);
  }

  @Test
  void whoSignsInComesBackAndNodesLearnWhoItIsFromUsAlone() throws Exception {
    try (Fairlead fairlead = start()) {
      Reply away = page(fairlead, "/a%20b?x=1&y=%2F", "Sec-Fetch-Mode: navigate\r\n");
      assertThat(away.status()).isEqualTo(302);
      assertThat(away.field("fairlead-error")).isEqualTo("unauthenticated");
      assertThat(away.field("cache-control")).isEqualTo("no-store");
      assertThat(away.field("location")).startsWith(provider.issuer() + "/auth?prompt=login&");
      assertThat(away.field("set-cookie"))
          .matches(
              "fairlead-oidc-[0-9a-f]+-browser=[A-Za-z0-9_-]{43}; Path=/; Max-Age=900;"
                  + " HttpOnly; SameSite=Lax");
      Sent sent =
          new Sent(
              HandProvider.parameters(away.field("location").replaceFirst(".*\\?", "")),
              cookie(away));
      assertThat(sent.query())
          .containsEntry("response_type", "code")
          .containsEntry("client_id", "shop")
          .containsEntry("scope", "openid email")
          .containsEntry("code_challenge_method", "S256")
          .containsEntry("redirect_uri", "http://shop.example:8080" + CALLBACK)
          .containsKeys("state", "nonce", "code_challenge");
      Reply back = back(fairlead, sent, provider.code(sent.query()));
      assertThat(back.status()).isEqualTo(303);
      assertThat(back.field("location")).isEqualTo("/a%20b?x=1&y=%2F");
      assertThat(back.field("set-cookie")).contains("; Max-Age=28800; HttpOnly; SameSite=Lax");
      assertThat(provider.authorization).startsWith("Basic ");
      assertThat(
              new String(
                  java.util.Base64.getDecoder().decode(provider.authorization.substring(6)),
                  StandardCharsets.UTF_8))
          .isEqualTo("shop:a-secret%2Bof%2Fthe%3Dshop");
      String session = cookie(back);
      Reply in =
          get(
              fairlead,
              "/",
              "X-User: root\r\nx_user: root\r\nX-None: root\r\nCookie: a=b\r\n"
                  + session
                  + sent.cookie()
                  + "cookie: __Host-fairlead-oidc-1=x; c=d\r\n");
      assertThat(in.status()).isEqualTo(200);
      assertThat(in.body())
          .containsIgnoringCase("\r\nx-user: ann\r\n")
          .containsIgnoringCase("\r\nx-groups: staff,ops\r\n")
          .contains("a=b", "c=d")
          .doesNotContain("root", "fairlead-oidc", session.substring(30).strip());
      assertThat(get(fairlead, "/ops/x", session).status()).isEqualTo(200);
      Reply boss = page(fairlead, "/boss/", session);
      assertThat(boss.status()).isEqualTo(403);
      assertThat(boss.field("fairlead-error")).isEqualTo("forbidden");
      // A route where nobody signs in: nothing of it either.
      assertThat(get(fairlead, "/open/", session + "Cookie: a=b\r\n").body())
          .contains("a=b")
          .doesNotContain("fairlead-oidc");
      String metrics = Loopback.door(fairlead, "GET", "/metrics", "").body();
      assertThat(metrics)
          .containsPattern(
              "fairlead_route_refused_total\\{[^}]*route=\"site\"[^}]*reason=\"unauthenticated\"")
          .containsPattern(
              "fairlead_route_refused_total\\{[^}]*route=\"boss\"[^}]*reason=\"forbidden\"");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "GET, 'Accept: */*', 401",
    "GET, '', 401",
    "GET, 'Accept: application/json', 401",
    "POST, 'Accept: text/html', 401",
    "HEAD, 'Accept: text/html', 401",
    "GET, 'Accept: text/html|Sec-Fetch-Mode: cors', 401",
    "GET, 'Accept: text/html|Sec-Fetch-Mode: websocket', 401",
    "GET, 'Accept: */*|Upgrade: websocket|Connection: upgrade|Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==|Sec-WebSocket-Version: 13', 401",
    "GET, 'Accept: text/html|Sec-Fetch-Mode: navigate', 302",
    "GET, 'Accept: TEXT/HTML', 302",
  })
  void onlyAPageSendsABrowserToTheProvider(String method, String fields, int status)
      throws Exception {
    try (Fairlead fairlead = start();
        Client client = new Client(Loopback.port(fairlead, "web"))) {
      client.send(
          method
              + " / HTTP/1.1\r\nHost: x\r\n"
              + (fields.isEmpty() ? "" : fields.replace("|", "\r\n") + "\r\n")
              + "\r\n");
      String head = client.headOnly();
      assertThat(head).startsWith("HTTP/1.1 " + status).contains("fairlead-error: unauthenticated");
      if (status == 401) {
        assertThat(head)
            .contains("www-authenticate: OpenID realm=\"fairlead\"")
            .doesNotContain("location", "set-cookie");
      }
    }
  }

  /** What a good provider never sends as an ID token. */
  enum Token {
    ANOTHER_NONCE("it is for another attempt"),
    NO_NONCE("it is for another attempt"),
    ANOTHER_ISSUER("the token is of another issuer"),
    ISSUER_WITH_SLASH("the token is of another issuer"),
    ANOTHER_AUDIENCE("the token is for another audience"),
    TWO_AUDIENCES_WITHOUT_PARTY("it is for another party"),
    ANOTHER_PARTY("it is for another party"),
    NO_ALGORITHM("no signed token"),
    HMAC_WITH_THE_SECRET("in a way that is not accepted"),
    EXPIRED("the token has expired"),
    NO_END("the token has no end"),
    NOT_YET("does not hold yet"),
    MADE_IN_THE_FUTURE("it was made in the future"),
    MADE_AT_NO_TIME("it does not say when"),
    NOBODY("it does not say who"),
    ANOTHER_ACCESS_TOKEN("it came with another access token"),
    AN_ACCESS_TOKEN("it is an access token"),
    ANOTHER_TYPE("of another type"),
    FOREIGN_KEY("by a key that is not known"),
    FOREIGN_KEY_OF_THAT_NAME("the signature is wrong"),
    CHANGED("the signature is wrong"),
    GARBAGE("no signed token");

    final String why;

    Token(String why) {
      this.why = why;
    }

    String make(HandProvider by, JWTClaimsSet.Builder claims) throws Exception {
      Date future = Date.from(Instant.now().plusSeconds(600));
      return switch (this) {
        case ANOTHER_NONCE -> by.sign(claims.claim("nonce", "x"));
        case NO_NONCE -> by.sign(claims.claim("nonce", null));
        case ANOTHER_ISSUER -> by.sign(claims.issuer("https://other.example"));
        case ISSUER_WITH_SLASH -> by.sign(claims.issuer(by.issuer() + "/"));
        case ANOTHER_AUDIENCE -> by.sign(claims.audience("shap"));
        case TWO_AUDIENCES_WITHOUT_PARTY -> by.sign(claims.audience(List.of("shop", "shap")));
        case ANOTHER_PARTY -> by.sign(claims.claim("azp", "shap"));
        case NO_ALGORITHM -> new PlainJWT(claims.build()).serialize();
        case HMAC_WITH_THE_SECRET -> {
          SignedJWT token = new SignedJWT(new JWSHeader(JWSAlgorithm.HS256), claims.build());
          token.sign(new MACSigner((HandProvider.SECRET + HandProvider.SECRET)));
          yield token.serialize();
        }
        case EXPIRED -> by.sign(claims.expirationTime(Date.from(Instant.now().minusSeconds(60))));
        case NO_END -> by.sign(claims.expirationTime(null));
        case NOT_YET -> by.sign(claims.notBeforeTime(future));
        case MADE_IN_THE_FUTURE -> by.sign(claims.issueTime(future));
        case MADE_AT_NO_TIME -> by.sign(claims.issueTime(null));
        case NOBODY -> by.sign(claims.subject(null));
        case ANOTHER_ACCESS_TOKEN -> by.sign(claims.claim("at_hash", "x"));
        case AN_ACCESS_TOKEN -> HandProvider.sign(claims, by.key, "at+jwt");
        case ANOTHER_TYPE -> HandProvider.sign(claims, by.key, "logout+jwt");
        case FOREIGN_KEY ->
            HandProvider.sign(claims, new RSAKeyGenerator(2048).keyID("other").generate(), null);
        case FOREIGN_KEY_OF_THAT_NAME ->
            HandProvider.sign(claims, new RSAKeyGenerator(2048).keyID("first").generate(), null);
        case CHANGED -> {
          String good = by.sign(claims);
          String bad = by.sign(claims.subject("root"));
          yield bad.substring(0, bad.lastIndexOf('.')) + good.substring(good.lastIndexOf('.'));
        }
        case GARBAGE -> "a.b.c";
      };
    }
  }

  @ParameterizedTest
  @EnumSource
  void anIdTokenThatIsNotGoodSignsNobodyIn(Token token) throws Exception {
    try (Fairlead fairlead = start()) {
      provider.maker = claims -> token.make(provider, claims);
      Sent sent = begin(fairlead, "/", "");
      Reply back = back(fairlead, sent, provider.code(sent.query()));
      assertThat(back.status()).as(back.body()).isEqualTo(401);
      assertThat(back.body()).contains(token.why);
      assertThat(back.field("set-cookie")).isEmpty();
      assertThat(events(fairlead)).contains("nobody could sign in at", token.why);
      provider.maker = provider::sign;
      assertThat(signIn(fairlead)).isNotEmpty();
      assertThat(events(fairlead)).contains("somebody has signed in at");
    }
  }

  private static String events(Fairlead fairlead) {
    return Loopback.door(fairlead, "GET", "/api/v1/events", "").body();
  }

  /** What a good provider never answers to a code. */
  enum Trouble {
    FAILS(503, "its answer to a code is 500"),
    NO_JSON(503, "its answer to a code is no JSON"),
    NO_TOKEN(503, "its answer to a code has no ID token"),
    HUGE(503, "no answer: "),
    SLOW(503, "no whole answer within 5 s"),
    REDIRECTS(503, "its answer to a code is 302"),
    NOT_OUR_SECRET(503, "its answer to a code is 401");

    final int status;
    final String why;

    Trouble(int status, String why) {
      this.status = status;
      this.why = why;
    }

    HandProvider.Answer make(HandProvider.Answer whole) {
      return switch (this) {
        case FAILS -> new HandProvider.Answer(500, whole.body());
        case NO_JSON -> new HandProvider.Answer(200, new byte[] {'{', '"'});
        case NO_TOKEN -> new HandProvider.Answer(200, new byte[] {'{', '}'});
        case HUGE -> new HandProvider.Answer(200, new byte[300 * 1024]);
        case SLOW -> {
          try {
            Thread.sleep(30_000);
          } catch (InterruptedException e) {
            throw new IllegalStateException(e);
          }
          yield whole;
        }
        case REDIRECTS -> new HandProvider.Answer(302, new byte[0]);
        case NOT_OUR_SECRET ->
            new HandProvider.Answer(
                401, "{\"error\":\"invalid_client\"}".getBytes(StandardCharsets.UTF_8));
      };
    }
  }

  @ParameterizedTest
  @EnumSource
  void aProviderInTroubleIsTheProvidersTroubleAlone(Trouble trouble) throws Exception {
    try (Fairlead fairlead = start()) {
      String session = signIn(fairlead);
      provider.answer = trouble::make;
      Sent sent = begin(fairlead, "/", "");
      Reply back = back(fairlead, sent, provider.code(sent.query()));
      assertThat(back.status()).isEqualTo(trouble.status);
      assertThat(back.field("fairlead-error")).isEqualTo("auth-unavailable");
      assertThat(back.field("retry-after")).isNotEmpty();
      assertThat(events(fairlead)).contains(trouble.why).doesNotContain(HandProvider.SECRET);
      assertThat(get(fairlead, "/", session).status()).isEqualTo(200);
    }
  }

  @Test
  void aCodeCountsOnceAndOnlyForTheBrowserThatWasSent() throws Exception {
    try (Fairlead fairlead = start()) {
      Sent one = begin(fairlead, "/one", "");
      Sent other = begin(fairlead, "/other", "");
      String code = provider.code(one.query());
      // The code of one browser in another one, with either state: somebody wants us to be him.
      Reply stolen = back(fairlead, "code=" + code + "&state=" + one.state(), other.cookie());
      assertThat(stolen.status()).isEqualTo(401);
      assertThat(stolen.body()).contains("another browser has begun this");
      assertThat(back(fairlead, "code=" + code + "&state=" + one.state(), "").status())
          .isEqualTo(401);
      assertThat(provider.asked).hasValue(0);
      assertThat(back(fairlead, one, code).field("location")).isEqualTo("/one");
      Reply again = back(fairlead, one, code);
      assertThat(again.status()).isEqualTo(401);
      assertThat(again.body()).contains("does not know this code any more");
      // Of another attempt in the same browser: neither PKCE nor the nonce fits.
      Sent mine = begin(fairlead, "/", "");
      Sent second = begin(fairlead, "/", mine.cookie());
      assertThat(second.cookie()).isEqualTo(mine.cookie());
      assertThat(
              back(
                      fairlead,
                      "code=" + provider.code(mine.query()) + "&state=" + second.state(),
                      mine.cookie())
                  .status())
          .isEqualTo(401);
      // Several tabs at once, in any order.
      assertThat(back(fairlead, second, provider.code(second.query())).status()).isEqualTo(303);
      assertThat(back(fairlead, mine, provider.code(mine.query())).status()).isEqualTo(303);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "'', 401, there is no code",
    "'code=x', 401, no answer to a question of ours",
    "'code=x&state=', 401, no answer to a question of ours",
    "'code=x&state=abc', 401, no answer to a question of ours",
    "'state=STATE', 401, there is no code",
    "'code=&state=STATE', 401, there is no code",
    "'code=x&code=y&state=STATE', 401, there is no code",
    "'code=x&state=STATE&state=STATE', 401, no answer to a question of ours",
    "'code=x&state=STATE&iss=https://other.example', 401, from another provider",
    "'error=access_denied&state=STATE', 403, does not let you in",
    "'error=access_denied&state=x', 401, no answer to a question of ours",
    "'error=login_required&state=STATE', 401, nobody has signed in",
    "'error=invalid_scope&state=STATE', 401, does not take our question",
    "'error=%&state=STATE', 401, no answer to a question of ours",
    "'error=server_error&state=STATE', 503, ''",
  })
  void whoBringsSomethingElseIsNotSignedIn(String query, int status, String why) throws Exception {
    try (Fairlead fairlead = start()) {
      Sent sent = begin(fairlead, "/", "");
      Reply back = back(fairlead, query.replace("STATE", sent.state()), sent.cookie());
      assertThat(back.status()).isEqualTo(status);
      assertThat(back.body()).contains(why);
      assertThat(back.field("set-cookie")).isEmpty();
      assertThat(provider.asked).hasValue(0);
    }
  }

  @Test
  void aProviderThatNamesItselfHasToDoSo() throws Exception {
    provider.description.put("authorization_response_iss_parameter_supported", true);
    provider.description.put(
        "token_endpoint_auth_methods_supported", List.of("client_secret_post"));
    try (Fairlead fairlead = start()) {
      Sent sent = begin(fairlead, "/", "");
      String code = provider.code(sent.query());
      assertThat(back(fairlead, sent, code).body()).contains("from another provider");
      Reply back =
          back(
              fairlead,
              "code=" + code + "&state=" + sent.state() + "&iss=" + provider.issuer(),
              sent.cookie());
      assertThat(back.status()).isEqualTo(303);
      assertThat(provider.authorization).isEqualTo("null"); // in the form
    }
  }

  @ParameterizedTest
  @CsvSource({
    "//evil.example/x, /",
    "/\\evil.example, ''", // refused before
    "/%5Cevil.example, ''",
    "/.//evil.example, /",
    "/x/..//evil.example, /",
    "http://evil.example/x, ''",
    "/?to=//evil.example, /?to=//evil.example",
    "/a//b, /a//b",
    "/%0d%0aSet-Cookie:%20x=y, /%0D%0ASet-Cookie:%20x=y",
  })
  void nobodyIsSentToAnotherHost(String target, String location) throws Exception {
    try (Fairlead fairlead = start()) {
      Reply reply = page(fairlead, target, "");
      if (location.isEmpty()) {
        assertThat(reply.status()).isEqualTo(400);
        return;
      }
      Sent sent = begin(fairlead, target, "");
      Reply back = back(fairlead, sent, provider.code(sent.query()));
      assertThat(back.field("location")).isEqualTo(location);
    }
  }

  @Test
  void aTargetThatIsTooLongIsForgotten() throws Exception {
    try (Fairlead fairlead = start()) {
      for (int length : new int[] {1024, 1025}) {
        String target = "/" + "a".repeat(length - 1);
        Sent sent = begin(fairlead, target, "");
        assertThat(sent.state().length()).isLessThan(2200);
        assertThat(back(fairlead, sent, provider.code(sent.query())).field("location"))
            .isEqualTo(length == 1024 ? target : "/");
      }
    }
  }

  /** Each byte, and many changes of chance: the session is good as it was made, and only so. */
  @Test
  void aSessionThatSomebodyHasChangedIsNone() throws Exception {
    long seed = System.nanoTime();
    SplittableRandom random = new SplittableRandom(seed);
    try (Fairlead fairlead = start()) {
      String cookie = signIn(fairlead);
      String head = cookie.substring(0, cookie.indexOf('=') + 1);
      String value = cookie.substring(head.length()).strip();
      try (Client client = new Client(Loopback.port(fairlead, "web"))) {
        assertThat(status(client, head + value)).isEqualTo(200);
        for (int at = 0; at < value.length(); at++) {
          char[] changed = value.toCharArray();
          do {
            changed[at] =
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=.!"
                    .charAt(random.nextInt(67));
          } while (changed[at] == value.charAt(at));
          assertThat(status(client, head + new String(changed)))
              .as("seed %d, at %d: %s", seed, at, new String(changed))
              .isEqualTo(401);
        }
        for (int i = 0; i < 100; i++) {
          int from = random.nextInt(value.length());
          int to = from + 1 + random.nextInt(value.length() - from);
          assertThat(status(client, head + value.substring(0, from) + value.substring(to)))
              .as("seed %d, without %d to %d", seed, from, to)
              .isEqualTo(401);
        }
        assertThat(status(client, head + value + "A")).isEqualTo(401);
        assertThat(status(client, head + value + "\r\n" + head + value)).isEqualTo(401);
        assertThat(status(client, head + value)).isEqualTo(200);
      }
    }
  }

  private static int status(Client client, String cookie) throws IOException {
    client.send("GET / HTTP/1.1\r\nHost: x\r\n" + cookie + "\r\n\r\n");
    return client.reply().status();
  }

  @Test
  void sealsOfOneKindAreNoneOfAnother() throws Exception {
    try (Fairlead fairlead = start()) {
      Sent sent = begin(fairlead, "/", "");
      String session = signIn(fairlead);
      String name = session.substring(0, session.indexOf('='));
      // What was sealed as a state is no session, and the other way round.
      assertThat(get(fairlead, "/", name + "=" + sent.state() + "\r\n").status()).isEqualTo(401);
      String value = session.substring(session.indexOf('=') + 1).strip();
      assertThat(back(fairlead, "code=x&state=" + value, sent.cookie()).status()).isEqualTo(401);
    }
  }

  @Test
  void anInstanceWithTheSameKeyKnowsWhatAnotherOneHasSealedAndAnOlderKeyStillOpens()
      throws Exception {
    String first = "\"first-key-of-thirty-two-characters\"";
    String second = "\"other-key-of-thirty-two-characters\"";
    String session;
    Sent sent;
    try (Fairlead one = Loopback.start(yaml("key: [" + first + "],"), folder)) {
      awaitProvider(one);
      session = signIn(one);
      sent = begin(one, "/begun", "");
    }
    try (Fairlead both = Loopback.start(yaml("key: [" + second + ", " + first + "],"), folder)) {
      awaitProvider(both);
      assertThat(get(both, "/", session).status()).isEqualTo(200);
      // Begun at one, ended at the other.
      assertThat(back(both, sent, provider.code(sent.query())).field("location"))
          .isEqualTo("/begun");
      String later = signIn(both);
      try (Fairlead next = Loopback.start(yaml("key: [" + second + "],"), folder)) {
        awaitProvider(next);
        assertThat(get(next, "/", session).status()).isEqualTo(401);
        assertThat(get(next, "/", later).status()).isEqualTo(200);
      }
      // The same key, another client of the provider: another cookie, and not good as its own.
      String yaml = yaml("key: [" + second + "],").replace("client-id: shop", "client-id: shap");
      try (Fairlead other = Loopback.start(yaml, folder)) {
        awaitProvider(other);
        String browser = begin(other, "/", "").cookie();
        String name = browser.substring(0, browser.indexOf("-browser="));
        String value = later.substring(later.indexOf('='));
        assertThat(get(other, "/", later).status()).isEqualTo(401);
        assertThat(get(other, "/", name + value).status()).isEqualTo(401);
      }
    }
  }

  @Test
  void sessionsOutliveARestart() throws Exception {
    String session;
    try (Fairlead fairlead = start()) {
      session = signIn(fairlead);
    }
    try (Fairlead fairlead = start()) {
      assertThat(get(fairlead, "/", session).status()).isEqualTo(200);
      assertThat(folder.resolve("data/oidc.key")).exists();
    }
  }

  @Test
  void aClaimThatNoSessionHasYetIsAskedForOnceMore() throws Exception {
    try (Fairlead fairlead = start()) {
      String session = signIn(fairlead);
      String more = yaml("scopes: [email],").replace("x-none: none", "x-none: none, x-mail: email");
      assertThat(fairlead.apply(Loopback.read(more, folder), "test"))
          .isInstanceOf(Fairlead.Applied.Done.class);
      Loopback.await("a sign-in", () -> page(fairlead, "/", session).status() == 302);
      String next = signIn(fairlead);
      assertThat(get(fairlead, "/", next).body())
          .containsIgnoringCase("\r\nx-mail: ann@shop.example\r\n");
    }
  }

  @Test
  void whoSignsOutIsSentToTheProvidersPage() throws Exception {
    try (Fairlead fairlead = Loopback.start(yaml("after-sign-out: /open/bye,"), folder)) {
      awaitProvider(fairlead);
      String session = signIn(fairlead);
      String path = "/.fairlead/oidc/sign-out";
      Reply foreign = page(fairlead, path, session + "Sec-Fetch-Site: cross-site\r\n");
      assertThat(foreign.status()).isEqualTo(403);
      assertThat(foreign.field("set-cookie")).isEmpty();
      Reply out = page(fairlead, path, session + "Sec-Fetch-Site: same-origin\r\n");
      assertThat(out.status()).isEqualTo(303);
      assertThat(out.field("location"))
          .isEqualTo(
              provider.issuer()
                  + "/end?client_id=shop&post_logout_redirect_uri="
                  + "http%3A%2F%2Fshop.example%3A8080%2Fopen%2Fbye");
      assertThat(out.field("set-cookie")).contains("=; Path=/; Max-Age=0;");
      assertThat(send(fairlead, "PUT", path, "Content-Length: 0\r\n").status()).isEqualTo(405);
    }
  }

  @Test
  void aSessionEndsByItself() throws Exception {
    provider.description.remove("end_session_endpoint");
    try (Fairlead fairlead = start()) {
      Reply out = page(fairlead, "/.fairlead/oidc/sign-out", "");
      assertThat(out.status()).isEqualTo(200);
      assertThat(out.body()).contains("You have signed out.");
    }
  }

  /** Everything but who is asked and what is known of the provider works as ever. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "away",
        "500",
        "garbage",
        "another issuer",
        "huge",
        "slow",
        "no endpoint",
        "plain http"
      })
  void anInstanceStartsWithoutItsProviderAndFindsItLater(String trouble) throws Exception {
    Map<String, Object> good = new HashMap<>(provider.description);
    switch (trouble) {
      case "away", "500" -> provider.describedStatus = 500;
      case "garbage" -> provider.description.put("token_endpoint", List.of(1));
      case "another issuer" -> provider.description.put("issuer", provider.issuer() + "/");
      case "huge" -> provider.description.put("x", "x".repeat(300 * 1024));
      case "slow" -> provider.missing = 1;
      case "no endpoint" -> provider.description.remove("authorization_endpoint");
      default -> provider.description.put("token_endpoint", "http://login.example/token");
    }
    try (Fairlead fairlead = Loopback.start(yaml(""), folder)) {
      Loopback.await(
          "an event", () -> events(fairlead).contains("tokens are checked with the keys"));
      Reply page = page(fairlead, "/", "");
      assertThat(page.status()).isEqualTo(503);
      assertThat(page.field("fairlead-error")).isEqualTo("auth-unavailable");
      assertThat(get(fairlead, "/", "").status()).isEqualTo(401);
      assertThat(get(fairlead, "/open/", "").status()).isEqualTo(200);
      provider.describedStatus = 200;
      provider.missing = 0;
      provider.description.clear();
      provider.description.putAll(good);
      awaitProvider(fairlead);
      assertThat(get(fairlead, "/", signIn(fairlead)).status()).isEqualTo(200);
    }
  }

  @Test
  void aProviderMayChangeItsKeys() throws Exception {
    try (Fairlead fairlead = start()) {
      String session = signIn(fairlead);
      RSAKey second = new RSAKeyGenerator(2048).keyID("second").generate();
      provider.shown = new JWKSet(List.of(provider.key, second));
      provider.maker = claims -> HandProvider.sign(claims, second, null);
      Loopback.await(
          "the other key",
          () -> {
            Sent sent = begin(fairlead, "/", "");
            return back(fairlead, sent, provider.code(sent.query())).status() == 303;
          });
      assertThat(get(fairlead, "/", session).status()).isEqualTo(200);
    }
  }

  @Test
  void aFloodOfCodesOfOneAddressIsHeldBack() throws Exception {
    try (Fairlead fairlead = start()) {
      Sent sent = begin(fairlead, "/", "");
      int limited = 0;
      for (int i = 0; i < 60; i++) {
        Reply reply = back(fairlead, sent, "wrong-" + i);
        limited += reply.status() == 429 ? 1 : 0;
      }
      assertThat(limited).isPositive();
      assertThat(provider.asked.get()).isLessThan(60);
    }
  }

  @Test
  void neitherCodesNorSecretsAreRecordedOrShown() throws Exception {
    try (Fairlead fairlead =
        Loopback.startRecording(yaml("").replace("data: data", "data: " + folder))) {
      awaitProvider(fairlead);
      Sent sent = begin(fairlead, "/", "");
      String code = provider.code(sent.query());
      String session = cookie(back(fairlead, sent, code));
      assertThat(session).isNotEmpty();
      Loopback.await(
          "a record",
          () ->
              Loopback.door(fairlead, "GET", "/api/v1/records?limit=100", "")
                  .body()
                  .contains("oidc-callback"));
      String secret = session.substring(session.indexOf('=') + 1).strip();
      for (String path :
          List.of("/api/v1/records?limit=100", "/api/v1/config", "/api/v1/events", "/metrics")) {
        assertThat(Loopback.door(fairlead, "GET", path, "").body())
            .as(path)
            .doesNotContain(code, sent.state(), HandProvider.SECRET, secret);
      }
    }
  }

  @Test
  void overHttp2AndTlsTheCookieIsOfTheHostAlone() throws Exception {
    new TestCertificates(folder).make("own", "localhost");
    String yaml =
        yaml("")
            .replace(
                "    routes:",
                "    tls: { certificates: [ { cert: own.pem, key: own.key } ] }\n    routes:");
    try (Fairlead fairlead = Loopback.start(yaml, folder)) {
      Loopback.await("the provider", () -> curl(fairlead, "/", "").contains("HTTP/2 302"));
      String away = curl(fairlead, "/", "");
      assertThat(away).contains("set-cookie: __Host-fairlead-oidc-", "; Secure");
      String location = away.replaceFirst("(?s).*location: ", "").replaceFirst("(?s)\r\n.*", "");
      Map<String, String> query = HandProvider.parameters(location.replaceFirst(".*\\?", ""));
      assertThat(query.get("redirect_uri")).startsWith("https://localhost:");
      String back =
          curl(
              fairlead,
              CALLBACK + "?code=" + provider.code(query) + "&state=" + query.get("state"),
              browserCookie(away));
      assertThat(back).contains("HTTP/2 303", "location: /", "; Secure");
      assertThat(curl(fairlead, "/", browserCookie(back) + "; a=b"))
          .contains("HTTP/2 200", "x-user: ann", "cookie: a=b")
          .doesNotContain("__Host");
      // Without the prefix somebody else may have set it.
      assertThat(curl(fairlead, "/", browserCookie(back).replace("__Host-", "")))
          .contains("HTTP/2 302");
    }
  }

  private static String browserCookie(String answer) {
    return answer.replaceFirst("(?s).*set-cookie: ", "").replaceFirst("(?s);.*", "");
  }

  private static String curl(Fairlead fairlead, String target, String cookie) {
    try {
      return Tool.run(
              "",
              "curl",
              "-ski",
              "--noproxy",
              "*",
              "-H",
              "accept: text/html",
              "-H",
              "cookie: " + cookie,
              "https://localhost:" + Loopback.port(fairlead, "web") + target)
          .output();
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }
}
