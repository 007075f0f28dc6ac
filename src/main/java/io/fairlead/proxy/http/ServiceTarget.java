package io.fairlead.proxy.http;

import io.fairlead.balance.Balancer;
import io.fairlead.config.NodeProtocol;
import io.fairlead.config.ServiceConfig;
import io.fairlead.config.UpstreamConfig;
import io.fairlead.service.Service;

/**
 * A service as event loops see it: the balancer over its latest nodes, and how to connect to them.
 * The control thread replaces both; a request reads each once.
 */
public final class ServiceTarget {
  private final Service service;
  private volatile Balancer balancer;
  private volatile ServiceConfig config;

  public ServiceTarget(Service service, Balancer balancer, ServiceConfig config) {
    this.service = service;
    this.balancer = balancer;
    this.config = config;
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

  NodeProtocol protocol() {
    return config.protocol();
  }

  /** Control thread. */
  public void setConfig(ServiceConfig next) {
    config = next;
  }
}
