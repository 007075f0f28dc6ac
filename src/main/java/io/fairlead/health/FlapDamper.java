package io.fairlead.health;

import java.time.Duration;
import java.util.ArrayDeque;

/**
 * How many passes in a row a node needs that goes down often. Up to {@value #FREE} times within the
 * window it needs as many as any other, then twice as many each time, up to {@value #MOST} times as
 * many: a node that serves by halves costs a client each time it comes back.
 */
final class FlapDamper {
  private static final int FREE = 3;
  private static final int MOST = 16;

  private static final int KEPT = 100;

  private final ArrayDeque<Long> downs = new ArrayDeque<>();

  /**
   * It has gone down.
   *
   * @param window zero: never mind
   * @return how often within the window, this time included; {@value #KEPT} at most
   */
  int wentDown(long nanos, Duration window) {
    downs.addLast(nanos);
    while (downs.size() > KEPT || nanos - downs.getFirst() > window.toNanos()) {
      downs.removeFirst();
      if (downs.isEmpty()) {
        return 0;
      }
    }
    return window.isZero() ? 0 : downs.size();
  }

  /** By what the passes in a row are multiplied. */
  static int factor(int times) {
    return times <= FREE ? 1 : Math.min(MOST, 1 << Math.min(times - FREE, 10));
  }
}
