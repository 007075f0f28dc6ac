package io.fairlead.identity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.JWSSigner;
import com.nimbusds.jose.crypto.ECDSASigner;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jose.crypto.opts.AllowWeakRSAKey;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.KeyUse;
import com.nimbusds.jose.jwk.OctetSequenceKey;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import com.nimbusds.jose.jwk.gen.RSAKeyGenerator;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import io.fairlead.config.JwtConfig;
import io.fairlead.config.JwtConfig.Algorithm;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Date;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Tokens, good and bad; the library that signs them is also the one that checks them. */
final class TokenCheckTest {
  private static final long NOW = 1_800_000_000_000L;
  private static final JwtConfig CONFIG = config(Map.of(), Map.of("x-user", "sub"));

  private static RSAKey rsa;
  private static RSAKey otherRsa;
  private static ECKey ec;
  private static RSAKey small;
  private static final List<String> story = new ArrayList<>();

  @BeforeAll
  static void makeKeys() throws JOSEException {
    rsa = new RSAKeyGenerator(2048).keyID("r").generate();
    otherRsa = new RSAKeyGenerator(2048).keyID("r").generate();
    ec = new ECKeyGenerator(Curve.P_256).keyID("e").keyUse(KeyUse.SIGNATURE).generate();
    small = new RSAKeyGenerator(1024, true).keyID("s").generate();
  }

  private static JwtConfig config(Map<String, String> require, Map<String, String> forward) {
    return new JwtConfig(
        "https://login.example",
        List.of("shop", "shop-next"),
        new JwtConfig.Keys.File(Path.of("keys")),
        List.of(Algorithm.RS256, Algorithm.ES256),
        require,
        forward,
        Duration.ofSeconds(30),
        Duration.ofMinutes(5),
        false);
  }

  private static KeySource source(KeySource.Fetch fetch, long[] nanos) {
    KeySource.Listener listener =
        new KeySource.Listener() {
          @Override
          public void loaded(int keys) {
            story.add("loaded " + keys);
          }

          @Override
          public void failed(String why) {
            story.add("failed: " + why);
          }
        };
    return new KeySource(fetch, listener, true, () -> nanos[0]);
  }

  private static byte[] keys(com.nimbusds.jose.jwk.JWK... keys) {
    return new JWKSet(List.of(keys)).toString(true).getBytes(StandardCharsets.UTF_8);
  }

  private static TokenCheck check(JwtConfig config) {
    // Among them those that must not be used: too small, symmetric, for something else.
    OctetSequenceKey shared = new OctetSequenceKey.Builder(new byte[32]).keyID("o").build();
    byte[] set =
        new JWKSet(List.of(rsa, ec, small, shared))
            .toString(false)
            .getBytes(StandardCharsets.UTF_8);
    return new TokenCheck(config, source(() -> set, new long[1]), () -> NOW);
  }

  private static Date date(long epochMillis) {
    return Date.from(Instant.ofEpochMilli(epochMillis));
  }

  private static JWTClaimsSet.Builder claims() {
    return new JWTClaimsSet.Builder()
        .issuer("https://login.example")
        .audience("shop")
        .subject("ann")
        .expirationTime(date(NOW + 60_000));
  }

  private static JWSHeader.Builder header(JWSAlgorithm algorithm, String id) {
    return new JWSHeader.Builder(algorithm).keyID(id).type(JOSEObjectType.JWT);
  }

  private static String sign(JWSHeader.Builder header, JWTClaimsSet claims, JWSSigner signer)
      throws JOSEException {
    SignedJWT token = new SignedJWT(header.build(), claims);
    token.sign(signer);
    return token.serialize();
  }

  private static String byRsa(JWTClaimsSet claims) throws JOSEException {
    return sign(header(JWSAlgorithm.RS256, "r"), claims, new RSASSASigner(rsa));
  }

