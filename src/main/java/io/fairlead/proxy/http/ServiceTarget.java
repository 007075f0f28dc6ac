package io.fairlead.proxy.http;

import io.fairlead.balance.Balancer;
import io.fairlead.config.UpstreamConfig;
import io.fairlead.service.Service;

/**
 * A service as event loops see it: the balancer over its latest nodes, and how to connect to them.
 * The control thread replaces both; a request reads each once.
 */
public final class ServiceTarget {
  private final Service service;
  private volatile Balancer balancer;
  private volatile UpstreamConfig upstream;

  public ServiceTarget(Service service, Balancer balancer, UpstreamConfig upstream) {
    this.service = service;
    this.balancer = balancer;
    this.upstream = upstream;
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
    return upstream;
  }

  /** Control thread. */
  public void setUpstream(UpstreamConfig next) {
    upstream = next;
  }
}
