package io.fairlead.service;

import io.fairlead.config.HostPort;

/**
 * What discovery says of a member.
 *
 * @param address its identity
 * @param name what people call it
 * @param weight share relative to the others, 0 to 1000
 * @param zone where it stands; may be empty
 * @param source who says so: {@code file}, {@code api}
 */
public record NodeSpec(HostPort address, String name, int weight, String zone, String source) {}
