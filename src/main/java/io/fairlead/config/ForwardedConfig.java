package io.fairlead.config;

import java.util.List;

/**
 * What nodes learn about the client.
 *
 * @param trust networks (CIDR) of proxies in front of us whose {@code X-Forwarded-*}, {@code
 *     Forwarded} and {@code x-request-id} are kept and continued; from anybody else they are
 *     dropped. Default: none
 * @param headers which spelling nodes get
 */
public record ForwardedConfig(List<Cidr> trust, Style headers) {
  public static final ForwardedConfig DEFAULT = new ForwardedConfig(List.of(), Style.X_FORWARDED);

  public ForwardedConfig {
    trust = List.copyOf(trust);
  }

  /** Spelling of what nodes are told. */
  public enum Style {
    /** {@code X-Forwarded-For} and {@code X-Forwarded-Proto}. */
    X_FORWARDED,
    /** {@code Forwarded} (RFC 7239). */
    FORWARDED,
    BOTH,
    NONE
  }
}
