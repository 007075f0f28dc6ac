package io.fairlead.insight.incident;

import java.util.Arrays;

/**
 * Counts the requests of every slice, and those that are bad, second by second, and tells whether
 * they are more than is usual for the slice.
 *
 * <p>A slice stands out if so many are bad in the last 10 or 60 seconds, or in two of the last five
 * seconds, that chance would explain it once in a thousand million times, and if it matters: three
 * times the usual share and some. Long windows find what is faint or comes in bursts, short ones
 * what is loud. What is usual comes from pieces of ten seconds that are a minute old, half
 * forgotten after ten minutes; pieces in which the slice was conspicuous are left out, so that no
 * incident becomes usual while it lasts, for six hours at most. Where little is known of a slice,
 * what is usual for all stands in. Counts that vary more than by chance are given that much room.
 *
 * <p>Shares, not counts, are compared: more traffic is no incident.
 */
final class Slices {
  static final int TOTAL = 0;
  private static final int MEASURES = Measure.ALL.length;
  private static final int COLUMNS = 1 + MEASURES;
  private static final int SECONDS = 16;
  private static final int PIECES = 8;

  /** Counts that are gone through between two rests. */
  private static final int SPELL = 1 << 13;

  private static final int LAG = 6;

  /** Forgotten with each piece of ten seconds: half in ten minutes. */
  private static final double KEPT = Math.pow(0.5, 1 / 60.0);

  /** So many requests' worth of what is usual for all goes into what is usual for a slice. */
  private static final double BORROWED = 300;

  private static final int LEAST_REQUESTS = 20;
  private static final int LEAST_BAD = 5;
  private static final int LEAST_BAD_FINE = 20;
  private static final int LEAST_BAD_SECOND = 4;
  private static final double SURPRISING = 6;
  private static final double SURPRISING_SECOND = 4.5;
  private static final double FINE = 1.5;
  private static final double CONSPICUOUS = 3.5;

  /** Pieces of ten seconds after which what goes on is usual. */
  private static final int BECOMES_USUAL = 6 * 60 * 6;

  private static final int ENOUGH_REQUESTS = 200;
  private static final int MOST_SPREAD = 10;

  final int[] base = new int[Dimension.COUNTED];
  final int size;
  private final Dimension[] dimension;
  private final int[][] seconds;
  private final int[][] pieces;
  private final int[] piece;
  private final int[] ten;
  private final int[] sixty;
  private final float[][] usualAll = new float[MEASURES][];
  private final float[][] usualBad = new float[MEASURES][];
  private final float[][] spread = new float[MEASURES][];
  private final short[][] heldBack = new short[MEASURES][];
  private final byte[][] lately = new byte[MEASURES][];
  private final byte[][] conspicuous;
  private final float[] volume;
  private final short[] steady;
  private double volumeWeight;
  private long second;
  private long closedPieces;
  private long fed;

  /** Volumes are not usual now. */
  boolean volumeHeld;

  /** By measure, what the last look found: the slice that stands out most; -1: none does. */
  final int[] worst = new int[MEASURES];

  final double[] worstBy = new double[MEASURES];

  Slices(long epochSecond) {
    int next = 1;
    for (int i = 0; i < Dimension.COUNTED; i++) {
      base[i] = next;
      next += Dimension.ALL[i].places;
    }
    size = next;
    dimension = new Dimension[size];
    for (int i = 0; i < Dimension.COUNTED; i++) {
      Arrays.fill(dimension, base[i], base[i] + Dimension.ALL[i].places, Dimension.ALL[i]);
    }
    seconds = new int[SECONDS][COLUMNS * size];
    pieces = new int[PIECES][COLUMNS * size];
    piece = new int[COLUMNS * size];
    ten = new int[COLUMNS * size];
    sixty = new int[COLUMNS * size];
    conspicuous = new byte[PIECES][size];
    volume = new float[size];
    steady = new short[size];
    for (int m = 0; m < MEASURES; m++) {
      usualAll[m] = new float[size];
      usualBad[m] = new float[size];
      spread[m] = new float[size];
      heldBack[m] = new short[size];
      lately[m] = new byte[size];
    }
    second = epochSecond - 1;
  }

