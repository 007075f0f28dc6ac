package io.fairlead.config;

import java.time.Duration;

/**
 * Connections to the nodes of a service.
 *
 * @param connectTimeout for one connection to be established; default 1 s
 * @param idleTimeout after which an unused connection is closed; default 30 s
 * @param idleConnections kept open per node, over all event loops; default 1024
 */
public record UpstreamConfig(Duration connectTimeout, Duration idleTimeout, int idleConnections) {
  public static final UpstreamConfig DEFAULT =
      new UpstreamConfig(Duration.ofSeconds(1), Duration.ofSeconds(30), 1024);
}
