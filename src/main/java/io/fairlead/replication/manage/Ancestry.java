package io.fairlead.replication.manage;

import java.util.HashMap;
import java.util.Map;

/**
 * What the log of a primary is made of: of each timeline before its own how much it took over.
 *
 * @param timeline its own
 * @param ends where each of those before was left, by its number
 */
record Ancestry(int timeline, Map<Integer, Long> ends) {
  /** Of somebody of whom nothing is known yet. */
  static final Ancestry UNKNOWN = new Ancestry(0, Map.of());

  Ancestry {
    ends = Map.copyOf(ends);
  }

  /**
   * Of {@code 1:50331648 2:83886080}.
   *
   * @throws IllegalArgumentException if it is nothing like that
   */
  static Ancestry parse(int timeline, String text) {
    Map<Integer, Long> ends = new HashMap<>();
    for (String word : text.isBlank() ? new String[0] : text.strip().split(" ", -1)) {
      int colon = word.indexOf(':');
      if (colon < 0) {
        throw new IllegalArgumentException("no end of a timeline: " + word);
      }
      ends.put(
          Integer.parseInt(word.substring(0, colon)), Long.parseLong(word.substring(colon + 1)));
    }
    return new Ancestry(timeline, ends);
  }

  /**
   * Whether somebody who has replayed that far has something that is not in it: then he cannot
   * follow, whatever he is told. So does whoever is on a timeline that it does not come from.
   *
   * @param newest the highest timeline that he has anything of. Where he has replayed less the
   *     answer is right all the same: timelines are left one after the other
   */
  boolean lacks(int newest, long position) {
    if (newest >= timeline) {
      return false; // of those nothing is known
    }
    Long end = ends.get(newest);
    return end == null ? newest > 0 : position > end;
  }

  /** Whether it is one of these timelines, or comes from one. */
  boolean hasAny(int from, int to) {
    for (int each = from; each <= to; each++) {
      if (each == timeline || ends.containsKey(each)) {
        return true;
      }
    }
    return false;
  }
}
