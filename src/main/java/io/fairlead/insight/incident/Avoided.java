package io.fairlead.insight.incident;

import io.fairlead.insight.incident.RecentRequests.Which;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Finds nodes that a balancer avoids because they are bad: it sends them so little that what is bad
 * there is too little to stand out by itself, and nobody would hear of a node that is lost.
 *
 * <p>Two signs together tell it. A node gets a quarter or less of what it always got, while its
 * service gets what it does; and of the little it gets, much more is bad than is usual there. The
 * first alone would be another way to balance, the second alone chance.
 *
 * <p>If these are the nodes of one zone or version, two at least, and no others, that is told
 * instead.
 */
final class Avoided {
  /** What is looked at: the first is soon full of what goes on, in the second is enough of it. */
  private static final long[] SPANS = {10_000, 20_000, 60_000};

  private static final int EXPECTED = 40;

  private static final double LITTLE = 0.25;
  private static final double BACK = 0.5;
  private static final double MISSED = 6;

  /** Pieces of ten seconds in which it never got much less than usual. */
  private static final int STEADY = 6;

  private static final List<Dimension> GROUPS = List.of(Dimension.VERSION, Dimension.ZONE);
  private static final double MOST_OF_GROUP = 0.66;
  private static final int LEAST_BAD = 3;
  private static final double SURPRISING = 3;
  private static final double SPREAD = 2;

  /** It is over when it was not seen for two looks and some. */
  private static final long LASTS_MILLIS = 25_000;

  /** Requests that are gone through between two rests. */
  private static final int SPELL = 1 << 12;

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
  private final boolean[] back = new boolean[Dimension.NODE.places];
  private final int[] times = new int[1 << 10];
  private long from;

  /** What explains some of what was counted last, null: nothing was counted. */
  private @Nullable List<OpenIncident> explained;

  /** What is wrong with a node: so many of its last requests are bad in that way. */
  private record Lost(
      int node, double share, Measure measure, int bad, int all, int medianMicros) {}

  Avoided(Slices slices, RecentRequests recent, Values values, Incidents incidents) {
    this.slices = slices;
    this.recent = recent;
    this.values = values;
    this.incidents = incidents;
  }

  /**
   * A second has ended; now and then.
   *
   * @param rest called between pieces of work of some tens of microseconds
   */
  void look(long endMillis, Runnable rest) {
    Map<Integer, Lost> lost = new LinkedHashMap<>();
    explained = null;
    for (long span : SPANS) {
      count(endMillis - span, rest);
      for (int node = Dictionary.FIRST; node < Dimension.NODE.places; node++) {
        if (all[node] > 0 && serviceOf[node] != Dictionary.NONE && !lost.containsKey(node)) {
          look(node, lost, endMillis);
        }
      }
    }
    for (Dimension dimension : GROUPS) {
      if (group(dimension, lost, endMillis, rest)) {
        return;
      }
    }
    for (Lost each : lost.values()) {
      String service = service(each.node);
      String name = name(each.node);
      if (incidents.ofKey(key(service, name)) == null && !incidents.isElsewhere(service, name)) {
        tell(each, service, name, endMillis);
      }
    }
  }

  private String service(int node) {
    return values.of(Dimension.SERVICE).text(serviceOf[node]);
  }

  private String name(int node) {
    return values.of(Dimension.NODE).text(node);
  }

  private void count(long fromMillis, Runnable rest) {
    long begin = recent.since(fromMillis);
    List<OpenIncident> explaining = explaining(fromMillis);
    if (begin == from && explaining.equals(explained)) {
      return; // as before: there are no more requests that are so old
    }
    from = begin;
    explained = explaining;
    Arrays.fill(all, 0);
    for (int[] each : bad) {
      Arrays.fill(each, 0);
    }
    for (long row = from; row < recent.written; row++) {
      int at = RecentRequests.at(row);
      if ((row & (SPELL - 1)) == 0) {
        rest.run();
      }
      if (!explaining.isEmpty() && isExplained(at, explaining)) {
        continue;
      }
      int node = recent.value(Dimension.NODE, at);
      all[node]++;
      if (steadyRate[node] == 0) {
        serviceOf[node] = recent.value(Dimension.SERVICE, at);
      }
      for (int i = 0; i < bad.length; i++) {
        bad[i][node] += (recent.bad[at] & BAD.get(i).bit()) != 0 ? 1 : 0;
      }
    }
  }

  /**
   * What incidents tell already is not the node's; nor is what they told until a moment ago: the
   * balancer gives nodes their share again some time after they are well.
   */
  private List<OpenIncident> explaining(long since) {
    List<OpenIncident> explaining = new ArrayList<>(incidents.justOver(since));
    for (OpenIncident incident : incidents.open()) {
      if (incident.isOfRequests()) {
        explaining.add(incident);
      }
    }
    return explaining;
  }

  private boolean isExplained(int at, List<OpenIncident> explaining) {
    long millis = recent.epoch + recent.millis[at];
    for (OpenIncident incident : explaining) {
      if (incident.which != null
          && (incident.over == 0 || millis <= incident.over)
          && incident.which.takes(recent, at)) {
        return true;
      }
    }
    return false;
  }

