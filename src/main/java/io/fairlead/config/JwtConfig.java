package io.fairlead.config;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Signed tokens (RFC 7519) that a route asks for, as RFC 6750 sends them.
 *
 * @param issuer who has made the token, as its claim {@code iss} says it
 * @param audience whom the token is for; one of these must be in its claim {@code aud}
 * @param keys where the public keys of the issuer are
 * @param algorithms how tokens may be signed; none of them is symmetric
 * @param require by name of a claim: what it has to be, or to have among others
 * @param forward by name of a field, lower case: the claim that nodes are told in it. What a client
 *     says in such a field goes nowhere
 * @param leeway by which the clocks of the issuer and of this machine may differ; 0 to 5 min
 * @param refresh how often keys are fetched, where they are fetched; 10 s to 24 h
 * @param passCredentials whether nodes get the token as the client sent it
 */
public record JwtConfig(
    String issuer,
    List<String> audience,
    Keys keys,
    List<Algorithm> algorithms,
    Map<String, String> require,
    Map<String, String> forward,
    Duration leeway,
    Duration refresh,
    boolean passCredentials) {
  static final Range<Duration> LEEWAY = Range.durations(Duration.ZERO, Duration.ofMinutes(5));
  static final Duration DEFAULT_LEEWAY = Duration.ofSeconds(30);
  static final Range<Duration> REFRESH =
      Range.durations(Duration.ofSeconds(10), Duration.ofHours(24));
  static final Duration DEFAULT_REFRESH = Duration.ofMinutes(5);
  static final List<Algorithm> DEFAULT_ALGORITHMS = List.of(Algorithm.RS256, Algorithm.ES256);

  /**
   * How a token may be signed (RFC 7518, 3). With a symmetric key whoever can check can also sign,
   * and a public key taken for one is known to everybody: there is none here.
   */
  public enum Algorithm {
    RS256,
    RS384,
    RS512,
    PS256,
    PS384,
    PS512,
    ES256,
    ES384,
    ES512
  }

  /** Where keys are. */
  public sealed interface Keys {
    /** In a file, which is read again when it changes. */
    record File(Path path) implements Keys {
      @Override
      public String toString() {
        return path.toString();
      }
    }

    /**
     * At a URL.
     *
     * @param ca files with the authorities that are trusted; none: those of the system
     */
    record Url(String url, List<Path> ca) implements Keys {
      public Url {
        ca = List.copyOf(ca);
      }

      @Override
      public String toString() {
        return url;
      }
    }
  }

  public JwtConfig {
    audience = List.copyOf(audience);
    algorithms = List.copyOf(algorithms);
    require = Collections.unmodifiableMap(new LinkedHashMap<>(require));
    forward = Collections.unmodifiableMap(new LinkedHashMap<>(forward));
    new Require()
        .unless(said(issuer), List.of("issuer"), issuer)
        .that(!audience.isEmpty(), "audience", null, "must have one at least")
        .that(!algorithms.isEmpty(), "algorithms", null, "must have one at least")
        .that(
            !forward.containsKey("authorization"),
            List.of("forward", "authorization"),
            null,
            "must be another field than that of the credentials",
            List.of())
        .within(LEEWAY, "leeway", leeway)
        .within(REFRESH, "refresh", refresh)
        .orRefuse();
  }

  /** What is wrong with a name or a value of a claim. */
  static @Nullable String said(String text) {
    return text.isEmpty() || text.length() > 1024 || text.chars().anyMatch(Character::isISOControl)
        ? "must be 1 to 1024 characters, no control characters"
        : null;
  }
}
