package io.fairlead;

import io.fairlead.config.HostPort;
import io.fairlead.discovery.Lease;
import io.fairlead.proxy.Listener.QuicDoor;
import io.fairlead.proxy.SharedSocket;
import io.fairlead.service.Node;
import io.fairlead.service.NodeSpec;
import io.fairlead.service.Service;
import io.fairlead.takeover.HandedService;
import io.fairlead.takeover.HandedService.HandedLease;
import io.fairlead.takeover.HandedService.HandedNode;
import io.fairlead.takeover.HandedService.HandedStanding;
import io.fairlead.takeover.HandedSocket;
import io.fairlead.takeover.HandedState;
import io.fairlead.takeover.HandedState.HandedDoor;
import io.fairlead.takeover.TakeoverCall;
import io.fairlead.takeover.TakeoverException;
import io.fairlead.telemetry.Event;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** What a new instance receives from the one that it replaces. */
final class Succession {
  private final TakeoverCall predecessor;

  Succession(TakeoverCall predecessor) {
    this.predecessor = predecessor;
  }

  long pid() {
    return predecessor.pid();
  }

  List<SharedSocket> sockets() {
    return predecessor.sockets().stream().map(Succession::socket).toList();
  }

  private static SharedSocket socket(HandedSocket handed) {
    HostPort bound = HostPort.parse(handed.bound());
    return new SharedSocket(
        handed.listener(),
        handed.datagrams(),
        HostPort.parse(handed.address()),
        new InetSocketAddress(InetAddress.ofLiteral(bound.host()), bound.port()),
        handed.descriptor());
  }

  /**
   * The configuration is applied: has the old instance shut its door, and learns what it knows.
   *
   * @throws IOException if the old instance goes on
   */
  void learn(Fairlead instance) throws IOException {
    HandedState state;
    try {
      state = predecessor.ready();
    } catch (TakeoverException e) {
      if (e.kind() != TakeoverException.Kind.DIED) {
        throw e;
      }
      // Its sockets are ours, so nobody has been refused. What it knew is lost.
      instance.events().add(new Event.TakeoverFailed(e.getMessage() + "; this one goes on alone"));
      return;
    }
    learn(instance, state);
  }

  static void learn(Fairlead instance, HandedState state) {
    instance.learnTicketKeys(state.ticketKeys());
    for (HandedDoor door : state.doors()) {
      HostPort bound = HostPort.parse(door.bound());
      QuicDoor before =
          new QuicDoor(
              new InetSocketAddress(InetAddress.ofLiteral(bound.host()), bound.port()),
              door.tag(),
              door.port());
      instance.state().listeners().values().forEach(listener -> listener.passOn(before));
    }
    List<HandedService> services = state.services();
    // Two steps: membership tells the services of what was registered with its next task.
    instance.control().call(() -> onEach(instance, services, Succession::register));
    instance.control().call(() -> onEach(instance, services, Succession::judge));
  }

  private interface Step {
    void apply(Fairlead instance, Service service, HandedService handed);
  }

  private static boolean onEach(Fairlead instance, List<HandedService> services, Step step) {
    for (HandedService handed : services) {
      ServiceRuntime runtime = instance.state().services().get(handed.name());
      if (runtime != null) { // otherwise the new configuration does not have it
        step.apply(instance, runtime.service(), handed);
      }
    }
    return true;
  }

  private static void register(Fairlead instance, Service service, HandedService handed) {
    for (HandedLease lease : handed.leases()) {
      Long ttl = lease.ttlMillis();
      instance
          .membership()
          .restore(
              service,
              new NodeSpec(
                  HostPort.parse(lease.address()),
                  lease.node(),
                  lease.weight(),
                  lease.zone(),
                  Objects.requireNonNullElse(lease.tier(), 0),
                  Objects.requireNonNullElse(lease.labels(), Map.of()),
                  "api"),
              new Lease(
                  lease.who(),
                  ttl == null ? null : Duration.ofMillis(ttl),
                  ttl == null ? null : Duration.ofMillis(lease.leftMillis())));
    }
  }

  private static void judge(Fairlead instance, Service service, HandedService handed) {
    service.changing(() -> {
      for (HandedNode state : handed.nodes()) {
        Node node = service.find(HostPort.parse(state.address()));
        if (node != null) {
          judge(instance, service, node, state);
        }
      }
    });
  }

  private static void judge(Fairlead instance, Service service, Node node, HandedNode state) {
    String resolved = state.resolved();
    if (resolved != null && node.socketAddress() == null) {
      node.setSocketAddress(
          new InetSocketAddress(InetAddress.ofLiteral(resolved), node.address().port()));
    }
    if (!state.reason().equals(Service.NOT_PROBED)) {
      instance.health().inherit(node, state.up(), state.reason());
    }
    HandedStanding standing = state.standing();
    if (standing != null) {
      instance.outliers().inherit(service, node, standing);
    }
    if (state.draining() && service.setDraining(node, true, "takeover")) {
      instance.announceWhenEmpty(service, node);
    }
    Long since = state.sinceMillis();
    if (since != null) {
      service.setSince(node, since);
    }
  }

  /**
   * This instance serves; the old one may leave.
   *
   * @throws IOException if it goes on instead
   */
  void complete(Fairlead instance) throws IOException {
    try {
      predecessor.serving();
    } catch (TakeoverException e) {
      if (e.kind() != TakeoverException.Kind.DIED) {
        throw e;
      }
    }
    instance.events().add(new Event.TookOver(pid()));
  }
}
