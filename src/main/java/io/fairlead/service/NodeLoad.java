package io.fairlead.service;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * What waiting at a node has cost so far. By Little's law the mean time that requests take is the
 * area under the number of those that wait, divided by how many were answered: an area tells of a
 * node that hangs before any answer of it is late, which a mean of completed answers cannot.
 *
 * <p>Each event loop has a row of its own and is its only writer. Everything in it only rises, so a
 * reader who catches a row half written is wrong for one reading and right again with the next. It
 * adds the rows up and looks at differences.
 */
public final class NodeLoad {
  private static final VarHandle CELL = MethodHandles.arrayElementVarHandle(long[].class);
  private static final VarHandle ROWS = MethodHandles.arrayElementVarHandle(long[][].class);
  private static final VarHandle ROUND;

  /** Rows of two loops must not share a cache line. */
  private static final int PADDING = 8;

  private static final int WAITING = PADDING;
  private static final int LAST = PADDING + 1;
  private static final int AREA = PADDING + 2;
  private static final int ANSWERED = PADDING + 3;
  private static final int FAILED = PADDING + 4;
  private static final int LATENCY = PADDING + 5;
  private static final int PEAK = PADDING + 6;
  private static final int PEAK_ROUND = PADDING + 7;
  private static final int BUSY_UNTIL = PADDING + 8;
  private static final int REPORTS = PADDING + 9;
  private static final int REPORTED = PADDING + 10;
  private static final int LENGTH = REPORTED + 1 + PADDING;

  static {
    try {
      ROUND = MethodHandles.lookup().findVarHandle(NodeLoad.class, "round", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final long[] @Nullable [] rows;

  @SuppressWarnings("UnusedVariable") // ROUND reads and writes it
  private long round = 1;

  NodeLoad(int loops) {
    rows = new long[loops][];
  }

  private long[] row(int loop) {
    long[] own = rows[loop];
    if (own == null) {
      own = new long[LENGTH];
      ROWS.setRelease(rows, loop, own);
    }
    return own;
  }

  private static void set(long[] row, int cell, long value) {
    CELL.setOpaque(row, cell, value);
  }

  /** One more or less waits from now on. */
  private static void change(long[] row, long now, int by) {
    set(row, AREA, row[AREA] + row[WAITING] * (now - row[LAST]));
    set(row, LAST, now);
    set(row, WAITING, row[WAITING] + by);
  }

  /**
   * A request is on its way.
   *
   * @param now the loop's time, in nanoseconds
   */
  void started(int loop, long now) {
    change(row(loop), now, 1);
  }

  /**
   * Its answer has begun, or will never come.
   *
   * @param nanos since it was started
   */
  void answered(int loop, long now, long nanos, boolean failed) {
    long[] row = row(loop);
    change(row, now, -1);
    set(row, ANSWERED, row[ANSWERED] + 1);
    set(row, LATENCY, row[LATENCY] + nanos);
    long current = (long) ROUND.getOpaque(this);
    if (row[PEAK_ROUND] != current || nanos > row[PEAK]) {
      set(row, PEAK, nanos);
      set(row, PEAK_ROUND, current);
    }
    if (failed) {
      failed(loop);
    }
  }

  /** What was answered has failed. */
  void failed(int loop) {
    long[] row = row(loop);
    set(row, FAILED, row[FAILED] + 1);
  }

  /** Nobody wants the answer any more. */
  void abandoned(int loop, long now) {
    change(row(loop), now, -1);
  }

  /** The node asks to be left alone for a while. */
  void busyUntil(int loop, long time) {
    set(row(loop), BUSY_UNTIL, time);
  }

  /** How many requests of others the node has said to have in flight. */
  void reported(int loop, long others) {
    long[] row = row(loop);
    set(row, REPORTED, row[REPORTED] + others);
    set(row, REPORTS, row[REPORTS] + 1);
  }

  /** Adds up what all loops have counted up to now. */
  public void read(long now, Reading into) {
    into.clear();
    long current = (long) ROUND.getOpaque(this);
    for (int loop = 0; loop < rows.length; loop++) {
      long[] row = (long[]) ROWS.getAcquire(rows, loop);
      if (row != null) {
        into.area +=
            (long) CELL.getOpaque(row, AREA)
                + (long) CELL.getOpaque(row, WAITING) * (now - (long) CELL.getOpaque(row, LAST));
        into.answered += (long) CELL.getOpaque(row, ANSWERED);
        into.failed += (long) CELL.getOpaque(row, FAILED);
        into.latency += (long) CELL.getOpaque(row, LATENCY);
        into.reports += (long) CELL.getOpaque(row, REPORTS);
        into.reported += (long) CELL.getOpaque(row, REPORTED);
        long busy = (long) CELL.getOpaque(row, BUSY_UNTIL);
        into.busyNanos = Math.max(into.busyNanos, busy == 0 ? 0 : busy - now);
        if ((long) CELL.getOpaque(row, PEAK_ROUND) == current) {
          into.peak = Math.max(into.peak, (long) CELL.getOpaque(row, PEAK));
        }
      }
    }
  }

  /** Requests whose answer has not begun. */
  public int waiting() {
    long waiting = 0;
    for (int loop = 0; loop < rows.length; loop++) {
      long[] row = (long[]) ROWS.getAcquire(rows, loop);
      waiting += row == null ? 0 : (long) CELL.getOpaque(row, WAITING);
    }
    return (int) waiting;
  }

  /** The longest answer is looked for anew. One thread only. */
  public void nextRound() {
    ROUND.setOpaque(this, (long) ROUND.getOpaque(this) + 1);
  }

  /** What had been counted at one moment; used again for the next. */
  public static final class Reading {
    private long area;
    private long answered;
    private long failed;
    private long latency;
    private long peak;
    private long busyNanos;
    private long reports;
    private long reported;

    private void clear() {
      area = 0;
      answered = 0;
      failed = 0;
      latency = 0;
      peak = 0;
      busyNanos = 0;
      reports = 0;
      reported = 0;
    }

    /** Requests waiting, summed over time: request-nanoseconds. */
    public long area() {
      return area;
    }

    /** Answers that have begun, and requests that failed. */
    public long answered() {
      return answered;
    }

    public long failed() {
      return failed;
    }

    /** Sum over those answered of what each took, in nanoseconds. */
    public long latency() {
      return latency;
    }

    /** The longest of this round, in nanoseconds; 0: nothing was answered. */
    public long peak() {
      return peak;
    }

    /** For how long the node has asked to be left alone, in nanoseconds. */
    public long busyNanos() {
      return busyNanos;
    }

    /** Answers that told how much the node has to do. */
    public long reports() {
      return reports;
    }

    /** Sum over those of the requests of others in flight there. */
    public long reported() {
      return reported;
    }
  }
}
