package io.fairlead;

import io.fairlead.balance.Balancer;
import io.fairlead.config.BalanceMethod;
import io.fairlead.config.ServiceConfig;
import io.fairlead.proxy.DataPlane;
import io.fairlead.proxy.http.ServiceTarget;
import io.fairlead.proxy.tls.NodeTls;
import io.fairlead.service.Node;
import io.fairlead.service.NodeSet;
import io.fairlead.service.Service;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A service with all that hangs on its nodes: whenever they change, event loops get a new balancer,
 * and unused connections to nodes that are down or gone are closed. Control thread.
 */
final class ServiceRuntime {
  private final Service service;
  private final ServiceTarget target;
  private final DataPlane dataPlane;
  private BalanceMethod method;
  private @Nullable NodeTls tls;
  private boolean ended;
  private Set<Node> connected = Collections.newSetFromMap(new IdentityHashMap<>());

  /**
   * @param tls how nodes are spoken to by TLS; null: in the clear
   */
  ServiceRuntime(
      Service service, ServiceConfig config, @Nullable NodeTls tls, DataPlane dataPlane) {
    this.service = service;
    this.dataPlane = dataPlane;
    this.method = config.balance().method();
    this.target =
        new ServiceTarget(service, Balancer.of(method, service.nodes(), null), config, tls);
    this.tls = tls;
    service.subscribe(this::nodesChanged);
  }

  Service service() {
    return service;
  }

  ServiceTarget target() {
    return target;
  }

  @SuppressWarnings("ReferenceEquality") // that very one, with the files as they were
  void configure(ServiceConfig config, @Nullable NodeTls now) {
    target.setConfig(config, now);
    if (tls != now) {
      tls = now;
      for (Node node : service.nodes().all()) {
        dataPlane.closeIdle(node); // what was proved to another policy
      }
    }
    if (config.balance().method() != method) {
      method = config.balance().method();
      target.setBalancer(Balancer.of(method, service.nodes(), null));
    }
  }

  /**
   * The service is no longer configured. The balancer stays as it is: a request whose head began to
   * arrive before the change still goes by the old routes, and has to find its node.
   */
  void end() {
    ended = true;
    service.setMembers(List.of());
  }

  private void nodesChanged(NodeSet nodes) {
    if (!ended) {
      target.setBalancer(Balancer.of(method, nodes, target.balancer()));
    }
    Set<Node> before = connected;
    connected = Collections.newSetFromMap(new IdentityHashMap<>());
    for (Node node : nodes.all()) {
      if (node.facts().up()) {
        connected.add(node);
        before.remove(node);
      }
    }
    before.forEach(dataPlane::closeIdle);
  }
}
