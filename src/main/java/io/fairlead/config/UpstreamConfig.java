package io.fairlead.config;

import java.time.Duration;

/**
 * Connections to the nodes of a service.
 *
 * @param connectTimeout for one connection to be established, 1 ms to 5 m; default 1 s
 * @param idleTimeout after which an unused connection is closed, 1 ms to 24 h; default 30 s
 * @param idleConnections kept open per node, over all event loops, 0 to 1,000,000; default 1024
 */
public record UpstreamConfig(Duration connectTimeout, Duration idleTimeout, int idleConnections) {
  static final Range<Duration> CONNECT_TIMEOUT =
      Range.durations(Duration.ofMillis(1), Duration.ofMinutes(5));
  static final Range<Duration> IDLE_TIMEOUT =
      Range.durations(Duration.ofMillis(1), Duration.ofHours(24));
  static final Range<Integer> IDLE_CONNECTIONS = Range.counts(0, 1_000_000);

  public static final UpstreamConfig DEFAULT =
      new UpstreamConfig(Duration.ofSeconds(1), Duration.ofSeconds(30), 1024);

  public UpstreamConfig {
    new Require()
        .within(CONNECT_TIMEOUT, "connect-timeout", connectTimeout)
        .within(IDLE_TIMEOUT, "idle-timeout", idleTimeout)
        .within(IDLE_CONNECTIONS, "idle-connections", idleConnections)
        .orRefuse();
  }

  /** The same with another time to connect. */
  public UpstreamConfig withConnectTimeout(Duration other) {
    return new UpstreamConfig(other, idleTimeout, idleConnections);
  }
}
