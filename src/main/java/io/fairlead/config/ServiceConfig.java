package io.fairlead.config;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Nodes that offer the same.
 *
 * @param name unique among services; a metric label
 * @param nodes given in the file; others may register through the API
 * @param discover where nodes are looked for, too
 * @param balance which node gets the next request
 * @param protocol what nodes speak
 * @param tls whether nodes speak TLS, and what they have to prove
 * @param health how nodes are probed
 * @param upstream connections to the nodes
 * @param proxyProtocol what nodes are told about the client of each connection
 * @param outlier how nodes are judged by their answers
 * @param limits how much the service and each node gets at once
 * @param affinity how requests of one client stay with one node; empty: they do not
 * @param scale which nodes Fairlead starts and stops itself; empty: none
 * @param deploy how it gets a new version
 */
public record ServiceConfig(
    String name,
    List<NodeConfig> nodes,
    List<DiscoverSource> discover,
    BalanceConfig balance,
    NodeProtocol protocol,
    ServiceTls tls,
    HealthCheckConfig health,
    UpstreamConfig upstream,
    ProxyVersion proxyProtocol,
    OutlierConfig outlier,
    ServiceLimits limits,
    Optional<AffinityConfig> affinity,
    Optional<ScaleConfig> scale,
    DeployConfig deploy) {
  /** Everything that need not be said as it is when it is not. */
  public ServiceConfig(
      String name, BalanceMethod method, NodeProtocol protocol, UpstreamConfig upstream) {
    this(
        name,
        List.of(),
        List.of(),
        new BalanceConfig(method),
        protocol,
        ServiceTls.NONE,
        HealthCheckConfig.DEFAULT,
        upstream,
        ProxyVersion.NONE,
        OutlierConfig.OFF,
        ServiceLimits.NONE,
        Optional.empty(),
        Optional.empty(),
        DeployConfig.DEFAULT);
  }

  public ServiceConfig {
    nodes = List.copyOf(nodes);
    discover = List.copyOf(discover);
    health = health.of(protocol);
    Require require = new Require().unless(Syntax.name(name), List.of("name"), name);
    Map<HostPort, Integer> addresses = HashMap.newHashMap(nodes.size());
    Map<String, Integer> names = HashMap.newHashMap(nodes.size());
    for (int i = 0; i < nodes.size(); i++) {
      NodeConfig node = nodes.get(i);
      unique(require, "address", node.address(), i, addresses.putIfAbsent(node.address(), i));
      if (!node.name().equals(node.address().toString())) {
        unique(require, "name", node.name(), i, names.putIfAbsent(node.name(), i));
      }
    }
    Map<String, Integer> sources = new HashMap<>();
    for (int i = 0; i < discover.size(); i++) {
      Integer first = sources.putIfAbsent(discover.get(i).name(), i);
      require.that(
          first == null,
          List.of("discover", "[" + i + "]"),
          null,
          "must not name the same as {}",
          List.of(List.of("discover", "[" + first + "]")));
    }
    require
        .that(
            discover.size() <= DiscoverSource.MOST,
            "discover",
            null,
            "must not have more than " + DiscoverSource.MOST + " sources")
        .that(
            !tls.enabled() || health.tls().isEmpty(),
            List.of("health", "tls"),
            null,
            "must not be given beside {} of the service, which probes go by, too",
            List.of(List.of("tls")))
        .that(
            nodeTls(tls, health).enabled() || health.certificateLeft().isZero(),
            List.of("health", "certificate-left"),
            health.certificateLeft(),
            "must not be given without tls",
            List.of(List.of("tls")))
        .that(
            !deploy.version().isEmpty()
                || scale.map(its -> !its.driver().hasVersion()).orElse(true),
            List.of("deploy", "version"),
            null,
            "must be given where {} has {version}",
            List.of(List.of("scale")))
        .orRefuse();
  }

  /** How TLS is spoken to nodes, if only by probes. */
  public ServiceTls nodeTls() {
    return nodeTls(tls, health);
  }

  private static ServiceTls nodeTls(ServiceTls tls, HealthCheckConfig health) {
    return tls.enabled() ? tls : health.tls().orElse(ServiceTls.NONE);
  }

  /** The same, balanced otherwise. */
  ServiceConfig withBalance(BalanceConfig other) {
    return new ServiceConfig(
        name,
        nodes,
        discover,
        other,
        protocol,
        tls,
        health,
        upstream,
        proxyProtocol,
        outlier,
        limits,
        affinity,
        scale,
        deploy);
  }

  private static void unique(
      Require require, String key, Object value, int index, @Nullable Integer first) {
    if (first != null) {
      require.that(
          false,
          List.of("nodes", "[" + index + "]", key),
          value,
          "must be unique in its service, but {} has it too",
          List.of(List.of("nodes", "[" + first + "]", key)));
    }
  }
}
