package io.fairlead.admin;

import io.fairlead.admin.Endpoint.Parameter;
import io.fairlead.admin.IncidentViews.IncidentList;
import io.fairlead.admin.IncidentViews.IncidentView;
import io.fairlead.admin.IncidentViews.Marker;
import io.fairlead.admin.IncidentViews.Markers;
import io.fairlead.insight.incident.Incident;
import io.fairlead.telemetry.Event;
import io.fairlead.telemetry.EventLog;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Incidents, and what was changed. */
final class IncidentsApi {
  private static final Duration MARKED = Duration.ofHours(1);

  private final Instance instance;

  IncidentsApi(Instance instance) {
    this.instance = instance;
  }

  List<Endpoint> endpoints() {
    return List.of(
        Api.get(
            "/api/v1/incidents",
            "What goes wrong and what went wrong, with the most likely causes.",
            List.of(),
            IncidentList.class,
            this::incidents),
        Api.get(
            "/api/v1/incidents/{id}",
            "One incident.",
            List.of(),
            IncidentView.class,
            this::incident),
        Api.get(
            "/api/v1/markers",
            "Changes and other events for charts.",
            List.of(
                new Parameter("from", Times.MEANING + " Default 1h.", false, false),
                new Parameter("to", Times.MEANING + " Default now.", false, false)),
            Markers.class,
            this::markers));
  }

  private Answer incidents(Call call) {
    return Answer.json(
        new IncidentList(
            System.currentTimeMillis(),
            instance.incidents().isEnough(),
            instance.incidents().incidents().stream().map(IncidentView::of).toList()));
  }

  private Answer incident(Call call) {
    String id = call.path("id");
    List<Incident> all = instance.incidents().incidents();
    for (Incident incident : all) {
      if (incident.id().equals(id)) {
        return Answer.json(IncidentView.of(incident));
      }
    }
    throw Refusal.notFound(
        "There is no incident " + id + ".", all.stream().map(Incident::id).toList(), id);
  }

  private Answer markers(Call call) {
    long now = System.currentTimeMillis();
    long from = Times.of(call, "from", now, now - MARKED.toMillis());
    long to = Times.of(call, "to", now, now);
    if (from > to) {
      throw Refusal.of(400, "from: must not be later than to.");
    }
    List<Marker> markers = new ArrayList<>();
    for (EventLog.Entry entry : instance.events().since(0)) {
      if (entry.epochMillis() >= from && entry.epochMillis() <= to) {
        String kind = kind(entry.event());
        if (kind != null) {
          markers.add(new Marker(entry.epochMillis(), kind, entry.event().text()));
        }
      }
    }
    return Answer.json(new Markers(markers));
  }

  private static @Nullable String kind(Event event) {
    return switch (event) {
      case Event.ConfigApplied _, Event.ConfigRefused _ -> "config";
      case Event.Scaled _ -> "scaling";
      case Event.Deploying _,
          Event.DeployStep _,
          Event.Deployed _,
          Event.DeployRolledBack _,
          Event.NodeJoined _,
          Event.NodeLeft _ ->
          "deploy";
      case Event.NodeDraining _, Event.NodeDrained _, Event.NodeUndrained _ -> "drain";
      case Event.NodeUp _,
          Event.NodeDown _,
          Event.NodeEjected _,
          Event.NodeProbation _,
          Event.NodeReinstated _ ->
          "node";
      case Event.TookOver _,
          Event.Replaced _,
          Event.InstanceStarted _,
          Event.InstanceStopping _,
          Event.VipOwned _,
          Event.VipReleased _,
          Event.VipLeaving _,
          Event.BgpSessionUp _,
          Event.BgpSessionOver _,
          Event.BgpSessionLost _ ->
          "failover";
      case Event.GroupReached _,
          Event.GroupLost _,
          Event.PeerJoined _,
          Event.PeerLost _,
          Event.DatabasePrimary _,
          Event.DatabaseFailover _,
          Event.DatabaseMemberFenced _,
          Event.DatabaseWithoutPrimary _ ->
          "failover";
      case Event.IncidentOpened _, Event.IncidentOver _ -> "incident";
      case Event.LogPattern _ -> "log";
      default -> null;
    };
  }
}
