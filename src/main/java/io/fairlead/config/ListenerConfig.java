package io.fairlead.config;

import java.util.List;

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
    List<RouteConfig> routes) {}
