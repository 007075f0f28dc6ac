package io.fairlead.config;

import java.util.Optional;

/**
 * A member of a database as it is written.
 *
 * @param address where it listens
 * @param instance which one of the group runs it; empty: nothing is said of that
 * @param ports where it listens beside; empty: nothing is said of that
 */
record DatabaseMember(HostPort address, Optional<String> instance, Optional<GaleraPorts> ports) {}
