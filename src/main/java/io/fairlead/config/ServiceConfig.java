package io.fairlead.config;

import java.util.List;

/**
 * Nodes that offer the same.
 *
 * @param name unique among services; a metric label
 * @param nodes given in the file; others may register through the API
 * @param balance which node gets the next request
 * @param health how nodes are probed
 * @param upstream connections to the nodes
 */
public record ServiceConfig(
    String name,
    List<NodeConfig> nodes,
    BalanceMethod balance,
    HealthCheckConfig health,
    UpstreamConfig upstream) {}
