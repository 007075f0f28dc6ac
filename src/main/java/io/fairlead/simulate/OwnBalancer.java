package io.fairlead.simulate;

import io.fairlead.balance.Balancer;
import io.fairlead.config.BalanceConfig;
import io.fairlead.config.BalanceMethod;
import io.fairlead.config.HostPort;
import io.fairlead.config.SimulationConfig;
import io.fairlead.service.Node;
import io.fairlead.service.NodeSet;
import io.fairlead.service.NodeSpec;
import io.fairlead.service.Service;
import io.fairlead.telemetry.EventLog;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * One instance of Fairlead, as far as choosing goes: its service, its nodes with their counts, the
 * balancer that production makes for them, and the judge of their answers if there is to be one.
 */
final class OwnBalancer implements Picker {
  /** The control thread looks at nodes as often as it would in production. */
  private static final long TICK = Balancer.TICK.toNanos();

  private final BalanceConfig config;
  private final SimulationConfig simulation;
  private final RandomGenerator random;
  private final Service service;
  private final List<NodeSpec> members = new ArrayList<>();
  private final @Nullable Node[] nodes;
  private final @Nullable Judge judge;
  private Balancer balancer;
  private long now;

  OwnBalancer(BalanceMethod method, SimulationConfig simulation, RandomGenerator random) {
    this.config = new BalanceConfig(method);
    this.simulation = simulation;
    this.random = random;
    this.nodes = new Node[simulation.nodes().count()];
    this.service = new Service("simulated", 1, new EventLog(() -> 0), this::epochMillis);
    this.balancer = Balancer.of(config, NodeSet.EMPTY, 0, null);
    service.subscribe(set -> balancer = Balancer.of(config, set, epochMillis(), balancer));
    this.judge = simulation.detect() ? new Judge(service, simulation.routes()) : null;
  }

  private long epochMillis() {
    return now / 1_000_000;
  }

  @Override
  public void join(int node) {
    // A node's port is its number, so that what was picked needs no look-up.
    HostPort address = new HostPort("10.0.0.1", node + 1);
    Map<String, String> labels = new HashMap<>();
    simulation
        .nodes()
        .labels()
        .forEach((name, some) ->
            labels.put(name, node < some.of(simulation.nodes().count()) ? "new" : "old"));
    members.add(new NodeSpec(address, "n" + node, 1, "", 0, labels, "file"));
  }

  @Override
  public void joined(long time) {
    now = time;
    service.setMembers(members);
    for (Node node : service.nodes().all()) {
      nodes[number(node)] = node;
    }
    if (judge != null) {
      judge.replace(service.nodes().all(), time);
    }
  }

  static int number(Node node) {
    return node.address().port() - 1;
  }

  @Override
  public int pick(int client, int avoid, long time) {
    Node picked = balancer.pick(client, avoid < 0 ? null : nodes[avoid], random);
    return picked == null ? -1 : number(picked);
  }

  @Override
  public void sent(int row, int node, int route, int client, long time) {
    Node its = node(node);
    its.requestStarted(0, time);
    its.connectionOpened();
    if (judge != null) {
      judge.sent(row, node, route, client, time);
    }
  }

  @Override
  public void over(int row, int node, long time, long took, End end) {
    Node its = node(node);
    if (end == End.CANCELLED) {
      its.requestAbandoned(0, time);
    } else {
      its.requestAnswered(0, time, took, end != End.ANSWERED);
    }
    its.requestFinished();
    its.connectionClosed();
    if (judge != null) {
      judge.over(row, time, end);
    }
  }

  @Override
  public long tickNanos() {
    return TICK;
  }

  @Override
  public void tick(long time) {
    now = time;
    balancer.tick(time);
    if (judge != null) {
      judge.tick(time);
    }
  }

  @Override
  public double share(int node) {
    Node its = nodes[node];
    return its == null ? 1 : its.facts().standing().share();
  }

  @Override
  public long alarmedSince() {
    return judge == null ? Long.MAX_VALUE : judge.alarmedSince();
  }

  private Node node(int number) {
    Node node = nodes[number];
    if (node == null) {
      throw new IllegalStateException("node " + number + " is no member");
    }
    return node;
  }
}
