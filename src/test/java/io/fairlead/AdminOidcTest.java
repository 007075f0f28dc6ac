package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.admin.AdminServer;
import io.fairlead.admin.AdminSignIn;
import io.fairlead.admin.FakeInstance;
import io.fairlead.config.AdminConfig;
import io.fairlead.config.AdminOidcConfig;
import io.fairlead.config.ConfigReader;
import io.fairlead.config.FairleadConfig;
import io.fairlead.identity.KeySource;
import io.fairlead.identity.OidcClient;
import io.fairlead.identity.OidcProvider;
import io.fairlead.identity.SessionSeal;
import io.fairlead.limit.RateLimiter;
import io.fairlead.trust.OutboundHttp;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * People who sign in for the operator's door: real bytes, and a provider that does what a test
 * wants. AdminOidcProviderTest has a real one and a real browser.
 */
@Timeout(90)
final class AdminOidcTest {
  private static final String TOKEN = "token-of-a-viewer-1";
  private static final String CALLBACK = "/sign-in/callback";
  private static final String DRAIN = "/api/v1/services/raw/nodes/n1/drain";
  private static final String ANN = "oidc:ann@shop.example (ann)";
  private static final String RULES =
      "[ { role: viewer, require: { groups: staff } },"
          + " { role: operator, require: { groups: ops, email: ann@shop.example } } ]";

  @TempDir private Path folder;
  private HandProvider provider;
  private int port;
  private String host = "";
  private String url = "";

  @BeforeEach
  void open() throws Exception {
    provider = new HandProvider();
    port = FreePort.any();
    host = "127.0.0.1:" + port;
    url = "http://" + host;
    groups("staff", "ops");
  }

  @AfterEach
  void close() {
    provider.close();
  }

  /** What the provider says of who signs in, besides a verified address. */
  private void groups(String... groups) {
    provider.maker =
        claims ->
            provider.sign(claims.claim("groups", List.of(groups)).claim("email_verified", true));
  }

  private void https() {
    host = "ops.example";
    url = "https://ops.example";
  }

  private String yaml(String rules, String more) {
    return """
    admin:
      bind: "127.0.0.1:%d"
      tokens: [ { name: look, role: viewer, token: %s } ]
      oidc:
        { url: "%s", issuer: "%s", client-id: shop, client-secret: "%s", name-claim: email,
          roles: %s %s }
    data: data
    listeners: { web: { bind: "127.0.0.1:0", routes: [ { service: raw } ] } }
    services: { raw: { nodes: [ { name: n1, address: "127.0.0.1:1" } ] } }
    """
        .formatted(port, TOKEN, url, provider.issuer(), HandProvider.SECRET, rules, more);
  }

  private Fairlead start() throws Exception {
    return start(yaml(RULES, ""));
  }

  private Fairlead start(String yaml) throws Exception {
    Fairlead fairlead = Loopback.start(yaml, folder);
    awaitProvider();
    return fairlead;
  }

  private void awaitProvider() throws Exception {
    Loopback.await("the provider's description", () -> get("/sign-in", "").status() == 302);
  }

  /** An answer, with all its fields as they came. */
  private record Said(int status, List<String> fields, String body) {
    List<String> all(String name) {
      return fields.stream()
          .filter(field -> field.regionMatches(true, 0, name + ": ", 0, name.length() + 2))
          .map(field -> field.substring(name.length() + 2))
          .toList();
    }

    String field(String name) {
      List<String> all = all(name);
      return all.isEmpty() ? "" : all.getFirst();
    }

    /** What a browser sends of a cookie that it got here; empty: it got none, or forgets it. */
    String cookie(boolean browser) {
      for (String cookie : all("set-cookie")) {
        String pair = cookie.substring(0, cookie.indexOf(';'));
        if (pair.contains("-browser=") == browser && !pair.endsWith("=")) {
          return "Cookie: " + pair + "\r\n";
        }
      }
      return "";
    }
  }

  private Said get(String target, String fields) {
    return send("GET", target, "Host: " + host + "\r\n" + fields);
  }

  private Said send(String method, String target, String fields) {
    try (Socket socket = socket(method, target, fields)) {
      String whole = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      int end = whole.indexOf("\r\n\r\n");
      List<String> lines = List.of(whole.substring(0, end).split("\r\n", -1));
      return new Said(
          Integer.parseInt(lines.getFirst().split(" ", -1)[1]),
          lines.subList(1, lines.size()),
          whole.substring(end + 4));
    } catch (IOException e) {
      throw new AssertionError(method + " " + target, e);
    }
  }

  private Socket socket(String method, String target, String fields) throws IOException {
    Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
    socket.setSoTimeout(20_000);
    socket
        .getOutputStream()
        .write(
            (method + " " + target + " HTTP/1.1\r\nConnection: close\r\n" + fields + "\r\n")
                .getBytes(StandardCharsets.ISO_8859_1));
    return socket;
  }

