package io.fairlead.proxy.stream;

import io.fairlead.config.HttpLimits;
import io.fairlead.config.ProxyVersion;
import io.fairlead.proxy.http.HttpRoute;

/**
 * What a listener does with a connection that it relays; replaced as a whole when the configuration
 * changes, for connections that come then.
 *
 * @param route where connections go
 * @param limits of which connections and idle-timeout count here
 * @param proxyProtocol what the node is told about the client
 */
public record StreamPolicy(HttpRoute route, HttpLimits limits, ProxyVersion proxyProtocol) {}
