package io.fairlead.config;

import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

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
  static final int MAX_SUGGESTIONS = 20;

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
        ServiceConfig named = services.get(service);
        require.that(
            named == null
                || named.proxyProtocol() == ProxyVersion.NONE
                || !listener.protocol().isHttp(),
            List.of("listeners", listener.name(), "routes", "[" + i + "]", "service"),
            service,
            "must not have proxy-protocol where protocol is http: clients share its connections",
            List.of());
        boolean udp = listener.protocol() == ListenerProtocol.UDP;
        require
            .that(
                named == null || !udp || named.proxyProtocol() == ProxyVersion.NONE,
                List.of("listeners", listener.name(), "routes", "[" + i + "]", "service"),
                service,
                "must not have proxy-protocol where protocol is udp",
                List.of())
            .that(
                named == null
                    || !udp
                    || named.health().port() > 0
                    || named.health().probe() instanceof Probe.None,
                List.of("listeners", listener.name(), "routes", "[" + i + "]", "service"),
                service,
                "must have health.port, or health: none, where protocol is udp: nodes are asked"
                    + " over TCP",
                List.of());
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
    Binds<List<String>> binds = new Binds<>();
    binds.add(admin.bind(), List.of("admin", "bind"));
    Binds<List<String>> datagrams = new Binds<>();
    for (ListenerConfig listener : listeners.values()) {
      for (int i = 0; i < listener.bind().size(); i++) {
        HostPort address = listener.bind().get(i);
        List<String> path = List.of("listeners", listener.name(), "bind", "[" + i + "]");
        List<String> other =
            (listener.protocol() == ListenerProtocol.UDP ? datagrams : binds).add(address, path);
        if (other != null) {
          require.that(false, path, address, "must be free, but {} takes it", List.of(other));
        }
      }
    }
  }
}
