package io.fairlead.config;

/**
 * One node of a service.
 *
 * @param address where it serves; its identity within the service
 * @param name what people call it; default: the address
 * @param weight share relative to the other nodes, 0 (none) to 1000; default 1
 * @param zone where it stands; default: empty
 */
public record NodeConfig(HostPort address, String name, int weight, String zone) {}
