package io.fairlead.config;

import java.util.List;
import java.util.Optional;

/**
 * Who has to say who it is before a request of a route goes on.
 *
 * @param basic by a name and a password; none: not asked for
 */
public record AuthConfig(Optional<BasicAuthConfig> basic) {
  public static final AuthConfig NONE = new AuthConfig(Optional.empty());

  /** What is given, as the file spells it. */
  List<String> keys() {
    return basic.isPresent() ? List.of("basic-auth") : List.of();
  }
}
