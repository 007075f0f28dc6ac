package io.fairlead.service;

/**
 * What the control thread holds true of a node; replaced as a whole.
 *
 * @param name from discovery
 * @param weight from discovery
 * @param zone from discovery
 * @param source who said it is a member
 * @param up from health; a new node counts as up until a probe says otherwise if its service has no
 *     other, see {@link Service#setMembers}
 * @param reason why it is up or down, for people
 * @param draining gets no new requests because somebody said so
 * @param sinceMillis when {@code up} or {@code draining} changed last, epoch
 */
public record NodeFacts(
    String name,
    int weight,
    String zone,
    String source,
    boolean up,
    String reason,
    boolean draining,
    long sinceMillis) {

  /** May get new requests. */
  public boolean isAvailable() {
    return up && !draining && weight > 0;
  }

  /** One word for tables: up, down, draining. */
  public String state() {
    return draining ? "draining" : up ? "up" : "down";
  }

  NodeFacts withSpec(NodeSpec spec) {
    return new NodeFacts(
        spec.name(), spec.weight(), spec.zone(), spec.source(), up, reason, draining, sinceMillis);
  }

  NodeFacts withUp(boolean newUp, String newReason, long now) {
    return new NodeFacts(
        name, weight, zone, source, newUp, newReason, draining, newUp == up ? sinceMillis : now);
  }

  NodeFacts withDraining(boolean newDraining, long now) {
    return new NodeFacts(
        name,
        weight,
        zone,
        source,
        up,
        reason,
        newDraining,
        newDraining == draining ? sinceMillis : now);
  }
}
