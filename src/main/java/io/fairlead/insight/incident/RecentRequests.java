package io.fairlead.insight.incident;

import org.jspecify.annotations.Nullable;

/**
 * The last {@value #ROWS} requests: numbers of values, times, and how each was bad. One thread
 * writes; others get copies.
 */
final class RecentRequests {
  static final int ROWS = 1 << 17;
  private static final int MASK = ROWS - 1;

  /** Most of the time until the answer it waited for room at the nodes of the service. */
  static final int WAITED = 1 << 5;

  /** Most of it went into a connection to the node. */
  static final int CONNECTED = 1 << 6;

  /** Of each row the numbers of all dimensions: who looks at one looks at others, too. */
  private final long[] values;

  /** When it ended, from {@link #epoch} on, in milliseconds. */
  final int[] millis;

  /** Microseconds. */
  final int[] total;

  /** Microseconds until the head of the node's answer was there; -1: there was none. */
  final int[] firstByte;

  /** {@link Measure#bit}s, and where most of the time went. */
  final byte[] bad;

  final long epoch;
  long written;

  RecentRequests(long epoch) {
    this(epoch, ROWS);
  }

  RecentRequests(long epoch, int rows) {
    this.epoch = epoch;
    values = new long[rows * Dimension.WORDS];
    millis = new int[rows];
    total = new int[rows];
    firstByte = new int[rows];
    bad = new byte[rows];
  }

  private RecentRequests(RecentRequests other) {
    epoch = other.epoch;
    written = other.written;
    values = other.values.clone();
    millis = other.millis.clone();
    total = other.total.clone();
    firstByte = other.firstByte.clone();
    bad = other.bad.clone();
  }

  RecentRequests copy() {
    return new RecentRequests(this);
  }

  /**
   * Adds a row.
   *
   * @param numbers of its values, see {@link Dimension#in}
   */
  void add(long endMillis, int micros, int first, int bits, long[] numbers) {
    int at = (int) written++ & MASK;
    System.arraycopy(numbers, 0, values, at * Dimension.WORDS, Dimension.WORDS);
    millis[at] = (int) (endMillis - epoch);
    total[at] = micros;
    firstByte[at] = first;
    bad[at] = (byte) bits;
  }

  /** The number of the value that it has there. */
  int value(Dimension dimension, int at) {
    return value(dimension.index(), at);
  }

  /** The same by the dimension's index. */
  int value(int dimension, int at) {
    return Dimension.in(values, at * Dimension.WORDS, dimension);
  }

  /** The place of a row, counted from the first there ever was. */
  static int at(long row) {
    return (int) row & MASK;
  }

  /** The oldest row that is still there. */
  long first() {
    return Math.max(0, written - ROWS);
  }

  /** The first row from that time on; rows are nearly in the order of time. */
  long since(long epochMillis) {
    long low = first();
    long high = written;
    int wanted = (int) Math.max(Integer.MIN_VALUE, epochMillis - epoch);
    while (low < high) {
      long middle = (low + high) >>> 1;
      if (millis[at(middle)] < wanted) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  /** The values with those numbers are known no longer. */
  void forget(Dimension dimension, boolean[] gone) {
    for (int at = 0; at < ROWS; at++) {
      if (gone[value(dimension, at)]) {
        dimension.put(values, at * Dimension.WORDS, Dictionary.OTHER);
      }
    }
  }

  /**
   * Which requests: those with one of some values in one dimension and, if there is a second one,
   * with that value there.
   */
  static final class Which {
    final Dimension dimension;
    final int[] numbers;
    final @Nullable Dimension second;
    final int secondNumber;

    Which(Dimension dimension, int[] numbers, @Nullable Dimension second, int secondNumber) {
      this.dimension = dimension;
      this.numbers = numbers;
      this.second = second;
      this.secondNumber = secondNumber;
    }

    boolean takes(RecentRequests rows, int at) {
      if (second != null && rows.value(second, at) != secondNumber) {
        return false;
      }
      int value = rows.value(dimension, at);
      for (int number : numbers) {
        if (number == value) {
          return true;
        }
      }
      return false;
    }
  }
}
