package io.fairlead;

import io.fairlead.admin.Instance;
import io.fairlead.admin.ListenerView;
import io.fairlead.insight.alert.OpenIncident;
import io.fairlead.insight.alert.Present;
import io.fairlead.record.RecordStats;
import io.fairlead.scaling.ScaleView;
import io.fairlead.service.Node;
import io.fairlead.service.Service;
import io.fairlead.telemetry.Event;
import io.fairlead.telemetry.EventLog;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/** How this instance is, as far as rules look at it. */
final class LivePresent implements Present {
  private static final long DAY_SECONDS = 24 * 60 * 60;

  /** Looks at the number of dropped records: an hour of seconds. */
  private static final int KEPT = 3600;

  private static final int MAX_WHY = 300;

  private record Dropped(long time, long total) {}

  private final Instance instance;
  private final BooleanSupplier lastReloadSucceeded;
  private final Supplier<List<OpenIncident>> incidents;
  private final ArrayDeque<Dropped> dropped = new ArrayDeque<>();

  LivePresent(
      Instance instance,
      BooleanSupplier lastReloadSucceeded,
      Supplier<List<OpenIncident>> incidents) {
    this.instance = instance;
    this.lastReloadSucceeded = lastReloadSucceeded;
    this.incidents = incidents;
  }

  @Override
  public List<ServiceNodes> services() {
    List<ServiceNodes> all = new ArrayList<>();
    for (Service service : instance.services()) {
      ScaleView scale = instance.scale(service.name());
      if (scale != null && scale.size() == 0) {
        continue; // that it has no node is as it should be
      }
      Node[] nodes = service.nodes().all();
      int healthy = 0;
      for (Node node : nodes) {
        healthy += node.isAvailable() ? 1 : 0;
      }
      all.add(new ServiceNodes(service.name(), healthy, nodes.length));
    }
    return all;
  }

  @Override
  public List<CertificateDays> certificates() {
    List<CertificateDays> all = new ArrayList<>();
    for (ListenerView listener : instance.listeners()) {
      ListenerView.TlsView tls = listener.tls();
      if (tls != null) {
        for (ListenerView.CertificateView one : tls.certificates()) {
          all.add(
              new CertificateDays(
                  Map.of("listener", listener.name(), "certificate", one.file()),
                  "certificate "
                      + one.file()
                      + " of listener "
                      + listener.name()
                      + " ("
                      + String.join(", ", one.names())
                      + ")",
                  Math.floorDiv(one.secondsLeft(), DAY_SECONDS)));
        }
      }
    }
    for (Service service : instance.services()) {
      for (Node node : service.nodes().all()) {
        if (node.certificateEnd() != 0) {
          all.add(
              new CertificateDays(
                  Map.of("service", service.name(), "node", node.name()),
                  "certificate of node " + service.name() + "/" + node.name(),
                  Math.floorDiv(instance.certificateSecondsLeft(node), DAY_SECONDS)));
        }
      }
    }
    return all;
  }

  /** Once a second. */
  synchronized void look(long now) {
    RecordStats stats = instance.recordStats();
    long total =
        stats.droppedOrdinary() + stats.droppedValuable() + stats.notWritten() + stats.failed();
    if (!dropped.isEmpty() && total < dropped.getLast().total()) {
      dropped.clear(); // another recorder
    }
    dropped.addLast(new Dropped(now, total));
    if (dropped.size() > KEPT) {
      dropped.removeFirst();
    }
  }

  @Override
  public synchronized long recordsDropped(long fromMillis, long toMillis) {
    if (dropped.isEmpty()) {
      return 0;
    }
    Dropped from = dropped.getFirst();
    for (Dropped one : dropped) {
      if (one.time() > fromMillis) {
        break;
      }
      from = one;
    }
    return dropped.getLast().total() - from.total();
  }

  @Override
  public String configRefused() {
    if (lastReloadSucceeded.getAsBoolean()) {
      return "";
    }
    String why = "see the events";
    for (EventLog.Entry entry : instance.events().since(0)) {
      if (entry.event() instanceof Event.ConfigRefused refused) {
        why = String.join("; ", refused.problems());
      }
    }
    return why.length() > MAX_WHY ? why.substring(0, MAX_WHY) + "…" : why;
  }

  @Override
  public List<OpenIncident> incidents() {
    return incidents.get();
  }
}
