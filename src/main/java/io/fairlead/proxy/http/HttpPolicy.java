package io.fairlead.proxy.http;

import io.fairlead.config.ForwardedConfig;
import io.fairlead.config.HttpLimits;
import io.fairlead.route.RouteTable;

/** What a listener does with a request; replaced as a whole when the configuration changes. */
public final class HttpPolicy {
  private final RouteTable<HttpRoute> routes;
  private final HttpLimits limits;
  private final ForwardedConfig forwarded;
  private final long idleNanos;

  public HttpPolicy(RouteTable<HttpRoute> routes, HttpLimits limits, ForwardedConfig forwarded) {
    this.routes = routes;
    this.limits = limits;
    this.forwarded = forwarded;
    this.idleNanos = limits.idleTimeout().toNanos();
  }

  RouteTable<HttpRoute> routes() {
    return routes;
  }

  /** What clients may ask. */
  HttpLimits limits() {
    return limits;
  }

  /** What nodes are told. */
  ForwardedConfig forwarded() {
    return forwarded;
  }

  /** {@code limits.idle-timeout}, which every request asks for. */
  long idleNanos() {
    return idleNanos;
  }
}
