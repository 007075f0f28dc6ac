package io.fairlead.simulate;

import io.fairlead.balance.Balancer;
import io.fairlead.config.BalanceMethod;
import io.fairlead.config.HostPort;
import io.fairlead.service.Node;
import io.fairlead.service.NodeSet;
import io.fairlead.service.NodeSpec;
import io.fairlead.service.Service;
import io.fairlead.telemetry.EventLog;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * One instance of Fairlead, as far as choosing goes: its service, its nodes with their counts, and
 * the balancer that production makes for them.
 */
final class OwnBalancer implements Picker {
  private final BalanceMethod method;
  private final RandomGenerator random;
  private final Service service;
  private final List<NodeSpec> members = new ArrayList<>();
  private final @Nullable Node[] nodes;
  private Balancer balancer;

  OwnBalancer(BalanceMethod method, int nodes, RandomGenerator random) {
    this.method = method;
    this.random = random;
    this.nodes = new Node[nodes];
    this.service = new Service("simulated", 1, new EventLog(() -> 0), () -> 0);
    this.balancer = Balancer.of(method, NodeSet.EMPTY, null);
  }

  @Override
  public void join(int node, long now) {
    // A node's port is its number, so that what was picked needs no look-up.
    HostPort address = new HostPort("10.0.0.1", node + 1);
    members.add(new NodeSpec(address, "n" + node, 1, "", "file"));
  }

  @Override
  public void joined() {
    service.setMembers(members);
    for (Node node : service.nodes().all()) {
      nodes[node.address().port() - 1] = node;
    }
    balancer = Balancer.of(method, service.nodes(), balancer);
  }

  @Override
  public int pick(int client, int avoid, long now) {
    Node picked = balancer.pick(client, avoid < 0 ? null : nodes[avoid], random);
    return picked == null ? -1 : picked.address().port() - 1;
  }

  @Override
  public void sent(int node, long now) {
    Node its = node(node);
    its.requestStarted();
    its.connectionOpened();
  }

  @Override
  public void answered(int node, long now, long took, boolean ok) {
    Node its = node(node);
    its.requestFinished();
    its.connectionClosed();
  }

  private Node node(int number) {
    Node node = nodes[number];
    if (node == null) {
      throw new IllegalStateException("node " + number + " is no member");
    }
    return node;
  }
}
