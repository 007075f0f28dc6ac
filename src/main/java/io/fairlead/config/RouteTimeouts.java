package io.fairlead.config;

import java.time.Duration;

/**
 * Further limits on time for the requests of a route; zero: none, or what stands elsewhere.
 *
 * @param connect for one connection to a node; zero: {@code upstream.connect-timeout}
 * @param attempt from a request's way to one node until the head of that node's answer; then
 *     another try is made if the request may be repeated
 * @param requestBody from the end of the request's head to the end of its body
 * @param idle without any byte of a body in either direction; zero: {@code limits.idle-timeout}
 * @param total from the end of the request's head to the last byte of the answer
 */
public record RouteTimeouts(
    Duration connect, Duration attempt, Duration requestBody, Duration idle, Duration total) {
  static final Range<Duration> RANGE = Range.durations(Duration.ofMillis(1), Duration.ofHours(24));

  public static final RouteTimeouts NONE =
      new RouteTimeouts(Duration.ZERO, Duration.ZERO, Duration.ZERO, Duration.ZERO, Duration.ZERO);

  public RouteTimeouts {
    Require require = new Require();
    check(require, UpstreamConfig.CONNECT_TIMEOUT, "connect", connect);
    check(require, RANGE, "try", attempt);
    check(require, RANGE, "request-body", requestBody);
    check(require, RANGE, "idle", idle);
    check(require, RANGE, "total", total);
    require.orRefuse();
  }

  private static void check(Require require, Range<Duration> range, String key, Duration value) {
    if (!value.isZero()) {
      require.within(range, key, value);
    }
  }
}
