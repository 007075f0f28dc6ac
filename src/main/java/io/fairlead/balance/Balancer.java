package io.fairlead.balance;

import io.fairlead.service.Node;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** Chooses among the available nodes of one published set. Any event loop may call it. */
public interface Balancer {
  /**
   * The node for the next request.
   *
   * @param hash of the client's address; only {@code ip-hash} looks at it
   * @param avoid a node that has just failed this request, chosen only if there is no other
   * @param random the calling loop's own chance
   * @return null if no node is available
   */
  @Nullable Node pick(int hash, @Nullable Node avoid, RandomGenerator random);
}
