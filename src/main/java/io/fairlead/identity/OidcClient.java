package io.fairlead.identity;

import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jwt.JWTClaimsSet;
import io.fairlead.config.JwtConfig;
import io.fairlead.config.OidcClientConfig;
import java.io.IOException;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.text.ParseException;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Has people sign in at a provider by the authorization code flow (OpenID Connect Core 1.0, 3.1)
 * with PKCE (RFC 7636): says where a browser is to be sent, finds out who comes back, and knows
 * them again by what the browser keeps. Keeps nothing itself, so any instance with the same keys
 * goes on with what another one has begun.
 *
 * <p>Who comes back is believed if the browser is the one that was sent ({@code state}, sealed, and
 * a cookie), soon enough, and the provider changes its code into an ID token that is signed by a
 * key of the provider, made by it, for us, now, and for this attempt ({@code nonce}).
 */
public final class OidcClient {
  /** A browser has to be back by then. */
  public static final long ATTEMPT_MILLIS = TimeUnit.MINUTES.toMillis(10);

  /** Characters of a target; to a longer one nobody is sent back. */
  public static final int MAX_TARGET = 1024;

  /** Of a cookie with its name and what is said of it browsers take 4096 bytes (RFC 6265, 6.1). */
  private static final int MOST_CLEAR = 2700;

  private static final int MAX_CODE = 4096;
  private static final int CHANCE = 32;
  private static final String SESSION = "session";
  private static final String ATTEMPT = "attempt";
  private static final JOSEObjectType ACCESS_TOKEN = new JOSEObjectType("at+jwt");
  private static final Base64.Encoder BASE64 = Base64.getUrlEncoder().withoutPadding();

  /** What a route asks of a claim. */
  public record Wanted(String claim, String value) {
    public long key() {
      return OidcSession.key(claim, value);
    }
  }

  /** Is told what happens. */
  public interface Listener {
    /** Codes come to nothing, and it is not the browser's fault; told once, until one does not. */
    void failed(String why);

    /** They do not any more. */
    void works();
  }

  /** What becomes of a browser that has come back. */
  public sealed interface Outcome {
    /**
     * Somebody has signed in.
     *
     * @param cookie the session, sealed
     * @param target path and query to which the browser goes
     * @param absent claims that are to be something and are not there at all
     */
    record SignedIn(OidcSession session, String cookie, String target, Set<String> absent)
        implements Outcome {}

    /** It took too long: it goes there, and is sent to the provider anew. */
    record TooLate(String target) implements Outcome {}

    /**
     * Nobody has been recognised.
     *
     * @param denied the provider says so itself
     * @param why in words that the client may know
     */
    record Refused(boolean denied, String why) implements Outcome {}

    /** It could not be found out. */
    record Unavailable() implements Outcome {}
  }

  private final OidcClientConfig config;
  private final OidcProvider provider;

  /** By their short names. */
  private final Map<Long, String> said;

  private final Map<Long, Wanted> wanted;
  private final LongSupplier epochMillis;
  private final Listener listener;
  private final TokenCheck check;
  private final AtomicBoolean failing = new AtomicBoolean();
  private volatile String lastFailure = "";

  /**
   * @param said claims whose text is wanted
   * @param wanted claims that are to be something
   * @param epochMillis the clock
   */
  public OidcClient(
      OidcClientConfig config,
      OidcProvider provider,
      Set<String> said,
      Set<Wanted> wanted,
      LongSupplier epochMillis,
      Listener listener) {
    this.config = config;
    this.provider = provider;
    this.said = said.stream().collect(Collectors.toUnmodifiableMap(OidcSession::key, one -> one));
    this.wanted = wanted.stream().collect(Collectors.toUnmodifiableMap(Wanted::key, one -> one));
    this.epochMillis = epochMillis;
    this.listener = listener;
    check =
        new TokenCheck(
            new JwtConfig(
                config.issuer(),
                List.of(config.clientId()),
                new JwtConfig.Keys.Url(config.issuer(), config.ca()),
                config.algorithms(),
                Map.of(),
                Map.of(),
                config.leeway(),
                config.refresh(),
                false),
            provider.keys(),
            epochMillis);
  }

  public OidcClientConfig config() {
    return config;
  }

  /** Whether browsers can be sent to the provider. */
  public boolean isReady() {
    return provider.description() != null;
  }

  /** Why nobody can sign in, or the last one could not; empty: nothing is wrong. */
  public String trouble() {
    return isReady() ? lastFailure : provider.trouble();
  }

