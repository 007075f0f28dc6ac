package io.fairlead.simulate;

import java.util.Arrays;

/**
 * What is to happen, the earliest first: a heap with four children to each place [1], so that a
 * step down looks at one cache line of times. What comes at the same time comes in the order in
 * which it was put in; without that a run would depend on how the heap is built.
 *
 * <p>[1] D. B. Johnson, Priority queues with update and finding minimum spanning trees, Information
 * Processing Letters 4(3), 1975.
 */
final class EventHeap {
  private static final int CHILDREN = 4;

  private long[] times = new long[1024];
  private long[] orders = new long[1024];
  private long[] events = new long[1024];
  private int size;
  private long puts;

  /** The time of the earliest; {@link Long#MAX_VALUE} if there is none. */
  long nextTime() {
    return size == 0 ? Long.MAX_VALUE : times[0];
  }

  /** An event with two small numbers of its own. */
  void put(long time, int kind, int subject) {
    if (size == times.length) {
      times = Arrays.copyOf(times, size * 2);
      orders = Arrays.copyOf(orders, size * 2);
      events = Arrays.copyOf(events, size * 2);
    }
    long order = puts++;
    int at = size++;
    while (at > 0) {
      int parent = (at - 1) / CHILDREN;
      if (times[parent] <= time) {
        break; // what is as early was put in before
      }
      times[at] = times[parent];
      orders[at] = orders[parent];
      events[at] = events[parent];
      at = parent;
    }
    times[at] = time;
    orders[at] = order;
    events[at] = (long) kind << 32 | (subject & 0xFFFF_FFFFL);
  }

  /** Takes the earliest out: kind in the upper half, subject in the lower. */
  long take() {
    long taken = events[0];
    int last = --size;
    long time = times[last];
    long order = orders[last];
    long event = events[last];
    int at = 0;
    while (true) {
      int first = at * CHILDREN + 1;
      if (first >= last) {
        break;
      }
      int least = first;
      for (int child = first + 1; child < Math.min(first + CHILDREN, last); child++) {
        if (isBefore(times[child], orders[child], times[least], orders[least])) {
          least = child;
        }
      }
      if (!isBefore(times[least], orders[least], time, order)) {
        break;
      }
      times[at] = times[least];
      orders[at] = orders[least];
      events[at] = events[least];
      at = least;
    }
    times[at] = time;
    orders[at] = order;
    events[at] = event;
    return taken;
  }

  private static boolean isBefore(long time, long order, long otherTime, long otherOrder) {
    return time < otherTime || (time == otherTime && order < otherOrder);
  }
}
