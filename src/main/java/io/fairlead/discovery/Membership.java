package io.fairlead.discovery;

import io.fairlead.config.HostPort;
import io.fairlead.config.NodeConfig;
import io.fairlead.runtime.Scheduler;
import io.fairlead.runtime.Scheduler.Cancellable;
import io.fairlead.service.Node;
import io.fairlead.service.NodeSpec;
import io.fairlead.service.Service;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Adds up what the configuration file and registrations say about who is a member, and tells the
 * services. All of it happens on the control thread.
 *
 * <p>An address that both name is the file's: its weight and name count, and it stays when the
 * registration goes. Other sources come between the two; each has its nodes for itself, so that one
 * which falls silent, or goes, takes nothing away that another one names. A registration with a
 * lease has to be repeated in time. If it is not, the node leaves only if it is down as well;
 * otherwise it stays, marked {@value #EXPIRED}, until it goes down. So when the thing that renews
 * leases breaks, everything that works goes on working, and what died with it leaves.
 *
 * <p>Changes by registration reach the service with the next task of the control thread: a thousand
 * nodes that register together are one change of the balancer.
 */
public final class Membership implements AutoCloseable {
  /** Registered nodes a service may have; a loop that registers port after port ends here. */
  public static final int MAX_REGISTERED = 10_000;

  static final String FILE = "file";
  static final String API = "api";
  static final String EXPIRED = "api, lease expired";

  private static final class Registered {
    final NodeSpec spec;
    final String who;
    final @Nullable Duration ttl;
    final long expiresNanos;
    Cancellable expiry = () -> {};
    boolean expired;

    Registered(NodeSpec spec, String who, @Nullable Duration ttl, long expiresNanos) {
      this.spec = spec;
      this.who = who;
      this.ttl = ttl;
      this.expiresNanos = expiresNanos;
    }
  }

  private static final class Members {
    final Map<HostPort, NodeSpec> configured = new LinkedHashMap<>();
    final Map<HostPort, Registered> registered = new LinkedHashMap<>();

    /** What other sources say, each for itself. */
    final Map<String, List<NodeSpec>> sources = new LinkedHashMap<>();

    Runnable unsubscribe = () -> {};
    int expired;
    boolean updatePlanned;
  }

  private final Scheduler control;
  private final Map<Service, Members> services = new HashMap<>();

  public Membership(Scheduler control) {
    this.control = control;
  }

  /** What the configuration file says; takes effect at once. */
  public void setConfigured(Service service, List<NodeConfig> nodes) {
    Members members = members(service);
    members.configured.clear();
    for (NodeConfig node : nodes) {
      members.configured.putIfAbsent(
          node.address(),
          new NodeSpec(
              node.address(),
              node.name(),
              node.weight(),
              node.zone(),
              node.tier(),
              node.labels(),
              FILE));
    }
    update(service, members, "no longer in the configuration");
  }

  /**
   * What one source says, in place of what it said before; takes effect at once.
   *
   * @param source its name, not {@code file} or {@code api}
   * @param nodes empty: it says nothing any more
   * @param whyGone what is said of those that are members no more
   */
  public void setSource(Service service, String source, List<NodeSpec> nodes, String whyGone) {
    if (nodes.isEmpty() && !services.containsKey(service)) {
      return;
    }
    Members members = members(service);
    if (nodes.isEmpty()) {
      members.sources.remove(source);
    } else {
      members.sources.put(source, List.copyOf(nodes));
    }
    update(service, members, whyGone);
  }

  /**
   * Registers a node or renews its lease.
   *
   * @param ttl when to expect the next renewal; null: never
   * @param who asks
   */
  public Registration register(Service service, NodeSpec node, @Nullable Duration ttl, String who) {
    Members members = members(service);
    Registered before = members.registered.get(node.address());
    if (before == null && members.registered.size() >= MAX_REGISTERED) {
      return Registration.FULL;
    }
    NodeSpec spec = sourced(node, API);
    long expires = control.nanoTime() + (ttl == null ? 0 : ttl.toNanos());
    Registered now = new Registered(spec, who, ttl, expires);
    if (before != null) {
      end(members, before);
    }
    members.registered.put(spec.address(), now);
    if (ttl != null) {
      now.expiry = control.schedule(ttl, () -> expire(service, members, now));
    }
    if (before == null || before.expired || !before.spec.equals(spec)) {
      planUpdate(service, members);
    }
    if (members.configured.containsKey(spec.address())) {
      return Registration.NAMED_BY_FILE;
    }
    return before == null ? Registration.REGISTERED : Registration.RENEWED;
  }

  /**
   * Begins the lease again with everything as it was.
   *
   * @return false if there is no such registration
   */
  public boolean renew(Service service, HostPort address) {
    Members members = services.get(service);
    Registered known = members == null ? null : members.registered.get(address);
    if (known == null) {
      return false;
    }
    register(service, known.spec, known.ttl, known.who);
    return true;
  }

  /**
   * Takes a registration back. A node that the file names too stays.
   *
   * @return false if there is no such registration
   */
  public boolean deregister(Service service, HostPort address, String who) {
    Members members = services.get(service);
    Registered known = members == null ? null : members.registered.remove(address);
    if (members == null || known == null) {
      return false;
    }
    end(members, known);
    update(service, members, "deregistered by " + who);
    return true;
  }

  /** The lease of a registered node; null if it is not registered. */
  public @Nullable Lease lease(Service service, HostPort address) {
    Members members = services.get(service);
    Registered known = members == null ? null : members.registered.get(address);
    if (known == null) {
      return null;
    }
    return new Lease(
        known.who,
        known.ttl,
        known.ttl == null
            ? null
            : Duration.ofNanos(Math.max(0, known.expiresNanos - control.nanoTime())));
  }

  /** All registrations of a service, in their order, with what is left of each. */
  public Map<NodeSpec, Lease> registered(Service service) {
    Map<NodeSpec, Lease> all = new LinkedHashMap<>();
    Members members = services.get(service);
    if (members != null) {
      members.registered.forEach((address, registered) -> {
        Lease lease = lease(service, address);
        if (lease != null) {
          all.put(registered.spec, lease);
        }
      });
    }
    return all;
  }

  /** A registration as it was in another process; what is left of its lease goes on running. */
  public void restore(Service service, NodeSpec node, Lease lease) {
    Duration ttl = lease.ttl();
    Duration remaining = lease.remaining();
    if (register(service, node, ttl, lease.who()) == Registration.FULL
        || ttl == null
        || remaining == null) {
      return;
    }
    Members members = members(service);
    Registered whole = members.registered.get(node.address());
    if (whole == null) {
      return;
    }
    whole.expiry.cancel();
    Registered rest =
        new Registered(whole.spec, lease.who(), ttl, control.nanoTime() + remaining.toNanos());
    members.registered.put(node.address(), rest);
    rest.expiry = control.schedule(remaining, () -> expire(service, members, rest));
  }

  /** Says nothing to the service any more and drops its registrations. */
  public void forget(Service service) {
    Members members = services.remove(service);
    if (members != null) {
      members.unsubscribe.run();
      members.registered.values().forEach(registered -> registered.expiry.cancel());
    }
  }

  /** Forgets all services. */
  @Override
  public void close() {
    List.copyOf(services.keySet()).forEach(this::forget);
  }

  private Members members(Service service) {
    Members known = services.get(service);
    if (known != null) {
      return known;
    }
    Members members = new Members();
    services.put(service, members);
    members.unsubscribe =
        service.subscribe(_ -> {
          // Only if there is something to do: an update is published too and ends up here.
          if (members.expired > 0
              && members.registered.values().stream().anyMatch(r -> isOver(service, r))) {
            planUpdate(service, members);
          }
        });
    return members;
  }

  private static void end(Members members, Registered registered) {
    registered.expiry.cancel();
    members.expired -= registered.expired ? 1 : 0;
  }

  private void expire(Service service, Members members, Registered registered) {
    registered.expired = true;
    members.expired++;
    planUpdate(service, members);
  }

  /** Not now: the service may be in the middle of telling its listeners. */
  private void planUpdate(Service service, Members members) {
    if (!members.updatePlanned) {
      members.updatePlanned = true;
      control.execute(() -> {
        members.updatePlanned = false;
        if (services.get(service) == members) {
          update(service, members, "lease expired and node down");
        }
      });
    }
  }

  private static void update(Service service, Members members, String whyGone) {
    if (members.registered.values().removeIf(registered -> isOver(service, registered))) {
      members.expired =
          (int) members.registered.values().stream().filter(left -> left.expired).count();
    }
    Map<HostPort, NodeSpec> specs = new LinkedHashMap<>(members.configured);
    members
        .sources
        .values()
        .forEach(nodes -> nodes.forEach(node -> specs.putIfAbsent(node.address(), node)));
    members.registered.forEach((address, registered) ->
        specs.putIfAbsent(
            address, registered.expired ? sourced(registered.spec, EXPIRED) : registered.spec));
    service.setMembers(List.copyOf(specs.values()), whyGone);
  }

  private static boolean isOver(Service service, Registered registered) {
    if (!registered.expired) {
      return false;
    }
    Node node = service.find(registered.spec.address());
    return node == null || !node.facts().up();
  }

  private static NodeSpec sourced(NodeSpec spec, String source) {
    return new NodeSpec(
        spec.address(),
        spec.name(),
        spec.weight(),
        spec.zone(),
        spec.tier(),
        spec.labels(),
        source,
        spec.joinsUp());
  }
}
