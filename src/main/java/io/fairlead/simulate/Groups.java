package io.fairlead.simulate;

import java.util.Arrays;

/** Requests that are waited for together; numbers of groups are used again. */
final class Groups {
  private int[] left = new int[64];
  private boolean[] spoilt = new boolean[64];
  private int[] free = new int[64];
  private int frees;
  private int used;

  /** A group of so many. */
  int take(int size) {
    if (frees == 0 && used == left.length) {
      left = Arrays.copyOf(left, used * 2);
      spoilt = Arrays.copyOf(spoilt, used * 2);
      free = Arrays.copyOf(free, used * 2);
    }
    int group = frees > 0 ? free[--frees] : used++;
    left[group] = size;
    spoilt[group] = false;
    return group;
  }

  /**
   * One of the group is over.
   *
   * @param counts whether its latency is one
   * @return whether it was the last, and all count
   */
  boolean over(int group, boolean counts) {
    spoilt[group] |= !counts;
    if (--left[group] > 0) {
      return false;
    }
    free[frees++] = group;
    return !spoilt[group];
  }
}
