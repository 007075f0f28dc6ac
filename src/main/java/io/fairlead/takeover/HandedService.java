package io.fairlead.takeover;

import java.util.List;
import java.util.Map;
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
   * @param sinceMillis when the last of these became so; epoch, null: an older process hands over
   * @param standing what has been found of its answers; null: nothing, or an older process hands
   *     over
   */
  public record HandedNode(
      String address,
      boolean up,
      String reason,
      boolean draining,
      @Nullable String resolved,
      @Nullable Long sinceMillis,
      @Nullable HandedStanding standing) {}

  /**
   * What has been found of a node's answers.
   *
   * @param state its name in small letters
   * @param share of what it would get otherwise
   * @param reason for it
   * @param leftMillis until an ejection ends; 0: there is none, or it has ended
   * @param ejections in a row: the next one takes longer
   */
  public record HandedStanding(
      String state, double share, String reason, long leftMillis, int ejections) {}

  /**
   * A registration by API.
   *
   * @param tier null: an older process hands over, and knows of none
   * @param labels null: the same
   * @param ttlMillis how long each renewal lasts; null: for ever
   * @param leftMillis until it runs out; 0 if there is no end
   */
  public record HandedLease(
      String address,
      String node,
      int weight,
      String zone,
      @Nullable Integer tier,
      @Nullable Map<String, String> labels,
      String who,
      @Nullable Long ttlMillis,
      long leftMillis) {}
}
