package io.fairlead.proxy.http;

import io.fairlead.config.ForwardedConfig;
import io.fairlead.config.HttpLimits;
import io.fairlead.route.RouteTable;
import java.time.Duration;

/** What a listener does with a request; replaced as a whole when the configuration changes. */
public final class HttpPolicy {
  /** Bodies get this long before their speed counts, and it is judged over such spans. */
  private static final Duration RATE_SPAN = Duration.ofSeconds(10);

  private final RouteTable<HttpRoute> routes;
  private final HttpLimits limits;
  private final ForwardedConfig forwarded;
  private final long idleNanos;
  private final long rateSpanNanos;

  public HttpPolicy(RouteTable<HttpRoute> routes, HttpLimits limits, ForwardedConfig forwarded) {
    this(routes, limits, forwarded, RATE_SPAN);
  }

  HttpPolicy(
      RouteTable<HttpRoute> routes,
      HttpLimits limits,
      ForwardedConfig forwarded,
      Duration rateSpan) {
    this.routes = routes;
    this.limits = limits;
    this.forwarded = forwarded;
    this.idleNanos = limits.idleTimeout().toNanos();
    this.rateSpanNanos = rateSpan.toNanos();
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

  /** {@code limits.min-body-rate} does not count for what took no longer than this. */
  long rateSpanNanos() {
    return rateSpanNanos;
  }
}
