package io.fairlead.admin;

import io.fairlead.insight.incident.Incident;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What the API tells of incidents. */
final class IncidentViews {
  private IncidentViews() {}

  @Doc("What goes wrong, and what went wrong before; the youngest first.")
  record IncidentList(
      @Doc("Milliseconds since 1970.") long now,
      @Doc("False: there is not enough traffic yet, or no record of it, to tell what is not usual.")
          boolean enough,
      List<IncidentView> incidents) {}

  @Doc("One problem.")
  record IncidentView(
      String id,
      @Doc("open or over.") String state,
      @Doc("bad or warn.") String level,
      @Doc(
              "errors, slow, retries, transfer, surge, drop, node-ejected, node-down, flapping, certificate, ...")
          String kind,
      @Doc("What, since when, how much, and why most likely.") String text,
      @Doc("Milliseconds since 1970.") long since,
      @Doc("null: it goes on.") @Nullable Long until,
      @Doc("What it concerns: service, route or listener.") Map<String, String> scope,
      @Doc("Of the requests there, how many are bad, since it began.") double share,
      @Doc("What is usual instead.") double baseline,
      @Doc("Requests that were bad so far.") long requests,
      @Doc("Most likely first.") List<CauseView> causes) {
    static IncidentView of(Incident incident) {
      return new IncidentView(
          incident.id(),
          incident.open() ? "open" : "over",
          incident.level(),
          incident.kind(),
          incident.text(),
          incident.since(),
          incident.until(),
          incident.scope(),
          incident.share(),
          incident.baseline(),
          incident.requests(),
          incident.causes().stream()
              .map(cause ->
                  new CauseView(
                      cause.fields(),
                      cause.text(),
                      cause.bad(),
                      cause.rest(),
                      cause.score(),
                      cause.where()))
              .toList());
    }
  }

  @Doc("What bad requests have in common.")
  record CauseView(
      @Doc("Values by field; several values of one are joined by a comma.")
          Map<String, String> fields,
      String text,
      @Doc("Share of the bad requests that have it.") double bad,
      @Doc("Share of the others that do.") double rest,
      @Doc("How much of what tells bad from good this explains, 0 to 1.") double score,
      @Doc("The same as a condition for records; null: they cannot be asked for it.")
          @Nullable String where) {}

  @Doc("What was changed or happened, for charts; oldest first.")
  record Markers(List<Marker> markers) {}

  @Doc("Something at one time.")
  record Marker(
      @Doc("Milliseconds since 1970.") long time,
      @Doc("config, deploy, scaling, failover, drain, node or incident.") String kind,
      String text) {}
}
