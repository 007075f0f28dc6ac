package io.fairlead.insight.incident;

import io.fairlead.insight.incident.RecentRequests.Which;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Which value, values or pair of values tells the bad requests of the last seconds best from the
 * others: the one that leaves least doubt, by mutual information [1].
 *
 * <p>What is usually bad is taken off first, or a route that always fails a little would be named
 * for whatever happens elsewhere. A pair has to explain much more than a single value, since there
 * are so many pairs; it is named, too, where a single value is bad in one part only. Values of one
 * dimension that are about equally bad become one statement, unless a value of another dimension
 * says the same: two nodes of one version are that version. Of what says the same, what comes first
 * in {@link Dimension} is named; a single node and its version are told apart by whether versions
 * mean anything here, which they do not where each node has its own.
 *
 * <p>[1] C. E. Shannon, A Mathematical Theory of Communication, Bell System Technical Journal 27,
 * 1948.
 */
final class Causes {
  /** Rows that are looked at, the youngest. */
  private static final int MOST_ROWS = 1 << 16;

  private static final int PAIRED = 10;
  private static final int PER_DIMENSION = 3;
  private static final double PAIR = 0.75;
  private static final double SET = 0.9;
  private static final int MOST_IN_SET = 8;
  private static final double SAME = 0.97;
  private static final double NEARLY_ALL = 0.97;

  /** A part of what is bad that chance would put there once in ten thousand times. */
  private static final double UNLIKELY = Math.log(10_000);

  /** What is bad by so much belongs to the set, or it would be told for itself. */
  private static final double SURPRISING = 6;

  private static final double AS_BAD = 0.4;
  private static final int KEPT = 5;

  /**
   * What some requests have in common.
   *
   * @param in requests that have it
   * @param both bad ones among them beyond what is usual
   * @param rest share of the other requests that have it
   * @param information in nats
   */
  record Candidate(Which which, double in, double both, double rest, double information) {
    double rate() {
      return both / in;
    }
  }

  /**
   * What was found.
   *
   * @param all requests that were looked at
   * @param bad of them beyond what is usual
   * @param causes the best first
   * @param stands in the requests that were looked at: the slice that stands out most, and by how
   *     much
   */
  record Found(double all, double bad, List<Candidate> causes, int stands, double by) {}

  private final Slices slices;
  private final int[] all;
  private final int[] bad;
  private int rows;
  private int badRows;

  Causes(Slices slices) {
    this.slices = slices;
    all = new int[slices.size];
    bad = new int[slices.size];
  }

  /** Looks at the rows from that one on, without those that have a cause already. */
  Found look(RecentRequests recent, long from, Measure measure, List<Which> explained) {
    long start = Math.max(from, recent.written - MOST_ROWS);
    count(recent, start, measure, explained);
    double total = badRows - rows * slices.usual(measure.index(), Slices.TOTAL);
    double most = total;
    List<Candidate> singles = new ArrayList<>();
    int stands = Slices.TOTAL;
    double by = by(measure, Slices.TOTAL, badRows, rows);
    for (int i = 0; i < Dimension.COUNTED; i++) {
      for (int number = Dictionary.FIRST; number < Dimension.ALL[i].places; number++) {
        int slice = slices.base[i] + number;
        if (bad[slice] > 0) {
          most = Math.max(most, excess(measure, slice));
          if (bad[slice] >= (Dimension.ALL[i].isFine() ? 20 : 5) && all[slice] >= 20) {
            double its = by(measure, slice, bad[slice], all[slice]);
            if (its > by) {
              by = its;
              stands = slice;
            }
          }
        }
      }
    }
    if (most <= 0) {
      return new Found(rows, 0, List.of(), stands, by);
    }
    for (int i = 0; i < Dimension.COUNTED; i++) {
      singles.addAll(ofDimension(Dimension.ALL[i], measure, most));
    }
    List<Candidate> found = new ArrayList<>(singles);
    found.addAll(pairs(recent, start, measure, explained, singles, most));
    found.sort(Comparator.comparingDouble(Causes::worth).reversed());
    prefer(found);
    return new Found(
        rows, most, List.copyOf(found.subList(0, Math.min(KEPT, found.size()))), stands, by);
  }

  private double by(Measure measure, int slice, int k, int n) {
    double p = slices.usual(measure.index(), slice);
    return n > 0 && Slices.matters(measure, k, n, p)
        ? Chance.above(k, n, p, measure.spread, 1000)
        : 0;
  }

  private void count(RecentRequests recent, long start, Measure measure, List<Which> explained) {
    Arrays.fill(all, 0);
    Arrays.fill(bad, 0);
    rows = 0;
    badRows = 0;
    for (long row = start; row < recent.written; row++) {
      int at = RecentRequests.at(row);
      if (isExplained(recent, at, explained)) {
        continue;
      }
      rows++;
      boolean isBad = (recent.bad[at] & measure.bit()) != 0;
      badRows += isBad ? 1 : 0;
      for (int i = 0; i < Dimension.COUNTED; i++) {
        int slice = slices.base[i] + recent.value(i, at);
        all[slice]++;
        if (isBad) {
          bad[slice]++;
        }
      }
    }
  }

