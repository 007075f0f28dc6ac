package io.fairlead.proxy.stream;

import io.fairlead.config.ProxyVersion;
import io.fairlead.proxy.http.HttpRoute;

/**
 * Where a connection goes.
 *
 * @param proxyProtocol what the node is told about the client
 */
public record StreamRoute(HttpRoute route, ProxyVersion proxyProtocol) {}
