package io.fairlead.config;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Who has to say who it is before a request of a route goes on.
 *
 * @param basic by a name and a password; none: not asked for
 * @param jwt by a signed token; none: not asked for, and never beside {@code basic}, since both
 *     come in the same field
 * @param oidc by signing in at a provider of OpenID Connect; none: not asked for, and never beside
 *     {@code basic} or {@code jwt}, since people who sign in show none of these
 * @param ext by asking a service, after the others; none: not asked
 */
public record AuthConfig(
    Optional<BasicAuthConfig> basic,
    Optional<JwtConfig> jwt,
    Optional<OidcConfig> oidc,
    Optional<ExtAuthConfig> ext) {
  public static final AuthConfig NONE =
      new AuthConfig(Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty());

  /** Whether credentials are asked for in the same way. */
  public boolean asksLike(AuthConfig other) {
    return basic.equals(other.basic) && jwt.equals(other.jwt);
  }

  /** What nobody is to see. */
  public List<Secret> secrets() {
    return oidc.map(OidcConfig::client).map(OidcClientConfig::secrets).orElse(List.of());
  }

  /** What is given, as the file spells it. */
  List<String> keys() {
    List<String> keys = new ArrayList<>();
    basic.ifPresent(_ -> keys.add("basic-auth"));
    jwt.ifPresent(_ -> keys.add("jwt"));
    oidc.ifPresent(_ -> keys.add("oidc"));
    ext.ifPresent(_ -> keys.add("ext-auth"));
    return keys;
  }
}
