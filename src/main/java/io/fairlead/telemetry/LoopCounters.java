package io.fairlead.telemetry;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * Counters with one cell per event loop. A loop writes its own cells only, with plain additions
 * made visible by opaque stores; a reader adds them up and may miss the last few nanoseconds.
 * Counters only rise. A loop's cells are made when it counts for the first time: a node or a route
 * that never gets a request costs next to nothing.
 *
 * @param <K> the names of the counters
 */
@SuppressWarnings("EnumOrdinal") // the ordinal is the index of the cell: that is the idea
public final class LoopCounters<K extends Enum<K>> {
  private static final VarHandle CELL = MethodHandles.arrayElementVarHandle(long[].class);
  private static final VarHandle CELLS = MethodHandles.arrayElementVarHandle(long[][].class);

  /** Cells of two loops must not share a cache line: one line is left free on either side. */
  private static final int PADDING = 8;

  private final long[] @Nullable [] cells;
  private final int length;

  public LoopCounters(int loops, Class<K> names) {
    cells = new long[loops][];
    length = names.getEnumConstants().length + 2 * PADDING;
  }

  public void increment(int loop, K name) {
    add(loop, name, 1);
  }

  public void add(int loop, K name, long amount) {
    long[] own = cells[loop];
    if (own == null) {
      own = new long[length];
      CELLS.setRelease(cells, loop, own);
    }
    int index = PADDING + name.ordinal();
    CELL.setOpaque(own, index, own[index] + amount);
  }

  /** The sum over all loops. */
  public long get(K name) {
    long sum = 0;
    for (int loop = 0; loop < cells.length; loop++) {
      long[] own = (long[]) CELLS.getAcquire(cells, loop);
      if (own != null) {
        sum += (long) CELL.getOpaque(own, PADDING + name.ordinal());
      }
    }
    return sum;
  }
}
