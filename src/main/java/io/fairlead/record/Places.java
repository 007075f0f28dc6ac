package io.fairlead.record;

import java.util.Arrays;
import java.util.StringJoiner;

/**
 * How far each ring of a process has been read into a part; kept in its footer, so that after a
 * kill no record is written twice and none is left out.
 */
final class Places {
  /** The word in the footer. */
  static final String WORD = "fairlead.places";

  private long[] byLoop = {};

  long of(int loop) {
    return loop < byLoop.length ? byLoop[loop] : 0;
  }

  /** Never back. */
  void reach(int loop, long place) {
    if (loop >= byLoop.length) {
      byLoop = Arrays.copyOf(byLoop, loop + 1);
    }
    byLoop[loop] = Math.max(byLoop[loop], place);
  }

  void reach(Places other) {
    for (int loop = 0; loop < other.byLoop.length; loop++) {
      reach(loop, other.byLoop[loop]);
    }
  }

  /** By the number of the loop. */
  long[] all() {
    return byLoop.clone();
  }

  /** One number for each loop. */
  @Override
  public String toString() {
    StringJoiner numbers = new StringJoiner(" ");
    for (long place : byLoop) {
      numbers.add(Long.toString(place));
    }
    return numbers.toString();
  }

  /** What {@link #toString} said; anything else says nothing. */
  static Places parse(String text) {
    Places places = new Places();
    String[] numbers = text.split(" ", -1);
    for (int loop = 0; loop < numbers.length; loop++) {
      if (numbers[loop].matches("[0-9]{1,18}")) {
        places.reach(loop, Long.parseLong(numbers[loop]));
      }
    }
    return places;
  }
}