  private static String base64(String text) {
    return Base64.getUrlEncoder()
        .withoutPadding()
        .encodeToString(text.getBytes(StandardCharsets.UTF_8));
  }

  private static Verdict look(TokenCheck check, String token) {
    return check.check(token.getBytes(StandardCharsets.ISO_8859_1));
  }

  static Stream<Map.Entry<String, String>> badTokens() throws Exception {
    String good = byRsa(claims().build());
    String[] parts = good.split("\\.", -1);
    String rest = "." + parts[1] + "." + parts[2];
    byte[] publicKey = rsa.toRSAPublicKey().getEncoded();
    Map<String, String> bad = new LinkedHashMap<>();
    bad.put("nothing", "");
    bad.put("no token", "abc");
    bad.put("two parts", parts[0] + "." + parts[1]);
    bad.put("four parts", good + ".x");
    bad.put("five parts, as if encrypted", "a.b.c.d.e");
    bad.put("header is no JSON", base64("x") + rest);
    bad.put("header is a list", base64("[]") + rest);
    bad.put("header without alg", base64("{}") + rest);
    bad.put("alg none", base64("{\"alg\":\"none\"}") + "." + parts[1] + ".");
    bad.put("alg NONE", base64("{\"alg\":\"NONE\",\"kid\":\"r\"}") + "." + parts[1] + ".");
    bad.put("alg nOnE with a signature", base64("{\"alg\":\"nOnE\",\"kid\":\"r\"}") + rest);
    bad.put("no signature", parts[0] + "." + parts[1] + ".");
    bad.put(
        "signature of another token",
        parts[0] + "." + base64("{\"sub\":\"root\"}") + "." + parts[2]);
    char tenth = parts[2].charAt(10);
    bad.put(
        "signature with one letter changed",
        parts[0]
            + "."
            + parts[1]
            + "."
            + parts[2].substring(0, 10)
            + (tenth == 'A' ? 'B' : 'A')
            + parts[2].substring(11));
    bad.put(
        "HS256 with the public key as secret",
        sign(header(JWSAlgorithm.HS256, "r"), claims().build(), new MACSigner(publicKey)));
    bad.put(
        "HS256 with a key of the set",
        sign(header(JWSAlgorithm.HS256, "o"), claims().build(), new MACSigner(new byte[32])));
    bad.put(
        "algorithm that is not in the list",
        sign(header(JWSAlgorithm.RS512, "r"), claims().build(), new RSASSASigner(rsa)));
    bad.put(
        "PS256 with the key of RS256",
        sign(header(JWSAlgorithm.PS256, "r"), claims().build(), new RSASSASigner(rsa)));
    bad.put(
        "key of somebody else under our name",
        sign(header(JWSAlgorithm.RS256, "r"), claims().build(), new RSASSASigner(otherRsa)));
    bad.put(
        "key that is not known",
        sign(header(JWSAlgorithm.RS256, "z"), claims().build(), new RSASSASigner(otherRsa)));
    bad.put(
        "key in the token itself",
        sign(
            header(JWSAlgorithm.RS256, "z").jwk(otherRsa.toPublicJWK()),
            claims().build(),
            new RSASSASigner(otherRsa)));
    bad.put(
        "key at a URL in the token",
        sign(
            header(JWSAlgorithm.RS256, "z").jwkURL(java.net.URI.create("http://127.0.0.1:1/")),
            claims().build(),
            new RSASSASigner(otherRsa)));
    bad.put(
        "key that is too small",
        sign(
            header(JWSAlgorithm.RS256, "s"),
            claims().build(),
            new RSASSASigner(small, Set.of(AllowWeakRSAKey.getInstance()))));
    bad.put(
        "ES256 that names the key of RS256",
        sign(header(JWSAlgorithm.ES256, "r"), claims().build(), new ECDSASigner(ec)));
    // CVE-2022-21449: r and s of zero.
    bad.put(
        "ES256 with a signature of zeros",
        base64("{\"alg\":\"ES256\",\"kid\":\"e\"}")
            + "."
            + parts[1]
            + "."
            + Base64.getUrlEncoder().withoutPadding().encodeToString(new byte[64]));
    bad.put(
        "token of another type",
        sign(
            new JWSHeader.Builder(JWSAlgorithm.RS256)
                .keyID("r")
                .type(new JOSEObjectType("logout+jwt")),
            claims().build(),
            new RSASSASigner(rsa)));
    bad.put(
        "what is critical is not understood",
        sign(
            header(JWSAlgorithm.RS256, "r").criticalParams(Set.of("x")).customParam("x", 1),
            claims().build(),
            new RSASSASigner(rsa)));
    bad.put("expired", byRsa(claims().expirationTime(date(NOW - 31_000)).build()));
    bad.put("without an end", byRsa(claims().expirationTime(null).build()));
    bad.put("not yet", byRsa(claims().notBeforeTime(date(NOW + 31_000)).build()));
    bad.put("other issuer", byRsa(claims().issuer("https://login.example/").build()));
    bad.put("no issuer", byRsa(claims().issuer(null).build()));
    bad.put("other audience", byRsa(claims().audience("Shop").build()));
    bad.put("no audience", byRsa(claims().audience((String) null).build()));
    bad.put(
        "end that is no number", byRsaOfJson("{\"iss\":\"https://login.example\",\"exp\":\"x\"}"));
    bad.put("claims that are a list", byRsaOfJson("[]"));
    bad.put("claims that are no JSON", byRsaOfJson("{"));
    bad.put("claims nested too deep", byRsaOfJson("{\"a\":".repeat(4000) + "1" + "}".repeat(4000)));
    bad.put("longer than any token", "a".repeat(20_000));
    bad.put(
        "bytes that are none of base64", parts[0] + ".\u0000\u00ff!" + parts[1] + "." + parts[2]);
    return bad.entrySet().stream();
  }