  /** A value for the cookie that says which browser it is. */
  public static String newBrowser(SessionSeal seal) {
    return seal.freshText(CHANCE);
  }

  /** Whether it may be one. */
  public static boolean isBrowser(String text) {
    return text.length() == (CHANCE * 4 + 2) / 3 && text.matches("[A-Za-z0-9_-]+");
  }

  /**
   * Where a browser signs in.
   *
   * @param redirectUri where it is to come back
   * @param target path and query to which it goes then
   * @param browser what it has in a cookie
   * @return null: the provider is not known
   */
  public @Nullable String begin(
      SessionSeal seal, String redirectUri, String target, String browser) {
    OidcProvider.Description there = provider.description();
    if (there == null) {
      return null;
    }
    String nonce = seal.freshText(CHANCE);
    String verifier = seal.freshText(CHANCE);
    OidcAttempt attempt =
        new OidcAttempt(
            epochMillis.getAsLong() + ATTEMPT_MILLIS,
            browser,
            nonce,
            verifier,
            redirectUri,
            target(target));
    Map<String, String> query = new LinkedHashMap<>();
    query.put("response_type", "code");
    query.put("client_id", config.clientId());
    query.put("redirect_uri", redirectUri);
    StringBuilder scopes = new StringBuilder("openid");
    config.scopes().stream()
        .filter(scope -> !scope.equals("openid"))
        .forEach(scope -> scopes.append(' ').append(scope));
    query.put("scope", scopes.toString());
    query.put("state", seal.close(ATTEMPT, attempt.bytes()));
    query.put("nonce", nonce);
    query.put("code_challenge", BASE64.encodeToString(hash("SHA-256", verifier)));
    query.put("code_challenge_method", "S256");
    return url(there.authorization(), query);
  }

  /** A path and query on this host, and nothing that a browser could take for another one. */
  public static String target(String text) {
    boolean fine =
        text.length() <= MAX_TARGET
            && text.startsWith("/")
            && !text.startsWith("//")
            && text.chars().allMatch(c -> c > ' ' && c < 127 && c != '\\' && c != '#');
    return fine ? text : "/";
  }

  /**
   * Finds out who has come back. May take seconds.
   *
   * @param query what the browser has brought
   * @param browser what it has in a cookie; empty: nothing
   */
  public Outcome finish(SessionSeal seal, String query, String browser, String redirectUri) {
    Map<String, String> brought = parameters(query);
    String state = brought.getOrDefault("state", "");
    byte[] opened = seal.open(ATTEMPT, state);
    OidcAttempt attempt = opened == null ? null : OidcAttempt.of(opened);
    if (attempt == null) {
      return new Outcome.Refused(false, "this is no answer to a question of ours");
    }
    if (browser.isEmpty() || !isSame(attempt.browser(), browser)) {
      return new Outcome.Refused(false, "another browser has begun this");
    }
    if (!attempt.redirectUri().equals(redirectUri)) {
      return new Outcome.Refused(false, "this has begun at another host");
    }
    if (attempt.until() <= epochMillis.getAsLong()) {
      return new Outcome.TooLate(attempt.target());
    }
    String issuer = brought.get("iss");
    OidcProvider.Description there = provider.description();
    if (there == null) {
      return new Outcome.Unavailable();
    }
    if (issuer == null ? there.namesItself() : !issuer.equals(config.issuer())) {
      return new Outcome.Refused(false, "this comes from another provider");
    }
    if (brought.containsKey("error")) {
      return refusal(brought.getOrDefault("error", ""));
    }
    String code = brought.getOrDefault("code", "");
    if (code.isEmpty() || code.length() > MAX_CODE) {
      return new Outcome.Refused(false, "there is no code");
    }
    return exchange(seal, there, code, attempt);
  }

  /** RFC 6749, 4.1.2.1. */
  private Outcome refusal(String error) {
    return switch (error) {
      case "access_denied" -> new Outcome.Refused(true, "the provider does not let you in");
      case "server_error", "temporarily_unavailable" -> {
        failed("it sends browsers back with " + error);
        yield new Outcome.Unavailable();
      }
      case "invalid_request",
          "unauthorized_client",
          "unsupported_response_type",
          "invalid_scope" -> {
        failed("it sends browsers back with " + error);
        yield new Outcome.Refused(false, "the provider does not take our question");
      }
      default -> new Outcome.Refused(false, "nobody has signed in");
    };
  }

