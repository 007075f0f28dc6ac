package io.fairlead.insight.incident;

import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * Finds nodes that a balancer avoids because they are bad: it sends them so little that what is bad
 * there is too little to stand out by itself, and nobody would hear of a node that is lost.
 *
 * <p>Two signs together tell it. A node gets a quarter or less of what it always got, while its
 * service gets what it does; and of the little it gets, much more is bad than is usual there. The
 * first alone would be another way to balance, the second alone chance.
 */
final class Avoided {
  /** What is looked at: the first is soon full of what goes on, in the second is enough of it. */
  private static final long[] SPANS = {20_000, 60_000};

  private static final int EXPECTED = 40;

  private static final double LITTLE = 0.25;
  private static final double BACK = 0.5;
  private static final double MISSED = 6;

  /** Pieces of ten seconds in which it never got much less than usual. */
  private static final int STEADY = 6;

  private static final int LEAST_BAD = 3;
  private static final double SURPRISING = 3;
  private static final double SPREAD = 2;

  /** It is over when it was not seen for two looks and some. */
  private static final long LASTS_MILLIS = 25_000;

  private static final List<Measure> BAD = List.of(Measure.ERRORS, Measure.SLOW, Measure.TRANSFER);

  private final Slices slices;
  private final RecentRequests recent;
  private final Values values;
  private final Incidents incidents;

  /** What a node was seen to get while it was steady, requests a second; 0: it never was. */
  private final float[] steadyRate = new float[Dimension.NODE.places];

  /** The same of its service. */
  private final float[] steadyService = new float[Dimension.NODE.places];

  private final int[] all = new int[Dimension.NODE.places];
  private final int[][] bad = new int[BAD.size()][Dimension.NODE.places];
  private final int[] serviceOf = new int[Dimension.NODE.places];
  private final int[] times = new int[1 << 10];
  private long from;

  Avoided(Slices slices, RecentRequests recent, Values values, Incidents incidents) {
    this.slices = slices;
    this.recent = recent;
    this.values = values;
    this.incidents = incidents;
  }

  /** A piece of ten seconds has ended. */
  void look(long endMillis) {
    for (long span : SPANS) {
      count(endMillis - span);
      for (int node = Dictionary.FIRST; node < Dimension.NODE.places; node++) {
        int service = serviceOf[node];
        if (all[node] > 0 && service != Dictionary.NONE) {
          look(
              node,
              slices.slice(Dimension.NODE, node),
              slices.slice(Dimension.SERVICE, service),
              endMillis);
        }
      }
    }
  }

  private void count(long fromMillis) {
    from = recent.since(fromMillis);
    Arrays.fill(all, 0);
    for (int[] each : bad) {
      Arrays.fill(each, 0);
    }
    for (long row = from; row < recent.written; row++) {
      int at = RecentRequests.at(row);
      int node = recent.values[Dimension.NODE.index()][at];
      all[node]++;
      if (steadyRate[node] == 0) {
        serviceOf[node] = recent.values[Dimension.SERVICE.index()][at];
      }
      for (int i = 0; i < bad.length; i++) {
        bad[i][node] += (recent.bad[at] & BAD.get(i).bit()) != 0 ? 1 : 0;
      }
    }
  }

  private void look(int node, int slice, int servicesSlice, long endMillis) {
    double share = steadyService[node] == 0 ? 0 : steadyRate[node] / steadyService[node];
    double expected = share * slices.ten(servicesSlice);
    int there = slices.ten(slice);
    String name = values.of(Dimension.NODE).text(node);
    String service = values.of(Dimension.SERVICE).text(serviceOf[node]);
    OpenIncident open = incidents.ofKey(key(service, name));
    if (open != null && open.kind.equals(Incidents.AVOIDED)) {
      if (there < BACK * expected) {
        open.lastBad = endMillis;
      }
      return; // what it gets now does not become usual
    }
    if (slices.steady(slice) >= STEADY || slices.usualRate(slice) == 0) {
      steadyRate[node] = (float) slices.usualRate(slice);
      steadyService[node] = (float) slices.usualRate(servicesSlice);
    }
    boolean missed =
        isMissed(there, expected)
            || isMissed(slices.minute(slice), share * slices.minute(servicesSlice));
    if (open != null || !missed || incidents.isElsewhere(service, name)) {
      return;
    }
    for (int i = 0; i < bad.length; i++) {
      if (isWorse(BAD.get(i), bad[i][node], all[node], slice)) {
        tell(node, service, name, there / expected, i, endMillis);
        return;
      }
    }
  }

  private static boolean isMissed(int there, double expected) {
    return expected >= EXPECTED
        && there <= LITTLE * expected
        && Chance.belowCount(there, expected, 4) >= MISSED;
  }

  private boolean isWorse(Measure measure, int k, int n, int slice) {
    double usual = slices.usual(measure.index(), slice);
    return k >= LEAST_BAD
        && Slices.matters(measure, k, n, usual)
        && Chance.above(k, n, usual, SPREAD, 1000) >= SURPRISING;
  }

  private void tell(
      int node, String service, String name, double share, int which, long endMillis) {
    Measure measure = BAD.get(which);
    int k = bad[which][node];
    OpenIncident incident =
        incidents.state(
            key(service, name),
            Incidents.AVOIDED,
            "warn",
            endMillis,
            "Node "
                + name
                + " of "
                + service
                + " gets "
                + Sentences.percent(share)
                + " of what it usually does, since the balancer finds others better: "
                + k
                + " of its last "
                + all[node]
                + " requests "
                + (measure == Measure.ERRORS
                    ? "fail"
                    : "are slow, half of these take more than "
                        + Sentences.millis(median(node, measure))),
            Map.of("service", service),
            LASTS_MILLIS);
    incident.share = (double) k / all[node];
    incident.baseline = slices.usual(measure.index(), slices.slice(Dimension.NODE, node));
    Incidents.name(incident, "node", name, "node " + name + ": " + k + " of " + all[node]);
  }

  private int median(int node, Measure measure) {
    int count = 0;
    for (long row = from; row < recent.written && count < times.length; row++) {
      int at = RecentRequests.at(row);
      if (recent.values[Dimension.NODE.index()][at] == node
          && (recent.bad[at] & measure.bit()) != 0) {
        times[count++] = recent.total[at];
      }
    }
    Arrays.sort(times, 0, count);
    return count == 0 ? 0 : times[count / 2];
  }

  private static String key(String service, String node) {
    return "node " + service + "/" + node;
  }
}
