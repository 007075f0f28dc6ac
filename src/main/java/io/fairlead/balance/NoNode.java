package io.fairlead.balance;

import io.fairlead.service.Node;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** Nothing to choose from. */
record NoNode() implements Balancer {
  @Override
  public @Nullable Node pick(int hash, @Nullable Node avoid, RandomGenerator random) {
    return null;
  }
}