  private Outcome exchange(
      SessionSeal seal, OidcProvider.Description there, String code, OidcAttempt attempt) {
    try {
      OidcProvider.Reply reply = ask(there, code, attempt);
      if (reply.status() == 400 && isSpent(reply.body())) {
        return new Outcome.Refused(false, "the provider does not know this code any more");
      }
      if (reply.status() != 200) {
        throw new IOException("its answer to a code is " + reply.status());
      }
      Map<String, Object> tokens =
          OidcProvider.object(reply.body(), "its answer to a code is no JSON");
      if (!(tokens.get("id_token") instanceof String token)) {
        throw new IOException("its answer to a code has no ID token");
      }
      TokenCheck.Checked checked = check.verify(token.getBytes(StandardCharsets.UTF_8));
      if (checked == null) {
        return new Outcome.Unavailable();
      }
      checkId(checked, attempt, tokens.get("access_token"));
      OidcSession session = session(checked.claims());
      worked();
      Set<String> absent =
          wanted.values().stream()
              .map(Wanted::claim)
              .filter(claim -> checked.claims().getClaim(claim) == null)
              .collect(Collectors.toUnmodifiableSet());
      return new Outcome.SignedIn(
          session, seal.close(SESSION, session.bytes()), attempt.target(), absent);
    } catch (TokenCheck.Unfit e) {
      failed("its ID token is refused: " + e.getMessage());
      return new Outcome.Refused(false, "the provider's ID token is refused: " + e.getMessage());
    } catch (IOException e) {
      failed(String.valueOf(e.getMessage()));
      return new Outcome.Unavailable();
    }
  }

  private OidcProvider.Reply ask(OidcProvider.Description there, String code, OidcAttempt attempt)
      throws IOException {
    Map<String, String> form = new LinkedHashMap<>();
    form.put("grant_type", "authorization_code");
    form.put("code", code);
    form.put("redirect_uri", attempt.redirectUri());
    form.put("code_verifier", attempt.verifier());
    String authorization = "";
    if (config.clientSecret().isPresent() && !there.posts()) {
      // RFC 6749, 2.3.1: both parts are encoded as in a form first.
      String both = encoded(config.clientId()) + ":" + encoded(config.clientSecret().get().value());
      authorization =
          "Basic " + Base64.getEncoder().encodeToString(both.getBytes(StandardCharsets.ISO_8859_1));
    } else {
      form.put("client_id", config.clientId());
      config.clientSecret().ifPresent(secret -> form.put("client_secret", secret.value()));
    }
    return provider.http().post(there.token(), authorization, form(form));
  }

  private static boolean isSpent(byte[] answer) {
    try {
      return "invalid_grant".equals(OidcProvider.object(answer, "").get("error"));
    } catch (IOException e) {
      return false;
    }
  }

  /** OpenID Connect Core 1.0, 3.1.3.7, beyond what holds of every token. */
  private void checkId(
      TokenCheck.Checked checked, OidcAttempt attempt, @Nullable Object accessToken)
      throws TokenCheck.Unfit {
    JWTClaimsSet claims = checked.claims();
    if (ACCESS_TOKEN.equals(checked.header().getType())) {
      throw new TokenCheck.Unfit("it is an access token");
    }
    String nonce = text(claims, "nonce");
    if (nonce == null || !isSame(attempt.nonce(), nonce)) {
      throw new TokenCheck.Unfit("it is for another attempt");
    }
    String who = claims.getSubject();
    if (who == null || who.isEmpty() || who.length() > OidcSession.MAX_WHO) {
      throw new TokenCheck.Unfit("it does not say who it is");
    }
    Object party = claims.getClaim("azp");
    if (party == null ? claims.getAudience().size() > 1 : !config.clientId().equals(party)) {
      throw new TokenCheck.Unfit("it is for another party");
    }
    if (claims.getIssueTime() == null) {
      throw new TokenCheck.Unfit("it does not say when it was made");
    }
    if (claims.getIssueTime().toInstant().toEpochMilli() - epochMillis.getAsLong()
        > config.leeway().toMillis()) {
      throw new TokenCheck.Unfit("it was made in the future");
    }
    Object hash = claims.getClaim("at_hash");
    if (hash != null
        && !(accessToken instanceof String access && isHash(checked.header(), access, hash))) {
      throw new TokenCheck.Unfit("it came with another access token");
    }
  }

