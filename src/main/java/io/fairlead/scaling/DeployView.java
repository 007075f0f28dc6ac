package io.fairlead.scaling;

import java.util.List;

/**
 * Which versions of a service there are, at one moment.
 *
 * @param version that gets the requests, or did before the deploy; empty: it has no name
 * @param deploy what goes on, or the last that did
 * @param past deploys that are over, oldest first
 * @param done deploys since the process began
 * @param rolledBack the same of those that were
 */
public record DeployView(
    String service, String version, Deploy deploy, List<Deploy> past, long done, long rolledBack) {
  public DeployView {
    past = List.copyOf(past);
  }

  /**
   * A deploy.
   *
   * @param state waiting, preparing, shifting, finishing, done, rolled-back; none: there was none
   * @param from the version before
   * @param to the new one
   * @param who wanted it
   * @param startedMillis epoch
   * @param endedMillis epoch; 0: it goes on
   * @param step from 1; 0: the first has not begun
   * @param steps in all
   * @param share of all requests that the new version gets
   * @param possible share of all requests that it could spoil if it got all, for all that is known
   * @param oldRequests that were compared
   * @param newRequests the same of the new version
   * @param wanted nodes of the new version; 0 where Fairlead starts none
   * @param serving of these
   * @param why it is where it is
   */
  public record Deploy(
      String state,
      String from,
      String to,
      String who,
      long startedMillis,
      long endedMillis,
      int step,
      int steps,
      double share,
      double possible,
      long oldRequests,
      long newRequests,
      int wanted,
      int serving,
      String why) {
    /** There was none. */
    public static final Deploy NONE =
        new Deploy("none", "", "", "", 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, "");

    /** Whether it goes on. */
    public boolean isRunning() {
      return endedMillis == 0 && startedMillis > 0;
    }
  }
}
