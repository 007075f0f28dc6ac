package io.fairlead.vip.bgp;

import io.fairlead.config.BgpCommunity;
import java.util.List;
import java.util.Optional;

/**
 * What is said of an address that routers are told of.
 *
 * @param med the lower, the better, among ways to the same neighbour; empty: not said
 * @param communities marks for routers
 * @param leaving whether it is about to be withdrawn
 */
record BgpRoute(Optional<Integer> med, List<BgpCommunity> communities, boolean leaving) {
  BgpRoute {
    communities = List.copyOf(communities);
  }

  BgpRoute thatLeaves() {
    return new BgpRoute(med, communities, true);
  }
}
