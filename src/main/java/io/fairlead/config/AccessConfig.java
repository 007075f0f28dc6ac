package io.fairlead.config;

import java.util.List;

/**
 * Whose requests are taken, by the client's address.
 *
 * @param allow if given, only clients of these networks
 * @param deny never clients of these networks, whatever {@code allow} says
 */
public record AccessConfig(List<Cidr> allow, List<Cidr> deny) {
  public static final AccessConfig OPEN = new AccessConfig(List.of(), List.of());

  public AccessConfig {
    allow = List.copyOf(allow);
    deny = List.copyOf(deny);
  }
}
