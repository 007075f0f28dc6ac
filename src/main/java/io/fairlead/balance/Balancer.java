package io.fairlead.balance;

import io.fairlead.config.BalanceMethod;
import io.fairlead.service.Node;
import io.fairlead.service.NodeSet;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Chooses among the available nodes of one published set. Any number of event loops may call one
 * balancer at the same time; picking neither locks nor allocates.
 */
public sealed interface Balancer
    permits NoNode, RoundRobin, RandomChoice, LeastLoaded, RendezvousHash, MaglevHash {
  /**
   * The node for the next request.
   *
   * @param hash of the client's address; only {@code ip-hash} looks at it
   * @param avoid a node that has just failed this request, chosen only if there is no other
   * @param random the calling loop's own chance
   * @return null if no node is available
   */
  @Nullable Node pick(int hash, @Nullable Node avoid, RandomGenerator random);

  /**
   * A balancer for the given set.
   *
   * @param previous the one it replaces, if any: round robin goes on where that one stands, and
   *     {@code ip-hash} keeps its table as long as the membership is the same
   */
  static Balancer of(BalanceMethod method, NodeSet nodes, @Nullable Balancer previous) {
    if (nodes.available().length == 0) {
      return new NoNode();
    }
    return switch (method) {
      case ROUND_ROBIN -> RoundRobin.of(nodes.available(), previous);
      case RANDOM -> new RandomChoice(nodes.available());
      case LEAST_REQUESTS -> new LeastLoaded(LeastLoaded.Load.REQUESTS, nodes.available());
      case LEAST_CONNECTIONS -> new LeastLoaded(LeastLoaded.Load.CONNECTIONS, nodes.available());
      case IP_HASH ->
          nodes.all().length <= RendezvousHash.MAX_MEMBERS
              ? new RendezvousHash(nodes.available())
              : MaglevHash.of(nodes, previous);
    };
  }
}
