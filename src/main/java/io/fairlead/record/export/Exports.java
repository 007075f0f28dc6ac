package io.fairlead.record.export;

import io.fairlead.config.ExportConfig;
import io.fairlead.telemetry.Event;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** Everybody who gets a copy of all records. */
public final class Exports implements AutoCloseable {
  private final Path data;
  private final Consumer<Event> events;
  private volatile List<Exporter> exporters = List.of();

  /**
   * @param data the instance's folder for state
   * @param events hears when somebody takes none, and takes them again
   */
  public Exports(Path data, Consumer<Event> events) {
    this.data = data;
    this.events = events;
  }

  /** From now on those; who stays goes on undisturbed. One thread at a time. */
  public void follow(List<ExportConfig> wanted) {
    List<Exporter> next = new ArrayList<>();
    for (Exporter each : exporters) {
      if (wanted.contains(each.config())) {
        next.add(each);
      } else {
        each.close();
      }
    }
    List<ExportConfig> known = next.stream().map(Exporter::config).toList();
    for (ExportConfig each : wanted) {
      if (!known.contains(each)) {
        next.add(Exporter.start(each, data, events));
      }
    }
    exporters = List.copyOf(next);
  }

  /** What became of the records. */
  public List<CopyStats> stats() {
    return exporters.stream().map(Exporter::stats).toList();
  }

  @Override
  public void close() {
    follow(List.of());
  }
}
