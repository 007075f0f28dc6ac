package io.fairlead.config;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * How the members of a database are asked what they are.
 *
 * @param user who logs in
 * @param password of that user; empty: none
 * @param database to log in to; empty: the one named as the user
 * @param interval time between the starts of two questions to one member, 50 ms to 1 m
 * @param timeout for a question, from the connection to the answer; at most the interval
 * @param fall questions in a row without an answer before a member is down, 1 to 100
 * @param tls how TLS is spoken to ask; empty: not
 */
public record DatabaseProbeConfig(
    String user,
    Secret password,
    String database,
    Duration interval,
    Duration timeout,
    int fall,
    Optional<ServiceTls> tls) {
  static final Range<Duration> INTERVAL =
      Range.durations(Duration.ofMillis(50), Duration.ofMinutes(1));
  static final Duration DEFAULT_INTERVAL = Duration.ofMillis(500);
  static final int DEFAULT_FALL = 2;

  public DatabaseProbeConfig {
    new Require()
        .within(INTERVAL, "interval", interval)
        .within(HealthCheckConfig.TIMEOUT, "timeout", timeout)
        .that(
            timeout.compareTo(interval) <= 0,
            List.of("timeout"),
            timeout,
            "must not exceed interval " + Units.duration(interval),
            List.of(List.of("interval")))
        .within(HealthCheckConfig.IN_A_ROW, "fall", fall)
        .that(!user.isEmpty(), "user", null, "must not be empty")
        .orRefuse();
  }

  DatabaseProbeConfig in(String other) {
    return new DatabaseProbeConfig(user, password, other, interval, timeout, fall, tls);
  }
}
