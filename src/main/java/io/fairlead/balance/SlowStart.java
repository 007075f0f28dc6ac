package io.fairlead.balance;

import io.fairlead.service.NodeFacts;

/**
 * How far nodes have started: one that has just come, or come back, gets a tenth of its share, and
 * then ever more until {@code window} is over. Where all have come at once all get the same.
 *
 * @param windowMillis how long a node takes to start; 0: no time
 * @param epochMillis now
 */
record SlowStart(long windowMillis, long epochMillis) {
  static final SlowStart NONE = new SlowStart(0, 0);

  private static final double FIRST_SHARE = 0.1;

  double share(NodeFacts facts) {
    long since = epochMillis - facts.sinceMillis();
    // A clock that was set back says nothing: the node is taken for one that has started.
    if (windowMillis == 0 || since < 0 || since >= windowMillis) {
      return 1;
    }
    return Math.max(FIRST_SHARE, (double) since / windowMillis);
  }

  boolean isStarting(NodeFacts facts) {
    return share(facts) < 1;
  }
}
