package io.fairlead.config;

import java.time.Duration;
import java.util.List;

/**
 * Which service gets a request.
 *
 * @param name metric label; default {@code LISTENER-N}, N counting from 1
 * @param match what a request must look like
 * @param service name of a service
 * @param timeout from the moment the request went to a node until the head of its answer; 1 ms to
 *     24 h; default 60 s
 */
public record RouteConfig(String name, RouteMatch match, String service, Duration timeout) {
  static final Range<Duration> TIMEOUT =
      Range.durations(Duration.ofMillis(1), Duration.ofHours(24));
  static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(60);

  public RouteConfig {
    new Require()
        .unless(Syntax.routeName(name), List.of("name"), name)
        .within(TIMEOUT, "timeout", timeout)
        .orRefuse();
  }
}
