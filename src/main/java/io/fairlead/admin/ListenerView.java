package io.fairlead.admin;

import io.fairlead.telemetry.ErrorReason;
import io.fairlead.telemetry.HandshakeFailure;
import io.fairlead.telemetry.ListenerCounter;
import io.fairlead.telemetry.LoopCounters;
import io.fairlead.telemetry.RouteCounter;
import io.fairlead.telemetry.TlsCounter;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A listener that serves.
 *
 * @param protocol what is spoken: the word of the configuration
 * @param addresses that are bound, with the real port
 * @param counters what its loops count, live
 * @param errors how often Fairlead answered itself, for each reason that occurred, now
 * @param tls null: connections are in the clear
 * @param routes in the order in which they are tried
 */
public record ListenerView(
    String name,
    String protocol,
    List<String> addresses,
    LoopCounters<ListenerCounter> counters,
    Map<ErrorReason, Long> errors,
    @Nullable TlsView tls,
    List<RouteView> routes) {

  /**
   * How it speaks TLS.
   *
   * @param handshakes those that ended well, live
   * @param failures those that did not, live
   * @param going on now
   * @param certificates in the order of the configuration
   */
  public record TlsView(
      LoopCounters<TlsCounter> handshakes,
      LoopCounters<HandshakeFailure> failures,
      int going,
      List<CertificateView> certificates) {}

  /**
   * A certificate.
   *
   * @param file where it came from
   * @param names in it
   * @param secondsLeft until it expires; below 0: it has
   */
  public record CertificateView(String file, List<String> names, long secondsLeft) {
    private static final long DAY = 24 * 60 * 60;

    /** Whole days left; below 0: it has expired. */
    long daysLeft() {
      return Math.floorDiv(secondsLeft, DAY);
    }
  }

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
