package io.fairlead.discovery;

import io.fairlead.config.HostPort;
import io.fairlead.service.NodeSpec;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Set;

/** One way to find out which nodes there are. Called by a thread that may wait, one at a time. */
interface SourceLook extends AutoCloseable {
  /**
   * What was found.
   *
   * @param nodes without the name of their source
   * @param draining those of them that are to get no new requests
   * @param again when to look again
   * @param deliberate that there are none was written down by somebody, and is no failure of a name
   *     server
   * @param trouble what was left out, and why, in words that stay the same while that does; empty:
   *     nothing
   */
  record Found(
      List<NodeSpec> nodes,
      Set<HostPort> draining,
      Duration again,
      boolean deliberate,
      String trouble) {
    public Found {
      nodes = List.copyOf(nodes);
      draining = Set.copyOf(draining);
    }

    /** One that leaves nothing out, and has all nodes serve. */
    Found(List<NodeSpec> nodes, Duration again, boolean deliberate) {
      this(nodes, Set.of(), again, deliberate, "");
    }
  }

  /**
   * Looks. May wait for something to change since it looked last, for about a minute at most.
   *
   * @throws IOException if it cannot be known now, in words
   */
  Found look() throws IOException;

  /**
   * Looks without waiting for a change: after a failure, and where the last answer is doubted.
   *
   * @throws IOException if it cannot be known now, in words
   */
  default Found lookAnew() throws IOException {
    return look();
  }

  /** Ends a look that waits, and whatever is open; any thread. Nobody looks afterwards. */
  @Override
  default void close() {}
}