  static boolean isExplained(RecentRequests recent, int at, List<Which> explained) {
    for (Which which : explained) {
      if (which.takes(recent, at)) {
        return true;
      }
    }
    return false;
  }

  private double excess(Measure measure, int slice) {
    return bad[slice] - all[slice] * slices.usual(measure.index(), slice);
  }

  private Candidate candidate(Which which, double in, double badIn, double excess, double most) {
    double both = Math.min(excess, Math.min(most, in));
    double rest = rows - badRows <= 0 ? 0 : Math.max(0, in - badIn) / (rows - badRows);
    return new Candidate(
        which,
        in,
        both,
        Math.min(1, rest),
        Chance.information(rows, Math.min(most, rows), in, both));
  }

  private boolean isLess(double in, double both, double most) {
    return in < NEARLY_ALL * rows && both > 0 && both / most > in / rows;
  }

  /** Values one by one, and together those that are about equally bad. */
  private List<Candidate> ofDimension(Dimension dimension, Measure measure, double most) {
    List<Candidate> found = new ArrayList<>();
    for (int number = Dictionary.FIRST; number < dimension.places; number++) {
      int slice = slices.slice(dimension, number);
      double excess = bad[slice] == 0 ? 0 : excess(measure, slice);
      if (excess >= Math.max(2, 0.02 * most) && isLess(all[slice], excess, most)) {
        found.add(
            candidate(
                new Which(dimension, new int[] {number}, null, 0),
                all[slice],
                bad[slice],
                excess,
                most));
      }
    }
    found.sort(Comparator.comparingDouble(Candidate::information).reversed());
    Candidate together = together(dimension, measure, found, most);
    List<Candidate> kept = new ArrayList<>(found.subList(0, Math.min(PER_DIMENSION, found.size())));
    if (together != null) {
      kept.add(together);
    }
    return kept;
  }

  private @Nullable Candidate together(
      Dimension dimension, Measure measure, List<Candidate> found, double most) {
    if (found.size() < 2) {
      return null;
    }
    Candidate first = found.getFirst();
    Candidate best = first;
    double in = 0;
    double badIn = 0;
    double both = 0;
    int[] numbers = {};
    for (Candidate each : found) {
      if (each.rate() < AS_BAD * first.rate() || numbers.length == MOST_IN_SET) {
        continue;
      }
      numbers = Arrays.copyOf(numbers, numbers.length + 1);
      numbers[numbers.length - 1] = each.which().numbers[0];
      int slice = slices.slice(dimension, each.which().numbers[0]);
      in += each.in();
      badIn += bad[slice];
      both += excess(measure, slice);
      if (numbers.length > 1 && isLess(in, both, most)) {
        Candidate set = candidate(new Which(dimension, numbers, null, 0), in, badIn, both, most);
        boolean own = by(measure, slice, bad[slice], all[slice]) >= SURPRISING;
        if (set.information() > (own ? 1 : 1.05) * best.information()) {
          best = set;
        }
      }
    }
    return best.equals(first) ? null : best;
  }

  /**
   * A set that was named before and has one that is named now in it, if the others are about as bad
   * still; null: they are not, or it has not.
   */
  @Nullable Candidate still(Which before, Candidate now, Measure measure, double most) {
    if (before.dimension != now.which().dimension
        || before.second != null
        || now.which().second != null
        || before.numbers.length <= now.which().numbers.length) {
      return null;
    }
    double in = 0;
    double badIn = 0;
    double both = 0;
    for (int number : before.numbers) {
      int slice = slices.slice(before.dimension, number);
      double excess = excess(measure, slice);
      if (all[slice] == 0 || excess / all[slice] < AS_BAD * now.rate()) {
        return null;
      }
      in += all[slice];
      badIn += bad[slice];
      both += excess;
    }
    for (int number : now.which().numbers) {
      if (Arrays.stream(before.numbers).noneMatch(each -> each == number)) {
        return null;
      }
    }
    return candidate(before, in, badIn, both, most);
  }

