package io.fairlead.config;

import java.time.Duration;

/**
 * How the nodes of a service are probed.
 *
 * @param interval time between the starts of two probes of one node; default 1 s
 * @param timeout time a probe may take; longer counts as failed; default 500 ms
 * @param rise probes in a row that must pass before a down node is up; default 2
 * @param fall probes in a row that must fail before an up node is down; default 3
 * @param probe what is asked; default: a TCP connection
 */
public record HealthCheckConfig(
    Duration interval, Duration timeout, int rise, int fall, Probe probe) {
  public static final HealthCheckConfig DEFAULT =
      new HealthCheckConfig(Duration.ofSeconds(1), Duration.ofMillis(500), 2, 3, new Probe.Tcp());
}
