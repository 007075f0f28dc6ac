package io.fairlead.proxy.stream;

import io.fairlead.config.HttpLimits;
import io.fairlead.config.UdpConfig;
import io.fairlead.proxy.http.HttpRoute;

/**
 * What a listener does with datagrams; replaced as a whole when the configuration changes, for
 * sessions that begin then.
 *
 * @param route where they go
 * @param limits of which connections (sessions, here) and idle-timeout count
 * @param udp bounds of a session
 * @param probed nodes are asked whether they are up, so that health can judge what we report
 */
public record UdpPolicy(HttpRoute route, HttpLimits limits, UdpConfig udp, boolean probed) {}
