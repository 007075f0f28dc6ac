package io.fairlead;

import io.fairlead.insight.incident.Incident;
import io.fairlead.insight.incident.IncidentWatch;
import io.fairlead.insight.incident.NodeLabels.Labels;
import io.fairlead.proxy.Listener;
import io.fairlead.proxy.tls.TlsListener;
import io.fairlead.record.IncidentRecords;
import io.fairlead.record.RecordConsumer;
import io.fairlead.record.RecordStats;
import io.fairlead.runtime.Scheduler;
import io.fairlead.service.Node;
import io.fairlead.service.NodeFacts;
import io.fairlead.service.NodeSet;
import io.fairlead.service.Service;
import io.fairlead.telemetry.Event;
import io.fairlead.telemetry.EventLog;
import io.fairlead.telemetry.HandshakeFailure;
import io.fairlead.telemetry.TlsCounter;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The watch for incidents of this instance: gets records from the recorder, events from their log,
 * and what nodes carry from their services; what it has found outlives the process in a file.
 */
final class IncidentKeeper {
  private static final String VERSION = "version";
  private static final String ZONE = "zone";

  /** The nodes of a service by name, as of a set of them. */
  private record Named(NodeSet set, Map<String, Node> nodes) {}

  private final EventLog events;
  private final Scheduler control;
  private final Function<String, @Nullable Service> services;
  private final Supplier<RecordStats> recording;
  private final IncidentFile file;
  private final IncidentWatch watch;
  private final Map<String, Named> named = new HashMap<>();
  private final Runnable unsubscribe;

  /** Another process has the file now. */
  private volatile boolean replaced;

  private volatile List<Incident> saved = List.of();

  /**
   * @param data the instance's folder for state
   * @param services by name
   * @param recording what the recorder counts now
   */
  IncidentKeeper(
      EventLog events,
      Scheduler control,
      Path data,
      Function<String, @Nullable Service> services,
      Supplier<RecordStats> recording) {
    this.events = events;
    this.control = control;
    this.services = services;
    this.recording = recording;
    file = new IncidentFile(data);
    watch = new IncidentWatch(this::labels, this.events::add);
    unsubscribe = this.events.follow(this::hear);
  }

  private void hear(EventLog.Entry entry) {
    watch.hear(entry);
    if (entry.event() instanceof Event.Replaced) {
      replaced = true;
    }
  }

  IncidentWatch watch() {
    return watch;
  }

  RecordConsumer consumer() {
    return new IncidentRecords(watch);
  }

  /** Reads what an earlier process has found. May wait for the disk. */
  void load() {
    watch.caughtUp(control.epochMillis());
    watch.restore(file.read());
    saved = watch.incidents();
  }

  private synchronized @Nullable Labels labels(String service, String node) {
    Service found = services.apply(service);
    if (found == null) {
      return null;
    }
    NodeSet set = found.nodes();
    Named known = named.get(service);
    if (known == null || known.set() != set) {
      Map<String, Node> nodes = new HashMap<>();
      for (Node each : set.all()) {
        nodes.put(each.name(), each);
      }
      known = new Named(set, nodes);
      named.put(service, known);
    }
    Node its = known.nodes().get(node);
    if (its == null) {
      return null;
    }
    NodeFacts facts = its.facts();
    String zone = facts.zone().isEmpty() ? facts.labels().getOrDefault(ZONE, "") : facts.zone();
    return new Labels(facts.labels().getOrDefault(VERSION, ""), zone);
  }

  /** Once a second: clients that do not get through the handshake leave no record. */
  void handshakes(Listener listener) {
    TlsListener tls = listener.state().tls();
    if (tls == null) {
      return;
    }
    long done = 0;
    for (TlsCounter counter : TlsCounter.values()) {
      done += tls.counters().get(counter);
    }
    Map<HandshakeFailure, Long> failed = new EnumMap<>(HandshakeFailure.class);
    for (HandshakeFailure reason : HandshakeFailure.values()) {
      failed.put(reason, tls.failures().get(reason));
    }
    watch.handshakes(listener.name(), done, failed);
  }

  /** Once a second: events are heard also where nothing is recorded; the file follows. */
  void tick() {
    RecordStats stats = recording.get();
    if (stats == RecordStats.NONE) {
      watch.caughtUp(control.epochMillis());
    } else {
      watch.dropped(stats.droppedOrdinary() + stats.droppedValuable());
    }
    List<Incident> now = watch.incidents();
    if (!replaced && isWorthSaving(saved, now)) {
      saved = now;
      // Whoever writes last writes what is known then, in whatever order they come.
      Thread.ofVirtual().name("incidents").start(() -> file.write(watch.incidents()));
    }
  }

  /** Figures change every second; what opens and ends must not get lost. */
  private static boolean isWorthSaving(List<Incident> before, List<Incident> now) {
    if (before.size() != now.size()) {
      return true;
    }
    for (int i = 0; i < now.size(); i++) {
      Incident a = before.get(i);
      Incident b = now.get(i);
      if (!a.id().equals(b.id()) || a.open() != b.open() || !a.kind().equals(b.kind())) {
        return true;
      }
    }
    return false;
  }

  void close() {
    unsubscribe.run();
    if (!replaced && !watch.incidents().isEmpty()) {
      file.write(watch.incidents());
    }
  }
}
