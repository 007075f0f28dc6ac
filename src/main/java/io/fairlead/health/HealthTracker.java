package io.fairlead.health;

/**
 * The verdict over one node: down after {@code fall} failures in a row, up after {@code rise}
 * passes in a row. Knows nothing else.
 */
final class HealthTracker {
  private int rise;
  private int fall;
  private boolean up;

  /** Results in a row that speak against the verdict. */
  private int against;

  HealthTracker(boolean up, int rise, int fall) {
    this.up = up;
    this.rise = rise;
    this.fall = fall;
  }

  /** Other thresholds from the next result on; the verdict and the count stay. */
  void setThresholds(int rise, int fall) {
    this.rise = rise;
    this.fall = fall;
  }

  /**
   * Counts a result.
   *
   * @return whether the verdict is another one now
   */
  boolean observe(boolean passed) {
    if (passed == up) {
      against = 0;
      return false;
    }
    against++;
    return against >= (up ? fall : rise) && turn();
  }

  /**
   * Takes the node down whatever was counted: somebody was refused.
   *
   * @return whether it was up
   */
  boolean takeDown() {
    against = 0;
    return up && turn();
  }

  /** Somebody else's verdict counts from now on. */
  void inherit(boolean verdict) {
    up = verdict;
    against = 0;
  }

  boolean isUp() {
    return up;
  }

  /** Up, and the last result said so too. */
  boolean isSettled() {
    return up && against == 0;
  }

  /** Down, and the last result said so too. */
  boolean isDownWithoutDoubt() {
    return !up && against == 0;
  }

  private boolean turn() {
    up = !up;
    against = 0;
    return true;
  }
}