  /** What two values have in common that are bad each for itself. */
  private List<Candidate> pairs(
      RecentRequests recent,
      long start,
      Measure measure,
      List<Which> explained,
      List<Candidate> singles,
      double most) {
    List<Candidate> tried =
        singles.stream()
            .filter(each -> each.which().numbers.length == 1)
            .sorted(Comparator.comparingDouble(Candidate::information).reversed())
            .limit(PAIRED)
            .toList();
    if (tried.size() < 2) {
      return List.of();
    }
    int[] countAll = new int[1 << tried.size()];
    int[] countBad = new int[1 << tried.size()];
    for (long row = start; row < recent.written; row++) {
      int at = RecentRequests.at(row);
      if (isExplained(recent, at, explained)) {
        continue;
      }
      int has = 0;
      for (int i = 0; i < tried.size(); i++) {
        Which which = tried.get(i).which();
        has |= recent.value(which.dimension, at) == which.numbers[0] ? 1 << i : 0;
      }
      countAll[has]++;
      countBad[has] += (recent.bad[at] & measure.bit()) != 0 ? 1 : 0;
    }
    List<Candidate> found = new ArrayList<>();
    for (int a = 0; a < tried.size(); a++) {
      for (int b = a + 1; b < tried.size(); b++) {
        Candidate pair =
            pair(
                tried.get(a), tried.get(b), (1 << a) | (1 << b), countAll, countBad, measure, most);
        if (pair != null) {
          found.add(pair);
        }
      }
    }
    return found;
  }

  private @Nullable Candidate pair(
      Candidate a,
      Candidate b,
      int mask,
      int[] countAll,
      int[] countBad,
      Measure measure,
      double most) {
    if (a.which().dimension == b.which().dimension) {
      return null;
    }
    double in = 0;
    double badIn = 0;
    for (int has = 0; has < countAll.length; has++) {
      if ((has & mask) == mask) {
        in += countAll[has];
        badIn += countBad[has];
      }
    }
    double usual = Math.max(usual(measure, a.which()), usual(measure, b.which()));
    double both = badIn - in * usual;
    if (in > SAME * Math.min(a.in(), b.in()) || both < 5 || !isLess(in, both, most)) {
      return null; // one is a part of the other
    }
    Which which =
        new Which(
            a.which().dimension, a.which().numbers, b.which().dimension, b.which().numbers[0]);
    Candidate pair = candidate(which, in, badIn, both, most);
    return divides(pair, a) || divides(pair, b) ? promoted(pair, a, b) : pair;
  }

  private double usual(Measure measure, Which which) {
    return slices.usual(measure.index(), slices.slice(which.dimension, which.numbers[0]));
  }

  /** Whether nearly all that is bad of the single value is in a part of it. */
  private static boolean divides(Candidate pair, Candidate single) {
    double part = pair.in() / single.in();
    return part <= 0.7
        && pair.both() >= 0.85 * single.both()
        && pair.both() * -Math.log(part) >= UNLIKELY;
  }

  /** Worth more than the single values even with the discount. */
  private static Candidate promoted(Candidate pair, Candidate a, Candidate b) {
    double better = 0;
    better = divides(pair, a) ? a.information() : better;
    better = divides(pair, b) ? Math.max(better, b.information()) : better;
    return new Candidate(
        pair.which(),
        pair.in(),
        pair.both(),
        pair.rest(),
        Math.max(pair.information(), 1.01 * better / PAIR));
  }

  /** What it is ranked by. */
  static double worth(Candidate candidate) {
    double discount =
        candidate.which().second != null ? PAIR : candidate.which().numbers.length > 1 ? SET : 1;
    return discount * candidate.information();
  }

  /** Of those that say the same as the best, the one to be named comes first. */
  private void prefer(List<Candidate> found) {
    if (found.size() < 2) {
      return;
    }
    Candidate best = found.getFirst();
    boolean pair = best.which().second != null;
    List<Candidate> same = new ArrayList<>();
    for (Candidate each : found) {
      if (each.which().second != null == pair
          && each.information() >= SAME * best.information()
          && Math.abs(each.in() - best.in()) <= (1 - SAME) * Math.max(each.in(), best.in())) {
        same.add(each);
      }
    }
    if (same.size() < 2) {
      return;
    }
    boolean versions = meanSomething();
    Candidate named = same.getFirst();
    for (Candidate each : same) {
      if (rank(each, versions) < rank(named, versions)) {
        named = each;
      }
    }
    found.removeAll(same); // what says the same again is no second cause
    found.addFirst(named);
  }

  private static int rank(Candidate candidate, boolean versions) {
    Which which = candidate.which();
    int more = which.numbers.length > 1 ? 100 : 0;
    int second = which.second == null ? 0 : rank(which.second, versions);
    return more + second + rank(which.dimension, versions);
  }

  private static int rank(Dimension dimension, boolean versions) {
    return dimension == Dimension.VERSION && versions ? -1 : dimension.index();
  }

  /** Fewer versions than nodes. */
  private boolean meanSomething() {
    return values(Dimension.VERSION) < values(Dimension.NODE);
  }

  private int values(Dimension dimension) {
    int count = 0;
    for (int number = Dictionary.FIRST; number < dimension.places; number++) {
      count += all[slices.slice(dimension, number)] > 0 ? 1 : 0;
    }
    return count;
  }
}
