package io.fairlead;

import io.fairlead.admin.Instance;
import io.fairlead.alert.AlertCenter;
import io.fairlead.alert.Alerts;
import io.fairlead.alert.RollupTraffic;
import io.fairlead.config.AlertRuleConfig.Level;
import io.fairlead.config.AlertsConfig;
import io.fairlead.insight.alert.OpenIncident;
import io.fairlead.insight.alert.Traffic;
import io.fairlead.insight.incident.Incident;
import io.fairlead.insight.incident.IncidentWatch;
import io.fairlead.insight.rollup.Rollups;
import io.fairlead.telemetry.Event;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The alerts of this instance: they exist from the first configuration on that has a receiver or a
 * rule. {@link #start}, {@link #follow} and {@link #close} are called by one thread at a time,
 * which may wait.
 */
final class AlertKeeper {
  private final Path folder;
  private final String name;
  private final LongSupplier clock;
  private final Consumer<Event> events;
  private final LiveTraffic live;
  private final LivePresent present;
  private final Traffic traffic;
  private boolean started;
  private volatile @Nullable AlertCenter center;

  /**
   * @param data the instance's folder for state
   * @param name how this instance is called in messages
   * @param clock milliseconds since 1970
   * @param rollups figures that outlive the process, with latencies
   * @param counting whether they are made now
   * @param incidents that are open
   */
  AlertKeeper(
      Path data,
      String name,
      LongSupplier clock,
      Consumer<Event> events,
      Instance instance,
      BooleanSupplier lastReloadSucceeded,
      Rollups rollups,
      BooleanSupplier counting,
      Supplier<List<OpenIncident>> incidents) {
    this.folder = data.resolve("alerts");
    this.name = name;
    this.clock = clock;
    this.events = events;
    this.live = new LiveTraffic(instance);
    this.present = new LivePresent(instance, lastReloadSucceeded, incidents);
    this.traffic = new RollupTraffic(rollups, counting, live);
  }

  /** The incidents that go on, as alerts know them. */
  static List<OpenIncident> open(IncidentWatch watch) {
    return watch.incidents().stream()
        .filter(Incident::open)
        .map(one ->
            new OpenIncident(
                one.id(),
                one.kind(),
                one.level().equals("warn") ? Level.WARN : Level.BAD,
                one.text(),
                one.since(),
                one.scope(),
                one.causes().isEmpty() ? "" : one.causes().getFirst().text()))
        .toList();
  }

  /** What doors ask. */
  Alerts alerts() {
    AlertCenter present = center;
    return present == null ? Alerts.NONE : present;
  }

  /** From now on, and after each change, receivers are told. */
  void start(AlertsConfig config) {
    started = true;
    follow(config);
  }

  void follow(AlertsConfig config) {
    AlertCenter known = center;
    if (known != null) {
      known.configure(config);
    } else if (started && !(config.receivers().isEmpty() && config.rules().isEmpty())) {
      AlertCenter made =
          new AlertCenter(folder, name, clock, new SecureRandom(), events, traffic, present);
      made.configure(config);
      made.start();
      center = made;
    }
  }

  /** Once a second. */
  void look() {
    if (center != null) {
      long now = clock.getAsLong();
      live.look(now);
      present.look(now);
    }
  }

  void close() {
    started = false;
    AlertCenter known = center;
    center = null;
    if (known != null) {
      known.close();
    }
  }
}
