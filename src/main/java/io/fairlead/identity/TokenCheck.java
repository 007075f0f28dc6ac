package io.fairlead.identity;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.factories.DefaultJWSVerifierFactory;
import com.nimbusds.jose.jwk.AsymmetricJWK;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKMatcher;
import com.nimbusds.jose.jwk.JWKSelector;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import io.fairlead.config.JwtConfig;
import java.nio.charset.StandardCharsets;
import java.text.ParseException;
import java.time.Duration;
import java.util.Collections;
import java.util.Date;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Signed tokens (RFC 7519), with the care that RFC 8725 asks for: the algorithm is one of a list
 * and fits the key, keys come from one place and never from the token, issuer, audience and end
 * have to be said, and a token made for something else (by its {@code typ}) is none.
 */
public final class TokenCheck implements CredentialCheck {
  /** Longer ones are none: a head has room for 64 KiB, and each byte is decoded. */
  private static final int MAX_BYTES = 16 * 1024;

  /** Where a token does not name its key: so many that might be the one are tried. */
  private static final int MAX_CANDIDATES = 8;

  /** A field for nodes; longer ones are not told. */
  private static final int MAX_FIELD = 4096;

  private static final Duration LASTS_AT_MOST = Duration.ofHours(1);

  /** RFC 7519, 5.1 and RFC 9068, 2.1. */
  private static final Set<JOSEObjectType> TYPES =
      Set.of(JOSEObjectType.JWT, new JOSEObjectType("at+jwt"));

  /** Claims whose text is a list of words (RFC 8693, 4.2). */
  private static final Set<String> LISTS_OF_WORDS = Set.of("scope", "scp");

  /** Why a token is not good, in words that the client may know. */
  static final class Unfit extends Exception {
    private static final long serialVersionUID = 1;

    Unfit(String why) {
      super(why, null, false, false);
    }
  }

  private final JwtConfig config;
  private final KeySource keys;
  private final LongSupplier epochMillis;
  private final Set<String> algorithms;

  /**
   * @param epochMillis the clock
   */
  public TokenCheck(JwtConfig config, KeySource keys, LongSupplier epochMillis) {
    this.config = config;
    this.keys = keys;
    this.epochMillis = epochMillis;
    algorithms = config.algorithms().stream().map(Enum::name).collect(Collectors.toSet());
  }

  @Override
  public String scheme() {
    return "bearer";
  }

  @Override
  public String challenge() {
    return "Bearer realm=\"fairlead\"";
  }

  private String challenge(String error, String why) {
    return challenge() + ", error=\"" + error + "\", error_description=\"" + why + "\"";
  }

  @Override
  public int version() {
    return keys.version();
  }

  @Override
  public Verdict check(byte[] credential) {
    try {
      Checked token = verify(credential);
      if (token == null) {
        return new Verdict.Unavailable();
      }
      JWTClaimsSet claims = token.claims();
      return isEnough(claims)
          ? new Verdict.Accepted(
              Objects.requireNonNullElse(claims.getSubject(), ""), fields(claims), token.lasts())
          : new Verdict.Refused(
              true, challenge("insufficient_scope", "the token does not say enough"));
    } catch (Unfit e) {
      return new Verdict.Refused(false, challenge("invalid_token", String.valueOf(e.getMessage())));
    }
  }

  /**
   * One that is good.
   *
   * @param lasts how much longer it holds
   */
  record Checked(JWSHeader header, JWTClaimsSet claims, Duration lasts) {}

  /**
   * Looks at signature, issuer, audience and time; may wait for keys.
   *
   * @return null: there are no keys
   * @throws Unfit if it is not good
   */
  @Nullable Checked verify(byte[] text) throws Unfit {
    if (text.length > MAX_BYTES) {
      throw new Unfit("the token is too long");
    }
    SignedJWT token = parse(new String(text, StandardCharsets.ISO_8859_1));
    JWSHeader header = token.getHeader();
    checkHeader(header);
    KeySource.Keys known = keys.with(header.getKeyID());
    if (known == null) {
      return null;
    }
    checkSignature(token, known);
    JWTClaimsSet claims = claims(token);
    return new Checked(header, claims, checkClaims(claims));
  }

  private static SignedJWT parse(String text) throws Unfit {
    try {
      return SignedJWT.parse(text);
    } catch (ParseException | RuntimeException | StackOverflowError e) {
      throw new Unfit("this is no signed token");
    }
  }

