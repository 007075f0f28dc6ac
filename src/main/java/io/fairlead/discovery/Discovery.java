package io.fairlead.discovery;

import io.fairlead.config.DiscoverSource;
import io.fairlead.config.HostPort;
import io.fairlead.runtime.Scheduler;
import io.fairlead.service.Node;
import io.fairlead.service.NodeSpec;
import io.fairlead.service.Service;
import io.fairlead.telemetry.Event;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;

/**
 * Looks for nodes where the configuration says, and tells {@link Membership}. Each source has its
 * nodes for itself.
 *
 * <p>A source that cannot be asked takes nothing away: what it said last holds. That there are no
 * nodes at all is believed when it has been said twice in a row; and only nodes that are down go,
 * unless somebody wrote it down: a name server says that of every name while it has not got its
 * zones.
 */
public final class Discovery implements AutoCloseable {
  private static final Duration FIRST_AGAIN = Duration.ofSeconds(1);
  private static final Duration LAST_AGAIN = Duration.ofSeconds(30);
  private static final int CONFIRMED = 2;

  private final class Source {
    final Service service;
    final DiscoverSource config;
    final SourceLook look;
    List<NodeSpec> nodes = List.of();
    Scheduler.Cancellable next = () -> {};
    Duration again = FIRST_AGAIN;
    int empty;
    boolean failed;
    boolean over;

    /** What was last said to be left out. */
    String trouble = "";

    /** Nodes that drain because this source says so. */
    Set<HostPort> drained = new HashSet<>();

    Source(Service service, DiscoverSource config) {
      this.service = service;
      this.config = config;
      this.look = looks.apply(service.name(), config);
    }

    /** Goes on with what the same source has said under another configuration. */
    void follow(Source before) {
      nodes = before.nodes;
      drained = new HashSet<>(before.drained);
    }

    void begin() {
      boolean anew = failed || isDoubted();
      waiting.execute(() -> {
        try {
          SourceLook.Found found = anew ? look.lookAnew() : look.look();
          control.execute(() -> found(found));
        } catch (IOException e) {
          control.execute(() -> failed(String.valueOf(e.getMessage())));
        } catch (Throwable e) { // whatever it is: nobody else would ask this source again
          control.execute(() -> failed("a mistake of Fairlead's own: " + e));
        }
      });
    }

    private boolean isDoubted() {
      return empty > 0 && empty < CONFIRMED;
    }

    private void found(SourceLook.Found found) {
      if (over) {
        return;
      }
      again = FIRST_AGAIN;
      if (failed) {
        failed = false;
        events.accept(new Event.DiscoveryResumed(service.name(), config.name()));
      }
      empty = found.nodes().isEmpty() ? empty + 1 : 0;
      if (empty == 0) {
        set(found.nodes());
        drain(found.draining());
      } else if (!nodes.isEmpty() && empty >= CONFIRMED) {
        List<NodeSpec> left = found.deliberate() ? List.of() : up();
        if (empty == CONFIRMED && !left.isEmpty()) {
          events.accept(
              new Event.DiscoveryFailed(
                  service.name(), config.name(), "there are no nodes; those that are up stay"));
        }
        set(left);
      }
      if (!trouble.equals(found.trouble())) {
        trouble = found.trouble();
        if (!trouble.isEmpty()) {
          events.accept(new Event.DiscoveryFailed(service.name(), config.name(), trouble));
        }
      }
      next = control.schedule(isDoubted() ? FIRST_AGAIN : found.again(), this::begin);
    }

    /** What somebody else has drained stays so, and is not ours to bring back. */
    private void drain(Set<HostPort> wanted) {
      for (HostPort address : wanted) {
        Node node = service.find(address);
        if (node != null
            && node.facts().source().equals(kind())
            && service.setDraining(node, true, config.name())) {
          drained.add(address);
        }
      }
      for (HostPort address : List.copyOf(drained)) {
        if (!wanted.contains(address)) {
          drained.remove(address);
          Node node = service.find(address);
          if (node != null) {
            boolean _ = service.setDraining(node, false, config.name());
          }
        }
      }
    }

    private List<NodeSpec> up() {
      List<NodeSpec> up = new ArrayList<>();
      for (NodeSpec spec : nodes) {
        Node node = service.find(spec.address());
        if (node != null && node.facts().up()) {
          up.add(spec);
        }
      }
      return up;
    }

    private void failed(String why) {
      if (over) {
        return;
      }
      if (!failed) {
        failed = true;
        events.accept(new Event.DiscoveryFailed(service.name(), config.name(), why));
      }
      next = control.schedule(again, this::begin);
      again = again.multipliedBy(2);
      again = again.compareTo(LAST_AGAIN) > 0 ? LAST_AGAIN : again;
    }

