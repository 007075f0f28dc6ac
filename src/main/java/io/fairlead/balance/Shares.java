package io.fairlead.balance;

/**
 * The range from 0 to 1 cut into one piece per node, as long as its weight: tells in which piece a
 * point lies.
 *
 * <p>A guide table with one entry per node says where to begin the search [1], so that a uniformly
 * distributed point costs two comparisons on average however the weights are spread: the n pieces
 * begin in n guide cells. Unlike an alias table it keeps the pieces in order, so evenly spread
 * points fall evenly on the nodes.
 *
 * <p>[1] H.-C. Chen, Y. Asau, On generating random variates from an empirical distribution, AIIE
 * Transactions 6(2), 1974.
 */
final class Shares {
  private final long total;
  private final long[] ends;
  private final int[] guide;

  Shares(int[] weights) {
    ends = new long[weights.length];
    long sum = 0;
    for (int i = 0; i < weights.length; i++) {
      sum += weights[i];
      ends[i] = sum;
    }
    total = sum;
    guide = new int[weights.length];
    int piece = 0;
    for (int cell = 0; cell < guide.length; cell++) {
      long cellStart = (long) ((double) cell / guide.length * total);
      // one less than rounding may have made of it: too early costs a step, too late is wrong
      while (ends[piece] <= cellStart - 1) {
        piece++;
      }
      guide[cell] = piece;
    }
  }

  /**
   * The piece that holds the point.
   *
   * @param point as a fraction of 2^64, unsigned
   */
  int indexAt(long point) {
    long weight = Math.unsignedMultiplyHigh(point, total);
    int index = guide[(int) Math.unsignedMultiplyHigh(point, guide.length)];
    while (ends[index] <= weight) {
      index++;
    }
    return index;
  }
}
