package io.fairlead.config;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One node of a service.
 *
 * @param address where it serves; its identity within the service
 * @param name what people call it; default: the address
 * @param weight share relative to the other nodes, 0 (none) to 1000; default 1
 * @param zone where it stands; default: empty
 * @param tier lower ones are used first, 0 to 9; default 0
 * @param labels what tells groups of nodes apart, 16 at most
 */
public record NodeConfig(
    HostPort address, String name, int weight, String zone, int tier, Map<String, String> labels) {
  static final Range<Integer> WEIGHTS = Range.counts(0, 1000);
  static final Range<Integer> TIERS = Range.counts(0, 9);
  static final int MAX_LABELS = 16;

  /** One of the first tier, without labels. */
  public NodeConfig(HostPort address, String name, int weight, String zone) {
    this(address, name, weight, zone, 0, Map.of());
  }

  public NodeConfig {
    labels = Collections.unmodifiableMap(new LinkedHashMap<>(labels));
    new Require()
        .that(address.port() > 0, "address", address, "needs a port from 1 to 65535")
        .unless(Syntax.nodeName(name), List.of("name"), name)
        .within(WEIGHTS, "weight", weight)
        .unless(Syntax.zone(zone), List.of("zone"), zone)
        .within(TIERS, "tier", tier)
        .that(labels.size() <= MAX_LABELS, "labels", null, "must not be more than " + MAX_LABELS)
        .orRefuse();
  }

  /** What is wrong with labels, wherever they are said; null: nothing. */
  public static @Nullable String objectionTo(Map<String, String> labels) {
    if (labels.size() > MAX_LABELS) {
      return "must not be more than " + MAX_LABELS;
    }
    for (Map.Entry<String, String> label : labels.entrySet()) {
      String name = Syntax.name(label.getKey());
      String value = Syntax.labelValue(label.getValue());
      if (name != null || value != null) {
        return label.getKey() + ": " + (name != null ? name : value);
      }
    }
    return null;
  }

  /** A node about which nothing but the address is said. */
  public static NodeConfig of(HostPort address) {
    return new NodeConfig(address, address.toString(), 1, "");
  }
}
