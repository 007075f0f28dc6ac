package io.fairlead.record.otlp;

import io.fairlead.config.OtlpConfig;
import io.fairlead.record.Names;
import io.fairlead.telemetry.RecordView;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** All lanes to one receiver. The first class of those that need the SDK. */
final class Lanes implements AutoCloseable {
  private final OtlpConfig config;
  private final Poster poster;
  private final List<Lane> all = new ArrayList<>();
  private @Nullable SpanCargo spans;

  private Lanes(OtlpConfig config) {
    this.config = config;
    poster = new Poster(config);
  }

  /** Makes them, and has them begin. */
  static Lanes open(OtlpConfig config, OtlpExport of) {
    Lanes lanes = new Lanes(config);
    Exporters exporters = new Exporters(config, lanes.poster);
    Origin origin = new Origin(of.sender);
    if (config.traces().isPresent()) {
      Tally tally = of.spans.ofLane();
      SpanCargo spans = new SpanCargo(tally, exporters, origin);
      spans.wakes(lanes.add(tally, spans, of));
      lanes.spans = spans;
    }
    if (config.metrics()) {
      lanes.add(
          of.points.ofLane(),
          new MetricCargo(of.metrics, exporters, origin, config.interval(), of.started, of.clock),
          of);
    }
    if (config.logs()) {
      Tally tally = of.logs.ofLane();
      lanes.add(tally, new EventCargo(tally, of, exporters, origin), of);
    }
    lanes.all.forEach(Lane::start);
    return lanes;
  }

  private Lane add(Tally tally, Cargo cargo, OtlpExport of) {
    Lane lane = new Lane(tally, cargo, of.random.split(), of.teller());
    all.add(lane);
    return lane;
  }

  OtlpConfig config() {
    return config;
  }

  /** The recorder's thread. */
  void accept(RecordView record, Names names) {
    SpanCargo present = spans;
    if (present != null) {
      present.accept(record, names);
    }
  }

  /** All at once, since each may take seconds. */
  @Override
  public void close() {
    List<Thread> closing = new ArrayList<>();
    all.forEach(lane -> closing.add(Thread.ofVirtual().start(lane::close)));
    try {
      for (Thread one : closing) {
        one.join();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    poster.close();
  }
}
