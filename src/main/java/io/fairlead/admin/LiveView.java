package io.fairlead.admin;

import java.util.List;
import java.util.Map;
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
    @Doc("What becomes of records of requests; null: nothing is recorded.")
        @Nullable RecordsBrief records,
    @Doc("The last 30, newest first.") List<EventView> events) {

  /** How complete the records are. */
  record RecordsBrief(
      @Doc("Whether they get to disk.") boolean writing,
      @Doc("When the oldest kept one began, milliseconds since 1970; null: there is none.")
          @Nullable Long oldest,
      @Doc("Lost since the start: no room in a ring, not written or not made.") long lost,
      @Doc("How long the recorder has been behind.") long lagMillis) {}

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
      @Doc("up, down, draining, ejected or probation.") String state,
      @Doc("Why it is in that state.") String reason,
      @Doc("Since when it is in this state, milliseconds since 1970.") long since,
      @Doc("Why health holds it for up or down.") String health,
      @Doc("good, probation or ejected, by the answers that it gives.") String standing,
      @Doc("Why it is not good; empty: it is.") String standingReason,
      @Doc("What it gets of its usual share by how it answers, 0 to 1.") double share,
      @Doc("When an ejection ends if a probe passes then, milliseconds since 1970; null: none.")
          @Nullable Long ejectedUntil,
      @Doc("Why it is chosen as often as it is, in words.") String choice,
      @Doc("Its part of what was sent to the service's nodes in the last 10 s, 0 to 1; null: none.")
          @Nullable Double requestShare,
      @Doc("When and why it last went up or down, oldest first; 3 at most.")
          List<VerdictView> verdicts,
      int weight,
      String zone,
      @Doc("Lower ones are used first.") int tier,
      Map<String, String> labels,
      @Doc("Who says that it is a member.") String source,
      int inFlight,
      int connections,
      int idleConnections,
      @Doc("Tries that were repeated because of a failure here, since it joined.") long retried,
      Figures figures) {}
}