  private void checkHeader(JWSHeader header) throws Unfit {
    if (!algorithms.contains(header.getAlgorithm().getName())) {
      throw new Unfit("the token is signed in a way that is not accepted");
    }
    JOSEObjectType type = header.getType();
    if (type != null && !TYPES.contains(type)) {
      throw new Unfit("the token is of another type");
    }
    Set<String> critical = header.getCriticalParams();
    if ((critical != null && !critical.isEmpty()) || !header.isBase64URLEncodePayload()) {
      throw new Unfit("the token asks for what is not understood");
    }
  }

  private static void checkSignature(SignedJWT token, KeySource.Keys known) throws Unfit {
    JWSHeader header = token.getHeader();
    List<JWK> candidates = new JWKSelector(JWKMatcher.forJWSHeader(header)).select(known.set());
    if (candidates.isEmpty()) {
      throw new Unfit("the token is signed by a key that is not known");
    }
    for (JWK key : candidates.subList(0, Math.min(candidates.size(), MAX_CANDIDATES))) {
      try {
        if (key instanceof AsymmetricJWK pair
            && token.verify(
                new DefaultJWSVerifierFactory().createJWSVerifier(header, pair.toPublicKey()))) {
          return;
        }
      } catch (JOSEException | RuntimeException e) {
        // Not a key for this token; perhaps the next one is.
      }
    }
    throw new Unfit("the signature is wrong");
  }

  private static JWTClaimsSet claims(SignedJWT token) throws Unfit {
    try {
      JWTClaimsSet claims = token.getJWTClaimsSet();
      if (claims != null) {
        return claims;
      }
    } catch (ParseException | RuntimeException | StackOverflowError e) {
      // Signed by the issuer, and wrong all the same.
    }
    throw new Unfit("the claims cannot be read");
  }

  /** How much longer they hold. */
  private Duration checkClaims(JWTClaimsSet claims) throws Unfit {
    if (!config.issuer().equals(claims.getIssuer())) {
      throw new Unfit("the token is of another issuer");
    }
    if (Collections.disjoint(claims.getAudience(), config.audience())) {
      throw new Unfit("the token is for another audience");
    }
    long now = epochMillis.getAsLong();
    long leeway = config.leeway().toMillis();
    Date ends = claims.getExpirationTime();
    if (ends == null) {
      throw new Unfit("the token has no end");
    }
    long left = ends.toInstant().toEpochMilli() - now + leeway;
    if (left <= 0) {
      throw new Unfit("the token has expired");
    }
    Date begins = claims.getNotBeforeTime();
    if (begins != null && begins.toInstant().toEpochMilli() - now > leeway) {
      throw new Unfit("the token does not hold yet");
    }
    return Duration.ofMillis(Math.min(left, LASTS_AT_MOST.toMillis()));
  }

  /** Whether all claims are as the route asks. */
  private boolean isEnough(JWTClaimsSet claims) {
    return config.require().entrySet().stream()
        .allMatch(
            wanted -> has(wanted.getKey(), claims.getClaim(wanted.getKey()), wanted.getValue()));
  }

  /** Whether that claim is what is wanted, or has it among others. */
  static boolean has(String name, @Nullable Object value, String wanted) {
    return switch (value) {
      case String text when LISTS_OF_WORDS.contains(name) ->
          List.of(text.split(" ", -1)).contains(wanted);
      case List<?> many -> many.stream().anyMatch(one -> wanted.equals(text(one)));
      case null -> false;
      default -> wanted.equals(text(value));
    };
  }

  private Map<String, String> fields(JWTClaimsSet claims) {
    Map<String, String> fields = new LinkedHashMap<>();
    config
        .forward()
        .forEach((field, claim) -> {
          String text = field(claims.getClaim(claim));
          if (!text.isEmpty()) {
            fields.put(field, text);
          }
        });
    return fields;
  }

  /** A claim as nodes are told it; empty: they are not. */
  static String field(@Nullable Object value) {
    String text =
        value instanceof List<?> many
            ? many.stream()
                .map(TokenCheck::text)
                .filter(one -> one != null)
                .collect(Collectors.joining(","))
            : text(value);
    return text != null
            && text.length() <= MAX_FIELD
            && text.chars().noneMatch(Character::isISOControl)
        ? text
        : "";
  }

  /** As one word; null: it is not one. */
  private static @Nullable String text(@Nullable Object value) {
    return switch (value) {
      case String text -> text;
      case Boolean flag -> flag.toString();
      case Date time -> Long.toString(time.toInstant().getEpochSecond());
      case Double number when number == Math.rint(number) && Math.abs(number) < 1e15 ->
          Long.toString(number.longValue());
      case Number number -> number.toString();
      case null, default -> null;
    };
  }
}
