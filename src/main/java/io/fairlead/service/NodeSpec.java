package io.fairlead.service;

import io.fairlead.config.HostPort;
import java.util.Map;

/**
 * What discovery says of a member.
 *
 * @param address its identity
 * @param name what people call it
 * @param weight share relative to the others, 0 to 1000
 * @param zone where it stands; may be empty
 * @param tier lower ones are used first; 0 is the first
 * @param labels whatever tells groups of nodes apart: version, host
 * @param source who says so: {@code file}, {@code api}
 * @param joinsUp whether it counts as up until it has been asked; otherwise it is down until it has
 *     passed a probe
 */
public record NodeSpec(
    HostPort address,
    String name,
    int weight,
    String zone,
    int tier,
    Map<String, String> labels,
    String source,
    boolean joinsUp) {
  public NodeSpec {
    labels = Map.copyOf(labels);
  }

  /** One that counts as up until it has been asked. */
  public NodeSpec(
      HostPort address,
      String name,
      int weight,
      String zone,
      int tier,
      Map<String, String> labels,
      String source) {
    this(address, name, weight, zone, tier, labels, source, true);
  }

  /** One of the first tier, without labels. */
  public NodeSpec(HostPort address, String name, int weight, String zone, String source) {
    this(address, name, weight, zone, 0, Map.of(), source);
  }
}
