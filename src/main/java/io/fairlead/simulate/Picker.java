package io.fairlead.simulate;

/**
 * What chooses nodes for one instance, and what that instance tells it. Nodes are numbers from 0;
 * times are nanoseconds of the simulated clock.
 */
interface Picker {
  /**
   * The node for the next try, or -1 if there is none.
   *
   * @param client whose request it is, for policies that keep clients at their node
   * @param avoid a node that has just failed this request, or -1
   */
  int pick(int client, int avoid, long now);

  /** A try is on its way to the node. */
  void sent(int node, long now);

  /**
   * A try is over.
   *
   * @param took since it was sent
   * @param ok whether the answer was none of an error or a time-out
   */
  void answered(int node, long now, long took, boolean ok);

  /** The node is a member from now on, as soon as {@link #joined} says that these are all. */
  void join(int node, long now);

  /** Those that join now have joined. */
  default void joined() {}

  /** Time between two calls of {@link #tick}; 0: none. */
  default long tickNanos() {
    return 0;
  }

  /** What a policy does now and then. */
  default void tick(long now) {}
}
