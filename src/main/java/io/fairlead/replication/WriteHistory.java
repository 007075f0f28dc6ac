package io.fairlead.replication;

import java.util.ArrayList;
import java.util.List;

/**
 * When the primary had written how much, by our own clock. It says how old the state of a replica
 * is whatever clocks of servers show: the replica itself compares its own with the primary's, which
 * put the time of each commit into the log.
 *
 * <p>Asked four times a second, something like the last half minute is kept, and of what was before
 * less and less.
 */
final class WriteHistory {
  /** Moments that are kept; then every other one is forgotten. */
  static final int MOST = 256;

  private record Moment(long nanos, long position) {}

  /** From the first to the last, none with less than the one before. */
  private final List<Moment> moments = new ArrayList<>();

  /**
   * The primary has said how much.
   *
   * @param nanos when it did
   */
  void wrote(long position, long nanos) {
    if (!moments.isEmpty() && position < moments.getLast().position) {
      moments.clear(); // it is another's
    }
    moments.add(new Moment(nanos, position));
    if (moments.size() > MOST) {
      for (int i = moments.size() - 2; i > 0; i -= 2) {
        moments.remove(i);
      }
    }
  }

  /** Another is primary. */
  void forget() {
    moments.clear();
  }

  /**
   * How old a replica's state is, in seconds: what it says, as far as that can be.
   *
   * @param says what it does; 0 is no matter of clocks, and is believed
   * @param replayed how much it has of what the primary has written
   */
  double lag(double says, long replayed, long nanos) {
    if (says == 0) {
      return says;
    }
    double least = 0;
    double most = Double.POSITIVE_INFINITY;
    for (Moment one : moments) {
      double ago = (nanos - one.nanos) / 1e9;
      if (one.position <= replayed) {
        most = ago;
      } else {
        least = ago;
        break;
      }
    }
    return Math.clamp(says, Math.min(least, most), most);
  }
}
