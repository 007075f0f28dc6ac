package io.fairlead.route;

import io.fairlead.config.RouteConfig;
import java.util.List;

/**
 * The routes of a listener, compiled.
 *
 * @param <T> what a route leads to
 */
public final class RouteTable<T> {
  /** What a compiled route is made from. */
  public record Entry<T>(RouteConfig route, T target) {}

  private RouteTable() {}

  public static <T> RouteTable<T> of(List<Entry<T>> entries) {
    throw new UnsupportedOperationException("compiled " + entries.size() + " routes");
  }
}
