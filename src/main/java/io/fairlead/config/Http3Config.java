package io.fairlead.config;

import java.time.Duration;

/**
 * HTTP/3 (RFC 9114) beside HTTP/1.1 and HTTP/2 on the addresses of a listener, by UDP. How much a
 * client may ask is said by the same limits as of HTTP/2.
 *
 * @param maxAge how long a client may remember that it can come by HTTP/3, what {@code Alt-Svc}
 *     says (RFC 7838, 3.1); 1 s to 365 days; default one day
 */
public record Http3Config(Duration maxAge) {
  static final Range<Duration> MAX_AGE =
      Range.durations(Duration.ofSeconds(1), Duration.ofDays(365));

  public static final Http3Config DEFAULT = new Http3Config(Duration.ofDays(1));

  public Http3Config {
    new Require().within(MAX_AGE, "max-age", maxAge).orRefuse();
  }
}
