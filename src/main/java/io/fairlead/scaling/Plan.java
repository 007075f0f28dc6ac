package io.fairlead.scaling;

import org.jspecify.annotations.Nullable;

/**
 * Which versions of a service run.
 *
 * @param release of as many nodes as the service is to have
 * @param beside another one, of which there are nodes besides; null: there is none
 * @param share of all requests that there are to be nodes for of that one; 0: those there are drain
 *     and stop
 */
public record Plan(Release release, @Nullable Release beside, double share) {
  /** One version alone. */
  public Plan(Release release) {
    this(release, null, 0);
  }

  /**
   * How far it is true of the version beside.
   *
   * @param wanted nodes
   * @param serving those that requests can go to
   * @param present those that there are in any state
   * @param failed starts since it was planned
   * @param why the last of them failed
   * @param acting whether this instance starts and stops nodes
   */
  public record Progress(
      int wanted, int serving, int present, int failed, String why, boolean acting) {}
}
