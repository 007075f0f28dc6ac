package io.fairlead;

import io.fairlead.config.LogSource;
import io.fairlead.config.LogsConfig;
import io.fairlead.insight.pattern.LinePatterns;
import io.fairlead.insight.rollup.Rollups;
import io.fairlead.proxy.DataPlane;
import io.fairlead.record.RecordConsumer;
import io.fairlead.record.Recorder;
import io.fairlead.record.Retention;
import io.fairlead.record.export.Exports;
import io.fairlead.record.ingest.Ingest;
import io.fairlead.record.text.TextLogs;
import io.fairlead.telemetry.Event;
import io.fairlead.telemetry.RecordMask;
import io.fairlead.telemetry.RecordRings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Rings and recorder of this instance: they exist while {@code logs} wants records, and at no other
 * time. {@link #start}, {@link #follow} and {@link #close} are called by one thread at a time,
 * which may wait for the disk.
 */
final class RecordKeeper {
  private static final long LOOPS_SECONDS = 5;

  private final DataPlane dataPlane;
  private final Path data;
  private final Rollups rollups;
  private final LongSupplier clock;
  private final Consumer<Event> events;
  private final List<RecordConsumer> consumers;
  private final TextLogs textLogs;
  private final NoteTaker noteTaker;
  private final LinePatterns patterns;
  private final Exports exports;
  private List<LogSource> outputs = List.of();
  private Consumer<@Nullable RecordRings> others = _ -> {};
  private boolean started;
  private volatile @Nullable RecordRings rings;
  private volatile @Nullable Recorder recorder;
  private volatile @Nullable Ingest ingest;

  /**
   * @param data the instance's folder for state
   * @param rollups count what is recorded
   * @param clock milliseconds since 1970
   * @param consumers get each record, too
   * @param noteTaker has events and probes recorded
   */
  RecordKeeper(
      DataPlane dataPlane,
      Path data,
      Rollups rollups,
      LongSupplier clock,
      Consumer<Event> events,
      List<RecordConsumer> consumers,
      NoteTaker noteTaker) {
    this.dataPlane = dataPlane;
    this.data = data;
    this.rollups = rollups;
    this.clock = clock;
    this.events = events;
    this.noteTaker = noteTaker;
    patterns = new LinePatterns(events);
    exports = new Exports(data, events);
    textLogs = new TextLogs(hostName(), events);
    List<RecordConsumer> all = new ArrayList<>(consumers);
    all.add(textLogs);
    this.consumers = List.copyOf(all);
  }

  /**
   * Who else writes records, and has to know where.
   *
   * @param writer gets null when there is nowhere any more
   */
  void tell(Consumer<@Nullable RecordRings> writer) {
    others = writer;
  }

  TextLogs textLogs() {
    return textLogs;
  }

  /** What lines of the nodes' own logs have in common. */
  LinePatterns patterns() {
    return patterns;
  }

  /** Who gets a copy of all records. */
  Exports copies() {
    return exports;
  }

  /** What makes files of records; null: nothing is recorded. */
  @Nullable Recorder recorder() {
    return recorder;
  }

  /** Loops write to them from now on; whoever asked closes them. */
  RecordRings open(LogsConfig logs) throws IOException {
    RecordRings opened = RecordRings.open(data, dataPlane.loops(), logs.ring(), dataPlane.names());
    rings = opened;
    show(logs);
    others.accept(opened);
    return opened;
  }

  /** From now on, and after each change, records get to disk if they are wanted. */
  void start(LogsConfig logs) {
    started = true;
    follow(logs);
  }

  /** The switch of a change: what event loops have to know. */
  void show(LogsConfig logs) {
    RecordRings present = rings;
    if (present != null) {
      present.setMask(new RecordMask(logs.mask().client(), logs.mask().query()));
      dataPlane.record(logs.enabled() ? present : null);
    }
  }

  /**
   * Behind the switch: what takes time.
   *
   * @param more what nodes write that were started here
   */
  void follow(LogsConfig logs, List<LogSource> more) {
    outputs = List.copyOf(more);
    follow(logs);
  }

  private void follow(LogsConfig logs) {
    Recorder present = recorder;
    if (logs.enabled() && started) {
      textLogs.follow(logs.text()); // before there are records for them
      exports.follow(logs.export());
    }
    if (!logs.enabled()) {
      if (present != null) {
        stop();
      }
      textLogs.follow(List.of());
      exports.follow(List.of());
    } else if (present != null) {
      present.keep(keep(logs));
      ingest(logs, present);
    } else if (started) {
      begin(logs);
    }
  }

  private void begin(LogsConfig logs) {
    try {
      RecordRings opened = open(logs);
      Recorder begun =
          Recorder.start(
              data, hostName(), keep(logs), opened, logs.ring(), consumers, rollups, clock, events);
      recorder = begun;
      noteTaker.use(opened.notes());
      ingest(logs, begun);
    } catch (IOException e) {
      events.accept(new Event.RecordsStopped(String.valueOf(e.getMessage())));
    }
  }

  /** Nothing of it is there until somebody names a source. */
  private void ingest(LogsConfig logs, Recorder present) {
    Ingest running = ingest;
    RecordRings into = rings;
    if (running != null) {
      running.follow(sources(logs));
    } else if (!sources(logs).isEmpty() && into != null) {
      ingest = Ingest.start(data, sources(logs), into.notes()::line, patterns, present.left());
    }
  }

  private List<LogSource> sources(LogsConfig logs) {
    List<LogSource> all = new ArrayList<>(logs.ingest());
    all.addAll(outputs);
    return all;
  }

  /** What reads the nodes' own logs; null: nothing does. */
  @Nullable Ingest ingest() {
    return ingest;
  }

  /** A loop may be writing its last record at this moment: it is waited for. */
  private void stop() {
    dataPlane.record(null);
    CompletableFuture<Void> written = new CompletableFuture<>();
    dataPlane.afterEachLoop(() -> written.complete(null));
    written.completeOnTimeout(null, LOOPS_SECONDS, TimeUnit.SECONDS).join();
    end();
  }

  private void end() {
    Ingest reading = ingest;
    ingest = null;
    if (reading != null) {
      reading.close(); // before the recorder: what it has read is still written
    }
    noteTaker.use(null);
    others.accept(null);
    Recorder present = recorder;
    recorder = null;
    rings = null;
    if (present != null) {
      present.close();
    }
  }

  /** Once a second. */
  void setClock() {
    RecordRings present = rings;
    if (present != null) {
      present.setClock();
    }
  }

  /** Event loops have ended: what they left is all there is. */
  void close() {
    started = false;
    end();
    exports.close();
    textLogs.close();
  }

  private static Retention keep(LogsConfig logs) {
    return new Retention(logs.keep().days(), logs.keep().size());
  }

  /** What the machine calls itself, which no name server has to be asked for. */
  static String hostName() {
    try {
      return Files.readString(Path.of("/proc/sys/kernel/hostname")).strip();
    } catch (IOException e) {
      return "localhost";
    }
  }
}