  private static String byRsaOfJson(String json) throws JOSEException {
    com.nimbusds.jose.JWSObject object =
        new com.nimbusds.jose.JWSObject(
            header(JWSAlgorithm.RS256, "r").build(), new com.nimbusds.jose.Payload(json));
    object.sign(new RSASSASigner(rsa));
    return object.serialize();
  }

  @ParameterizedTest
  @MethodSource("badTokens")
  void aBadTokenIsRefusedWithAWordAboutItAndNoneOfItsOwn(Map.Entry<String, String> bad) {
    Verdict verdict = look(check(CONFIG), bad.getValue());
    assertThat(verdict).isInstanceOf(Verdict.Refused.class);
    Verdict.Refused refused = (Verdict.Refused) verdict;
    assertThat(refused.known()).isFalse();
    assertThat(refused.challenge())
        .matches(
            "Bearer realm=\"fairlead\", error=\"invalid_token\", error_description=\"[a-z ]+\"");
  }

  @Test
  void aGoodTokenIsGoodForAsLongAsItLasts() throws JOSEException {
    TokenCheck check = check(CONFIG);
    assertThat(look(check, byRsa(claims().build())))
        .isEqualTo(new Verdict.Accepted("ann", Map.of("x-user", "ann"), Duration.ofSeconds(90)));
    String byCurve =
        sign(
            header(JWSAlgorithm.ES256, "e").type(new JOSEObjectType("at+JWT")),
            claims()
                .audience(List.of("other", "shop-next"))
                .expirationTime(date(NOW + 86_400_000))
                .notBeforeTime(date(NOW + 29_000))
                .build(),
            new ECDSASigner(ec));
    assertThat(look(check, byCurve))
        .isEqualTo(new Verdict.Accepted("ann", Map.of("x-user", "ann"), Duration.ofHours(1)));
    String withoutKeyAndType =
        sign(
            new JWSHeader.Builder(JWSAlgorithm.RS256),
            claims().expirationTime(date(NOW - 29_000)).build(),
            new RSASSASigner(rsa));
    assertThat(look(check, withoutKeyAndType))
        .isEqualTo(new Verdict.Accepted("ann", Map.of("x-user", "ann"), Duration.ofSeconds(1)));
  }

