package io.fairlead.balance;

/**
 * Draws a node in proportion to its weight with one look into memory [1]: every cell belongs to one
 * node up to a threshold and to another beyond it. Where a service has thousands of nodes, each
 * look is a cache miss, so threshold and alias share one long.
 *
 * <p>Shares are exact to one part in 2^32 of a cell.
 *
 * <p>[1] M. Vose, A Linear Algorithm for Generating Random Numbers with a Given Distribution, IEEE
 * Transactions on Software Engineering 17(9), 1991.
 */
final class AliasTable {
  private static final double ONE = 0x1p32;

  /** Per cell: threshold as a fraction of 2^32 in the upper half, alias in the lower. */
  private final long[] cells;

  AliasTable(float[] weights) {
    int count = weights.length;
    cells = new long[count];
    double[] height = new double[count];
    double unit = count / Weights.sum(weights);
    int[] stack = new int[count]; // low cells from the front, high cells from the back
    int low = 0;
    int high = count;
    for (int i = 0; i < count; i++) {
      height[i] = weights[i] * unit;
      if (height[i] < 1) {
        stack[low++] = i;
      } else {
        stack[--high] = i;
      }
    }
    while (low > 0 && high < count) {
      int poor = stack[--low];
      int rich = stack[high];
      cells[poor] = ((long) (height[poor] * ONE) << 32) | rich;
      height[rich] -= 1 - height[poor];
      if (height[rich] < 1) {
        high++;
        stack[low++] = rich;
      }
    }
    while (high < count) {
      int whole = stack[high++];
      cells[whole] = whole;
    }
    while (low > 0) { // left over by rounding
      int whole = stack[--low];
      cells[whole] = whole;
    }
  }

  /**
   * The node that the point falls to.
   *
   * @param point as a fraction of 2^64, unsigned; uniformly distributed
   */
  int indexAt(long point) {
    int index = (int) Math.unsignedMultiplyHigh(point, cells.length);
    long within = (point * cells.length) >>> 32; // where in the cell
    long cell = cells[index];
    return within < cell >>> 32 ? index : (int) cell;
  }
}
