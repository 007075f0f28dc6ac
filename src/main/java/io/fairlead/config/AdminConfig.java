package io.fairlead.config;

import java.util.List;

/**
 * The operator's door: dashboard, API and metrics.
 *
 * @param bind where it listens; anything but loopback needs a token
 * @param tokens who may come in; empty: everybody who reaches it, as operator
 */
public record AdminConfig(HostPort bind, List<Token> tokens) {
  /** What a token allows. Each role may do what the ones before it may. */
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
  public record Token(String name, Role role, Secret secret) {}
}
