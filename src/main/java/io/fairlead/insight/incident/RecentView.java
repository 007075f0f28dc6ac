package io.fairlead.insight.incident;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/** A copy of the last requests: nobody writes it any more. Rows count from 0, the oldest. */
public final class RecentView {
  static final RecentView NONE =
      new RecentView(new RecentRequests(0, 1), new @Nullable String[Dimension.ALL.length][0]);

  /** Fields that have another meaning in records than here. */
  private static final Set<String> OTHERWISE = Set.of("path", "version", "zone");

  private final RecentRequests rows;
  private final @Nullable String[][] texts;
  private final long first;

  private RecentView(RecentRequests rows, @Nullable String[][] texts) {
    this.rows = rows;
    this.texts = texts;
    first = rows.first();
  }

  static RecentView of(RecentRequests copy, Dictionary[] dictionaries) {
    String[][] texts = new String[dictionaries.length][];
    for (int i = 0; i < texts.length; i++) {
      texts[i] = new String[Dimension.ALL[i].places];
      for (int number = 0; number < texts[i].length; number++) {
        texts[i][number] = dictionaries[i].text(number);
      }
    }
    return new RecentView(copy, texts);
  }

  /** When the oldest request ended that is there; {@link Long#MAX_VALUE}: there is none. */
  public long since() {
    return size() == 0 ? Long.MAX_VALUE : endMillis(0);
  }

  public int size() {
    return (int) (rows.written - first);
  }

  private int at(int row) {
    return RecentRequests.at(first + row);
  }

  /** When it ended, milliseconds since 1970. */
  public long endMillis(int row) {
    return rows.epoch + rows.millis[at(row)];
  }

  public int totalMicros(int row) {
    return rows.total[at(row)];
  }

  /** -1: there was none. */
  public int firstByteMicros(int row) {
    return rows.firstByte[at(row)];
  }

  public boolean failed(int row) {
    return (rows.bad[at(row)] & Measure.ERRORS.bit()) != 0;
  }

  /** Longer than 99 of 100 of its route took at that time. */
  public boolean isSlow(int row) {
    return (rows.bad[at(row)] & (Measure.SLOW.bit() | Measure.TRANSFER.bit())) != 0;
  }

  /** The place of a field that is known here as records have it; -1: it is not. */
  public int field(String name) {
    for (Dimension dimension : Dimension.ALL) {
      if (dimension.field().equals(name) && !OTHERWISE.contains(name)) {
        return dimension.index();
      }
    }
    return -1;
  }

  /** The number of the value that the request has in that field. */
  public int number(int field, int row) {
    return rows.value(field, at(row));
  }

  /** Numbers that values of that field have; less than that. */
  public int numbers(int field) {
    return texts[field].length;
  }

  /** What a number means; null: no value. */
  public @Nullable String text(int field, int number) {
    return number == Dictionary.NONE ? null : texts[field][number];
  }

  /** Whether what that number stands for is known no more. */
  public static boolean isForgotten(int number) {
    return number == Dictionary.OTHER;
  }

  /**
   * Compares some requests with others.
   *
   * @param selected by row
   * @param others by row; a row that is neither does not count
   */
  public Comparison.Explanation compare(IntPredicate selected, IntPredicate others) {
    int size = size();
    byte[] side = new byte[size];
    int[] counts = new int[2];
    for (int row = 0; row < size; row++) {
      side[row] = (byte) (selected.test(row) ? 0 : others.test(row) ? 1 : -1);
      if (side[row] >= 0) {
        counts[side[row]]++;
      }
    }
    Comparison comparison = new Comparison(counts[0], counts[1]);
    for (Dimension dimension : Dimension.ALL) {
      int[][] by = new int[2][dimension.places];
      for (int row = 0; row < size; row++) {
        if (side[row] >= 0) {
          by[side[row]][rows.value(dimension, at(row))]++;
        }
      }
      for (int number = Dictionary.FIRST; number < dimension.places; number++) {
        if (by[0][number] + by[1][number] > 0) {
          comparison.add(
              dimension.field(),
              String.valueOf(texts[dimension.index()][number]),
              by[0][number],
              by[1][number]);
        }
      }
    }
    pairs(comparison, side);
    return comparison.explain();
  }

  private void pairs(Comparison comparison, byte[] side) {
    List<Comparison.Counted> tried = comparison.candidates();
    List<int[]> places = new ArrayList<>();
    for (Comparison.Counted each : tried) {
      int field = 0;
      for (Dimension dimension : Dimension.ALL) {
        field = dimension.field().equals(each.field()) ? dimension.index() : field;
      }
      int number = Arrays.asList(texts[field]).lastIndexOf(each.value());
      places.add(new int[] {field, number});
    }
    int[][] counts = new int[2][1 << tried.size()];
    for (int row = 0; row < side.length; row++) {
      if (side[row] >= 0) {
        int has = 0;
        for (int i = 0; i < places.size(); i++) {
          int[] place = places.get(i);
          has |= rows.value(place[0], at(row)) == place[1] ? 1 << i : 0;
        }
        counts[side[row]][has]++;
      }
    }
    addPairs(
        comparison,
        tried,
        mask -> new double[] {matching(counts[0], mask), matching(counts[1], mask)});
  }

  private static double matching(int[] counts, int mask) {
    double sum = 0;
    for (int has = 0; has < counts.length; has++) {
      sum += (has & mask) == mask ? counts[has] : 0;
    }
    return sum;
  }

  /** Selected and other requests that have both values of a pair, given as two bits. */
  public interface PairCounts {
    double[] of(int mask);
  }

  /** All pairs of what was tried. */
  public static void addPairs(
      Comparison comparison, List<Comparison.Counted> tried, PairCounts counts) {
    for (int a = 0; a < tried.size(); a++) {
      for (int b = a + 1; b < tried.size(); b++) {
        double[] both = counts.of((1 << a) | (1 << b));
        comparison.addPair(tried.get(a), tried.get(b), both[0], both[1]);
      }
    }
  }
}
