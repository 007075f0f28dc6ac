package io.fairlead.insight.incident;

import java.util.Arrays;
import java.util.List;

/**
 * Finds one client, user agent, route, path or host that suddenly brings most of much more traffic,
 * and routes and services that nobody asks for any more.
 *
 * <p>More traffic that is made up as always is no incident: a surge is a share that doubled and
 * brings three fifths of what is more. A drop is next to nothing where for two minutes there always
 * was something.
 */
final class Volumes {
  private static final List<Dimension> SURGING =
      List.of(Dimension.CLIENT, Dimension.AGENT, Dimension.ROUTE, Dimension.PATH, Dimension.HOST);
  private static final List<Dimension> DROPPING =
      List.of(Dimension.SERVICE, Dimension.LISTENER, Dimension.ROUTE);

  private static final int SPAN = 3;
  private static final int LEAST = 50;
  private static final double MORE = 1.25;
  private static final double SHARE = 0.2;
  private static final double OF_MORE = 0.6;
  private static final int STEADY = 12;
  private static final int EXPECTED = 40;
  private static final double NEXT_TO_NOTHING = 0.03;
  private static final double SURPRISING = 6;
  private static final int TWICE = 2;

  /** What surges or has dropped: a slice, its dimension and number. */
  record Volume(int slice, Dimension dimension, int number) {}

  private final Slices slices;
  private final byte[] seen;

  Volumes(Slices slices) {
    this.slices = slices;
    seen = new byte[slices.size];
  }

  /** What surges, first what is named; once a second. */
  List<Volume> surging() {
    int all = slices.lately(Slices.TOTAL, SPAN);
    double usualAll = slices.usualRate(Slices.TOTAL) * SPAN;
    if (usualAll <= 0 || all < LEAST || all < MORE * usualAll) {
      Arrays.fill(seen, (byte) 0);
      return List.of();
    }
    List<Volume> found = new java.util.ArrayList<>();
    for (Dimension dimension : SURGING) {
      for (int number = Dictionary.FIRST; number < dimension.places; number++) {
        int slice = slices.slice(dimension, number);
        boolean is = slices.ten(slice) >= LEAST && surges(slice, all, usualAll);
        seen[slice] = (byte) (is ? Math.min(100, seen[slice] + 1) : 0);
        if (seen[slice] >= TWICE) {
          found.add(new Volume(slice, dimension, number));
        }
      }
    }
    return found;
  }

  private boolean surges(int slice, int all, double usualAll) {
    int its = slices.lately(slice, SPAN);
    double usual = slices.usualRate(slice) * SPAN;
    double share = usual / usualAll;
    double now = (double) its / all;
    return its >= LEAST
        && now >= share + SHARE
        && now >= 2 * share
        && its - usual >= OF_MORE * (all - usualAll)
        && Chance.aboveCount(its, Math.max(1, share * all), 4) >= SURPRISING;
  }

  /** Whether it goes on. */
  boolean surges(int slice) {
    int all = slices.ten(Slices.TOTAL);
    double usualAll = slices.usualRate(Slices.TOTAL) * 10;
    double share = slices.usualRate(slice) / slices.usualRate(Slices.TOTAL);
    return all > 0 && all > 1.1 * usualAll && (double) slices.ten(slice) / all >= share + SHARE / 2;
  }

  /** What has dropped, the greatest first; all of it if there is no traffic at all. */
  List<Volume> dropped() {
    if (isGone(Slices.TOTAL)) {
      return List.of(new Volume(Slices.TOTAL, Dimension.LISTENER, Dictionary.NONE));
    }
    List<Volume> found = new java.util.ArrayList<>();
    for (Dimension dimension : DROPPING) {
      for (int number = Dictionary.FIRST; number < dimension.places; number++) {
        int slice = slices.slice(dimension, number);
        if (isGone(slice)) {
          found.add(new Volume(slice, dimension, number));
        }
      }
      if (!found.isEmpty()) {
        return found; // routes of what has dropped go without saying
      }
    }
    return found;
  }

  private boolean isGone(int slice) {
    double expected = slices.usualRate(slice) * 10;
    int there = slices.ten(slice);
    return expected >= EXPECTED
        && slices.steady(slice) >= STEADY
        && there <= NEXT_TO_NOTHING * expected
        && Chance.belowCount(there, expected, 4) >= SURPRISING;
  }

  /** Whether there is still much less than there was. */
  boolean isLow(int slice) {
    return slices.ten(slice) < 0.3 * slices.usualRate(slice) * 10;
  }
}