  /** The last second that has been closed. */
  long second() {
    return second;
  }

  /** The moment at which it ended; milliseconds since 1970. */
  long endMillis() {
    return (second + 1) * 1000;
  }

  /**
   * Counts a request that ended in that second; what comes late counts as of the open one.
   *
   * @param numbers of its values, see {@link Dimension#in}
   */
  void add(long epochSecond, int bits, long[] numbers) {
    long within = Math.min(Math.max(epochSecond, second + 1), second + 5);
    int[] row = seconds[(int) within & (SECONDS - 1)];
    count(row, 0, numbers);
    for (int rest = bits; rest != 0; rest &= rest - 1) {
      count(row, (1 + Integer.numberOfTrailingZeros(rest)) * size, numbers);
    }
  }

  private void count(int[] row, int column, long[] numbers) {
    row[column + TOTAL]++;
    for (int i = 0; i < Dimension.COUNTED; i += 4) {
      long four = numbers[i >>> 2];
      row[column + base[i] + ((int) four & 0xFFFF)]++;
      row[column + base[i + 1] + ((int) (four >>> 16) & 0xFFFF)]++;
      row[column + base[i + 2] + ((int) (four >>> 32) & 0xFFFF)]++;
      row[column + base[i + 3] + (int) (four >>> 48)]++;
    }
  }

  /**
   * The next second has ended: counts it, and looks. Answers whether a piece of ten has, too.
   *
   * @param rest called between pieces of work of some tens of microseconds
   */
  boolean close(Runnable rest) {
    second++;
    int[] row = seconds[(int) second & (SECONDS - 1)];
    int[] old = seconds[(int) (second - 10) & (SECONDS - 1)];
    for (int from = 0; from < row.length; from += SPELL) {
      for (int i = from; i < Math.min(from + SPELL, row.length); i++) {
        ten[i] += row[i] - old[i];
        piece[i] += row[i];
      }
      rest.run();
    }
    Arrays.fill(seconds[(int) (second + 5) & (SECONDS - 1)], 0);
    look(rest);
    if (second % 10 != 9) {
      return false;
    }
    endPiece(rest);
    return true;
  }

  private void endPiece(Runnable rest) {
    int slot = (int) closedPieces & (PIECES - 1);
    int[] left = pieces[(int) (closedPieces - LAG) & (PIECES - 1)];
    for (int from = 0; from < piece.length; from += SPELL) {
      for (int i = from; i < Math.min(from + SPELL, piece.length); i++) {
        sixty[i] += piece[i] - (closedPieces >= LAG ? left[i] : 0);
      }
      rest.run();
    }
    System.arraycopy(piece, 0, pieces[slot], 0, piece.length);
    Arrays.fill(piece, 0);
    rest.run();
    closedPieces++;
    long lag = Math.min(LAG - 1, closedPieces / 3);
    while (fed < closedPieces - lag) {
      feed((int) fed & (PIECES - 1), rest);
      fed++;
    }
    Arrays.fill(conspicuous[(int) closedPieces & (PIECES - 1)], (byte) 0);
  }

