package io.fairlead.simulate;

/**
 * Things that all take the same time, so that they come out in the order in which they went in: a
 * network, a time-out. Costs a fraction of what the heap would.
 */
final class DelayLine {
  private final long delay;
  private long[] times = new long[1024];
  private int[] things = new int[1024];
  private int[] marks = new int[1024];
  private int head;
  private int size;

  /**
   * @param delay in nanoseconds
   */
  DelayLine(long delay) {
    this.delay = delay;
  }

  long nextTime() {
    return size == 0 ? Long.MAX_VALUE : times[head];
  }

  /**
   * Puts one in.
   *
   * @param mark tells whether the thing is still the same when it comes out
   */
  void put(long now, int thing, int mark) {
    if (size == times.length) {
      grow();
    }
    int at = (head + size++) & (times.length - 1);
    times[at] = now + delay;
    things[at] = thing;
    marks[at] = mark;
  }

  /** The mark of the next one. */
  int mark() {
    return marks[head];
  }

  int take() {
    int thing = things[head];
    head = (head + 1) & (times.length - 1);
    size--;
    return thing;
  }

  private void grow() {
    int old = times.length;
    long[] newTimes = new long[old * 2];
    int[] newThings = new int[old * 2];
    int[] newMarks = new int[old * 2];
    for (int i = 0; i < size; i++) {
      int at = (head + i) & (old - 1);
      newTimes[i] = times[at];
      newThings[i] = things[at];
      newMarks[i] = marks[at];
    }
    times = newTimes;
    things = newThings;
    marks = newMarks;
    head = 0;
  }
}
