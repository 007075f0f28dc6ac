package io.fairlead.proxy;

import io.fairlead.service.Node;

/** What the data plane tells health about nodes. Called on event loops; must not wait. */
public interface NodeSignals {
  /**
   * A connection could not be made.
   *
   * @param reason for people
   * @param refused the node, or the way to it, said no at once; otherwise it was silent
   */
  void connectionFailed(Node node, String reason, boolean refused);
}
