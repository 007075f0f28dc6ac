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

  /** Which group its request belongs to, where several are waited for together. */
  int[] group = new int[1024];

  /** The other try of the same request that is on its way; -1: none. */
  int[] twin = new int[1024];

  /** When another node is asked, too; {@link Long#MAX_VALUE}: never. */
  long[] hedgeAt = new long[1024];

  /** The instance waits for it no longer. */
  boolean[] abandoned = new boolean[1024];

  private int[] free = new int[1024];
  private int frees;
  private int used;

  int take() {
    if (frees == 0 && used == node.length) {
      grow(used * 2);
    }
    int row = frees > 0 ? free[--frees] : used++;
    twin[row] = -1;
    hedgeAt[row] = Long.MAX_VALUE;
    return row;
  }

  /** Another try of the same request. */
  int again(int row) {
    int next = take();
    instance[next] = instance[row];
    client[next] = client[row];
    route[next] = route[row];
    work[next] = work[row];
    left[next] = left[row];
    began[next] = began[row];
    group[next] = group[row];
    return next;
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
    group = Arrays.copyOf(group, length);
    twin = Arrays.copyOf(twin, length);
    hedgeAt = Arrays.copyOf(hedgeAt, length);
  }
}
