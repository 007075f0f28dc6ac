package io.fairlead.scaling;

import io.fairlead.config.HostPort;

/**
 * A node that a driver has started, now or in an earlier life.
 *
 * @param name what it was to be called
 * @param address where it serves, or will
 * @param id what the driver knows it by, and people find it by
 * @param zone where it stands; may be empty
 */
record Started(String name, HostPort address, String id, String zone) {
  /** One of which nobody says where it stands. */
  Started(String name, HostPort address, String id) {
    this(name, address, id, "");
  }
}