  /** What came in that piece is usual, where nothing stood out. */
  private void feed(int slot, Runnable rest) {
    int[] counts = pieces[slot];
    byte[] marks = conspicuous[slot];
    for (int m = 0; m < MEASURES; m++) {
      int column = (1 + m) * size;
      double all = usual(m);
      rest.run();
      for (int s = 0; s < size; s++) {
        if (counts[s] == 0 && usualAll[m][s] == 0) {
          continue;
        }
        boolean held = ((marks[s] | marks[TOTAL]) & (1 << m)) != 0;
        if (held && ++heldBack[m][s] < BECOMES_USUAL) {
          continue;
        }
        heldBack[m][s] = 0;
        double p = usual(m, s, all);
        double expected = counts[s] * p;
        if (expected >= 0.5) {
          double off = counts[column + s] - expected;
          double square = Math.min(4 * MOST_SPREAD, off * off / (expected * (1 - p)));
          spread[m][s] += (float) (0.05 * (square - spread[m][s]));
        }
        usualAll[m][s] = (float) (usualAll[m][s] * KEPT + counts[s]);
        usualBad[m][s] = (float) (usualBad[m][s] * KEPT + counts[column + s]);
      }
    }
    if (!volumeHeld) {
      volumeWeight = volumeWeight * KEPT + 1;
      for (int s = 0; s < size; s++) {
        steady[s] =
            counts[s] > 0 && counts[s] >= 0.4 * volume[s] / volumeWeight
                ? (short) Math.min(1000, steady[s] + 1)
                : 0;
        volume[s] = (float) (volume[s] * KEPT + counts[s]);
      }
    }
  }

  /**
   * Whether enough is known to tell what is not usual: a whole piece at least, since the first may
   * be a second with the first, slow requests of a process that has just started.
   */
  boolean isEnough() {
    return fed >= 2 && usualAll[0][TOTAL] + volume[TOTAL] >= ENOUGH_REQUESTS;
  }

  /** What is usual for all. */
  double usual(int measure) {
    double floor = Measure.ALL[measure].usual;
    return Math.max(
        floor,
        (usualBad[measure][TOTAL] + floor * BORROWED) / (usualAll[measure][TOTAL] + BORROWED));
  }

  /** What is usual for the slice. */
  double usual(int measure, int slice) {
    return usual(measure, slice, usual(measure));
  }

  private double usual(int measure, int slice, double all) {
    return Math.max(
        Measure.ALL[measure].usual,
        (usualBad[measure][slice] + all * BORROWED) / (usualAll[measure][slice] + BORROWED));
  }

  private double spread(int measure, int slice) {
    return Math.min(MOST_SPREAD, Math.max(Measure.ALL[measure].spread, spread[measure][slice]));
  }

  private void look(Runnable rest) {
    Arrays.fill(worst, -1);
    Arrays.fill(worstBy, 0);
    if (!isEnough()) {
      return;
    }
    int[] row = seconds[(int) second & (SECONDS - 1)];
    for (int m = 0; m < MEASURES; m++) {
      double all = usual(m);
      int column = (1 + m) * size;
      byte[] seen = lately[m];
      rest.run();
      for (int s = 0; s < size; s++) {
        int k60 = sixty[column + s] + piece[column + s];
        if ((k60 < LEAST_BAD && seen[s] == 0) || isNobody(s) || !isOf(m, s)) {
          continue;
        }
        look(m, s, all, row, column, k60);
      }
    }
  }

  private boolean isOf(int measure, int slice) {
    return slice == TOTAL || Measure.ALL[measure].isOf(dimension[slice]);
  }

  private boolean isNobody(int slice) {
    return slice != TOTAL && slice - base[dimension[slice].index()] < Dictionary.FIRST;
  }

