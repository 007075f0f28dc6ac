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
 */
public record AuthConfig(Optional<BasicAuthConfig> basic, Optional<JwtConfig> jwt) {
  public static final AuthConfig NONE = new AuthConfig(Optional.empty(), Optional.empty());

  /** What is given, as the file spells it. */
  List<String> keys() {
    List<String> keys = new ArrayList<>();
    basic.ifPresent(_ -> keys.add("basic-auth"));
    jwt.ifPresent(_ -> keys.add("jwt"));
    return keys;
  }
}
