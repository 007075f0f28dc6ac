package io.fairlead.scaling;

import java.util.List;

/**
 * How a service is scaled, at one moment.
 *
 * @param size nodes that there should be
 * @param manual a size that somebody has asked for; negative: none
 * @param dryRun decisions are not carried out
 * @param acting whether this instance carries them out
 * @param demand requests in flight that are expected
 * @param perNode requests in flight that a node is to have; 0: not known yet
 * @param startSeconds what a start takes
 * @param starts that led to a node that serves
 * @param failedStarts that did not
 * @param why the size is what it is
 * @param nodes those that are ours
 * @param changes of the size, oldest first
 * @param agents on other machines, that start and stop the nodes
 */
public record ScaleView(
    String service,
    String driver,
    int size,
    int min,
    int max,
    int manual,
    boolean dryRun,
    boolean acting,
    double demand,
    double perNode,
    double startSeconds,
    long starts,
    long failedStarts,
    String why,
    List<OwnNode> nodes,
    List<Change> changes,
    List<AgentView> agents) {
  public ScaleView {
    agents = List.copyOf(agents);
    nodes = List.copyOf(nodes);
    changes = List.copyOf(changes);
  }

  /** Nodes that are starting, serving, draining or stopping; those that are down serve, too. */
  public int count(String state) {
    int count = 0;
    for (OwnNode node : nodes) {
      String phase =
          switch (node.state()) {
            case "starting", "draining", "stopping" -> node.state();
            default -> "serving";
          };
      count += phase.equals(state) ? 1 : 0;
    }
    return count;
  }

  /**
   * A node that was started here.
   *
   * @param id such as {@code process 4711}
   * @param state starting, stopping, or as in the node table
   * @param version of it; may be empty
   */
  public record OwnNode(
      String name,
      String address,
      String id,
      String state,
      String version,
      double ageSeconds,
      int inFlight) {}

  /** Another size. */
  public record Change(long epochMillis, int from, int to, String why) {}

  /**
   * An agent.
   *
   * @param zone where its nodes stand
   * @param answers whether it answered when it was last asked
   * @param silentSeconds for how long it has not
   * @param nodes of this service and this front end there
   * @param runs nodes of this service there, of all front ends
   * @param most nodes of this service that it may run
   * @param cores processors of its machine; 0: not known
   * @param load processes that run or wait for one, mean of a minute; -1: not known
   * @param memory bytes; -1: not known
   * @param memoryFree bytes that programs could still have; -1: not known
   * @param diskFree bytes that are free where its folder is; -1: not known
   * @param words all that matters of it in a sentence
   */
  public record AgentView(
      String name,
      String url,
      String zone,
      boolean answers,
      double silentSeconds,
      int nodes,
      int runs,
      int most,
      int cores,
      double load,
      long memory,
      long memoryFree,
      long diskFree,
      String words) {}
}
