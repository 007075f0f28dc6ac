package io.fairlead.admin;

import io.fairlead.telemetry.Event;
import io.fairlead.telemetry.EventLog;

/** Something that happened. */
@Doc("Something that happened.")
record EventView(
    @Doc("Rises by one with every event.") long id,
    @Doc("Milliseconds since 1970.") long time,
    @Doc("What kind of event.") String kind,
    @Doc("info, good or bad.") String level,
    @Doc("One line for people.") String text) {

  static EventView of(EventLog.Entry entry) {
    Event event = entry.event();
    return new EventView(
        entry.id(),
        entry.epochMillis(),
        event.getClass().getSimpleName(),
        level(event),
        event.text());
  }

  private static String level(Event event) {
    return switch (event) {
      case Event.NodeDown _,
          Event.AlertFiring _,
          Event.AlertUndelivered _,
          Event.NodeEjected _,
          Event.ServiceAlarm _,
          Event.ConfigRefused _,
          Event.TakeoverFailed _,
          Event.CertificatesRefused _,
          Event.CertificateExpires _,
          Event.NodeCertificateExpires _,
          Event.Overloaded _,
          Event.RecordsStopped _,
          Event.RetriesStopped _,
          Event.TextLogStopped _,
          Event.UnderPressure _,
          Event.IncidentOpened _ ->
          "bad";
      case Event.NodeUp _,
          Event.AlertResolved _,
          Event.OverloadOver _,
          Event.PressureOver _,
          Event.RecordsResumed _,
          Event.NodeReinstated _,
          Event.TextLogResumed _,
          Event.ServiceAlarmOver _,
          Event.IncidentOver _ ->
          "good";
      case Event.InstanceStarted _,
          Event.InstanceStopping _,
          Event.Replaced _,
          Event.TookOver _,
          Event.ConfigApplied _,
          Event.ListenerStarted _,
          Event.ListenerStopped _,
          Event.CertificateLoaded _,
          Event.NodeTlsLoaded _,
          Event.NodeJoined _,
          Event.NodeProbation _,
          Event.NodeLeft _,
          Event.NodeDraining _,
          Event.NodeDrained _,
          Event.NodeUndrained _,
          Event.RecordsRecovered _,
          Event.Audit _ ->
          "info";
    };
  }
}
