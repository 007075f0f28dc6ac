package io.fairlead.proxy.http;

import io.fairlead.balance.Balancer;
import io.fairlead.config.NodeProtocol;
import io.fairlead.config.ServiceConfig;
import io.fairlead.config.UpstreamConfig;
import io.fairlead.limit.RetryBudget;
import io.fairlead.limit.Shedding;
import io.fairlead.service.Service;

/**
 * A service as event loops see it: the balancer over its latest nodes, and how to connect to them.
 * The control thread replaces both; a request reads each once.
 */
public final class ServiceTarget {
  private final Service service;
  private volatile Balancer balancer;
  private volatile ServiceConfig config;
  private volatile Shedding shedding = Shedding.NEVER;
  private volatile long hedgeNanos = Long.MAX_VALUE;
  private final RetryBudget retries;
  private final RetryBudget hedges;

  public ServiceTarget(Service service, Balancer balancer, ServiceConfig config) {
    this.service = service;
    this.balancer = balancer;
    this.config = config;
    this.retries = new RetryBudget(service.loops());
    this.hedges = new RetryBudget(service.loops());
  }

  public Service service() {
    return service;
  }

  public Balancer balancer() {
    return balancer;
  }

  /** Control thread. */
  public void setBalancer(Balancer next) {
    balancer = next;
  }

  public UpstreamConfig upstream() {
    return config.upstream();
  }

  /** What may be tried again. */
  RetryBudget retries() {
    return retries;
  }

  /** What may be tried twice at the same time. */
  RetryBudget hedges() {
    return hedges;
  }

  /** After how long a request is slow enough to be hedged; {@link Long#MAX_VALUE}: not known. */
  long hedgeNanos() {
    return hedgeNanos;
  }

  /** Any thread, now and then. */
  public void setHedgeNanos(long nanos) {
    hedgeNanos = nanos;
  }

  /** Whether the service has too much to do; then nothing is tried twice. */
  boolean isShedding() {
    return shedding.isShedding();
  }

  /** Control thread. */
  public void setShedding(Shedding next) {
    shedding = next;
  }

  NodeProtocol protocol() {
    return config.protocol();
  }

  /** Control thread. */
  public void setConfig(ServiceConfig next) {
    config = next;
  }
}
