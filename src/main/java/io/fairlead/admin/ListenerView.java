package io.fairlead.admin;

import io.fairlead.telemetry.ErrorReason;
import io.fairlead.telemetry.ListenerCounter;
import io.fairlead.telemetry.LoopCounters;
import io.fairlead.telemetry.RouteCounter;
import java.util.List;
import java.util.Map;

/**
 * A listener that serves.
 *
 * @param protocol what is spoken: the word of the configuration
 * @param addresses that are bound, with the real port
 * @param counters what its loops count, live
 * @param errors how often Fairlead answered itself, for each reason that occurred, now
 * @param routes in the order in which they are tried
 */
public record ListenerView(
    String name,
    String protocol,
    List<String> addresses,
    LoopCounters<ListenerCounter> counters,
    Map<ErrorReason, Long> errors,
    List<RouteView> routes) {

  /**
   * A route of it.
   *
   * @param match what a request must look like, for people
   * @param service where it leads
   * @param counters what the loops count, live
   */
  public record RouteView(
      String name, String match, String service, LoopCounters<RouteCounter> counters) {}
}
