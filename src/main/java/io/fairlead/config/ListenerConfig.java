package io.fairlead.config;

import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Where clients come in.
 *
 * @param name unique among listeners; a metric label
 * @param bind one or more addresses
 * @param protocol what clients speak
 * @param tls certificates, and what clients have to prove
 * @param http3 whether clients may come by HTTP/3, too; needs tls
 * @param limits what one client, or all together, may ask of this listener
 * @param forwarded what is told to nodes about the client, and whom we believe about it
 * @param proxyProtocol who is believed about the client of a connection
 * @param udp bounds of sessions where the protocol is udp
 * @param access whose requests are taken, by the client's address
 * @param errors {@code 404} or {@code 5xx} → body of Fairlead's own answers with that status
 * @param routes tried by priority, then in order; the first that matches wins; none matching
 *     answers 404; exactly one, without conditions, where the protocol has no requests
 */
public record ListenerConfig(
    String name,
    List<HostPort> bind,
    ListenerProtocol protocol,
    ListenerTls tls,
    Optional<Http3Config> http3,
    HttpLimits limits,
    ForwardedConfig forwarded,
    ProxyProtocolConfig proxyProtocol,
    UdpConfig udp,
    AccessConfig access,
    Map<String, Content> errors,
    List<RouteConfig> routes) {
  /** A listener for HTTP without rules of its own. */
  public ListenerConfig(
      String name,
      List<HostPort> bind,
      HttpLimits limits,
      ForwardedConfig forwarded,
      List<RouteConfig> routes) {
    this(
        name,
        bind,
        ListenerProtocol.HTTP,
        ListenerTls.NONE,
        Optional.empty(),
        limits,
        forwarded,
        ProxyProtocolConfig.NONE,
        UdpConfig.DEFAULT,
        AccessConfig.OPEN,
        Map.of(),
        routes);
  }

  public ListenerConfig {
    bind = List.copyOf(bind);
    errors = Collections.unmodifiableMap(new LinkedHashMap<>(errors));
    routes = List.copyOf(routes);
    Require require =
        new Require()
            .unless(Syntax.name(name), List.of("name"), name)
            .that(!bind.isEmpty(), "bind", null, "must have at least one address")
            .that(!routes.isEmpty(), "routes", null, "must have at least one route, or a service");
    boolean udpOnly = protocol == ListenerProtocol.UDP;
    require
        .that(
            udpOnly || udp.equals(UdpConfig.DEFAULT),
            "udp",
            null,
            "must not be given where protocol is " + Units.word(protocol))
        .that(
            !udpOnly || proxyProtocol.equals(ProxyProtocolConfig.NONE),
            "proxy-protocol",
            null,
            "must not be given where protocol is udp")
        .that(
            !udpOnly || limits.headerTimeout().equals(HttpLimits.DEFAULT.headerTimeout()),
            List.of("limits", "header-timeout"),
            null,
            "must not be given where protocol is udp",
            List.of());
    http3.ifPresent(_ ->
        require
            .that(
                tls.isOn() || !protocol.isHttp(),
                List.of("http3"),
                null,
                "needs tls: QUIC has no other form",
                List.of(List.of("tls")))
            .that(
                protocol.isHttp(),
                "http3",
                null,
                "must not be given where protocol is " + Units.word(protocol))
            .that(
                proxyProtocol.equals(ProxyProtocolConfig.NONE),
                List.of("http3"),
                null,
                "must not be given beside proxy-protocol: datagrams begin with no such header",
                List.of(List.of("proxy-protocol"))));
    if (!protocol.isHttp()) {
      checkRelay(require, protocol, tls, limits, forwarded, routes);
      String not = "must not be given where protocol is " + Units.word(protocol);
      require
          .that(access.allow().isEmpty(), "allow", null, not)
          .that(access.deny().isEmpty(), "deny", null, not)
          .that(errors.isEmpty(), "errors", null, not);
    }
    for (int i = 0; i < routes.size(); i++) {
      require.that(
          !protocol.isHttp() || routes.get(i).match().alpn().isEmpty(),
          List.of("routes", "[" + i + "]", "match", "alpn"),
          null,
          "must not be given where protocol is http",
          List.of());
    }
    Map<String, Integer> names = new HashMap<>();
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
    }
    checkReach(require, routes);
    require.orRefuse();
  }

  private static void checkReach(Require require, List<RouteConfig> routes) {
    int catchAll = -1;
    for (int i : RouteConfig.order(routes)) {
      RouteConfig route = routes.get(i);
      if (catchAll >= 0 && routes.get(catchAll).match().leavesNothingFor(route.match())) {
        require.that(
            false,
            List.of("routes", "[" + i + "]"),
            null,
            "can never match: route "
                + (catchAll + 1)
                + (catchAll < i ? " above" : ", whose priority is higher,")
                + " takes every request",
            List.of(List.of("routes", "[" + catchAll + "]", "match")));
      } else if (route.match().leavesNothingFor(EVERY_PATH)) {
        // Of two, the one without any path takes more; it is never behind another such.
        catchAll = i;
      }
    }
  }

  /** What is about requests has no meaning where there are none. */
  private static void checkRelay(
      Require require,
      ListenerProtocol protocol,
      ListenerTls tls,
      HttpLimits limits,
      ForwardedConfig forwarded,
      List<RouteConfig> routes) {
    String not = "must not be given where protocol is " + Units.word(protocol);
    HttpLimits usual = HttpLimits.DEFAULT;
    require
        .that(!tls.isOn(), "tls", null, not)
        .that(forwarded.equals(ForwardedConfig.DEFAULT), "forwarded", null, not)
        .that(
            limits.headerBytes() == usual.headerBytes(),
            limit("header-bytes"),
            null,
            not,
            List.of())
        .that(
            limits.targetBytes() == usual.targetBytes(),
            limit("target-bytes"),
            null,
            not,
            List.of())
        .that(limits.headers() == usual.headers(), limit("headers"), null, not, List.of())
        .that(limits.bodyBytes() == usual.bodyBytes(), limit("body-bytes"), null, not, List.of())
        .that(
            limits.minBodyRate() == usual.minBodyRate(),
            limit("min-body-rate"),
            null,
            not,
            List.of());
    for (int i = 0; i < routes.size(); i++) {
      RouteConfig route = routes.get(i);
      String at = "[" + i + "]";
      route
          .rulesForRequests()
          .forEach(key -> require.that(false, List.of("routes", at, key), null, not, List.of()));
      require
          .that(
              route
                  .match()
                  .equals(
                      protocol == ListenerProtocol.TLS_PASSTHROUGH
                          ? new RouteMatch(route.match().hosts(), route.match().alpn())
                          : RouteMatch.ANY),
              List.of("routes", at, "match"),
              null,
              protocol == ListenerProtocol.TLS_PASSTHROUGH
                  ? "must name host and alpn only where protocol is tls-passthrough"
                  : not,
              List.of())
          .that(
              route.timeout().equals(RouteConfig.DEFAULT_TIMEOUT),
              List.of("routes", at, "timeout"),
              route.timeout(),
              not + "; see limits.idle-timeout and the service's upstream.connect-timeout",
              List.of());
    }
  }

  private static List<String> limit(String key) {
    return List.of("limits", key);
  }

  private static final RouteMatch EVERY_PATH =
      new RouteMatch(List.of(), List.of("/**"), List.of(), Map.of());
}