  @Test
  void claimsMustBeAsTheRouteAsksAndAreToldAsText() throws JOSEException {
    TokenCheck check =
        check(
            config(
                Map.of("scope", "write", "roles", "admin", "level", "3", "paid", "true"),
                Map.of(
                    "x-roles", "roles", "x-level", "level", "x-evil", "evil", "x-none", "none")));
    JWTClaimsSet.Builder full =
        claims()
            .claim("scope", "read write")
            .claim("roles", List.of("staff", "admin"))
            .claim("level", 3)
            .claim("paid", true)
            .claim("evil", "a\r\nx-user: root");
    assertThat(look(check, byRsa(full.build())))
        .isEqualTo(
            new Verdict.Accepted(
                "ann", Map.of("x-roles", "staff,admin", "x-level", "3"), Duration.ofSeconds(90)));
    for (Map.Entry<String, Object> less :
        Map.<String, Object>of("scope", "read writer", "roles", "adm", "level", 4, "paid", "no")
            .entrySet()) {
      JWTClaimsSet lacking =
          new JWTClaimsSet.Builder(full.build()).claim(less.getKey(), less.getValue()).build();
      Verdict verdict = look(check, byRsa(lacking));
      assertThat(verdict).as(less.getKey()).isInstanceOf(Verdict.Refused.class);
      assertThat(((Verdict.Refused) verdict).known()).isTrue();
      assertThat(((Verdict.Refused) verdict).challenge()).contains("error=\"insufficient_scope\"");
    }
  }

  @Test
  void keysThatChangeAreFetchedWhenATokenNamesOneButNotTooOften() throws JOSEException {
    story.clear();
    long[] nanos = {1};
    int[] fetched = {0};
    byte[][] there = {keys(ec)};
    KeySource source =
        source(
            () -> {
              fetched[0]++;
              if (there[0].length == 0) {
                throw new IOException("gone");
              }
              return there[0];
            },
            nanos);
    TokenCheck check = new TokenCheck(CONFIG, source, () -> NOW);
    String token = byRsa(claims().build());
    assertThat(look(check, token)).as("not there yet").isInstanceOf(Verdict.Refused.class);
    assertThat(fetched[0]).isEqualTo(1);
    int before = check.version();
    there[0] = keys(rsa, ec);
    assertThat(look(check, token)).as("too soon").isInstanceOf(Verdict.Refused.class);
    assertThat(fetched[0]).isEqualTo(1);
    nanos[0] += 5_000_000_001L;
    assertThat(look(check, token)).isInstanceOf(Verdict.Accepted.class);
    assertThat(check.version()).isGreaterThan(before);
    // Whatever happens to the source, the last good keys stay.
    int now = check.version();
    for (byte[] broken : new byte[][] {{}, "{}".getBytes(StandardCharsets.UTF_8), keys(small)}) {
      there[0] = broken;
      source.refresh();
      assertThat(look(check, token)).isInstanceOf(Verdict.Accepted.class);
    }
    assertThat(check.version()).isEqualTo(now);
    there[0] = keys(ec);
    source.refresh();
    nanos[0] += 1;
    assertThat(look(check, token)).as("withdrawn").isInstanceOf(Verdict.Refused.class);
    assertThat(story).containsExactly("loaded 2", "failed: gone", "loaded 1");
  }

  @Test
  void withoutKeysNobodyIsJudged() throws JOSEException {
    KeySource source =
        source(
            () -> {
              throw new IOException("no route");
            },
            new long[1]);
    assertThat(look(new TokenCheck(CONFIG, source, () -> NOW), byRsa(claims().build())))
        .isEqualTo(new Verdict.Unavailable());
    assertThatThrownBy(source::readFirst).hasMessage("no route");
  }
}
