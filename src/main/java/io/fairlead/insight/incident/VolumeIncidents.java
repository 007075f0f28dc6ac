package io.fairlead.insight.incident;

import io.fairlead.insight.incident.Incident.Cause;
import io.fairlead.insight.incident.RecentRequests.Which;
import java.util.List;
import java.util.Map;

/** Traffic that grows beyond its habit, or fails to come. */
final class VolumeIncidents {
  private static final int CAUSES = 3;
  private static final long QUIET_MILLIS = 15_000;
  private static final long SPAN_OF_DROP = 10_000;

  /** What has grown for so long is how things are now. */
  private static final long HELD_MILLIS = 6 * 3_600_000L;

  private final Slices slices;
  private final RecentRequests recent;
  private final Values values;
  private final Incidents incidents;
  private final Handshakes handshakes;
  private final Volumes volumes;

  VolumeIncidents(
      Slices slices,
      RecentRequests recent,
      Values values,
      Incidents incidents,
      Handshakes handshakes) {
    this.slices = slices;
    this.recent = recent;
    this.values = values;
    this.incidents = incidents;
    this.handshakes = handshakes;
    volumes = new Volumes(slices);
  }

  /** A second has been closed. */
  void look() {
    boolean held = false;
    for (OpenIncident incident : List.copyOf(incidents.open())) {
      if (incident.slice >= 0) {
        boolean goesOn =
            incident.kind.equals("surge")
                ? volumes.surges(incident.slice)
                : volumes.isLow(incident.slice);
        if (goesOn) {
          incident.lastBad = slices.endMillis();
        } else if (slices.endMillis() - incident.lastBad >= QUIET_MILLIS) {
          incidents.end(incident, incident.lastBad);
          continue;
        }
        held |= slices.endMillis() - incident.since < HELD_MILLIS;
      }
    }
    slices.volumeHeld = held;
    List<Volumes.Volume> surging = volumes.surging();
    if (!surging.isEmpty() && none("surge")) {
      surge(surging);
    }
    if (none("drop") && !incidents.isLeaving()) {
      volumes.dropped().stream().filter(this::isWonder).findFirst().ifPresent(this::drop);
    }
  }

  /** Who does not get through the handshake asks for nothing. */
  private boolean isWonder(Volumes.Volume dropped) {
    if (dropped.slice() != Slices.TOTAL) {
      for (long row = recent.first(); row < recent.written; row++) {
        int at = RecentRequests.at(row);
        if (recent.value(dropped.dimension(), at) == dropped.number()) {
          int listener = recent.value(Dimension.LISTENER, at);
          return !handshakes.areTold(this.values.of(Dimension.LISTENER).text(listener));
        }
      }
    }
    return true;
  }

  private boolean none(String kind) {
    return incidents.open().stream().noneMatch(each -> each.kind.equals(kind) && each.slice >= 0);
  }

  private void surge(List<Volumes.Volume> surging) {
    Volumes.Volume first = surging.getFirst();
    double usualAll = slices.usualRate(Slices.TOTAL);
    double all = slices.lately(Slices.TOTAL, 3) / 3.0;
    double usual = slices.usualRate(first.slice());
    double now = slices.lately(first.slice(), 3) / 3.0;
    OpenIncident incident = incidents.begin("surge", slices.endMillis() - 3_000);
    incident.slice = first.slice();
    incident.lastBad = slices.endMillis();
    incident.level = "warn";
    incident.share = now / all;
    incident.baseline = usual / usualAll;
    incident.requests = Math.round(now * 3);
    incident.causes =
        surging.stream()
            .limit(CAUSES)
            .map(each -> {
              double its = slices.lately(each.slice(), 3) / 3.0;
              Which which = new Which(each.dimension(), new int[] {each.number()}, null, 0);
              double of = Math.min(1, (its - slices.usualRate(each.slice())) / (all - usualAll));
              double rest = slices.usualRate(each.slice()) / usualAll;
              return new Cause(
                  values.fields(which),
                  Sentences.percent(of)
                      + " of what is more "
                      + verbOne(each.dimension())
                      + values.words(which)
                      + ", which usually has "
                      + Sentences.percent(rest)
                      + " of all",
                  of,
                  rest,
                  of,
                  values.where(which));
            })
            .toList();
    incident.text =
        "Traffic has grown from "
            + Sentences.rate(usualAll)
            + " to "
            + Sentences.rate(all)
            + " since "
            + Sentences.clock(incident.since)
            + "; "
            + incident.causes.getFirst().text()
            + "."
            + incidents.before(incident.since);
    incidents.announce(incident);
  }

  private static String verbOne(Dimension dimension) {
    return switch (dimension) {
      case CLIENT, AGENT -> "comes from ";
      case PATH, HOST -> "asks for ";
      case NODE, VERSION, ZONE, SERVICE, ROUTE, LISTENER, METHOD, PROTOCOL, STATUS, ERROR, TRIES ->
          "takes ";
    };
  }

  private void drop(Volumes.Volume dropped) {
    boolean all = dropped.slice() == Slices.TOTAL;
    Which which = new Which(dropped.dimension(), new int[] {dropped.number()}, null, 0);
    double usual = slices.usualRate(dropped.slice());
    OpenIncident incident = incidents.begin("drop", slices.endMillis() - SPAN_OF_DROP);
    incident.slice = dropped.slice();
    incident.lastBad = slices.endMillis();
    incident.level = all ? "bad" : "warn";
    incident.baseline = usual;
    incident.scope = all ? Map.of() : values.fields(which);
    incident.text =
        (all
                ? "There are hardly any requests"
                : "Hardly any requests come to " + values.words(which))
            + " since "
            + Sentences.clock(incident.since)
            + ", usually "
            + Sentences.rate(usual)
            + "."
            + incidents.before(incident.since);
    incidents.announce(incident);
  }
}
