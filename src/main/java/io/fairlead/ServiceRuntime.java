package io.fairlead;

import io.fairlead.balance.Balancer;
import io.fairlead.balance.Choice;
import io.fairlead.balance.KeyedHash;
import io.fairlead.config.AffinityConfig;
import io.fairlead.config.BalanceConfig;
import io.fairlead.config.BalanceMethod;
import io.fairlead.config.ServiceConfig;
import io.fairlead.proxy.DataPlane;
import io.fairlead.proxy.http.AffinityTokens;
import io.fairlead.proxy.http.ServiceTarget;
import io.fairlead.proxy.tls.NodeTls;
import io.fairlead.runtime.Scheduler;
import io.fairlead.service.Node;
import io.fairlead.service.NodeSet;
import io.fairlead.service.Service;
import io.fairlead.service.SessionWatch;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A service with all that hangs on its nodes: whenever they change, event loops get a new balancer,
 * unused connections to nodes that are down or gone are closed, and WebSockets to nodes that drain
 * or left get their end. Control thread.
 */
final class ServiceRuntime {
  /** A node that is starting gets its next share after such a part of the time it takes. */
  private static final int STEPS_OF_A_START = 50;

  /** Every node may get what comes. */
  static final Predicate<Node> ALL = _ -> true;

  private final Service service;
  private final Predicate<Node> eligible;
  private final ServiceTarget target;
  private final DataPlane dataPlane;
  private final Scheduler time;
  private volatile BalanceConfig balance;

  /** Whether each key has one node, however busy that is. */
  private volatile boolean keyed;

  private @Nullable NodeTls tls;
  private long steppedMillis;
  private final SessionWatch sessions;
  private volatile @Nullable AffinityTokens tokens;
  private boolean ended;
  private Set<Node> connected = Collections.newSetFromMap(new IdentityHashMap<>());

  /** Members that nobody drains, or whose sessions may stay. */
  private Set<Node> staying = Collections.newSetFromMap(new IdentityHashMap<>());

  /**
   * @param tls how nodes are spoken to by TLS; null: in the clear
   */
  ServiceRuntime(
      Service service,
      ServiceConfig config,
      @Nullable NodeTls tls,
      DataPlane dataPlane,
      Scheduler time) {
    this(service, config, tls, dataPlane, time, ALL);
  }

  /**
   * The same for a part of what the nodes do.
   *
   * @param eligible which of them may get it; asked whenever something about them changes
   */
  ServiceRuntime(
      Service service,
      ServiceConfig config,
      @Nullable NodeTls tls,
      DataPlane dataPlane,
      Scheduler time,
      Predicate<Node> eligible) {
    this.service = service;
    this.eligible = eligible;
    this.dataPlane = dataPlane;
    this.time = time;
    this.balance = config.balance();
    this.target = new ServiceTarget(service, balancer(service.nodes(), null), config, tls);
    this.tls = tls;
    this.sessions = new SessionWatch(service, time);
    service.subscribe(this::nodesChanged);
    tick();
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
    if (!config.balance().equals(balance)) {
      balance = config.balance();
      target.setBalancer(balancer(service.nodes(), target.balancer()));
    }
  }

  /**
   * Whether requests of one client stay with one node.
   *
   * @param keys what their cookies are signed with; looked at only if they do
   */
  void configure(Optional<AffinityConfig> config, Function<AffinityConfig, List<byte[]>> keys) {
    AffinityTokens before = tokens;
    if (config.isEmpty()) {
      tokens = null;
      if (before != null) {
        sessions.end();
      }
    } else {
      List<byte[]> with = keys.apply(config.get());
      if (before == null || !before.isFor(config.get(), with)) {
        tokens = new AffinityTokens(service.name(), config.get(), with);
      }
    }
    lookAtSessions();
    drainWebSockets(service.nodes());
  }

  /** Sees who has sessions, and renews what cookies say; about once a second. */
  void lookAtSessions() {
    AffinityTokens now = tokens;
    target.setAffinity(now, time.epochMillis());
    if (now != null && sessions.look(now.config().idle(), now.config().drainPatience())) {
      drainWebSockets(service.nodes());
    }
  }

  /** Why a node is empty, in words. */
  String emptiness() {
    AffinityTokens now = tokens;
    return now == null
        ? "nothing in flight"
        : "nothing in flight, and no session has been seen for "
            + now.config().idle().toSeconds()
            + " s";
  }

  /** Whether each key has one node from now on, in place of balancing. */
  void setKeyed(boolean now) {
    if (keyed != now) {
      keyed = now;
      target.setBalancer(balancer(service.nodes(), target.balancer()));
    }
  }

  private Balancer balancer(NodeSet nodes, @Nullable Balancer previous) {
    if (keyed) {
      return KeyedHash.of(eligible(nodes));
    }
    return Balancer.of(balance, eligible(nodes), service.division(), time.epochMillis(), previous);
  }

  @SuppressWarnings("ReferenceEquality") // that very one
  private NodeSet eligible(NodeSet nodes) {
    return eligible == ALL ? nodes : nodes.only(eligible);
  }

  /** Why nodes are chosen as often as they are. Any thread; its figures may be of the last tick. */
  Choice choice() {
    return new Choice(target.balancer(), balance, eligible(service.nodes()), time.epochMillis());
  }

  /** One like that in force, which may be asked without an effect on it. */
  Balancer likeBalancer() {
    boolean turns = balance.method() == BalanceMethod.ROUND_ROBIN; // they would be taken from it
    return balancer(service.nodes(), turns ? null : target.balancer());
  }

  /** What is thought of the nodes follows what they do. */
  private void tick() {
    if (ended) {
      return;
    }
    boolean busy = target.balancer().tick(time.nanoTime());
    stepOfAStart();
    time.schedule(busy ? Balancer.TICK : Balancer.IDLE_TICK, this::tick);
  }

  private void stepOfAStart() {
    long window = balance.slowStart().toMillis();
    long now = time.epochMillis();
    if (window == 0 || Math.abs(now - steppedMillis) < window / STEPS_OF_A_START) {
      return;
    }
    for (Node node : service.nodes().available()) {
      long since = now - node.facts().sinceMillis();
      if (since >= 0 && steppedMillis - node.facts().sinceMillis() < window) {
        steppedMillis = now;
        target.setBalancer(balancer(service.nodes(), target.balancer()));
        return;
      }
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
      target.setBalancer(balancer(nodes, target.balancer()));
      lookAtSessions();
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
    drainWebSockets(nodes);
  }

  /** A WebSocket is part of a session: it goes on where that may stay, in spite of a drain. */
  private void drainWebSockets(NodeSet nodes) {
    Set<Node> leaving = staying;
    staying = Collections.newSetFromMap(new IdentityHashMap<>());
    for (Node node : nodes.all()) {
      if (!node.facts().draining() || (tokens != null && !node.sessions().over())) {
        staying.add(node);
        leaving.remove(node);
      }
    }
    leaving.forEach(dataPlane::drainWebSockets);
  }
}
