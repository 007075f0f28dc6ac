package io.fairlead.telemetry;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * How one node has answered: errors, how long good answers took to begin, and whose requests failed;
 * apart for each route class, since a slow page and a quick one cannot be compared. Cells of one
 * event loop are written by that loop only, as in {@link LoopCounters}; they are made when the loop
 * counts for the first time, and take about 500 bytes.
 *
 * <p>Durations fall into four buckets to each power of two: coarse, but all that is asked of them is
 * which requests were slower than most. Everything only rises; a reader subtracts what it saw
 * before, and numbers may wrap around.
 */
public final class NodeAnswers {
  private static final VarHandle CELL = MethodHandles.arrayElementVarHandle(int[].class);
  private static final VarHandle CELLS = MethodHandles.arrayElementVarHandle(int[][].class);
  private static final VarHandle LOOPS = MethodHandles.arrayElementVarHandle(int[][][].class);

  /** Good answers; the sum of the buckets. */
  public static final int GOOD = 0;

  /** Answers with an error of the node's, and tries that ended without an answer. */
  public static final int ERRORS = 1;

  /** Tries that were counted as old while they waited. */
  public static final int AGED = 2;

  /** Those among them that have ended since, and are counted as what they were. */
  public static final int CAUGHT_UP = 3;

  /** From here on: errors by the client's address, spread over so many places. */
  public static final int CLIENTS = 4;

  public static final int CLIENT_PLACES = 16;

  /** From here on: good answers by duration. */
  public static final int BUCKETS = CLIENTS + CLIENT_PLACES;

  private static final int FIRST_EXPONENT = 6; // 64 µs
  private static final int LAST_EXPONENT = 25; // 33 s
  private static final int SUB_BITS = 2;

  /** Buckets to a power of two. */
  public static final int PER_DOUBLING = 1 << SUB_BITS;

  public static final int BUCKET_COUNT =
      ((LAST_EXPONENT - FIRST_EXPONENT + 1) << SUB_BITS) + 2;

  /** Numbers in all. */
  public static final int LENGTH = BUCKETS + BUCKET_COUNT;

  /** Left free in front: cells of two loops must not share a cache line. */
  private static final int LEAD = 16;

  private final int[] @Nullable [] @Nullable [] loops;

  NodeAnswers(int loops) {
    this.loops = new int[loops][][];
  }

  /** The cells that the loop writes. */
  int[] cells(int loop, int routeClass) {
    int[] @Nullable [] own = loops[loop];
    if (own == null) {
      own = new int[ServiceAnswers.CLASSES][];
      LOOPS.setRelease(loops, loop, own);
    }
    int[] cells = own[routeClass];
    if (cells == null) {
      cells = new int[LEAD + LENGTH];
      CELLS.setRelease(own, routeClass, cells);
    }
    return cells;
  }

  static void increment(int[] cells, int index) {
    int place = LEAD + index;
    CELL.setOpaque(cells, place, cells[place] + 1);
  }

  static void recordGood(int[] cells, long nanos) {
    increment(cells, BUCKETS + bucketOf(nanos));
    increment(cells, GOOD);
  }

  static void recordError(int[] cells, int client) {
    increment(cells, CLIENTS + place(client));
    increment(cells, ERRORS);
  }

  private static int place(int client) {
    return (client * 0x9E3779B9) >>> 28;
  }

  /** Whether any loop has ever counted something of that class. */
  public boolean has(int routeClass) {
    for (int loop = 0; loop < loops.length; loop++) {
      if (of(loop, routeClass) != null) {
        return true;
      }
    }
    return false;
  }

  /**
   * The sum over all loops of one number of a class. What a loop has just counted may be missing.
   */
  public int get(int routeClass, int index) {
    int sum = 0;
    for (int loop = 0; loop < loops.length; loop++) {
      int[] cells = of(loop, routeClass);
      if (cells != null) {
        sum += (int) CELL.getOpaque(cells, LEAD + index);
      }
    }
    return sum;
  }

  /** All numbers of a class, as sums over all loops. */
  public void read(int routeClass, int[] into) {
    java.util.Arrays.fill(into, 0);
    for (int loop = 0; loop < loops.length; loop++) {
      int[] cells = of(loop, routeClass);
      if (cells != null) {
        for (int i = 0; i < LENGTH; i++) {
          into[i] += (int) CELL.getOpaque(cells, LEAD + i);
        }
      }
    }
  }

  private int @Nullable [] of(int loop, int routeClass) {
    int[] @Nullable [] own = (int[] @Nullable []) LOOPS.getAcquire(loops, loop);
    return own == null ? null : (int[]) CELLS.getAcquire(own, routeClass);
  }

  /** The bucket, from 0, of a duration. */
  public static int bucketOf(long nanos) {
    long micros = nanos / 1000;
    if (micros < 1 << FIRST_EXPONENT) {
      return 0;
    }
    int exponent = 63 - Long.numberOfLeadingZeros(micros);
    if (exponent > LAST_EXPONENT) {
      return BUCKET_COUNT - 1;
    }
    int sub = (int) (micros >>> (exponent - SUB_BITS)) & (PER_DOUBLING - 1);
    return 1 + ((exponent - FIRST_EXPONENT) << SUB_BITS) + sub;
  }

  /** Where the bucket ends, in nanoseconds. */
  public static long upperNanos(int bucket) {
    if (bucket == 0) {
      return 1000L << FIRST_EXPONENT;
    }
    int exponent = FIRST_EXPONENT + ((bucket - 1) >>> SUB_BITS);
    int sub = (bucket - 1) & (PER_DOUBLING - 1);
    return 1000L * (PER_DOUBLING + sub + 1) << (exponent - SUB_BITS);
  }
}
