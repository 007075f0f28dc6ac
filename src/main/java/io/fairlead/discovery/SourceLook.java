package io.fairlead.discovery;

import io.fairlead.service.NodeSpec;
import java.io.IOException;
import java.time.Duration;
import java.util.List;

/** One way to find out which nodes there are. Called by a thread that may wait, one at a time. */
interface SourceLook {
  /**
   * What was found.
   *
   * @param nodes without the name of their source
   * @param again when to look again
   * @param deliberate that there are none was written down by somebody, and is no failure of a name
   *     server
   */
  record Found(List<NodeSpec> nodes, Duration again, boolean deliberate) {}

  /**
   * Looks.
   *
   * @throws IOException if it cannot be known now, in words
   */
  Found look() throws IOException;
}
