package io.fairlead.proxy.http;

import io.fairlead.balance.Balancer;
import io.fairlead.config.BalanceConfig.LoadMetrics;
import io.fairlead.config.ServiceConfig;
import io.fairlead.config.UpstreamConfig;
import io.fairlead.proxy.tls.NodeTls;
import io.fairlead.service.Service;
import org.jspecify.annotations.Nullable;

/**
 * A service as event loops see it: the balancer over its latest nodes, and how to connect to them.
 * The control thread replaces both; a request reads each once.
 */
public final class ServiceTarget {
  private final Service service;
  private volatile Balancer balancer;
  private volatile NodeLink link;
  private volatile RequestKey key;
  private volatile boolean passesLoadMetrics;

  /** One whose nodes are spoken to in the clear. */
  public ServiceTarget(Service service, Balancer balancer, ServiceConfig config) {
    this(service, balancer, config, null);
  }

  /**
   * @param tls how nodes are spoken to by TLS; null: in the clear
   */
  public ServiceTarget(
      Service service, Balancer balancer, ServiceConfig config, @Nullable NodeTls tls) {
    this.service = service;
    this.balancer = balancer;
    this.link = NodeLink.of(config, tls);
    this.key = new RequestKey(config.balance().hash());
    this.passesLoadMetrics = config.balance().loadMetrics() == LoadMetrics.PASS;
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
    return link.upstream();
  }

  /** How nodes are reached; to be read once for what belongs together. */
  NodeLink link() {
    return link;
  }

  /**
   * What hashing methods look at.
   *
   * @param client the hash of the client's address
   */
  int key(Head request, int client) {
    return key.of(request, client);
  }

  /** Whether clients get what nodes say of their load. */
  boolean passesLoadMetrics() {
    return passesLoadMetrics;
  }

  /** Control thread. */
  public void setConfig(ServiceConfig next, @Nullable NodeTls tls) {
    link = NodeLink.of(next, tls);
    key = new RequestKey(next.balance().hash());
    passesLoadMetrics = next.balance().loadMetrics() == LoadMetrics.PASS;
  }
}
