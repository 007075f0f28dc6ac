package io.fairlead.admin;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Everything that the dashboard shows, in one object; made once a second. */
@Doc("Everything that the dashboard shows, made once a second.")
record LiveView(
    @Doc("Milliseconds since 1970.") long time,
    String version,
    double uptimeSeconds,
    boolean ready,
    boolean draining,
    @Doc("good, attention or bad.") String level,
    @Doc("How things are, in one sentence.") String headline,
    @Doc("What else deserves attention, one sentence each.") List<String> notes,
    ConfigBrief config,
    double controlLagMillis,
    Figures total,
    List<ListenerLive> listeners,
    @Doc("Worst first.") List<ServiceLive> services,
    @Doc("Services beyond the first 100.") int hiddenServices,
    @Doc("The last 30, newest first.") List<EventView> events) {

  /** What the configuration in force is. */
  record ConfigBrief(
      long version,
      @Doc("Milliseconds since 1970.") long appliedAt,
      String source,
      @Doc("False if a later one was offered and refused.") boolean lastReloadSucceeded) {}

  /** Traffic of the last seconds. */
  record Figures(
      @Doc("Requests a second, over the last 3 s.") double rate,
      @Doc("Failures a second, over the last 10 s.") double errorRate,
      @Doc("Share of requests that failed in the last 10 s, 0 to 1.") double errorShare,
      @Doc("Median of the last 5 to 10 s in milliseconds; null: none.") @Nullable Double p50Millis,
      @Doc("99 of 100 took at most this long.") @Nullable Double p99Millis,
      @Doc("Requests in each of the last 60 s, oldest first; empty: none.") List<Integer> rates,
      @Doc("Failures in each of the last 60 s, oldest first; empty: none.") List<Integer> errors) {}

  /** A listener. */
  record ListenerLive(
      String name,
      @Doc("What is spoken: http, tcp, tls-passthrough or udp.") String protocol,
      List<String> addresses,
      @Doc("Client connections open now.") long connections,
      @Doc("Answers that Fairlead made itself since the start, by reason.") List<Reason> reasons,
      int routes,
      @Doc("Those that expire first, 50 at most; empty: no TLS.")
          List<Views.Certificate> certificates,
      Figures figures) {}

  /** How often something happened. */
  record Reason(String reason, long count, String meaning) {}

  /** A service. */
  record ServiceLive(
      String name,
      @Doc("up, degraded or down.") String state,
      @Doc("Nodes that may get new requests.") int available,
      int up,
      int down,
      int draining,
      int total,
      long inFlight,
      Figures figures,
      @Doc("Worst first.") List<NodeLive> nodes,
      @Doc("Nodes that are not listed; the worst are.") int hiddenNodes) {}

  /** A node. */
  record NodeLive(
      String name,
      String address,
      @Doc("up, down or draining.") String state,
      @Doc("Why it is up or down.") String reason,
      @Doc("Since when it is in this state, milliseconds since 1970.") long since,
      int weight,
      String zone,
      @Doc("Who says that it is a member.") String source,
      int inFlight,
      int connections,
      int idleConnections,
      Figures figures) {}
}
