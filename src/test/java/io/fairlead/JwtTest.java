package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.jwk.gen.RSAKeyGenerator;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import com.sun.net.httpserver.HttpServer;
import io.fairlead.Loopback.Client;
import io.fairlead.Loopback.Reply;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Signed tokens: whole instances, real bytes, an issuer that changes its keys and goes away. */
@Timeout(60)
final class JwtTest {
  @TempDir private Path folder;
  private RawNode node;
  private HttpServer issuer;
  private RSAKey key;
  private volatile byte[] shown = {};
  private volatile int status = 200;
  private volatile int missing;

  @BeforeEach
  void open() throws Exception {
    node = new RawNode();
    key = new RSAKeyGenerator(2048).keyID("first").generate();
    show(key);
    issuer = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    issuer.createContext(
        "/keys",
        exchange -> {
          byte[] body = shown;
          exchange.sendResponseHeaders(status, body.length);
          exchange.getResponseBody().write(body, 0, body.length - missing);
          exchange.getResponseBody().flush();
          if (missing == 0) {
            exchange.close(); // else the rest never comes
          }
        });
    issuer.start();
  }

  @AfterEach
  void close() throws IOException {
    node.close();
    issuer.stop(0);
  }

  private void show(JWK... keys) {
    shown = new JWKSet(List.of(keys)).toString(true).getBytes(StandardCharsets.UTF_8);
  }

  private Fairlead start(String jwks) throws IOException {
    return Loopback.start(
        """
        admin: { bind: "127.0.0.1:0" }
        data: data
        listeners:
          web:
            bind: "127.0.0.1:0"
            routes:
              - name: api
                service: raw
                jwt:
                  { issuer: "https://login.example", audience: shop, jwks: "%s", algorithms: RS256,
                    forward: { X-User: sub }, require: { scope: read } }
        services: { raw: { nodes: "127.0.0.1:%d" } }
        """
            .formatted(jwks, node.port()),
        folder);
  }

  private String url() {
    return "http://127.0.0.1:" + issuer.getAddress().getPort() + "/keys";
  }

  private static String token(RSAKey by, String scope, long forMillis) throws Exception {
    SignedJWT token =
        new SignedJWT(
            new JWSHeader.Builder(JWSAlgorithm.RS256).keyID(by.getKeyID()).build(),
            new JWTClaimsSet.Builder()
                .issuer("https://login.example")
                .audience("shop")
                .subject("ann")
                .claim("scope", scope)
                .expirationTime(Date.from(Instant.now().plusMillis(forMillis)))
                .build());
    token.sign(new RSASSASigner(by));
    return token.serialize();
  }

  private static Reply get(Client client, String token) throws IOException {
    client.send(
        "GET / HTTP/1.1\r\nHost: x\r\nx_user: root\r\nAuthorization: Bearer " + token + "\r\n\r\n");
    return client.reply();
  }

  @Test
  void aTokenIsCheckedAndKeysAreFollowed() throws Exception {
    try (Fairlead fairlead = start(url());
        Client client = new Client(Loopback.port(fairlead, "web"))) {
      String good = token(key, "read", 600_000);
      Reply in = get(client, good);
      assertThat(in.status()).isEqualTo(200);
      assertThat(in.body())
          .containsIgnoringCase("\r\nx-user: ann\r\n")
          .doesNotContain("root", good);
      Reply none = client.get("/");
      assertThat(none.status()).isEqualTo(401);
      assertThat(none.field("www-authenticate")).isEqualTo("Bearer realm=\"fairlead\"");
      Reply expired = get(client, token(key, "read", -60_000));
      assertThat(expired.status()).isEqualTo(401);
      assertThat(expired.field("www-authenticate"))
          .isEqualTo(
              "Bearer realm=\"fairlead\", error=\"invalid_token\","
                  + " error_description=\"the token has expired\"");
      Reply less = get(client, token(key, "write", 600_000));
      assertThat(less.status()).isEqualTo(403);
      assertThat(less.field("www-authenticate")).contains("error=\"insufficient_scope\"");
      assertThat(less.field("fairlead-error")).isEqualTo("forbidden");
      // The issuer is away, and then has another key; nobody is turned away meanwhile.
      status = 500;
      RSAKey second = new RSAKeyGenerator(2048).keyID("second").generate();
      show(key, second);
      assertThat(get(client, good).status()).isEqualTo(200);
      assertThat(get(client, token(key, "read", 300_000)).status()).isEqualTo(200);
      status = 200;
      String next = token(second, "read", 600_000);
      Loopback.await(
          "the other key",
          () -> {
            try {
              return get(client, next).status() == 200;
            } catch (IOException e) {
              throw new java.io.UncheckedIOException(e);
            }
          });
      String events = Loopback.door(fairlead, "GET", "/api/v1/events", "").body();
      assertThat(events).contains("tokens are checked with other keys").doesNotContain(good, next);
    }
  }

  @Test
  void overHttp2WithoutKeysAndThenWithThem() throws Exception {
    status = 503;
    try (Fairlead fairlead = start(url())) {
      String good = token(key, "read", 600_000);
      assertThat(curl(fairlead, good))
          .contains("fairlead-error: auth-unavailable")
          .contains("HTTP/2 503");
      status = 200;
      Loopback.await(
          "keys",
          () -> {
            try {
              return curl(fairlead, good).contains("HTTP/2 200");
            } catch (Exception e) {
              throw new IllegalStateException(e);
            }
          });
    }
  }

  private static String curl(Fairlead fairlead, String token) throws Exception {
    return Tool.run(
            "",
            "curl",
            "-si",
            "--noproxy",
            "*",
            "--http2-prior-knowledge",
            "-H",
            "Authorization: Bearer " + token,
            "http://127.0.0.1:" + Loopback.port(fairlead, "web") + "/")
        .output();
  }

  @Test
  void anIssuerThatStopsInTheMiddleDoesNotStopUs() throws Exception {
    missing = 1;
    try (Fairlead fairlead = start(url());
        Client client = new Client(Loopback.port(fairlead, "web"))) {
      Loopback.await(
          "an end of patience",
          () ->
              Loopback.door(fairlead, "GET", "/api/v1/events", "")
                  .body()
                  .contains("no whole answer within 5 s"));
      missing = 0;
      String good = token(key, "read", 600_000);
      Loopback.await(
          "keys",
          () -> {
            try {
              return get(client, good).status() == 200;
            } catch (IOException e) {
              throw new java.io.UncheckedIOException(e);
            }
          });
    }
  }

  @Test
  void keysInAFileAreReadAgain() throws Exception {
    Files.write(folder.resolve("keys.json"), shown);
    try (Fairlead fairlead = start("file:keys.json");
        Client client = new Client(Loopback.port(fairlead, "web"))) {
      String good = token(key, "read", 600_000);
      assertThat(get(client, good).status()).isEqualTo(200);
      show(new RSAKeyGenerator(2048).keyID("second").generate());
      Files.write(folder.resolve("keys.json"), shown);
      Loopback.await(
          "the file",
          () -> {
            try {
              return get(client, good).status() == 401;
            } catch (IOException e) {
              throw new java.io.UncheckedIOException(e);
            }
          });
    }
    Files.writeString(folder.resolve("keys.json"), "{\"keys\":[]}");
    assertThatThrownBy(() -> start("file:keys.json").close())
        .hasMessageContaining("listeners.web.routes[0].jwt.jwks: must have 1 to 100 public keys");
  }
}
