package io.fairlead.limit;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * How many requests of a service may be repeated: a share of those that came in the last ten
 * seconds, and so many a second beside [1]. In any span of ten seconds no more is granted, however
 * many event loops ask.
 *
 * <p>When a node fails, its requests are few among all, and each gets its second try. When all
 * nodes fail, second tries are held to the share, where without a budget the load would double at
 * the very moment it is too much already, and stay so after the cause has gone [2].
 *
 * <p>Time is cut into seconds, of which the last ten count: this one and nine before it. Each loop
 * counts the requests that come to it in cells of its own, with nothing but a store; a cell holds a
 * second and a count in one number, so that a reader never takes the count of one for that of
 * another. What has been granted is counted for all loops together, by compare-and-set; whoever
 * asks counts itself first, looks whether it was one too many, and takes itself back if so. Two
 * that ask at the same time for the last place may so both be refused; never are both let in.
 *
 * <p>[1] As in Finagle. [2] N. Bronson et al., Metastable Failures in Distributed Systems, HotOS
 * 2021.
 */
public final class RetryBudget {
  /** What counts. */
  public static final int WINDOW_SECONDS = 10;

  private static final VarHandle CELL = MethodHandles.arrayElementVarHandle(long[].class);

  /** Seconds kept; more than the window, and a power of two. */
  private static final int SLOTS = 16;

  /** Cells of two loops must not share a line of a cache. */
  private static final int PADDING = 8;

  private static final int COUNT_BITS = 32;
  private static final long COUNT_MASK = (1L << COUNT_BITS) - 1;
  private static final long NANOS = 1_000_000_000;

  private final long[][] requests;
  private final long[] granted = new long[SLOTS + 2 * PADDING];

  public RetryBudget(int loops) {
    requests = new long[loops][SLOTS + 2 * PADDING];
  }

  /** A request has come, to be sent to a node for the first time. That loop only may say so. */
  public void request(int loop, long nanos) {
    long second = Math.floorDiv(nanos, NANOS);
    long[] own = requests[loop];
    int at = slot(second);
    long cell = own[at];
    CELL.setOpaque(own, at, isOf(cell, second) ? cell + 1 : cell(second) + 1);
  }

  /**
   * Asks whether a request may be repeated, and counts it if so.
   *
   * @param share percent of the requests of the window
   * @param perSecond how many beside, for each second of the window
   */
  public boolean grant(long nanos, int share, int perSecond) {
    long second = Math.floorDiv(nanos, NANOS);
    long limit = requests(second) * share / 100 + (long) perSecond * WINDOW_SECONDS;
    if (limit <= 0) {
      return false;
    }
    add(second, 1);
    if (sum(granted, second) <= limit) {
      return true;
    }
    add(second, -1);
    return false;
  }

  /** Requests of the window. */
  private long requests(long second) {
    long sum = 0;
    for (long[] own : requests) {
      sum += sum(own, second);
    }
    return sum;
  }

  private static long sum(long[] cells, long second) {
    long sum = 0;
    for (long each = second - WINDOW_SECONDS + 1; each <= second; each++) {
      long cell = (long) CELL.getOpaque(cells, slot(each));
      if (isOf(cell, each)) {
        sum += cell & COUNT_MASK;
      }
    }
    return sum;
  }

  private void add(long second, int change) {
    int at = slot(second);
    while (true) {
      long cell = (long) CELL.getVolatile(granted, at);
      boolean same = isOf(cell, second);
      if (!same && change < 0) {
        return; // its second is long gone
      }
      long next = (same ? cell : cell(second)) + change;
      if (CELL.compareAndSet(granted, at, cell, next)) {
        return;
      }
    }
  }

  private static int slot(long second) {
    return PADDING + (int) (second & (SLOTS - 1));
  }

  /** The cell of that second with nothing counted; never 0, which no second has had. */
  private static long cell(long second) {
    return (second & 0x7FFF_FFFFL | 0x8000_0000L) << COUNT_BITS;
  }

  private static boolean isOf(long cell, long second) {
    return (cell & ~COUNT_MASK) == cell(second);
  }
}
