package io.fairlead.takeover;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** What the old process knows of the nodes of a service. */
public record HandedService(String name, List<HandedNode> nodes, List<HandedLease> leases) {
  /**
   * A node.
   *
   * @param address its identity within the service
   * @param up health's verdict
   * @param reason for it
   * @param resolved the IP address that a host name stands for; null: none is known, or needed
   */
  public record HandedNode(
      String address, boolean up, String reason, boolean draining, @Nullable String resolved) {}

  /**
   * A registration by API.
   *
   * @param ttlMillis how long each renewal lasts; null: for ever
   * @param leftMillis until it runs out; 0 if there is no end
   */
  public record HandedLease(
      String address,
      String node,
      int weight,
      String zone,
      String who,
      @Nullable Long ttlMillis,
      long leftMillis) {}
}