  /** As the dashboard's own page does it. */
  private Said change(String method, String target, String cookie) {
    return send(
        method,
        target,
        "Host: %s\r\nOrigin: %s\r\nSec-Fetch-Site: same-origin\r\n".formatted(host, url)
            + "Content-Length: 0\r\n"
            + cookie);
  }

  /** A browser that has been sent to the provider. */
  private record Sent(Map<String, String> query, String cookie) {
    String state() {
      return query.getOrDefault("state", "");
    }
  }

  private Sent begin(String fields) {
    Said said = get("/sign-in", fields);
    assertThat(said.status()).isEqualTo(302);
    String location = said.field("location");
    assertThat(location).startsWith(provider.issuer() + "/auth?prompt=login&");
    return new Sent(
        HandProvider.parameters(location.substring(location.indexOf('?') + 1)), said.cookie(true));
  }

  private Said back(Sent sent, String code) {
    return get(CALLBACK + "?code=" + code + "&state=" + sent.state(), sent.cookie());
  }

  private Said signIn() {
    Sent sent = begin("");
    return back(sent, provider.code(sent.query()));
  }

  /** The cookie of a session. */
  private String session() {
    Said said = signIn();
    assertThat(said.status()).as(said.body()).isEqualTo(303);
    return said.cookie(false);
  }

