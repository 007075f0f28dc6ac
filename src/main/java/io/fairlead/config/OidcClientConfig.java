package io.fairlead.config;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What Fairlead is to a provider of OpenID Connect, and how long it believes what that has said.
 *
 * @param issuer the provider, as it calls itself; where its description is follows from that
 * @param ca files with the authorities that are trusted; none: those of the system
 * @param clientId what the provider calls us
 * @param clientSecret by which it knows us; none: a public client, which PKCE alone protects
 * @param scopes what is asked for, besides {@code openid}
 * @param session how long somebody stays signed in; 1 min to 30 days
 * @param key what cookies are sealed with: the first seals, all open; empty: by a key of the group,
 *     or of this instance
 * @param algorithms how ID tokens may be signed; none of them is symmetric
 * @param leeway by which the clocks of the provider and of this machine may differ; 0 to 5 min
 * @param refresh how often the provider's description and keys are fetched; 10 s to 24 h
 */
public record OidcClientConfig(
    String issuer,
    List<Path> ca,
    String clientId,
    Optional<Secret> clientSecret,
    List<String> scopes,
    Duration session,
    List<Secret> key,
    List<JwtConfig.Algorithm> algorithms,
    Duration leeway,
    Duration refresh) {
  static final Range<Duration> SESSION =
      Range.durations(Duration.ofMinutes(1), Duration.ofDays(30));
  static final Duration DEFAULT_SESSION = Duration.ofHours(8);
  static final int MAX_PATH = 256;
  static final int MAX_SCOPES = 32;

  /** A shorter one cannot be taken out of texts without taking out others. */
  static final int MIN_SECRET = 8;

  static final int MAX_SECRET = 4096;
  static final int MIN_KEY = 32;
  static final int MAX_KEY = 1024;

  /** One in use, and those that go out of use. */
  static final int MAX_KEYS = 4;

  public OidcClientConfig {
    ca = List.copyOf(ca);
    scopes = List.copyOf(scopes);
    key = List.copyOf(key);
    algorithms = List.copyOf(algorithms);
    Require require =
        new Require()
            .unless(issuer(issuer), List.of("issuer"), issuer)
            .unless(clientId(clientId), List.of("client-id"), clientId)
            .that(
                clientSecret.isEmpty()
                    || (clientSecret.get().value().length() >= MIN_SECRET
                        && clientSecret.get().value().length() <= MAX_SECRET
                        && clientSecret.get().value().chars().allMatch(c -> c > ' ' && c < 127)),
                "client-secret",
                null,
                "must be " + MIN_SECRET + " to " + MAX_SECRET + " visible ASCII characters")
            .that(
                scopes.size() <= MAX_SCOPES,
                "scopes",
                null,
                "must be at most " + MAX_SCOPES + " scopes")
            .that(!algorithms.isEmpty(), "algorithms", null, "must have one at least")
            .that(key.size() <= MAX_KEYS, "key", null, "must be at most " + MAX_KEYS + " keys")
            .within(SESSION, "session", session)
            .within(JwtConfig.LEEWAY, "leeway", leeway)
            .within(JwtConfig.REFRESH, "refresh", refresh);
    for (int i = 0; i < key.size(); i++) {
      int length = key.get(i).value().length();
      require.that(
          length >= MIN_KEY && length <= MAX_KEY,
          List.of("key", "[" + i + "]"),
          null,
          "must have " + MIN_KEY + " to " + MAX_KEY + " characters",
          List.of());
    }
    require.orRefuse();
  }

  /** What nobody is to see. */
  public List<Secret> secrets() {
    List<Secret> secrets = new ArrayList<>(key);
    clientSecret.ifPresent(secrets::add);
    return secrets;
  }

  /** What is wrong with an issuer. */
  static @Nullable String issuer(String text) {
    return isSafe(text) && text.indexOf('?') < 0 && text.indexOf('#') < 0
        ? null
        : "must be a URL with https, or with http on this machine, without a query";
  }

  /**
   * Whether nobody can change on the way what is said there: by TLS, or because it is this machine.
   */
  public static boolean isSafe(String url) {
    boolean here = url.matches("http://(localhost|127\\.[0-9.]+|\\[::1])(:[0-9]{1,5})?(/.*)?");
    return ReceiverConfig.url(url) == null
        && (here || url.startsWith("https:"))
        && url.length() <= 1024
        && url.chars().allMatch(c -> c > ' ' && c < 127 && "\"<>\\^`{|}".indexOf(c) < 0);
  }

  /** What is wrong with what the provider calls us. */
  static @Nullable String clientId(String text) {
    return !text.isEmpty()
            && text.length() <= 256
            && text.chars().allMatch(c -> c >= ' ' && c < 127)
        ? null
        : "must be 1 to 256 printable ASCII characters";
  }

  /** What is wrong with a scope (RFC 6749, 3.3). */
  static @Nullable String scope(String text) {
    return text.matches("[!#-\\[\\]-~]{1,128}")
        ? null
        : "must be 1 to 128 visible ASCII characters without quotes and backslashes";
  }

  /** What is wrong with a path that Fairlead itself answers. */
  static @Nullable String path(String text) {
    return text.length() <= MAX_PATH && text.matches("/(?!/)[A-Za-z0-9._~/-]*") && !isDotted(text)
        ? null
        : "must be a path of at most "
            + MAX_PATH
            + " letters, digits and ._~/- that begins with one slash, without '.' or '..' segments";
  }

  private static boolean isDotted(String path) {
    return (path + "/").contains("/./") || (path + "/").contains("/../");
  }
}
