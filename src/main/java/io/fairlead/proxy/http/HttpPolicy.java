package io.fairlead.proxy.http;

import io.fairlead.config.ForwardedConfig;
import io.fairlead.config.HttpLimits;
import io.fairlead.route.RouteTable;

/**
 * What a listener does with a request; replaced as a whole when the configuration changes.
 *
 * @param routes compiled
 * @param limits what clients may ask
 * @param forwarded what nodes are told
 */
public record HttpPolicy(
    RouteTable<HttpRoute> routes, HttpLimits limits, ForwardedConfig forwarded) {}
