package io.fairlead.config;

import java.util.List;

/**
 * One node of a service.
 *
 * @param address where it serves; its identity within the service
 * @param name what people call it; default: the address
 * @param weight share relative to the other nodes, 0 (none) to 1000; default 1
 * @param zone where it stands; default: empty
 */
public record NodeConfig(HostPort address, String name, int weight, String zone) {
  static final Range<Integer> WEIGHTS = Range.counts(0, 1000);

  public NodeConfig {
    new Require()
        .that(address.port() > 0, "address", address, "needs a port from 1 to 65535")
        .unless(Syntax.nodeName(name), List.of("name"), name)
        .within(WEIGHTS, "weight", weight)
        .unless(Syntax.zone(zone), List.of("zone"), zone)
        .orRefuse();
  }

  /** A node about which nothing but the address is said. */
  public static NodeConfig of(HostPort address) {
    return new NodeConfig(address, address.toString(), 1, "");
  }
}
