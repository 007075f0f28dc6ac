package io.fairlead.proxy.stream;

import io.fairlead.config.RouteMatch;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * From the name and the protocols that a client asks for to the first route that takes them. One
 * look-up for the name and one for each of its dots, however many routes there are.
 */
public final class ServerNameTable {
  private final List<StreamRoute> routes;
  private final Map<String, List<Integer>> exact = new HashMap<>();

  /** By what stands behind the star and its dot. */
  private final Map<String, List<Integer>> suffixes = new HashMap<>();

  private final List<Integer> any = new ArrayList<>();

  ServerNameTable(List<StreamRoute> routes) {
    this.routes = List.copyOf(routes);
    for (int i = 0; i < routes.size(); i++) {
      List<String> hosts = match(i).hosts();
      if (hosts.isEmpty()) {
        any.add(i);
      }
      for (String host : hosts) {
        boolean wildcard = host.startsWith("*.");
        (wildcard ? suffixes : exact)
            .computeIfAbsent(wildcard ? host.substring(2) : host, _ -> new ArrayList<>())
            .add(i);
      }
    }
  }

  private RouteMatch match(int route) {
    return routes.get(route).route().config().match();
  }

  /**
   * The first route in their order, or null if none takes it.
   *
   * @param name in lower case; empty: none
   * @param protocols offered
   */
  public @Nullable StreamRoute match(String name, List<String> protocols) {
    int best = first(any, protocols, Integer.MAX_VALUE);
    best = first(exact.getOrDefault(name, List.of()), protocols, best);
    for (int dot = name.indexOf('.'); dot > 0; dot = name.indexOf('.', dot + 1)) {
      best = first(suffixes.getOrDefault(name.substring(dot + 1), List.of()), protocols, best);
    }
    return best == Integer.MAX_VALUE ? null : routes.get(best);
  }

  private int first(List<Integer> candidates, List<String> protocols, int best) {
    for (int route : candidates) {
      List<String> wanted = match(route).alpn();
      if (wanted.isEmpty() || wanted.stream().anyMatch(protocols::contains)) {
        return Math.min(route, best); // they rise
      }
    }
    return best;
  }
}
