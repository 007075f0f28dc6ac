package io.fairlead;

import io.fairlead.config.DnsZoneConfig;
import io.fairlead.config.FairleadConfig;
import io.fairlead.config.HealthCheckConfig;
import io.fairlead.config.HostPort;
import io.fairlead.config.ListenerConfig;
import io.fairlead.config.Probe;
import io.fairlead.config.ServiceConfig;
import io.fairlead.config.ServiceLimits;
import io.fairlead.dns.DnsChallenges;
import io.fairlead.dns.DnsServer;
import io.fairlead.dns.Forced;
import io.fairlead.group.FrontEnds;
import io.fairlead.health.HealthChecker;
import io.fairlead.runtime.ControlThread;
import io.fairlead.service.Node;
import io.fairlead.service.NodeSpec;
import io.fairlead.service.Service;
import io.fairlead.telemetry.EventLog;
import io.fairlead.telemetry.RecordNames;
import io.fairlead.telemetry.RecordRings;
import java.io.IOException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
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

  /**
   * From when a front end ends to when the group has missed it, and every instance knows. Less than
   * it may take: an answer that is kept for so long at least is no older than what follows.
   */
  private static final long LEASE_MILLIS = 4000;

  /**
   * A service that only answers know, and how it is probed.
   *
   * @param frontEnds whether its nodes are the group's front ends
   */
  private record Own(
      Service service, List<NodeSpec> nodes, HealthCheckConfig health, boolean frontEnds) {}

  /** A configuration that has been built and not been shown yet. */
  record Ready(
      DnsServer server, DnsServer.Prepared prepared, Map<String, Own> own, List<Service> watched) {}

  private static final FrontEnds.View NO_FRONTS = new FrontEnds.View(List.of(), Set.of(), null);

  private final ControlThread control;
  private final EventLog events;
  private final HealthChecker health;
  private final long seed;
  private Map<String, Own> own = Map.of();
  private final List<Runnable> subscriptions = new ArrayList<>();
  private FrontEnds.View fronts = NO_FRONTS;
  private boolean refreshPlanned;
  private boolean looking;
  private volatile @Nullable DnsServer server;
  private final RecordNames recordNames;
  private final DnsChallenges challenges;
  private @Nullable RecordRings rings;

  /**
   * @param recordNames what records call what is named
   * @param challenges what is answered beside zones
   */
  DnsKeeper(
      ControlThread control,
      EventLog events,
      HealthChecker health,
      long seed,
      RecordNames recordNames,
      DnsChallenges challenges) {
    this.recordNames = recordNames;
    this.challenges = challenges;
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
   * From now on answers are recorded there. The thread that prepares; may wait.
   *
   * @param other null: nowhere
   */
  void record(@Nullable RecordRings other) {
    rings = other;
    DnsServer present = server;
    if (present != null) {
      present.record(other);
    }
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
      answering =
          new DnsServer(control, new SplittableRandom(seed), events::add, recordNames, challenges);
      answering.record(rings);
    }
    try {
      return prepare(answering, config, services);
    } catch (IOException | RuntimeException e) {
      drop(answering);
      throw e;
    }
  }

  /** One that never answered has no use for rings. */
  private void drop(DnsServer unused) {
    if (server == null) {
      unused.record(null);
    }
  }

  private Ready prepare(
      DnsServer answering, FairleadConfig config, Function<String, @Nullable Service> services)
      throws IOException {
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
                  known == null ? ServiceLimits.NONE : known.limits(),
                  pool.frontEnds() ? LEASE_MILLIS : Long.MAX_VALUE);
            });
    return new Ready(answering, prepared, next, watched);
  }

  private static HealthCheckConfig made(@Nullable Own own) {
    return own == null ? HealthCheckConfig.DEFAULT : own.health();
  }

  private static String text(DnsZoneConfig.Pool pool) {
    return !pool.service().isEmpty()
        ? "service " + pool.service()
        : pool.frontEnds()
            ? "front ends"
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
    return new Own(service, nodes, probes, pool.frontEnds());
  }

  /** The group's front ends have changed, or what operators say. Control thread. */
  void follow(FrontEnds.View view) {
    fronts = view;
    own.values().stream().filter(Own::frontEnds).forEach(this::setFronts);
    sayWords();
  }

  private void sayWords() {
    DnsServer present = server;
    List<FrontEnds.Word> words = fronts.words();
    if (present == null || words == null) {
      return;
    }
    Map<String, Map<String, Forced>> said = new HashMap<>();
    for (FrontEnds.Word word : words) {
      for (Forced forced : Forced.values()) {
        if (forced.word().equals(word.word())) {
          said.computeIfAbsent(word.name(), _ -> new HashMap<>()).put(word.address(), forced);
        }
      }
    }
    present.follow(said);
  }

  /** One that has been asked joins when it has passed: it has said itself only that it is there. */
  private void setFronts(Own pool) {
    HealthCheckConfig probes = pool.health();
    boolean probed = !(probes.probe() instanceof Probe.None);
    int port = probes.port() > 0 ? probes.port() : NO_PORT;
    List<NodeSpec> nodes = new ArrayList<>();
    Set<HostPort> serving = new HashSet<>();
    for (FrontEnds.Front front : fronts.fronts()) {
      for (String literal : front.addresses()) {
        HostPort address = new HostPort(literal, port);
        nodes.add(
            new NodeSpec(
                address,
                front.instance(),
                front.weight(),
                front.site(),
                0,
                Map.of(),
                "group",
                !probed));
        if (!front.draining()) {
          serving.add(address);
        }
      }
    }
    pool.service().setMembers(nodes, "not there any more");
    for (Node node : pool.service().nodes().all()) {
      boolean _ =
          pool.service().setDraining(node, !serving.contains(node.address()), "the instance");
    }
  }

  /**
   * For how many seconds copies of present answers may send clients to an instance; 0: none does.
   * Control thread.
   */
  int secondsOf(String instance) {
    DnsServer present = server;
    Set<InetAddress> addresses = new HashSet<>();
    for (FrontEnds.Front front : fronts.fronts()) {
      if (front.instance().equals(instance)) {
        front.addresses().forEach(each -> addresses.add(InetAddress.ofLiteral(each)));
      }
    }
    return present == null || addresses.isEmpty() ? 0 : present.secondsOf(addresses);
  }

  /** It is not wanted. */
  void discard(@Nullable Ready ready) {
    if (ready != null) {
      ready.server().discard(ready.prepared());
      drop(ready.server());
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
          if (each.frontEnds()) {
            setFronts(each);
          } else {
            each.service().setMembers(each.nodes());
          }
          health.watch(each.service(), each.health());
        });
    subscriptions.forEach(Runnable::run);
    subscriptions.clear();
    for (Service service : ready.watched()) {
      subscriptions.add(service.subscribe(_ -> planRefresh()));
    }
    server = ready.server();
    ready.server().show(ready.prepared());
    sayWords();
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
