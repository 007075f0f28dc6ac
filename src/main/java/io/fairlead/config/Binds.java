package io.fairlead.config;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Who takes which address; an address is looked at against all others on its port only if a
 * wildcard.
 *
 * @param <P> how a place is named
 */
final class Binds<P> {
  private final Map<Integer, Map<HostPort, P>> all = new HashMap<>();
  private final Map<Integer, Map<HostPort, P>> wildcards = new HashMap<>();

  /** Notes it; answers who takes it already. */
  @Nullable P add(HostPort address, P path) {
    if (address.port() == 0) {
      return null;
    }
    boolean wildcard = Syntax.isWildcard(address.host());
    Map<HostPort, P> onPort = of(all, address);
    P same = onPort.putIfAbsent(address, path);
    if (same != null) {
      return same;
    }
    P taken = overlapping(address, wildcard ? onPort : of(wildcards, address));
    if (wildcard) {
      of(wildcards, address).put(address, path);
    }
    return taken;
  }

  private static <P> Map<HostPort, P> of(Map<Integer, Map<HostPort, P>> ports, HostPort address) {
    return ports.computeIfAbsent(address.port(), _ -> new LinkedHashMap<>());
  }

  private static <P> @Nullable P overlapping(HostPort address, Map<HostPort, P> others) {
    for (Map.Entry<HostPort, P> other : others.entrySet()) {
      if (!other.getKey().equals(address) && address.overlaps(other.getKey())) {
        return other.getValue();
      }
    }
    return null;
  }
}
