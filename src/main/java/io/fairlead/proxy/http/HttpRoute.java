package io.fairlead.proxy.http;

import io.fairlead.config.RouteConfig;
import io.fairlead.telemetry.LoopCounters;
import io.fairlead.telemetry.RouteCounter;

/** Where a matching request goes, and what is counted about it. */
public final class HttpRoute {
  private final RouteConfig config;
  private final ServiceTarget target;
  private final LoopCounters<RouteCounter> counters;
  private final long timeoutNanos;

  public HttpRoute(RouteConfig config, ServiceTarget target, LoopCounters<RouteCounter> counters) {
    this.config = config;
    this.target = target;
    this.counters = counters;
    this.timeoutNanos = config.timeout().toNanos();
  }

  public RouteConfig config() {
    return config;
  }

  public ServiceTarget target() {
    return target;
  }

  public LoopCounters<RouteCounter> counters() {
    return counters;
  }

  long timeoutNanos() {
    return timeoutNanos;
  }
}
