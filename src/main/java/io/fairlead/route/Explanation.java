package io.fairlead.route;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Why a request gets the route it gets.
 *
 * @param matched the first route that matches; null if none does
 * @param refusals the first {@value #MAX_REFUSALS} routes before it, each with what did not match
 * @param refused how many routes before it did not match
 * @param beaten the first {@value #MAX_REFUSALS} routes behind it that match too, each with what
 *     puts it behind
 * @param <T> what a route leads to
 */
public record Explanation<T>(
    RouteTable.@Nullable Entry<T> matched,
    List<Refusal> refusals,
    int refused,
    List<Refusal> beaten) {
  /** More than fit on a screen help nobody. */
  public static final int MAX_REFUSALS = 100;

  public Explanation {
    refusals = List.copyOf(refusals);
    beaten = List.copyOf(beaten);
  }

  /**
   * A route that does not get the request.
   *
   * @param route its name
   * @param reason the first part that did not match, or what puts it behind, for people
   */
  public record Refusal(String route, String reason) {}
}
