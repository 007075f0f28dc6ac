package io.fairlead;

import io.fairlead.config.DnsZoneConfig;
import io.fairlead.config.FairleadConfig;
import io.fairlead.config.HealthCheckConfig;
import io.fairlead.config.HostPort;
import io.fairlead.config.ListenerConfig;
import io.fairlead.config.ServiceConfig;
import io.fairlead.config.ServiceLimits;
import io.fairlead.dns.DnsServer;
import io.fairlead.health.HealthChecker;
import io.fairlead.runtime.ControlThread;
import io.fairlead.service.NodeSpec;
import io.fairlead.service.Service;
import io.fairlead.telemetry.EventLog;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The name server of this instance: it exists from the first configuration on that has {@code dns}.
 * Members of balanced names are nodes of services throughout; addresses that are written down, and
 * those of listeners, are nodes of services that only answers know, so that the same probes judge
 * them.
 */
final class DnsKeeper {
  /** How often what follows time and load is made anew. */
  private static final Duration LOOK = Duration.ofMillis(500);

  /** The port of an address that nobody asks: it has to have one. */
  private static final int NO_PORT = 9;

  /** A service that only answers know, and how it is probed. */
  private record Own(Service service, List<NodeSpec> nodes, HealthCheckConfig health) {}

  /** A configuration that has been built and not been shown yet. */
  record Ready(
      DnsServer server, DnsServer.Prepared prepared, Map<String, Own> own, List<Service> watched) {}

  private final ControlThread control;
  private final EventLog events;
  private final HealthChecker health;
  private final long seed;
  private Map<String, Own> own = Map.of();
  private final List<Runnable> subscriptions = new ArrayList<>();
  private boolean refreshPlanned;
  private boolean looking;
  private volatile @Nullable DnsServer server;

  DnsKeeper(ControlThread control, EventLog events, HealthChecker health, long seed) {
    this.control = control;
    this.events = events;
    this.health = health;
    this.seed = seed;
  }

  /** What answers; null: nothing does. */
  @Nullable DnsServer server() {
    return server;
  }

  /**
   * Builds what is new. One thread at a time, which may wait.
   *
   * @param services by name, those of the new configuration
   * @return null: there is nothing to answer, and never was
   * @throws IOException if a zone or an address is not as it has to be; nothing has changed
   */
  @Nullable Ready prepare(FairleadConfig config, Function<String, @Nullable Service> services)
      throws IOException {
    DnsServer answering = server;
    if (answering == null) {
      if (!config.dns().enabled()) {
        return null;
      }
      answering = new DnsServer(control, new SplittableRandom(seed), events::add);
    }
    Map<String, Own> next = new LinkedHashMap<>();
    List<Service> watched = new ArrayList<>();
    DnsServer.Prepared prepared =
        answering.prepare(
            config.dns(),
            (name, index, pool) -> {
              Own made = null;
              if (pool.service().isEmpty()) {
                made = own(name, index, pool, config);
                next.put(made.service().name(), made);
              }
              Service service = made != null ? made.service() : services.apply(pool.service());
              if (service == null) {
                throw new IllegalStateException("a pool of no service passed the checks: " + pool);
              }
              watched.add(service);
              ServiceConfig known = config.services().get(pool.service());
              return new ServiceMembers(
                  text(pool),
                  service,
                  known == null ? made(made) : known.health(),
                  known == null ? ServiceLimits.NONE : known.limits());
            });
    return new Ready(answering, prepared, next, watched);
  }

  private static HealthCheckConfig made(@Nullable Own own) {
    return own == null ? HealthCheckConfig.DEFAULT : own.health();
  }

  private static String text(DnsZoneConfig.Pool pool) {
    return !pool.service().isEmpty()
        ? "service " + pool.service()
        : pool.listener().isEmpty() ? "addresses" : "listener " + pool.listener();
  }

  private Own own(String name, int index, DnsZoneConfig.Pool pool, FairleadConfig config) {
    String key = name + "/" + (index + 1);
    Own known = own.get(key);
    Service service =
        known != null ? known.service() : new Service(key, 1, events, control::epochMillis);
    List<NodeSpec> nodes = new ArrayList<>();
    HealthCheckConfig probes = pool.health();
    ListenerConfig listener = config.listeners().get(pool.listener());
    if (listener != null) {
      probes = HealthCheckConfig.DEFAULT;
      for (HostPort address : listener.bind()) {
        nodes.add(new NodeSpec(address, address.toString(), 1, config.runtime().zone(), "file"));
      }
    }
    int port = probes.port() > 0 ? probes.port() : NO_PORT;
    for (DnsZoneConfig.Member member : pool.addresses()) {
      HostPort address = new HostPort(member.address(), port);
      nodes.add(new NodeSpec(address, member.address(), member.weight(), member.site(), "file"));
    }
    return new Own(service, nodes, probes);
  }

  /** It is not wanted. */
  void discard(@Nullable Ready ready) {
    if (ready != null) {
      ready.server().discard(ready.prepared());
    }
  }

  /** From now on that is answered. Control thread. */
  void show(@Nullable Ready ready) {
    if (ready == null) {
      return;
    }
    Map<String, Own> gone = new HashMap<>(own);
    ready.own().keySet().forEach(gone::remove);
    gone.values()
        .forEach(each -> {
          health.forget(each.service());
          each.service().setMembers(List.of());
        });
    own = ready.own();
    own.values()
        .forEach(each -> {
          each.service().setMembers(each.nodes());
          health.watch(each.service(), each.health());
        });
    subscriptions.forEach(Runnable::run);
    subscriptions.clear();
    for (Service service : ready.watched()) {
      subscriptions.add(service.subscribe(_ -> planRefresh()));
    }
    server = ready.server();
    ready.server().show(ready.prepared());
    if (!looking) {
      looking = true;
      control.schedule(LOOK, this::look);
    }
  }

  /** What is no longer wanted ends. After {@link #show}. */
  void retire(@Nullable Ready ready) {
    if (ready != null) {
      ready.server().retire(ready.prepared());
    }
  }

  /** Many nodes may change at once: answers follow once. */
  private void planRefresh() {
    if (!refreshPlanned) {
      refreshPlanned = true;
      control.execute(() -> {
        refreshPlanned = false;
        DnsServer present = server;
        if (present != null) {
          present.refresh();
        }
      });
    }
  }

  private void look() {
    DnsServer present = server;
    if (present != null) {
      present.look();
      control.schedule(LOOK, this::look);
    }
  }

  void close() {
    DnsServer present = server;
    if (present != null) {
      present.close();
    }
  }
}