  private void look(int m, int s, double all, int[] row, int column, int k60) {
    Measure measure = Measure.ALL[m];
    double p = usual(m, s, all);
    double known = usualAll[m][s] + BORROWED;
    double room = spread(m, s);
    boolean fine = s != TOTAL && dimension[s].isFine();
    double by10 = by(measure, ten[column + s], ten[s], p, room, known, fine);
    double by60 = by(measure, k60, sixty[s] + piece[s], p, room, known, fine);
    int history = (lately[m][s] << 1) & 31;
    int k1 = row[column + s];
    if (k1 >= (fine ? LEAST_BAD_FINE : LEAST_BAD_SECOND)
        && matters(measure, k1, row[s], p)
        && Chance.above(k1, row[s], p, room, known) >= SURPRISING_SECOND * (fine ? FINE : 1)) {
      history |= 1;
    }
    lately[m][s] = (byte) history;
    if (by10 > CONSPICUOUS) {
      mark(closedPieces, s, measure);
      mark(closedPieces - 1, s, measure);
    }
    if (by60 > CONSPICUOUS) {
      for (long each = Math.max(fed, closedPieces - LAG); each <= closedPieces; each++) {
        mark(each, s, measure);
      }
    }
    boolean twice = Integer.bitCount(history) >= 2 && (history & 3) != 0;
    double needed = SURPRISING * (fine ? FINE : 1);
    double by = Math.max(by10 >= needed ? by10 : 0, by60 >= needed ? by60 : 0);
    if (twice) {
      by = Math.max(by, Math.max(by10, SURPRISING));
    }
    if (by > worstBy[m]) {
      worstBy[m] = by;
      worst[m] = s;
    }
  }

  private static double by(
      Measure measure, int k, int n, double p, double spread, double known, boolean fine) {
    return k < (fine ? LEAST_BAD_FINE : LEAST_BAD)
            || n < LEAST_REQUESTS
            || !matters(measure, k, n, p)
        ? 0
        : Chance.above(k, n, p, spread, known);
  }

  /** Whether the share is so much above the usual one that somebody would care. */
  static boolean matters(Measure measure, double k, double n, double p) {
    double share = k / n;
    return share - p >= measure.excess && share >= Math.min(measure.times * p, (1 + 2 * p) / 3);
  }

  private void mark(long which, int slice, Measure measure) {
    if (which >= fed) {
      conspicuous[(int) which & (PIECES - 1)][slice] |= (byte) measure.bit();
    }
  }

  /** Whether anything has been conspicuous lately: then a route's times are not usual. */
  boolean isConspicuous(int slice, Measure measure) {
    for (byte[] marks : conspicuous) {
      if ((marks[slice] & measure.bit()) != 0 || (marks[TOTAL] & measure.bit()) != 0) {
        return true;
      }
    }
    return false;
  }

  // --- volumes --------------------------------------------------------------------------------

  /** Requests of the last so many seconds, 10 at most. */
  int lately(int slice, int span) {
    int sum = 0;
    for (int i = 0; i < span; i++) {
      sum += seconds[(int) (second - i) & (SECONDS - 1)][slice];
    }
    return sum;
  }

  /** Requests per second that are usual. */
  double usualRate(int slice) {
    return volumeWeight == 0 ? 0 : volume[slice] / volumeWeight / 10;
  }

  /** For so many pieces of ten seconds there was never much less than usual. */
  int steady(int slice) {
    return steady[slice];
  }

  int ten(int slice) {
    return ten[slice];
  }

  int minute(int slice) {
    return sixty[slice] + piece[slice];
  }

  int slice(Dimension which, int number) {
    return base[which.index()] + number;
  }

  /** Nothing is known any longer of those values. */
  void forget(Dimension which, boolean[] gone) {
    for (int number = 0; number < gone.length; number++) {
      if (gone[number]) {
        int slice = slice(which, number);
        for (int column = 0; column < COLUMNS; column++) {
          clear(column * size + slice);
        }
        for (int m = 0; m < MEASURES; m++) {
          usualAll[m][slice] = 0;
          usualBad[m][slice] = 0;
          spread[m][slice] = 0;
          heldBack[m][slice] = 0;
          lately[m][slice] = 0;
        }
        volume[slice] = 0;
        steady[slice] = 0;
      }
    }
  }

  private void clear(int at) {
    for (int[] row : seconds) {
      row[at] = 0;
    }
    for (int[] row : pieces) {
      row[at] = 0;
    }
    piece[at] = 0;
    ten[at] = 0;
    sixty[at] = 0;
  }
}
