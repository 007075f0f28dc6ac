package io.fairlead.insight.incident;

import java.util.Arrays;
import java.util.List;

/** Counts within the scope since it began, a minute at most. */
final class Measured {
  /** Since the last that was bad, what came so soon after belongs to it. */
  private static final int GRACE = 500;

  private static final int SAMPLE = 2_000;

  private final Slices slices;
  private final RecentRequests recent;
  private final Values values;
  private final int[] wanted = new int[Dimension.COUNTED];

  /** How much of it is bad usually. */
  final double usual;

  int everything;
  int all;
  int bad;
  private final int[] statuses = new int[Dimension.STATUS.places];
  private final int[] errors = new int[Dimension.ERROR.places];
  private final int[] micros = new int[SAMPLE];
  private int sampled;
  private int waited;
  private int connected;

  Measured(
      Slices slices,
      RecentRequests recent,
      Values values,
      OpenIncident incident,
      Measure measure,
      long from) {
    this.slices = slices;
    this.recent = recent;
    this.values = values;
    incident.scope.forEach((field, text) -> {
      for (Dimension dimension : Dimension.ALL) {
        if (dimension.field().equals(field)) {
          wanted[dimension.index()] = values.of(dimension).numberOf(text);
        }
      }
    });
    int last = (int) (incident.lastBad - recent.epoch);
    for (long row = from; row < recent.written; row++) {
      int at = RecentRequests.at(row);
      if (recent.millis[at] > last + GRACE) {
        break; // what is well again does not make it less
      }
      everything++;
      if (isWanted(at)) {
        all++;
        if ((recent.bad[at] & measure.bit()) != 0) {
          take(at);
        }
      }
    }
    usual = usualOfScope(measure);
  }

  private boolean isWanted(int at) {
    for (int i = 0; i < wanted.length; i++) {
      if (wanted[i] != 0 && recent.value(i, at) != wanted[i]) {
        return false;
      }
    }
    return true;
  }

  private void take(int at) {
    bad++;
    waited += (recent.bad[at] & RecentRequests.WAITED) != 0 ? 1 : 0;
    connected += (recent.bad[at] & RecentRequests.CONNECTED) != 0 ? 1 : 0;
    statuses[recent.value(Dimension.STATUS, at)]++;
    errors[recent.value(Dimension.ERROR, at)]++;
    if (sampled < SAMPLE) {
      micros[sampled++] = recent.total[at];
    }
  }

  private double usualOfScope(Measure measure) {
    for (Dimension dimension : List.of(Dimension.ROUTE, Dimension.SERVICE, Dimension.LISTENER)) {
      int number = wanted[dimension.index()];
      if (number != 0) {
        return slices.usual(measure.index(), slices.slice(dimension, number));
      }
    }
    return slices.usual(measure.index());
  }

  int median() {
    Arrays.sort(micros, 0, sampled);
    return sampled == 0 ? 0 : micros[sampled / 2];
  }

  /** Where the time went, if it was not the node that took it. */
  String waiting() {
    return waited >= 0.6 * bad
        ? ", most of it in the wait for room at the nodes"
        : connected >= 0.6 * bad ? ", most of it until there is a connection to the node" : "";
  }

  /** What most of the bad ones were answered with. */
  String answered() {
    if (bad == 0) {
      return "";
    }
    for (int number = Dictionary.FIRST; number < errors.length; number++) {
      if (errors[number] >= 0.6 * bad) {
        return ", mostly with " + values.of(Dimension.ERROR).text(number) + ",";
      }
    }
    for (int number = Dictionary.FIRST; number < statuses.length; number++) {
      if (statuses[number] >= 0.6 * bad) {
        return ", mostly with status " + values.of(Dimension.STATUS).text(number) + ",";
      }
    }
    return "";
  }
}
