package io.fairlead.proxy.stream;

import io.fairlead.config.HttpLimits;
import io.fairlead.proxy.http.HttpRoute;

/**
 * What a listener does with a connection that it relays; replaced as a whole when the configuration
 * changes, for connections that come then.
 *
 * @param route where connections go
 * @param limits of which connections and idle-timeout count here
 */
public record StreamPolicy(HttpRoute route, HttpLimits limits) {}
