package io.fairlead.discovery;

import io.fairlead.config.DiscoverSource;
import io.fairlead.runtime.Scheduler;
import io.fairlead.service.Node;
import io.fairlead.service.NodeSpec;
import io.fairlead.service.Service;
import io.fairlead.telemetry.Event;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.random.RandomGenerator;

/**
 * Looks for nodes where the configuration says, and tells {@link Membership}. Each source has its
 * nodes for itself.
 *
 * <p>A source that cannot be asked takes nothing away: what it said last holds. That there are no
 * nodes at all is believed when it has been said twice in a row; and of a name server, which says
 * that of every name while it has not got its zones, only nodes that are down go.
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

    Source(Service service, DiscoverSource config) {
      this.service = service;
      this.config = config;
      this.look = looks.apply(config);
    }

    void begin() {
      waiting.execute(() -> {
        try {
          SourceLook.Found found = look.look();
          control.execute(() -> found(found));
        } catch (IOException | RuntimeException e) {
          control.execute(() -> failed(String.valueOf(e.getMessage())));
        }
      });
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
      } else if (!nodes.isEmpty() && empty >= CONFIRMED) {
        List<NodeSpec> left = found.deliberate() ? List.of() : up();
        if (empty == CONFIRMED && !left.isEmpty()) {
          events.accept(
              new Event.DiscoveryFailed(
                  service.name(), config.name(), "there are no nodes; those that are up stay"));
        }
        set(left);
      }
      Duration pause =
          empty > 0 && empty < CONFIRMED && FIRST_AGAIN.compareTo(found.again()) < 0
              ? FIRST_AGAIN
              : found.again();
      next = control.schedule(pause, this::begin);
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
      };
    }

    void end() {
      over = true;
      next.cancel();
    }
  }

  private final Scheduler control;
  private final Membership membership;
  private final Consumer<Event> events;
  private final Executor waiting;
  private final Function<DiscoverSource, SourceLook> looks;
  private final Map<Service, Map<DiscoverSource, Source>> services = new HashMap<>();

  Discovery(
      Scheduler control,
      Membership membership,
      Consumer<Event> events,
      Executor waiting,
      Function<DiscoverSource, SourceLook> looks) {
    this.control = control;
    this.membership = membership;
    this.events = events;
    this.waiting = waiting;
    this.looks = looks;
  }

  /** One that looks at files and asks name servers. */
  public static Discovery of(
      Scheduler control, Membership membership, Consumer<Event> events, RandomGenerator random) {
    return new Discovery(
        control,
        membership,
        events,
        task -> Thread.ofVirtual().name("discovery").start(task),
        config ->
            switch (config) {
              case DiscoverSource.File file -> new FileLook(file.file());
              case DiscoverSource.Dns dns -> DnsLook.of(dns.host(), dns.server(), random);
              case DiscoverSource.Srv srv -> DnsLook.of(srv.service(), srv.server(), random);
            });
  }

  /** From now on those sources, and no others. Control thread. */
  public void watch(Service service, List<DiscoverSource> wanted) {
    Map<DiscoverSource, Source> known = services.getOrDefault(service, Map.of());
    Map<DiscoverSource, Source> now = new LinkedHashMap<>();
    for (DiscoverSource config : wanted) {
      Source source = known.get(config);
      if (source == null && !now.containsKey(config)) {
        source = new Source(service, config);
        source.begin();
      }
      if (source != null) {
        now.put(config, source);
      }
    }
    known.forEach((config, source) -> {
      if (!now.containsKey(config)) {
        source.end();
        membership.setSource(service, config.name(), List.of(), "no longer in the configuration");
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
