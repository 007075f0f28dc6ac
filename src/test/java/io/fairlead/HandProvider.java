package io.fairlead;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.jwk.gen.RSAKeyGenerator;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.Base64;
import java.util.Date;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/** A provider of OpenID Connect that can be told to do what a good one never does. */
final class HandProvider implements AutoCloseable {
  static final String CLIENT = "shop";
  static final String SECRET = "a-secret+of/the=shop";

  private static final JsonMapper JSON = new JsonMapper();

  /** What a test makes of an ID token before it is sent: by the claims that it would have. */
  interface Maker {
    String make(JWTClaimsSet.Builder claims) throws Exception;
  }

  /** An answer to a code. */
  @SuppressWarnings("ArrayRecordComponent") // nobody compares answers
  record Answer(int status, byte[] body) {}

  final Map<String, Object> description = new LinkedHashMap<>();
  final AtomicInteger asked = new AtomicInteger();

  /** Made once: that takes long. */
  private static final RSAKey FIRST = make();

  final RSAKey key;
  volatile JWKSet shown;
  volatile Maker maker = this::sign;
  volatile UnaryOperator<Answer> answer = whole -> whole;
  volatile int describedStatus = 200;

  /** Bytes of the description that never come. */
  volatile int missing;

  /** Of the last request with a code. */
  volatile String authorization = "";

  private final HttpServer server;

  /** What browsers were sent with, by the code that they got for it. */
  private final Map<String, Map<String, String>> codes = new ConcurrentHashMap<>();

  private final AtomicInteger numbers = new AtomicInteger();

  HandProvider() throws Exception {
    key = FIRST;
    shown = new JWKSet(key);
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    description.put("issuer", issuer());
    description.put("authorization_endpoint", issuer() + "/auth?prompt=login");
    description.put("token_endpoint", issuer() + "/token");
    description.put("jwks_uri", issuer() + "/keys");
    description.put("end_session_endpoint", issuer() + "/end");
    server.createContext("/.well-known/openid-configuration", this::describe);
    server.createContext("/keys", exchange -> send(exchange, 200, bytes(shown.toString(true))));
    server.createContext("/token", this::token);
    server.setExecutor(java.util.concurrent.Executors.newVirtualThreadPerTaskExecutor());
    server.start();
  }

  String issuer() {
    return "http://127.0.0.1:" + server.getAddress().getPort();
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  static void send(HttpExchange exchange, int status, byte[] body) throws IOException {
    try (exchange) {
      exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
      exchange.getResponseBody().write(body);
    }
  }

  private void describe(HttpExchange exchange) throws IOException {
    byte[] body = JSON.writeValueAsBytes(description);
    if (missing > 0) {
      exchange.sendResponseHeaders(describedStatus, body.length);
      exchange.getResponseBody().write(body, 0, body.length - missing);
      exchange.getResponseBody().flush(); // the rest never comes
    } else {
      send(exchange, describedStatus, body);
    }
  }

  /** Somebody has signed in there: the code that the browser takes back. */
  String code(Map<String, String> sentWith) {
    String code = "code-" + numbers.incrementAndGet();
    codes.put(code, sentWith);
    return code;
  }

  static Map<String, String> parameters(String query) {
    Map<String, String> found = new HashMap<>();
    for (String pair : query.split("&", -1)) {
      int equals = pair.indexOf('=');
      found.put(
          pair.substring(0, equals),
          URLDecoder.decode(pair.substring(equals + 1), StandardCharsets.UTF_8));
    }
    return found;
  }

  private void token(HttpExchange exchange) throws IOException {
    asked.incrementAndGet();
    authorization = String.valueOf(exchange.getRequestHeaders().getFirst("authorization"));
    Map<String, String> form =
        parameters(new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8));
    Answer whole;
    try {
      whole = answer(form);
    } catch (Exception e) {
      whole = new Answer(500, bytes(e.toString()));
    }
    Answer sent = answer.apply(whole);
    send(exchange, sent.status(), sent.body());
  }

  private Answer answer(Map<String, String> form) throws Exception {
    Map<String, String> sentWith = codes.remove(form.getOrDefault("code", ""));
    String verifier = form.getOrDefault("code_verifier", "");
    if (sentWith == null
        || !form.getOrDefault("redirect_uri", "").equals(sentWith.get("redirect_uri"))
        || !hash(verifier, 32).equals(sentWith.get("code_challenge"))) {
      return new Answer(400, bytes("{\"error\":\"invalid_grant\"}"));
    }
    String access = "access-" + numbers.incrementAndGet();
    JWTClaimsSet.Builder claims =
        new JWTClaimsSet.Builder()
            .issuer(issuer())
            .audience(CLIENT)
            .subject("ann")
            .claim("nonce", sentWith.get("nonce"))
            .claim("email", "ann@shop.example")
            .claim("groups", List.of("staff", "ops"))
            .claim("at_hash", hash(access, 16))
            .issueTime(Date.from(Instant.now()))
            .expirationTime(Date.from(Instant.now().plusSeconds(60)));
    Map<String, Object> tokens = new HashMap<>();
    tokens.put("access_token", access);
    tokens.put("token_type", "Bearer");
    tokens.put("id_token", maker.make(claims));
    return new Answer(200, JSON.writeValueAsBytes(tokens));
  }

  private static String hash(String text, int bytes) throws Exception {
    byte[] whole = MessageDigest.getInstance("SHA-256").digest(bytes(text));
    return Base64.getUrlEncoder()
        .withoutPadding()
        .encodeToString(java.util.Arrays.copyOf(whole, bytes));
  }

  /** As a good one does. */
  String sign(JWTClaimsSet.Builder claims) throws Exception {
    return sign(claims, key, null);
  }

  private static RSAKey make() {
    try {
      return new RSAKeyGenerator(2048).keyID("first").generate();
    } catch (JOSEException e) {
      throw new IllegalStateException(e);
    }
  }

  static String sign(JWTClaimsSet.Builder claims, RSAKey by, @Nullable String type)
      throws Exception {
    JWSHeader.Builder header = new JWSHeader.Builder(JWSAlgorithm.RS256).keyID(by.getKeyID());
    if (type != null) {
      header.type(new com.nimbusds.jose.JOSEObjectType(type));
    }
    SignedJWT token = new SignedJWT(header.build(), claims.build());
    token.sign(new RSASSASigner(by));
    return token.serialize();
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