  private void look(int node, Map<Integer, Lost> lost, long endMillis) {
    int slice = slices.slice(Dimension.NODE, node);
    int servicesSlice = slices.slice(Dimension.SERVICE, serviceOf[node]);
    double share = steadyService[node] == 0 ? 0 : steadyRate[node] / steadyService[node];
    double expected = share * slices.ten(servicesSlice);
    int there = slices.ten(slice);
    back[node] = there >= BACK * expected;
    OpenIncident open = incidents.ofKey(key(service(node), name(node)));
    if (open != null && open.kind.equals(Incidents.AVOIDED)) {
      if (!back[node]) {
        open.lastBad = endMillis; // what it gets now does not become usual
      }
    } else if (slices.steady(slice) >= STEADY || slices.usualRate(slice) == 0) {
      steadyRate[node] = (float) slices.usualRate(slice);
      steadyService[node] = (float) slices.usualRate(servicesSlice);
    }
    if (!isMissed(there, expected)
        && !isMissed(slices.minute(slice), share * slices.minute(servicesSlice))) {
      return;
    }
    for (int i = 0; i < bad.length; i++) {
      Measure measure = BAD.get(i);
      if (isWorse(measure, bad[i][node], all[node], slice)) {
        double of = expected <= 0 ? 0 : there / expected;
        lost.put(node, new Lost(node, of, measure, bad[i][node], all[node], median(node, measure)));
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

  // --- what they have in common ---------------------------------------------------------------

  /** Whether the nodes that are lost are those of one version or zone; then that is told. */
  private boolean group(
      Dimension dimension, Map<Integer, Lost> lost, long endMillis, Runnable rest) {
    if (lost.isEmpty() && !isTold()) {
      return false;
    }
    int[] labels = new int[Dimension.NODE.places];
    for (long row = from; row < recent.written; row++) {
      int at = RecentRequests.at(row);
      labels[recent.value(Dimension.NODE, at)] = recent.value(dimension, at);
      if ((row & (SPELL - 1)) == 0) {
        rest.run();
      }
    }
    for (int label = Dictionary.FIRST; label < dimension.places; label++) {
      OpenIncident open = incidents.ofKey(key(dimension, label));
      int nodes = 0;
      int away = 0;
      int others = 0;
      List<Lost> its = new ArrayList<>();
      for (int node = Dictionary.FIRST; node < labels.length; node++) {
        Lost one = lost.get(node);
        if (all[node] == 0) {
          continue;
        }
        if (labels[node] != label) {
          others += one != null ? 1 : 0;
          continue;
        }
        nodes++;
        away += back[node] ? 0 : 1;
        if (one != null) {
          its.add(one);
        }
      }
      if (open != null) {
        if (away > 0) {
          open.lastBad = endMillis;
        }
        incidents.absorbEjected(open);
        return true;
      }
      if (its.size() >= 2 && its.size() >= MOST_OF_GROUP * nodes && others == 0) {
        tell(dimension, label, its, nodes, endMillis);
        return true;
      }
    }
    return false;
  }

  /** Whether an incident is open that may be a group's. */
  private boolean isTold() {
    for (OpenIncident incident : incidents.open()) {
      if (incident.kind.equals(Incidents.AVOIDED)) {
        return true;
      }
    }
    return false;
  }

  private void tell(Dimension dimension, int label, List<Lost> its, int nodes, long endMillis) {
    String words = dimension.noun() + " " + values.of(dimension).text(label);
    String names = Sentences.list(its.stream().map(each -> name(each.node)).sorted().toList());
    OpenIncident incident =
        incidents.state(
            key(dimension, label),
            Incidents.AVOIDED,
            "warn",
            endMillis,
            its.size()
                + " of the "
                + nodes
                + " nodes with "
                + words
                + " ("
                + names
                + ") get a quarter or less of what they usually do, and no others, since the balancer"
                + " finds those better: "
                + is(its.getFirst()),
            Map.of(dimension.field(), values.of(dimension).text(label)),
            LASTS_MILLIS);
    Which which = new Which(dimension, new int[] {label}, null, 0);
    incident.which = which;
    Incidents.name(incident, dimension.field(), values.of(dimension).text(label), words);
    incidents.absorbEjected(incident);
  }

  private String is(Lost one) {
    return one.bad
        + " of the last "
        + one.all
        + " requests to "
        + name(one.node)
        + (one.measure == Measure.ERRORS
            ? " fail"
            : " are slow, half of these take more than " + Sentences.millis(one.medianMicros));
  }

  private void tell(Lost one, String service, String name, long endMillis) {
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
                + Sentences.percent(one.share)
                + " of what it usually does, since the balancer finds others better: "
                + is(one),
            Map.of("service", service),
            LASTS_MILLIS);
    incident.share = (double) one.bad / one.all;
    incident.baseline = slices.usual(one.measure.index(), slices.slice(Dimension.NODE, one.node));
    Incidents.name(incident, "node", name, "node " + name + ": " + one.bad + " of " + one.all);
  }

  private int median(int node, Measure measure) {
    int count = 0;
    for (long row = from; row < recent.written && count < times.length; row++) {
      int at = RecentRequests.at(row);
      if (recent.value(Dimension.NODE, at) == node && (recent.bad[at] & measure.bit()) != 0) {
        times[count++] = recent.total[at];
      }
    }
    Arrays.sort(times, 0, count);
    return count == 0 ? 0 : times[count / 2];
  }

  private static String key(String service, String node) {
    return "node " + service + "/" + node;
  }

  private String key(Dimension dimension, int label) {
    return "avoided " + dimension.field() + " " + values.of(dimension).text(label);
  }
}
