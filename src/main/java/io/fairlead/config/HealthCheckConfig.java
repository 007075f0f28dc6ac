package io.fairlead.config;

import io.fairlead.config.Probe.Http.Version;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * How the nodes of a service are probed.
 *
 * @param interval time between the starts of two probes of one node, 10 ms to 1 h; default 1 s
 * @param timeout time a probe may take; longer counts as failed; 1 ms to interval; default 500 ms,
 *     or interval if that is shorter
 * @param rise probes in a row that must pass before a down node is up, 1 to 100; default 2
 * @param fall probes in a row that must fail before an up node is down, 1 to 100; default 3
 * @param probe what is asked; default: a TCP connection
 * @param port where it is asked; 0: where the node serves
 * @param certificateLeft how long the certificate that a node shows must still be valid; zero: any
 *     time
 * @param tls how TLS is spoken to be asked, where requests do not speak it; empty: not
 * @param downInterval the longest time between two probes of a node that stays down; zero: interval
 * @param flapWindow in which a node that goes down more than three times needs more passes; zero:
 *     never
 */
public record HealthCheckConfig(
    Duration interval,
    Duration timeout,
    int rise,
    int fall,
    Probe probe,
    int port,
    Duration certificateLeft,
    Optional<ServiceTls> tls,
    Duration downInterval,
    Duration flapWindow) {
  static final Range<Duration> INTERVAL =
      Range.durations(Duration.ofMillis(10), Duration.ofHours(1));
  static final Range<Duration> TIMEOUT = Range.durations(Duration.ofMillis(1), Duration.ofHours(1));
  static final Range<Duration> CERTIFICATE_LEFT =
      Range.durations(Duration.ZERO, Duration.ofDays(366));
  static final Range<Duration> FLAP_WINDOW = Range.durations(Duration.ZERO, Duration.ofDays(1));
  static final Duration USUAL_FLAP_WINDOW = Duration.ofMinutes(1);
  static final Range<Integer> PORT = Range.counts(1, 65_535);
  static final Range<Integer> IN_A_ROW = Range.counts(1, 100);

  public static final HealthCheckConfig DEFAULT =
      new HealthCheckConfig(Duration.ofSeconds(1), Duration.ofMillis(500), 2, 3, new Probe.Tcp());

  /** Nodes are asked where they serve. */
  public HealthCheckConfig(Duration interval, Duration timeout, int rise, int fall, Probe probe) {
    this(
        interval,
        timeout,
        rise,
        fall,
        probe,
        0,
        Duration.ZERO,
        Optional.empty(),
        Duration.ZERO,
        USUAL_FLAP_WINDOW);
  }

  public HealthCheckConfig {
    new Require()
        .within(INTERVAL, "interval", interval)
        .within(TIMEOUT, "timeout", timeout)
        .that(
            timeout.compareTo(interval) <= 0,
            List.of("timeout"),
            timeout,
            "must not exceed interval " + Units.duration(interval),
            List.of(List.of("interval")))
        .within(IN_A_ROW, "rise", rise)
        .within(IN_A_ROW, "fall", fall)
        .within(PORT, "port", Math.max(port, 1))
        .within(CERTIFICATE_LEFT, "certificate-left", certificateLeft)
        .within(FLAP_WINDOW, "flap-window", flapWindow)
        .that(
            tls.isEmpty() || !(probe instanceof CommandProbe || probe instanceof Probe.None),
            "tls",
            null,
            "must not be given where nothing is asked over a connection")
        .that(
            downInterval.isZero() || downInterval.compareTo(interval) >= 0,
            List.of("down-interval"),
            downInterval,
            "must not be shorter than interval " + Units.duration(interval),
            List.of(List.of("interval")))
        .orRefuse();
  }

  /** As a service is probed whose requests speak that. */
  HealthCheckConfig of(NodeProtocol protocol) {
    if (!(probe instanceof Probe.Http http) || http.version() != Version.AS_SERVICE) {
      return this;
    }
    boolean http2 = protocol == NodeProtocol.H2 && port == 0;
    Probe spoken = http.with(http2 ? Version.HTTP_2 : Version.HTTP_1_1);
    return new HealthCheckConfig(
        interval,
        timeout,
        rise,
        fall,
        spoken,
        port,
        certificateLeft,
        tls,
        downInterval,
        flapWindow);
  }
}
