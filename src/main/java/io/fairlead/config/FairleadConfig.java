package io.fairlead.config;

import java.nio.file.Path;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Everything one instance is told.
 *
 * @param admin where dashboard, API and metrics are served
 * @param data folder for state; relative to the configuration file
 * @param runtime event loops and transport; changes need a restart
 * @param listeners by name, in file order
 * @param services by name, in file order
 */
public record FairleadConfig(
    AdminConfig admin,
    Path data,
    RuntimeConfig runtime,
    Map<String, ListenerConfig> listeners,
    Map<String, ServiceConfig> services) {
  // Each costs a look at every service name; nobody reads a hundred suggestions.
  private static final int MAX_SUGGESTIONS = 20;

  public FairleadConfig {
    listeners = Collections.unmodifiableMap(new LinkedHashMap<>(listeners));
    services = Collections.unmodifiableMap(new LinkedHashMap<>(services));
    Require require = new Require();
    checkServices(require, listeners, services);
    checkBinds(require, admin, listeners);
    require.orRefuse();
  }

  private static void checkServices(
      Require require, Map<String, ListenerConfig> listeners, Map<String, ServiceConfig> services) {
    for (ListenerConfig listener : listeners.values()) {
      for (int i = 0; i < listener.routes().size(); i++) {
        String service = listener.routes().get(i).service();
        if (!services.containsKey(service)) {
          String hint =
              require.count() < MAX_SUGGESTIONS ? Suggest.among(service, services.keySet()) : "";
          require.that(
              false,
              List.of("listeners", listener.name(), "routes", "[" + i + "]", "service"),
              service,
              "must be the name of a service" + hint,
              List.of(List.of("services", service)));
        }
      }
    }
  }

  private static void checkBinds(
      Require require, AdminConfig admin, Map<String, ListenerConfig> listeners) {
    Binds binds = new Binds();
    binds.add(admin.bind(), List.of("admin", "bind"));
    for (ListenerConfig listener : listeners.values()) {
      for (int i = 0; i < listener.bind().size(); i++) {
        HostPort address = listener.bind().get(i);
        List<String> path = List.of("listeners", listener.name(), "bind", "[" + i + "]");
        List<String> other = binds.add(address, path);
        if (other != null) {
          require.that(false, path, address, "must be free, but {} takes it", List.of(other));
        }
      }
    }
  }

  /**
   * Who takes which address; an address is looked at against all others on its port only if a
   * wildcard.
   */
  private static final class Binds {
    private final Map<Integer, Map<HostPort, List<String>>> all = new HashMap<>();
    private final Map<Integer, Map<HostPort, List<String>>> wildcards = new HashMap<>();

    /** Notes it; answers who takes it already. */
    @Nullable List<String> add(HostPort address, List<String> path) {
      if (address.port() == 0) {
        return null;
      }
      boolean wildcard = Syntax.isWildcard(address.host());
      Map<HostPort, List<String>> onPort = of(all, address);
      List<String> same = onPort.putIfAbsent(address, path);
      if (same != null) {
        return same;
      }
      List<String> taken = overlapping(address, wildcard ? onPort : of(wildcards, address));
      if (wildcard) {
        of(wildcards, address).put(address, path);
      }
      return taken;
    }

    private static Map<HostPort, List<String>> of(
        Map<Integer, Map<HostPort, List<String>>> ports, HostPort address) {
      return ports.computeIfAbsent(address.port(), _ -> new LinkedHashMap<>());
    }

    private static @Nullable List<String> overlapping(
        HostPort address, Map<HostPort, List<String>> others) {
      for (Map.Entry<HostPort, List<String>> other : others.entrySet()) {
        if (!other.getKey().equals(address) && address.overlaps(other.getKey())) {
          return other.getValue();
        }
      }
      return null;
    }
  }
}
