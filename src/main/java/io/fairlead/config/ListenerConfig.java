package io.fairlead.config;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Where clients come in.
 *
 * @param name unique among listeners; a metric label
 * @param bind one or more addresses
 * @param limits what one client, or all together, may ask of this listener
 * @param forwarded what is told to nodes about the client, and whom we believe about it
 * @param routes tried in order, the first that matches wins; none matching answers 404
 */
public record ListenerConfig(
    String name,
    List<HostPort> bind,
    HttpLimits limits,
    ForwardedConfig forwarded,
    List<RouteConfig> routes) {
  public ListenerConfig {
    bind = List.copyOf(bind);
    routes = List.copyOf(routes);
    Require require =
        new Require()
            .unless(Syntax.name(name), List.of("name"), name)
            .that(!bind.isEmpty(), "bind", null, "must have at least one address")
            .that(!routes.isEmpty(), "routes", null, "must have at least one route");
    Map<String, Integer> names = new HashMap<>();
    int catchAll = -1;
    for (int i = 0; i < routes.size(); i++) {
      RouteConfig route = routes.get(i);
      Integer first = names.putIfAbsent(route.name(), i);
      if (first != null) {
        require.that(
            false,
            List.of("routes", "[" + i + "]", "name"),
            route.name(),
            "must be unique in its listener, but {} has it too",
            List.of(List.of("routes", "[" + first + "]", "name")));
      }
      if (catchAll >= 0 && routes.get(catchAll).match().leavesNothingFor(route.match())) {
        require.that(
            false,
            List.of("routes", "[" + i + "]"),
            null,
            "can never match: route " + (catchAll + 1) + " above takes every request",
            List.of(List.of("routes", "[" + catchAll + "]", "match")));
      } else if (route.match().leavesNothingFor(EVERY_PATH)) {
        // Of two, the one without any path takes more; it is never behind another such.
        catchAll = i;
      }
    }
    require.orRefuse();
  }

  private static final RouteMatch EVERY_PATH =
      new RouteMatch(List.of(), List.of("/**"), List.of(), Map.of());
}
