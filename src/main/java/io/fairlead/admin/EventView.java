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
        event.tone(),
        event.text());
  }
}
