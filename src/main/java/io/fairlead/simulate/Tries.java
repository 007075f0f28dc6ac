package io.fairlead.simulate;

import java.util.Arrays;

/**
 * Every try that is on its way, one row each over several arrays; rows are used again. A request is
 * nothing but what its tries hand on: when it began, whose it is, how many tries are left.
 */
final class Tries {
  int[] instance = new int[1024];
  int[] node = new int[1024];
  int[] route = new int[1024];
  int[] client = new int[1024];
  int[] left = new int[1024];

  /** Rises when the row is given back: who remembers a row sees that it is another's. */
  int[] mark = new int[1024];

  long[] began = new long[1024];
  long[] sent = new long[1024];

  /** Work in nanoseconds of one core at full speed. */
  double[] work = new double[1024];

  /** Further time on the way back. */
  long[] late = new long[1024];

  boolean[] failed = new boolean[1024];

  /** The instance waits for it no longer. */
  boolean[] abandoned = new boolean[1024];

  private int[] free = new int[1024];
  private int frees;
  private int used;

  int take() {
    if (frees > 0) {
      return free[--frees];
    }
    if (used == node.length) {
      grow(used * 2);
    }
    return used++;
  }

  void giveBack(int row) {
    mark[row]++;
    late[row] = 0;
    failed[row] = false;
    abandoned[row] = false;
    if (frees == free.length) {
      free = Arrays.copyOf(free, frees * 2);
    }
    free[frees++] = row;
  }

  private void grow(int length) {
    instance = Arrays.copyOf(instance, length);
    node = Arrays.copyOf(node, length);
    route = Arrays.copyOf(route, length);
    client = Arrays.copyOf(client, length);
    left = Arrays.copyOf(left, length);
    mark = Arrays.copyOf(mark, length);
    began = Arrays.copyOf(began, length);
    sent = Arrays.copyOf(sent, length);
    work = Arrays.copyOf(work, length);
    late = Arrays.copyOf(late, length);
    failed = Arrays.copyOf(failed, length);
    abandoned = Arrays.copyOf(abandoned, length);
  }
}
