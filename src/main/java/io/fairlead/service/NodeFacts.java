package io.fairlead.service;

import java.util.Map;

/**
 * What the control thread holds true of a node; replaced as a whole.
 *
 * @param name from discovery
 * @param weight from discovery
 * @param zone from discovery
 * @param tier from discovery; lower ones are used first
 * @param labels from discovery
 * @param source who said it is a member
 * @param up from health; a new node counts as up until a probe says otherwise if its service has no
 *     other, see {@link Service#setMembers}
 * @param reason why it is up or down, for people
 * @param draining gets no new requests because somebody said so
 * @param sinceMillis when {@code up}, {@code draining} or the state of the standing changed last,
 *     epoch
 * @param standing from the outlier detector
 * @param role from replication
 */
public record NodeFacts(
    String name,
    int weight,
    String zone,
    int tier,
    Map<String, String> labels,
    String source,
    boolean up,
    String reason,
    boolean draining,
    long sinceMillis,
    Standing standing,
    Role role) {

  static NodeFacts of(NodeSpec spec, boolean up, String reason, long now) {
    return new NodeFacts(
        spec.name(),
        spec.weight(),
        spec.zone(),
        spec.tier(),
        spec.labels(),
        spec.source(),
        up,
        reason,
        false,
        now,
        Standing.GOOD,
        Role.ANY);
  }

  /** May get new requests. */
  public boolean isAvailable() {
    return up && !draining && weight > 0 && standing.share() > 0;
  }

  /** One word for tables: up, down, starting, draining, ejected, probation. */
  public String state() {
    if (draining) {
      return "draining";
    }
    if (!up) {
      return reason.equals(Service.STARTING) ? "starting" : "down";
    }
    return switch (standing.state()) {
      case GOOD -> "up";
      case PROBATION -> "probation";
      case EJECTED -> "ejected";
    };
  }

  /** Why it is in that state, for people. */
  public String why() {
    return draining || !up || standing.state() == Standing.State.GOOD ? reason : standing.reason();
  }

  NodeFacts withSpec(NodeSpec spec) {
    return new NodeFacts(
        spec.name(),
        spec.weight(),
        spec.zone(),
        spec.tier(),
        spec.labels(),
        spec.source(),
        up,
        reason,
        draining,
        sinceMillis,
        standing,
        role);
  }

  NodeFacts withUp(boolean newUp, String newReason, long now) {
    return changed(newUp, newReason, draining, newUp == up ? sinceMillis : now, standing, role);
  }

  NodeFacts withDraining(boolean newDraining, long now) {
    return changed(
        up, reason, newDraining, newDraining == draining ? sinceMillis : now, standing, role);
  }

  NodeFacts withStanding(Standing newStanding, long now) {
    long since = newStanding.state() == standing.state() ? sinceMillis : now;
    return changed(up, reason, draining, since, newStanding, role);
  }

  NodeFacts since(long millis) {
    return changed(up, reason, draining, millis, standing, role);
  }

  NodeFacts withRole(Role newRole) {
    return changed(up, reason, draining, sinceMillis, standing, newRole);
  }

  private NodeFacts changed(
      boolean newUp,
      String newReason,
      boolean newDraining,
      long since,
      Standing newStanding,
      Role newRole) {
    return new NodeFacts(
        name,
        weight,
        zone,
        tier,
        labels,
        source,
        newUp,
        newReason,
        newDraining,
        since,
        newStanding,
        newRole);
  }
}