    private void set(List<NodeSpec> now) {
      List<NodeSpec> sourced = new ArrayList<>(now.size());
      for (NodeSpec spec : now) {
        sourced.add(
            new NodeSpec(
                spec.address(),
                spec.name(),
                spec.weight(),
                spec.zone(),
                spec.tier(),
                spec.labels(),
                kind()));
      }
      if (!sourced.equals(nodes)) {
        nodes = List.copyOf(sourced);
        membership.setSource(service, config.name(), nodes, "no longer named by " + config.name());
      }
    }

    private String kind() {
      return switch (config) {
        case DiscoverSource.File _ -> "watched file";
        case DiscoverSource.Dns _ -> "dns";
        case DiscoverSource.Srv _ -> "srv";
        case DiscoverSource.Docker _ -> "docker";
        case DiscoverSource.Nacos _ -> "nacos";
        case DiscoverSource.Http _ -> "http";
        case DiscoverSource.Eureka _ -> "eureka";
        case DiscoverSource.Kubernetes _ -> "kubernetes";
        case DiscoverSource.Consul _ -> "consul";
      };
    }

    void end() {
      over = true;
      next.cancel();
      waiting.execute(look::close);
    }

    /** What only this source has said is not so any more. */
    void retract() {
      drain(Set.of());
      membership.setSource(service, config.name(), List.of(), "no longer in the configuration");
    }
  }

  private final Scheduler control;
  private final Membership membership;
  private final Consumer<Event> events;
  private final Executor waiting;
  private final BiFunction<String, DiscoverSource, SourceLook> looks;
  private final Map<Service, Map<DiscoverSource, Source>> services = new HashMap<>();

  Discovery(
      Scheduler control,
      Membership membership,
      Consumer<Event> events,
      Executor waiting,
      BiFunction<String, DiscoverSource, SourceLook> looks) {
    this.control = control;
    this.membership = membership;
    this.events = events;
    this.waiting = waiting;
    this.looks = looks;
  }

  /** One that looks at files and asks whom the configuration names. */
  public static Discovery of(
      Scheduler control, Membership membership, Consumer<Event> events, RandomGenerator random) {
    return new Discovery(
        control,
        membership,
        events,
        task -> Thread.ofVirtual().name("discovery").start(task),
        (service, config) ->
            switch (config) {
              case DiscoverSource.File file -> new FileLook(file.file());
              case DiscoverSource.Dns dns -> DnsLook.of(dns.host(), dns.server(), random);
              case DiscoverSource.Srv srv -> DnsLook.of(srv.service(), srv.server(), random);
              case DiscoverSource.Docker docker -> new DockerLook(docker, service);
              case DiscoverSource.Nacos nacos -> new NacosLook(nacos);
              case DiscoverSource.Http http -> new HttpLook(http);
              case DiscoverSource.Eureka eureka -> new EurekaLook(eureka);
              case DiscoverSource.Kubernetes kubernetes -> new KubernetesLook(kubernetes);
              case DiscoverSource.Consul consul -> new ConsulLook(consul);
            });
  }

  /** From now on those sources, and no others. Control thread. */
  public void watch(Service service, List<DiscoverSource> wanted) {
    Map<DiscoverSource, Source> known = services.getOrDefault(service, Map.of());
    Map<String, Source> before = new HashMap<>();
    known.forEach((config, source) -> before.put(config.name(), source));
    Map<DiscoverSource, Source> now = new LinkedHashMap<>();
    for (DiscoverSource config : wanted) {
      Source source = known.get(config);
      if (source == null && !now.containsKey(config)) {
        source = new Source(service, config);
        Source same = before.get(config.name());
        if (same != null) { // another token, perhaps: what it said holds until it answers
          source.follow(same);
        }
        source.begin();
      }
      if (source != null) {
        now.put(config, source);
      }
    }
    Set<String> names = new HashSet<>();
    now.keySet().forEach(config -> names.add(config.name()));
    known.forEach((config, source) -> {
      if (!now.containsKey(config)) {
        source.end();
        if (!names.contains(config.name())) {
          source.retract();
        }
      }
    });
    if (now.isEmpty()) {
      services.remove(service);
    } else {
      services.put(service, now);
    }
  }

  /** The service is no more. Control thread. */
  public void forget(Service service) {
    Map<DiscoverSource, Source> known = services.remove(service);
    if (known != null) {
      known.values().forEach(Source::end);
    }
  }

  @Override
  public void close() {
    List.copyOf(services.keySet()).forEach(this::forget);
  }
}
