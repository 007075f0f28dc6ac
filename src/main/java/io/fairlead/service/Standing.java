package io.fairlead.service;

/**
 * What the outlier detector holds of a node, from the answers that it gives to real requests.
 *
 * @param state in words
 * @param share of what it would get otherwise, 0 (nothing) to 1 (all)
 * @param reason why, for people; empty if it is good
 * @param untilMillis when an ejection ends, if a probe passes then; epoch, 0: there is none
 */
public record Standing(State state, double share, String reason, long untilMillis) {
  /** Nothing speaks against it. */
  public static final Standing GOOD = new Standing(State.GOOD, 1, "");

  /** How far it is trusted. */
  public enum State {
    GOOD,
    /** It gets less than its share, since something speaks against it or since it comes back. */
    PROBATION,
    /** It gets nothing. */
    EJECTED
  }

  /** One that has no end of its own. */
  public Standing(State state, double share, String reason) {
    this(state, share, reason, 0);
  }

  public Standing {
    if (!(share >= 0 && share <= 1)) {
      throw new IllegalArgumentException("share is " + share);
    }
  }
}
