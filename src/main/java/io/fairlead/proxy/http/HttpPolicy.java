package io.fairlead.proxy.http;

import io.fairlead.config.AccessConfig;
import io.fairlead.config.ForwardedConfig;
import io.fairlead.config.HttpLimits;
import io.fairlead.config.Networks;
import io.fairlead.route.RouteTable;
import java.time.Duration;

/** What a listener does with a request; replaced as a whole when the configuration changes. */
public final class HttpPolicy {
  /** Bodies get this long before their speed counts, and it is judged over such spans. */
  private static final Duration RATE_SPAN = Duration.ofSeconds(10);

  private final RouteTable<HttpRoute> routes;
  private final HttpLimits limits;
  private final ForwardedConfig forwarded;
  private final Networks trust;
  private final HttpRoute.Access access;
  private final ErrorPages errorPages;
  private final long maxBody;
  private final long idleNanos;
  private final long rateSpanNanos;
  private final Tracing tracing;

  /** Without rules of its own. */
  public HttpPolicy(RouteTable<HttpRoute> routes, HttpLimits limits, ForwardedConfig forwarded) {
    this(routes, limits, forwarded, AccessConfig.OPEN, ErrorPages.NONE, RATE_SPAN, Tracing.OFF);
  }

  HttpPolicy(
      RouteTable<HttpRoute> routes,
      HttpLimits limits,
      ForwardedConfig forwarded,
      Duration rateSpan) {
    this(routes, limits, forwarded, AccessConfig.OPEN, ErrorPages.NONE, rateSpan, Tracing.OFF);
  }

  /**
   * @param errorPages for requests that no route has
   */
  public HttpPolicy(
      RouteTable<HttpRoute> routes,
      HttpLimits limits,
      ForwardedConfig forwarded,
      AccessConfig access,
      ErrorPages errorPages,
      Tracing tracing) {
    this(routes, limits, forwarded, access, errorPages, RATE_SPAN, tracing);
  }

  private HttpPolicy(
      RouteTable<HttpRoute> routes,
      HttpLimits limits,
      ForwardedConfig forwarded,
      AccessConfig access,
      ErrorPages errorPages,
      Duration rateSpan,
      Tracing tracing) {
    this.routes = routes;
    this.tracing = tracing;
    this.access = HttpRoute.Access.of(access);
    this.errorPages = errorPages;
    this.maxBody =
        routes.entries().stream()
            .mapToLong(entry -> entry.target().maxBody(limits))
            .reduce(limits.bodyBytes(), Math::max);
    this.limits = limits;
    this.forwarded = forwarded;
    this.trust = Networks.of(forwarded.trust());
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

  /** Whose requests are taken. */
  HttpRoute.Access access() {
    return access;
  }

  ErrorPages errorPages() {
    return errorPages;
  }

  /** Bytes of a request body that some route takes. */
  long maxBody() {
    return maxBody;
  }

  /** Whether requests are parts of traces. */
  Tracing tracing() {
    return tracing;
  }

  /** What nodes are told. */
  ForwardedConfig forwarded() {
    return forwarded;
  }

  /** Whose word about clients behind them is believed. */
  Networks trust() {
    return trust;
  }

  /** {@code limits.idle-timeout}, which every request asks for. */
  long idleNanos() {
    return idleNanos;
  }

  /**
   * When the pace of a client that does not take its answer is judged: after a while, or when it
   * has been idle for too long. Without a bound on its pace it only must not be idle.
   */
  long judgedAfterNanos(long idleNanos) {
    return limits.minBodyRate() == 0 ? idleNanos : Math.min(idleNanos, rateSpanNanos);
  }

  /**
   * Whether a body that came or went for so long should have been more: {@code
   * limits.min-body-rate}, which does not count for the first seconds.
   */
  boolean isTooSlow(long elapsedNanos, long bytes) {
    return elapsedNanos >= rateSpanNanos
        && bytes < limits.minBodyRate() * (elapsedNanos / 1_000_000_000.0);
  }
}
