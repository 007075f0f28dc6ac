package io.fairlead.config;

import java.time.Duration;
import java.util.List;

/**
 * How long the WebSockets of a route may last, and how it is found out whether anybody is there.
 *
 * @param idleTimeout without any frame relayed, then both ends are asked to close; zero: not said,
 *     so none where there are pings, else as for other requests of the route
 * @param pingInterval how long an end may be silent before it is pinged, and then how long it may
 *     take to say anything; zero: no pings
 * @param ping who is pinged
 * @param drainGrace from the begin of a drain until both ends are asked to close; default 20 s, so
 *     that they may do so before the drain's 30 s are over
 * @param closeTimeout from then on until the connection is cut; default 5 s
 */
public record WebSocketConfig(
    Duration idleTimeout,
    Duration pingInterval,
    Ping ping,
    Duration drainGrace,
    Duration closeTimeout) {
  static final Range<Duration> IDLE_TIMEOUT = RouteTimeouts.RANGE;
  static final Range<Duration> PING_INTERVAL =
      Range.durations(Duration.ofMillis(100), Duration.ofHours(24));
  static final Range<Duration> DRAIN_GRACE = Range.durations(Duration.ZERO, Duration.ofHours(24));
  static final Range<Duration> CLOSE_TIMEOUT =
      Range.durations(Duration.ofMillis(1), Duration.ofMinutes(5));

  public static final WebSocketConfig DEFAULT =
      new WebSocketConfig(
          Duration.ZERO, Duration.ZERO, Ping.BOTH, Duration.ofSeconds(20), Duration.ofSeconds(5));

  /** Who is pinged. */
  public enum Ping {
    BOTH,
    CLIENT,
    NODE
  }

  public WebSocketConfig {
    Require require = new Require();
    if (!idleTimeout.isZero()) {
      require.within(IDLE_TIMEOUT, "idle-timeout", idleTimeout);
    }
    if (!pingInterval.isZero()) {
      require.within(PING_INTERVAL, "ping-interval", pingInterval);
    }
    require
        .that(
            idleTimeout.isZero() || pingInterval.compareTo(idleTimeout) < 0,
            List.of("ping-interval"),
            pingInterval,
            "must be shorter than idle-timeout " + Units.duration(idleTimeout),
            List.of(List.of("idle-timeout")))
        .that(
            ping == Ping.BOTH || !pingInterval.isZero(),
            "ping",
            ping,
            "has no meaning without ping-interval")
        .within(DRAIN_GRACE, "drain-grace", drainGrace)
        .within(CLOSE_TIMEOUT, "close-timeout", closeTimeout)
        .orRefuse();
  }
}