  private String events() {
    return get("/api/v1/events", "Authorization: Bearer " + TOKEN + "\r\n").body();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void whoSignsInMayWhatTheRulesSayAndIsNamed(boolean secure) throws Exception {
    if (secure) {
      https();
    }
    try (Fairlead _ = start()) {
      Said away = get("/sign-in", "Sec-Fetch-Mode: navigate\r\n");
      assertThat(away.field("cache-control")).isEqualTo("no-store");
      assertThat(away.all("set-cookie"))
          .singleElement()
          .asString()
          .matches(
              (secure ? "__Host-" : "")
                  + "fairlead-admin-[0-9a-f]+-browser=[A-Za-z0-9_-]{43}; Path=/; Max-Age=900;"
                  + " HttpOnly; SameSite=Lax"
                  + (secure ? "; Secure" : ""));
      Sent sent = begin("");
      assertThat(sent.query()).containsEntry("redirect_uri", url + CALLBACK);
      Said back = back(sent, provider.code(sent.query()));
      assertThat(back.status()).isEqualTo(303);
      assertThat(back.field("location")).isEqualTo("/");
      assertThat(back.all("set-cookie")).hasSize(2);
      assertThat(back.all("set-cookie").getFirst())
          .startsWith((secure ? "__Host-" : "") + "fairlead-admin-")
          .endsWith(
              "; Path=/; Max-Age=28800; HttpOnly; SameSite=Strict" + (secure ? "; Secure" : ""));
      assertThat(back.all("set-cookie").get(1)).contains("-browser=; Path=/; Max-Age=0;");
      String session = back.cookie(false);

      assertThat(get("/api/v1/session", session).body())
          .contains("\"by\":\"oidc\"", "\"name\":\"" + ANN + "\"", "\"role\":\"operator\"");
      assertThat(get("/api/v1/status", session).status()).isEqualTo(200);
      assertThat(change("POST", DRAIN, session).status()).isEqualTo(200);
      assertThat(events()).contains(ANN + ": signed in as operator", ANN + ": drained raw/n1");
    }
  }

  @Test
  void aViewerLooksAndMayNotChange() throws Exception {
    groups("staff");
    try (Fairlead _ = start()) {
      String session = session();
      assertThat(get("/api/v1/status", session).status()).isEqualTo(200);
      Said refused = change("POST", DRAIN, session);
      assertThat(refused.status()).isEqualTo(403);
      assertThat(refused.body())
          .contains(
              "This needs the role operator; who has signed in as "
                  + ANN
                  + " has the role viewer.");
    }
  }

  /** Many providers let people write down any address. */
  @ParameterizedTest
  @ValueSource(strings = {"absent", "false", "no flag"})
  void anAddressThatNobodyHasVerifiedIsNone(String verified) throws Exception {
    provider.maker =
        claims ->
            provider.sign(
                switch (verified) {
                  case "absent" -> claims;
                  case "false" -> claims.claim("email_verified", false);
                  default -> claims.claim("email_verified", "yes");
                });
    try (Fairlead _ = start()) {
      assertThat(get("/api/v1/session", session()).body()).contains("\"role\":\"viewer\"");
    }
  }

  @Test
  void whoFulfilsNoRuleHearsWhichClaimsWereLookedForAndHasNoSession() throws Exception {
    provider.maker =
        claims -> provider.sign(claims.claim("groups", List.of("x")).claim("email", "<b>@x"));
    try (Fairlead _ = start()) {
      Said none = signIn();
      assertThat(none.status()).isEqualTo(403);
      assertThat(none.cookie(false)).isEmpty();
      assertThat(none.body())
          .contains("have no role here", "groups, email, email_verified", "&lt;b&gt;@x")
          .contains("your ID token does not have email_verified")
          .doesNotContain("<b>", "ops");
      assertThat(none.body()).contains("href=\"" + provider.issuer() + "/end?client_id=shop\"");
      assertThat(none.field("content-security-policy")).contains("frame-ancestors 'none'");
      assertThat(none.field("x-frame-options")).isEqualTo("DENY");
      assertThat(none.field("referrer-policy")).isEqualTo("no-referrer");
      assertThat(events()).contains("signed in at the provider and has no role");
    }
  }

  /** Rules have changed since: the session stays, and its role is what they say now. */
  @Test
  void aSessionWhoseRuleIsGoneHasNoRole() throws Exception {
    provider.maker = claims -> provider.sign(claims.claim("groups", List.of("staff")));
    String session;
    try (Fairlead _ = start()) {
      session = session();
      assertThat(get("/api/v1/status", session).status()).isEqualTo(200);
    }
    String stricter = "[ { role: viewer, require: { groups: staff, email: ann@shop.example } } ]";
    try (Fairlead _ = start(yaml(stricter, ""))) {
      Said refused = get("/api/v1/status", session);
      assertThat(refused.status()).isEqualTo(403);
      assertThat(refused.field("content-type")).isEqualTo("application/problem+json");
      assertThat(refused.body())
          .contains(ANN + " has signed in and has no role here")
          .contains("claims groups, email, email_verified.");
      assertThat(get("/api/v1/session", session).body()).contains("\"role\":null");
      assertThat(change("DELETE", "/api/v1/session", session).status()).isEqualTo(200);
    }
    String other = "[ { role: viewer, require: { department: shop } } ]";
    try (Fairlead _ = start(yaml(other, ""))) {
      // It does not say what is asked for now.
      assertThat(get("/api/v1/status", session).status()).isEqualTo(401);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        // a page of somebody else, in whatever words its browser says so
        "POST   | Host: OWN; Origin: https://evil.example; Sec-Fetch-Site: cross-site | 403",
        "POST   | Host: OWN; Origin: https://evil.example                             | 403",
        "POST   | Host: OWN; Origin: null; Sec-Fetch-Site: cross-site                 | 403",
        "POST   | Host: OWN; Origin: null                                             | 403",
        "POST   | Host: OWN; Sec-Fetch-Site: cross-site                               | 403",
        "POST   | Host: OWN; Origin: URL; Sec-Fetch-Site: cross-site                  | 403",
        "POST   | Host: OWN; Origin: URL; Sec-Fetch-Site: same-site                   | 403",
        "POST   | Host: OWN; Origin: URL; Sec-Fetch-Site: none                        | 403",
        // of another port of the same host, which gets the same cookies
        "POST   | Host: OWN; Origin: http://127.0.0.1:1; Sec-Fetch-Site: same-site    | 403",
        "POST   | Host: OWN; Origin: http://127.0.0.1:1                               | 403",
        // it does not say where it comes from
        "POST   | Host: OWN                                                           | 403",
        "POST   | Host: OWN; Sec-Fetch-Site: same-origin                              | 403",
        // of a name that was pointed here
        "POST   | Host: evil.example; Origin: URL                                     | 421",
        "POST   | Host: evil.example; Origin: http://evil.example                     | 421",
        "POST   | Host: localhost; Origin: http://localhost                           | 421",
        "GET    | Host: evil.example                                                  | 421",
        // a form, and what every page may send
        "POST   | Host: OWN; Origin: URL; Content-Type: text/plain                    | 415",
        "POST   | Host: OWN; Origin: URL; Content-Type: multipart/form-data; b=x      | 415",
        "DELETE | Host: OWN; Origin: https://evil.example; Sec-Fetch-Site: cross-site | 403",
        "DELETE | Host: OWN                                                           | 403",
        // reading, for a page of somebody else
        "GET    | Host: OWN; Sec-Fetch-Site: cross-site; Sec-Fetch-Mode: no-cors      | 403",
        "GET    | Host: OWN; Sec-Fetch-Site: same-site; Sec-Fetch-Mode: no-cors       | 403",
        "GET    | Host: OWN; Origin: https://evil.example                             | 403",
        // our own page, and somebody who has written the address
        "GET    | Host: OWN; Sec-Fetch-Site: none; Sec-Fetch-Mode: navigate           | 200",
        "GET    | Host: OWN; Sec-Fetch-Site: same-origin                              | 200",
        "GET    | Host: OWN                                                           | 200",
        "POST   | Host: OWN; Origin: URL                                              | 200",
        "POST   | Host: OWN; Origin: URL; Content-Type: application/json              | 200",
      })
  void whatABrowserAddsUnaskedCountsForOurOwnPageAlone(String method, String fields, int status)
      throws Exception {
    try (Fairlead _ = start()) {
      String session = session();
      String head =
          fields
              .replace("OWN", host)
              .replace("URL", url)
              .replace("; b=x", "")
              .replace("; ", "\r\n");
      Said said =
          send(
              method,
              method.equals("GET")
                  ? "/api/v1/status"
                  : method.equals("DELETE") ? "/api/v1/session" : DRAIN,
              head + "\r\n" + (method.equals("POST") ? "Content-Length: 0\r\n" : "") + session);
      assertThat(said.status()).as(said.body()).isEqualTo(status);
      assertThat(said.fields().toString()).doesNotContainIgnoringCase("Access-Control-");
      assertThat(said.field("cross-origin-resource-policy")).isEqualTo("same-origin");
      if (status != 200) {
        assertThat(get("/api/v1/status", session).status()).as("it goes on").isEqualTo(200);
        assertThat(events()).doesNotContain("drained", "signed out");
      }
    }
  }

  @Test
  void aCookieThatIsNotOursIsNone() throws Exception {
    try (Fairlead _ = start()) {
      String session = session();
      String name = session.substring(0, session.indexOf('=') + 1);
      String value = session.substring(session.indexOf('=') + 1).strip();
      Sent sent = begin("");
      List<String> bad =
          new ArrayList<>(
              List.of(
                  "",
                  "x",
                  "AAAA",
                  value + "A",
                  value.substring(1),
                  value.substring(0, value.length() - 1),
                  sent.state(), // sealed by us, for something else
                  "A".repeat(6000)));
      for (int i = 0; i < value.length(); i += 7) {
        char other = value.charAt(i) == 'A' ? 'B' : 'A';
        bad.add(value.substring(0, i) + other + value.substring(i + 1));
      }
      for (String one : bad) {
        Said said = get("/api/v1/status", name + one + "\r\n");
        assertThat(said.status()).as(one).isEqualTo(401);
        assertThat(said.body()).contains("signed in at " + url + "/sign-in");
      }
      assertThat(get("/api/v1/status", name + value + "; " + name.substring(8) + "x\r\n").status())
          .as("one of two cookies of that name")
          .isEqualTo(401);
      assertThat(get("/api/v1/status", session + name + "x\r\n").status())
          .as("in two fields")
          .isEqualTo(401);
      assertThat(get("/api/v1/status", name.replace("admin", "oidc") + value + "\r\n").status())
          .isEqualTo(401);
      assertThat(get("/api/v1/status", "Cookie: a=b; " + session.substring(8)).status())
          .isEqualTo(200);
    }
    // Where browsers speak TLS only a cookie counts that nobody without it can have set.
    https();
    try (Fairlead _ = start()) {
      String session = session();
      assertThat(get("/api/v1/status", session).status()).isEqualTo(200);
      assertThat(get("/api/v1/status", session.replace("__Host-", "")).status()).isEqualTo(401);
      assertThat(get("/api/v1/status", session.replace("__Host-", "__Secure-")).status())
          .isEqualTo(401);
    }
  }

  @Test
  void aTokenAloneCountsWhereThereIsOne() throws Exception {
    try (Fairlead _ = start()) {
      String session = session();
      String bearer = "Authorization: Bearer ";
      assertThat(get("/api/v1/status", session + bearer + "no-token-of-anybody\r\n").status())
          .isEqualTo(401);
      assertThat(get("/api/v1/session", session + bearer + TOKEN + "\r\n").body())
          .contains("\"by\":\"token\"", "\"name\":\"look\"", "\"role\":\"viewer\"");
      Said refused = change("POST", DRAIN, session + bearer + TOKEN + "\r\n");
      assertThat(refused.status()).isEqualTo(403);
      assertThat(refused.body()).contains("the token look has the role viewer");
      assertThat(get("/api/v1/session", "").body())
          .contains("\"by\":\"none\"", "\"tokens\":true", "\"signIn\":\"" + url + "/sign-in\"");
    }
  }

  @Test
  void nobodyComesBackTwiceOrForSomebodyElse() throws Exception {
    try (Fairlead _ = start()) {
      Sent mine = begin("");
      Sent theirs = begin("");
      // Somebody wants us to be him: his code and state in our browser.
      Said forced =
          get(
              CALLBACK + "?code=" + provider.code(theirs.query()) + "&state=" + theirs.state(),
              mine.cookie());
      assertThat(forced.status()).isEqualTo(401);
      assertThat(forced.body()).contains("another browser has begun this");
      assertThat(forced.cookie(false)).isEmpty();
      // His code with our state: neither PKCE nor the nonce fits.
      assertThat(back(mine, provider.code(theirs.query())).status()).isEqualTo(401);
      String code = provider.code(mine.query());
      assertThat(back(mine, code).status()).isEqualTo(303);
      Said again = back(mine, code);
      assertThat(again.status()).isEqualTo(401);
      assertThat(again.body()).contains("does not know this code any more");
      // The browser that has come back has forgotten which one it was.
      assertThat(get(CALLBACK + "?code=" + code + "&state=" + mine.state(), "").body())
          .contains("another browser has begun this");
      provider.maker = claims -> provider.sign(claims.claim("nonce", "x"));
      assertThat(signIn().body()).contains("it is for another attempt");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/sign-in?to=https://evil.example",
        "/sign-in?target=//evil.example&redirect_uri=https://evil.example",
        "/sign-in#https://evil.example",
      })
  void nothingInTheAddressSaysWhereABrowserGoes(String target) throws Exception {
    try (Fairlead _ = start()) {
      Said said = get(target, "");
      assertThat(said.status()).isEqualTo(302);
      String location = said.field("location");
      Map<String, String> query =
          HandProvider.parameters(location.substring(location.indexOf('?') + 1));
      assertThat(query).containsEntry("redirect_uri", url + CALLBACK);
      Said back =
          get(
              CALLBACK
                  + "?code="
                  + provider.code(query)
                  + "&state="
                  + query.get("state")
                  + "&to=//evil.example",
              said.cookie(true));
      assertThat(back.field("location")).isEqualTo("/");
      // Whoever asks by another name is sent to the one that the configuration has.
      Said elsewhere = send("GET", "/sign-in", "Host: evil.example\r\n");
      assertThat(elsewhere.field("location")).isEqualTo(url + "/sign-in");
      assertThat(elsewhere.all("set-cookie")).isEmpty();
      assertThat(send("GET", CALLBACK + "?code=x&state=y", "Host: evil.example\r\n").status())
          .isEqualTo(421);
      assertThat(send("POST", "/sign-in", "Host: " + host + "\r\nContent-Length: 0\r\n").status())
          .isEqualTo(405);
    }
  }

  @Test
  void whoSignsOutIsOutAlsoWithACopyOfTheCookieAndSoAreStreams() throws Exception {
    try (Fairlead _ = start()) {
      String session = session();
      String other = session();
      try (Socket stream = stream(session);
          Socket kept = stream(other)) {
        BufferedReader read = reader(stream);
        BufferedReader readOther = reader(kept);
        assertThat(read.readLine()).startsWith("HTTP/1.1 200");
        assertThat(readOther.readLine()).startsWith("HTTP/1.1 200");
        Said out = change("DELETE", "/api/v1/session", session);
        assertThat(out.status()).isEqualTo(200);
        assertThat(out.body()).contains(provider.issuer() + "/end?client_id=shop");
        assertThat(out.all("set-cookie"))
            .hasSize(2)
            .allMatch(cookie -> cookie.contains("=; Path=/; Max-Age=0; HttpOnly"));
        assertThat(end(read)).isTrue();
        assertThat(get("/api/v1/status", session).status()).isEqualTo(401);
        assertThat(change("POST", DRAIN, session).status()).isEqualTo(401);
        assertThat(change("DELETE", "/api/v1/session", session).status()).isEqualTo(409);
        assertThat(get("/api/v1/status", other).status()).isEqualTo(200);
        assertThat(readOther.readLine()).isNotNull();
      }
      assertThat(events()).contains("signed out");
      // Whoever signs in once more in the same browser has one session, not two.
      Sent again = begin("");
      Said next =
          get(
              CALLBACK + "?code=" + provider.code(again.query()) + "&state=" + again.state(),
              again.cookie().strip() + "; " + other.substring("Cookie: ".length()));
      assertThat(next.status()).isEqualTo(303);
      assertThat(get("/api/v1/status", other).status()).isEqualTo(401);
      assertThat(get("/api/v1/status", next.cookie(false)).status()).isEqualTo(200);
    }
  }

  private Socket stream(String cookie) throws IOException {
    return socket(
        "GET", "/api/v1/live", "Host: " + host + "\r\nAccept: text/event-stream\r\n" + cookie);
  }

  private static BufferedReader reader(Socket socket) throws IOException {
    return new BufferedReader(
        new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
  }

  private static boolean end(BufferedReader reader) {
    try {
      long deadline = System.nanoTime() + Duration.ofSeconds(10).toNanos();
      boolean more = true;
      while (more && System.nanoTime() < deadline) {
        more = reader.readLine() != null; // what was on the way
      }
      return !more;
    } catch (IOException e) {
      return !(e instanceof java.net.SocketTimeoutException);
    }
  }

  @Test
  void sessionsOutliveARestartAndStayWithTheirDoor() throws Exception {
    String session;
    try (Fairlead _ = start()) {
      session = session();
    }
    try (Fairlead _ = start()) {
      assertThat(get("/api/v1/status", session).status()).isEqualTo(200);
      assertThat(folder.resolve("data/oidc.key")).exists();
    }
    Files.delete(folder.resolve("data/oidc.key"));
    try (Fairlead _ = start()) {
      assertThat(get("/api/v1/status", session).status()).as("another key").isEqualTo(401);
    }
    // Two instances with one key and one address: what a group has.
    String key = ", key: [a-key-of-thirty-two-characters-1]";
    try (Fairlead _ = start(yaml(RULES, key))) {
      session = session();
    }
    try (Fairlead _ = start(yaml(RULES, key + ", session: 1h"))) {
      assertThat(get("/api/v1/status", session).status()).isEqualTo(200);
    }
    https();
    try (Fairlead _ = start(yaml(RULES, key))) {
      String own = session();
      String name = own.substring(0, own.indexOf('=') + 1);
      String moved = name + session.substring(session.indexOf('=') + 1);
      assertThat(get("/api/v1/status", moved).status()).as("of another door").isEqualTo(401);
    }
  }

  /** Tokens work, and it is said why nobody can sign in. */
  @Test
  void aProviderThatIsAwayKeepsNobodyOutWhoHasAToken() throws Exception {
    provider.describedStatus = 500;
    try (Fairlead _ = Loopback.start(yaml(RULES, ""), folder)) {
      Loopback.await(
          "it has been asked", () -> get("/sign-in", "").body().contains("the answer is 500"));
      Said page = get("/sign-in", "");
      assertThat(page.status()).isEqualTo(503);
      assertThat(page.body())
          .contains("Nobody can sign in at " + provider.issuer() + " now: the answer is 500.")
          .contains("Tokens work as ever");
      assertThat(get("/api/v1/session", "").body()).contains("\"trouble\":\"Nobody can sign in");
      assertThat(get("/api/v1/status", "Authorization: Bearer " + TOKEN + "\r\n").status())
          .isEqualTo(200);
      assertThat(get("/healthz", "").status()).isEqualTo(200);
    }
    provider.describedStatus = 200;
    try (Fairlead _ = start()) {
      String session = session();
      provider.answer = _ -> new HandProvider.Answer(500, new byte[0]);
      Said failed = signIn();
      assertThat(failed.status()).isEqualTo(503);
      assertThat(failed.body()).contains("its answer to a code is 500").doesNotContain("code=");
      assertThat(get("/api/v1/status", session).status()).as("who is in stays").isEqualTo(200);
    }
  }

  @Test
  void secretsAreNowhere() throws Exception {
    String key = "a-key-of-thirty-two-characters-1";
    try (Fairlead _ = start(yaml(RULES, ", key: [" + key + "]"))) {
      Sent sent = begin("");
      String code = provider.code(sent.query());
      String session = back(sent, code).cookie(false);
      String value = session.substring(session.indexOf('=') + 1).strip();
      Said broken = get(CALLBACK + "?code=" + code + "&state=x", sent.cookie());
      StringBuilder all = new StringBuilder(broken.body());
      for (String path :
          List.of(
              "config", "config/history", "session", "status", "events", "live", "openapi.json")) {
        all.append(get("/api/v1/" + path, session).body());
      }
      all.append(get("/metrics", session).body()).append(get("/", session).body());
      try (Stream<Path> files = Files.walk(folder)) {
        for (Path file : files.filter(Files::isRegularFile).toList()) {
          all.append(Files.readString(file, StandardCharsets.ISO_8859_1));
        }
      }
      assertThat(all.toString())
          .contains("client-secret", "(secret)")
          .doesNotContain(HandProvider.SECRET, key, TOKEN, code + "&", value, sent.state());
      Said refused =
          send(
              "POST",
              "/api/v1/config/check",
              "Host: %s\r\nOrigin: %s\r\nContent-Type: application/yaml\r\n".formatted(host, url)
                  + session.strip()
                  + "\r\nContent-Length: 100\r\n\r\n"
                  + "admin: { oidc: { client-secret: short, key: [too-short], url: x } }"
                  + " ".repeat(33));
      assertThat(refused.status()).isEqualTo(422);
      assertThat(refused.body()).contains("admin.oidc").doesNotContain("too-short", "short,");
    }
  }

  /** Behind a listener of its own, which speaks TLS: what the door is asked by is the same. */
  @Test
  void theDoorBehindAListenerIsTheSameDoor() throws Exception {
    https();
    String yaml =
        yaml(RULES, "")
            .replace(
                "routes: [ { service: raw } ]",
                "routes: [ { match: { host: ops.example }, service: door }, { service: raw } ]")
            .replace("services: {", "services: { door: { nodes: \"127.0.0.1:" + port + "\" }, ");
    try (Fairlead fairlead = start(yaml)) {
      String session = session();
      Loopback.await(
          "the node",
          () -> {
            try (Loopback.Client client = new Loopback.Client(Loopback.port(fairlead, "web"))) {
              client.send(
                  "GET /api/v1/services HTTP/1.1\r\nHost: ops.example\r\n" + session + "\r\n");
              return client.reply().status() == 200;
            } catch (IOException e) {
              return false;
            }
          });
      try (Loopback.Client client = new Loopback.Client(Loopback.port(fairlead, "web"))) {
        client.send(
            "POST "
                + DRAIN
                + " HTTP/1.1\r\nHost: ops.example\r\nOrigin: https://ops.example\r\n"
                + "Content-Length: 0\r\n"
                + session
                + "\r\n");
        assertThat(client.reply().status()).isEqualTo(200);
      }
    }
  }

  /** What a listener in front of the door records of a browser that comes back. */
  @Test
  void aListenerInFrontOfTheDoorRecordsNoCodes() throws Exception {
    https();
    String yaml =
        yaml(RULES, "")
            .replace(
                "services: { raw: { nodes: [ { name: n1, address: \"127.0.0.1:1\" } ] } }",
                "services: { raw: { nodes: [ { name: n1, address: \"127.0.0.1:"
                    + port
                    + "\" } ] } }")
            .replace("data: data", "data: " + folder);
    try (Fairlead fairlead = Loopback.startRecording(yaml)) {
      awaitProvider();
      Sent sent = begin("");
      String code = provider.code(sent.query());
      String session = "";
      try (Loopback.Client client = new Loopback.Client(Loopback.port(fairlead, "web"))) {
        client.send(
            "GET %s?code=%s&state=%s HTTP/1.1\r\nHost: ops.example\r\n%s\r\n"
                .formatted(CALLBACK, code, sent.state(), sent.cookie()));
        Loopback.Reply reply = client.reply();
        assertThat(reply.status()).isEqualTo(303);
        session = reply.field("set-cookie");
      }
      String bearer = "Authorization: Bearer " + TOKEN + "\r\n";
      Loopback.await(
          "a record", () -> get("/api/v1/records?limit=100", bearer).body().contains(CALLBACK));
      assertThat(get("/api/v1/records?limit=100", bearer).body() + events())
          .doesNotContain(code, sent.state(), HandProvider.SECRET);
      assertThat(session).contains("fairlead-admin-");
    }
  }

  /** Browsers send it to all ports of a host. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void noNodeGetsTheSessionOfTheDoor(boolean secure) throws Exception {
    if (secure) {
      https();
    }
    try (RawNode node = new RawNode()) {
      String yaml = yaml(RULES, "").replace("127.0.0.1:1\"", "127.0.0.1:" + node.port() + "\"");
      try (Fairlead fairlead = start(yaml)) {
        String session = session();
        String sent = begin("").cookie().strip().substring("Cookie: ".length());
        String value = session.substring(session.indexOf('=') + 1).strip();
        try (Loopback.Client client = new Loopback.Client(Loopback.port(fairlead, "web"))) {
          for (String other : List.of("127.0.0.1:8080", "ops.example:8080", "shop.example")) {
            client.send(
                "GET / HTTP/1.1\r\nHost: "
                    + other
                    + "\r\n"
                    + session.strip()
                    + "; a=b\r\nCookie: "
                    + sent
                    + "\r\n\r\n");
            String seen = client.reply().body();
            assertThat(seen).contains("a=b").doesNotContain(value, "fairlead-admin");
          }
          client.send("GET / HTTP/1.1\r\nHost: " + host + "\r\n" + session + "\r\n");
          assertThat(client.reply().body()).as("where the door itself is").contains(value);
        }
      }
    }
  }

  @Test
  void aChangeOfTheConfigurationLeavesSessionsAndTheProviderAlone() throws Exception {
    try (Fairlead fairlead = start()) {
      String session = session();
      String more =
          yaml(RULES, "")
              .replace(
                  "listeners: {",
                  "listeners: { second: { bind: \"127.0.0.1:0\", routes: [ { service: raw } ] },");
      assertThat(fairlead.apply(Loopback.read(more, folder), "test"))
          .isInstanceOf(Fairlead.Applied.Done.class);
      assertThat(get("/api/v1/status", session).status()).isEqualTo(200);
      provider.shown = new com.nimbusds.jose.jwk.JWKSet(provider.key);
      assertThat(get("/api/v1/status", session()).status()).isEqualTo(200);
      // Without oidc from the next start on: until then the door is as it was opened.
      String less = more.replaceAll("(?s)  oidc:.*?\\]  ?\\}\n", "");
      assertThat(less).doesNotContain("oidc");
      assertThat(fairlead.apply(Loopback.read(less, folder), "test"))
          .isInstanceOf(Fairlead.Applied.Done.class);
      assertThat(get("/api/v1/status", session()).status()).isEqualTo(200);
      assertThat(get("/api/v1/config", session()).body()).doesNotContain(HandProvider.SECRET);
    }
  }

  /** A door with a clock that is turned by hand. */
  private AdminServer door(AtomicLong now) throws Exception {
    AdminConfig config =
        switch (Loopback.read(yaml(RULES, ""), folder)) {
          case ConfigReader.Result.Accepted(FairleadConfig read, String _) -> read.admin();
          case ConfigReader.Result.Refused refused -> throw new AssertionError(refused.problems());
        };
    AdminOidcConfig oidc = config.oidc().orElseThrow();
    OidcProvider asked =
        new OidcProvider(
            oidc.client(),
            new ProviderHttp(OutboundHttp.client(provider.issuer(), List.of())),
            new KeySource.Listener() {
              @Override
              public void loaded(int count) {}

              @Override
              public void failed(String why) {}
            },
            System::nanoTime);
    asked.keepFresh();
    OidcClient client =
        new OidcClient(
            oidc.client(),
            asked,
            Set.of(),
            Set.of(new OidcClient.Wanted("groups", "staff")),
            now::get,
            new OidcClient.Listener() {
              @Override
              public void failed(String why) {}

              @Override
              public void works() {}
            });
    AdminOidcConfig viewers =
        new AdminOidcConfig(
            oidc.client(),
            oidc.url(),
            "sub",
            List.of(new AdminOidcConfig.Rule(AdminConfig.Role.VIEWER, Map.of("groups", "staff"))));
    AdminSignIn signIn =
        new AdminSignIn(
            new AdminSignIn.Parts(
                viewers,
                client,
                "1",
                () -> new SessionSeal(List.of(new byte[32]), "x", random()),
                new RateLimiter(1_000_000, 50, 64, 1),
                now::get));
    AdminServer server =
        AdminServer.start(
            new AdminConfig(
                config.bind(), config.tokens(), false, Optional.of(viewers), Optional.empty()),
            FakeInstance.shop(now::get),
            signIn);
    awaitProvider();
    return server;
  }

  private static byte[] random() {
    byte[] seed = new byte[SessionSeal.SEED];
    new java.security.SecureRandom().nextBytes(seed);
    return seed;
  }

  @Test
  void aSessionAndItsStreamsEndWhenItsTimeIsOver() throws Exception {
    AtomicLong now = new AtomicLong(System.currentTimeMillis());
    try (AdminServer _ = door(now)) {
      String session = session();
      now.addAndGet(Duration.ofHours(8).toMillis() - 500);
      assertThat(get("/api/v1/status", session).status()).isEqualTo(200);
      try (Socket stream = stream(session)) {
        BufferedReader read = reader(stream);
        assertThat(read.readLine()).startsWith("HTTP/1.1 200");
        assertThat(end(read)).isTrue();
      }
      now.addAndGet(499);
      assertThat(get("/api/v1/status", session).status()).isEqualTo(200);
      now.addAndGet(1);
      assertThat(get("/api/v1/status", session).status()).isEqualTo(401);
    }
  }

  @Test
  void whoTakesTooLongBeginsAnew() throws Exception {
    AtomicLong now = new AtomicLong(System.currentTimeMillis());
    try (AdminServer _ = door(now)) {
      Sent sent = begin("");
      now.addAndGet(OidcClient.ATTEMPT_MILLIS);
      Said late = back(sent, provider.code(sent.query()));
      assertThat(late.status()).isEqualTo(401);
      assertThat(late.body()).contains("it took too long", "href=\"/sign-in\"");
    }
  }

  /** Of a person that has signed in; what a claim says can neither be a token nor end a line. */
  @ParameterizedTest
  @CsvSource({
    "look, oidc:look (ann)",
    "'a\u202Eb', oidc:a?b (ann)",
    "'a\nb', oidc:ann",
    "ann, oidc:ann",
  })
  void nobodyIsNamedLikeSomebodyElse(String mail, String name) throws Exception {
    provider.maker =
        claims -> provider.sign(claims.claim("groups", List.of("staff")).claim("email", mail));
    try (Fairlead _ = start()) {
      String said = get("/api/v1/session", session()).body();
      assertThat(said).contains("\"name\":\"" + name + "\"");
    }
  }
}
