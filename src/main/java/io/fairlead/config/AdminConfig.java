package io.fairlead.config;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The operator's door: dashboard, API and metrics.
 *
 * @param bind where it listens; anything but loopback needs a token, or people who sign in
 * @param tokens who may come in
 * @param allowCommands whether health checks may run programs of this machine
 * @param oidc people who sign in. Without that and without tokens everybody who reaches the door
 *     comes in, as operator
 * @param tls what the door shows; empty: it speaks HTTP in the clear
 */
public record AdminConfig(
    HostPort bind,
    List<Token> tokens,
    boolean allowCommands,
    Optional<AdminOidcConfig> oidc,
    Optional<Tls> tls) {
  public static final AdminConfig DEFAULT =
      new AdminConfig(new HostPort("127.0.0.1", 9900), List.of());

  /** Health checks run no programs. */
  public AdminConfig(HostPort bind, List<Token> tokens) {
    this(bind, tokens, false, Optional.empty(), Optional.empty());
  }

  public AdminConfig {
    tokens = List.copyOf(tokens);
    Require require =
        new Require()
            .that(
                Syntax.isLoopback(bind.host()) || !tokens.isEmpty() || oidc.isPresent(),
                List.of("tokens"),
                null,
                "must have at least one token, or oidc be given, because bind is not loopback",
                List.of(List.of("bind")))
            .that(
                tls.isEmpty() || oidc.isEmpty() || oidc.get().isSecure(),
                List.of("oidc", "url"),
                oidc.map(AdminOidcConfig::url).orElse(null),
                "must begin with https://, because the door speaks TLS",
                List.of(List.of("tls")));
    Map<String, Integer> seen = new HashMap<>();
    for (int i = 0; i < tokens.size(); i++) {
      Integer first = seen.putIfAbsent(tokens.get(i).name(), i);
      if (first != null) {
        require.that(
            false,
            List.of("tokens", "[" + i + "]", "name"),
            tokens.get(i).name(),
            "must be unique, but {} has it too",
            List.of(List.of("tokens", "[" + first + "]", "name")));
      }
    }
    require.orRefuse();
  }

  /** Whether everybody who reaches the door comes in, as operator. */
  public boolean isOpen() {
    return tokens.isEmpty() && oidc.isEmpty();
  }

  /** What nobody is to see. */
  public List<Secret> secrets() {
    List<Secret> secrets = new ArrayList<>(tokens.stream().map(Token::secret).toList());
    oidc.ifPresent(one -> secrets.addAll(one.client().secrets()));
    return secrets;
  }

  /**
   * Files in PEM, read again when they change.
   *
   * @param cert the certificate, and behind it its issuers
   * @param key its private key
   */
  public record Tls(Path cert, Path key) {}

  /** What somebody may do. Each role may do what the ones before it may. */
  public enum Role {
    VIEWER,
    ANALYST,
    OPERATOR
  }

  /**
   * One bearer token.
   *
   * @param name who holds it; appears in audit events
   * @param role what it allows
   * @param secret the token itself, at least 16 characters; never printed
   */
  public record Token(String name, Role role, Secret secret) {
    static final int MIN_LENGTH = 16;

    public Token {
      new Require()
          .unless(Syntax.name(name), List.of("name"), name)
          .that(
              secret.value().length() >= MIN_LENGTH
                  && secret.value().length() <= 4096
                  && secret.value().chars().allMatch(c -> c > ' ' && c < 127),
              "token",
              null,
              "must be " + MIN_LENGTH + " to 4096 visible ASCII characters")
          .orRefuse();
    }
  }
}