  /** The left half of the hash that belongs to the algorithm (OpenID Connect Core 1.0, 3.1.3.6). */
  private static boolean isHash(JWSHeader header, String access, Object hash) {
    String algorithm = header.getAlgorithm().getName();
    String name = "SHA-" + algorithm.substring(algorithm.length() - 3);
    byte[] whole = hash(name, access);
    return BASE64.encodeToString(Arrays.copyOf(whole, whole.length / 2)).equals(hash);
  }

  private static @Nullable String text(JWTClaimsSet claims, String name) {
    try {
      return claims.getStringClaim(name);
    } catch (ParseException e) {
      return null;
    }
  }

  /** What routes want to know, as far as it fits: the longest texts are left out first. */
  private OidcSession session(JWTClaimsSet claims) {
    Map<Long, Boolean> fulfilled = new HashMap<>();
    wanted.forEach((key, one) ->
        fulfilled.put(key, TokenCheck.has(one.claim(), claims.getClaim(one.claim()), one.value())));
    Map<Long, String> texts = new HashMap<>();
    said.forEach((key, claim) -> texts.put(key, TokenCheck.field(claims.getClaim(claim))));
    String who = String.valueOf(claims.getSubject());
    long until = epochMillis.getAsLong() + config.session().toMillis();
    OidcSession session = new OidcSession(who, until, texts, fulfilled);
    while (session.bytes().length > MOST_CLEAR
        && texts.values().stream().anyMatch(t -> !t.isEmpty())) {
      Long longest =
          Collections.max(
                  texts.entrySet(), Comparator.comparingInt(entry -> entry.getValue().length()))
              .getKey();
      texts.put(longest, "");
      session = new OidcSession(who, until, texts, fulfilled);
    }
    return session;
  }

  /** Who that session is of; null: it is none, or over, or says less than is wanted now. */
  public @Nullable OidcSession open(SessionSeal seal, String cookie) {
    byte[] opened = seal.open(SESSION, cookie);
    OidcSession session = opened == null ? null : OidcSession.of(opened);
    return session != null
            && session.until() > epochMillis.getAsLong()
            && session.said().keySet().containsAll(said.keySet())
            && session.fulfilled().keySet().containsAll(wanted.keySet())
        ? session
        : null;
  }

  /**
   * Where a browser ends its session at the provider (OpenID Connect RP-Initiated Logout 1.0).
   *
   * @param back where it is to go then; empty: it stays there
   * @return empty: there is no such place
   */
  public String endSession(String back) {
    OidcProvider.Description there = provider.description();
    if (there == null || there.endSession().isEmpty()) {
      return "";
    }
    Map<String, String> query = new LinkedHashMap<>();
    query.put("client_id", config.clientId());
    if (!back.isEmpty()) {
      query.put("post_logout_redirect_uri", back);
    }
    return url(there.endSession(), query);
  }

  private void failed(String why) {
    lastFailure = why;
    if (!failing.getAndSet(true)) {
      listener.failed(why);
    }
  }

  private void worked() {
    lastFailure = "";
    if (failing.getAndSet(false)) {
      listener.works();
    }
  }

  private static boolean isSame(String ours, String theirs) {
    return MessageDigest.isEqual(
        ours.getBytes(StandardCharsets.UTF_8), theirs.getBytes(StandardCharsets.UTF_8));
  }

  private static byte[] hash(String algorithm, String text) {
    try {
      return MessageDigest.getInstance(algorithm).digest(text.getBytes(StandardCharsets.US_ASCII));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has " + algorithm, e);
    }
  }

  private static String url(String base, Map<String, String> query) {
    return base + (base.indexOf('?') < 0 ? "?" : "&") + form(query);
  }

  private static String form(Map<String, String> fields) {
    StringBuilder text = new StringBuilder();
    fields.forEach((name, value) ->
        text.append(text.isEmpty() ? "" : "&").append(name).append('=').append(encoded(value)));
    return text.toString();
  }

  private static String encoded(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }

  /** Of a query; one that is there twice is none. */
  private static Map<String, String> parameters(String query) {
    Map<String, String> found = new HashMap<>();
    for (String pair : query.split("&", -1)) {
      int equals = pair.indexOf('=');
      if (equals > 0) {
        try {
          String name = URLDecoder.decode(pair.substring(0, equals), StandardCharsets.UTF_8);
          String value = URLDecoder.decode(pair.substring(equals + 1), StandardCharsets.UTF_8);
          found.merge(name, value, (_, _) -> "");
        } catch (IllegalArgumentException e) {
          return Map.of();
        }
      }
    }
    return found;
  }
}
