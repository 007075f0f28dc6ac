package io.fairlead.simulate;

/**
 * What chooses nodes for one instance, and what that instance tells it. Nodes are numbers from 0,
 * and so are tries on their way; times are nanoseconds of the simulated clock.
 */
interface Picker {
  /** How a try ended. */
  enum End {
    ANSWERED,
    FAILED,
    TIMED_OUT,
    /** Another try of the request was answered first. */
    CANCELLED
  }

  /**
   * The node for the next try, or -1 if there is none.
   *
   * @param client whose request it is, for policies that keep clients at their node
   * @param avoid a node that has just failed this request, or -1
   */
  int pick(int client, int avoid, long now);

  /**
   * A try is on its way to the node.
   *
   * @param row of the try, until it is over
   */
  void sent(int row, int node, int route, int client, long now);

  /**
   * A try is over.
   *
   * @param took since it was sent
   */
  void over(int row, int node, long now, long took, End end);

  /** The node is a member from now on, as soon as {@link #joined} says that these are all. */
  void join(int node);

  /** Those that join now have joined. */
  default void joined(long now) {}

  /** Time between two calls of {@link #tick}; 0: none. */
  default long tickNanos() {
    return 0;
  }

  /** What a policy does now and then. */
  default void tick(long now) {}

  /** What is left of the node's share after it has been judged: 1 all, 0 nothing. */
  default double share(int node) {
    return 1;
  }

  /** Since when something is said of a group of nodes, or of all; {@link Long#MAX_VALUE}: never. */
  default long alarmedSince() {
    return Long.MAX_VALUE;
  }
}
