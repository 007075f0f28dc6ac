package io.fairlead;

import io.fairlead.config.HealthCheckConfig;
import io.fairlead.config.Probe;
import io.fairlead.config.ServiceLimits;
import io.fairlead.dns.Member;
import io.fairlead.dns.Members;
import io.fairlead.service.Node;
import io.fairlead.service.NodeFacts;
import io.fairlead.service.Service;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;

/** The nodes of a service as members of balanced names. */
final class ServiceMembers implements Members {
  /** The first probe after one that failed comes so soon; each further one takes twice as long. */
  private static final long QUICK_MILLIS = 100;

  private final String text;
  private final Service service;
  private final HealthCheckConfig health;
  private final long capacity;
  private final long leaseMillis;

  /**
   * @param leaseMillis how long it takes to notice that a member is not there any more, whatever
   *     probes say; {@link Long#MAX_VALUE}: nobody looks
   */
  ServiceMembers(
      String text,
      Service service,
      HealthCheckConfig health,
      ServiceLimits limits,
      long leaseMillis) {
    this.leaseMillis = leaseMillis;
    this.text = text;
    this.service = service;
    this.health = health;
    int most = Math.min(limits.requestsPerNode(), limits.connectionsPerNode());
    this.capacity = most == ServiceLimits.UNLIMITED ? 0 : most;
  }

  @Override
  public String text() {
    return text;
  }

  @Override
  public List<Member> now() {
    List<Member> members = new ArrayList<>();
    for (Node node : service.nodes().all()) {
      InetSocketAddress at = node.socketAddress();
      if (at != null && at.getAddress() != null) {
        NodeFacts facts = node.facts();
        double share = facts.standing().share();
        members.add(
            new Member(
                at.getAddress(),
                facts.name(),
                facts.weight() * (share > 0 ? share : 1),
                facts.zone(),
                facts.up() && share > 0,
                facts.draining(),
                node.inFlight(),
                capacity,
                Math.min(leaseMillis, changeMillis(facts.up(), health))));
      }
    }
    return members;
  }

  /**
   * How long probes take to find otherwise: until the next, and as many more as the verdict needs.
   */
  static long changeMillis(boolean up, HealthCheckConfig health) {
    if (health.probe() instanceof Probe.None) {
      return Long.MAX_VALUE;
    }
    long interval = health.interval().toMillis();
    long millis = interval;
    long step = QUICK_MILLIS;
    for (int more = (up ? health.fall() : health.rise()) - 1; more > 0; more--) {
      millis += Math.min(step, interval);
      step = Math.min(2 * step, interval);
    }
    return millis;
  }
}
