package io.fairlead;

import io.fairlead.admin.AdminServer;
import io.fairlead.config.HostPort;
import io.fairlead.discovery.Lease;
import io.fairlead.service.Node;
import io.fairlead.service.Service;
import io.fairlead.takeover.HandedService;
import io.fairlead.takeover.HandedService.HandedLease;
import io.fairlead.takeover.HandedService.HandedNode;
import io.fairlead.takeover.HandedSocket;
import io.fairlead.takeover.HandedState;
import io.fairlead.takeover.HandedState.HandedDoor;
import io.fairlead.takeover.Predecessor;
import io.fairlead.telemetry.Event;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** The instance as its successor sees it: gives the sockets away, or goes on if that fails. */
final class Handover implements Predecessor {
  private final Fairlead fairlead;
  private final CompletableFuture<Long> successor;

  /**
   * @param successor completed with the process that serves instead
   */
  Handover(Fairlead fairlead, CompletableFuture<Long> successor) {
    this.fairlead = fairlead;
    this.successor = successor;
  }

  @Override
  public List<HandedSocket> sockets() throws IOException {
    List<HandedSocket> sockets = new ArrayList<>();
    fairlead
        .freeze()
        .listeners()
        .values()
        .forEach(listener ->
            listener
                .sharedSockets()
                .forEach(socket ->
                    sockets.add(
                        new HandedSocket(
                            socket.listener(),
                            socket.datagrams(),
                            socket.address().toString(),
                            text(socket.bound()),
                            socket.descriptor()))));
    return sockets;
  }

  private static String text(InetSocketAddress address) {
    return new HostPort(address.getAddress().getHostAddress(), address.getPort()).toString();
  }

  @Override
  public HandedState letGo() {
    // First the door: what is registered after the state has been written down would be lost.
    fairlead.door().ifPresent(AdminServer::close);
    return new HandedState(
        fairlead
            .control()
            .call(() ->
                fairlead.state().services().values().stream()
                    .map(runtime -> state(runtime.service()))
                    .toList()),
        fairlead.ticketKeys(),
        fairlead.state().listeners().values().stream()
            .flatMap(listener -> listener.openQuicDoors().stream())
            .map(door -> new HandedDoor(text(door.bound()), door.tag(), door.port()))
            .toList());
  }

  private HandedService state(Service service) {
    List<HandedNode> nodes = new ArrayList<>();
    for (Node node : service.nodes().all()) {
      InetSocketAddress resolved = node.isNamed() ? node.socketAddress() : null;
      nodes.add(
          new HandedNode(
              node.address().toString(),
              node.facts().up(),
              node.facts().reason(),
              node.facts().draining(),
              resolved == null ? null : resolved.getAddress().getHostAddress(),
              node.facts().sinceMillis(),
              fairlead.outliers().known(service, node)));
    }
    List<HandedLease> leases = new ArrayList<>();
    fairlead
        .membership()
        .registered(service)
        .forEach((spec, lease) ->
            leases.add(
                new HandedLease(
                    spec.address().toString(),
                    spec.name(),
                    spec.weight(),
                    spec.zone(),
                    spec.tier(),
                    spec.labels(),
                    lease.who(),
                    lease.ttl() == null ? null : lease.ttl().toMillis(),
                    left(lease))));
    return new HandedService(service.name(), nodes, leases);
  }

  private static long left(Lease lease) {
    return lease.remaining() == null ? 0 : lease.remaining().toMillis();
  }

  @Override
  public void resume(String why) {
    fairlead.events().add(new Event.TakeoverFailed(why));
    fairlead.unfreeze();
  }

  @Override
  public void replaced(long pid) {
    fairlead.events().add(new Event.Replaced(pid));
    successor.complete(pid);
  }
}
