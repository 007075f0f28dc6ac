package io.fairlead.record;

import io.fairlead.insight.rollup.Rollups;
import io.fairlead.telemetry.Event;
import io.fairlead.telemetry.LeftRings;
import io.fairlead.telemetry.RecordDrop;
import io.fairlead.telemetry.RecordLayout;
import io.fairlead.telemetry.RecordReader;
import io.fairlead.telemetry.RecordRings;
import io.fairlead.telemetry.RecordView;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.LongUnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The thread that makes files of what event loops leave in their rings: first of what processes
 * left that were killed, then of this one's, as it comes. Loops never wait for it, nor does
 * anything else of the instance: when it fails, records are lost and counted, and it begins anew.
 */
public final class Recorder implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(Recorder.class.getName());

  /** Behind a look that found nothing: what consumers see is so old. */
  private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(25);

  /** The same where nothing comes for longer: the smallest ring takes 160,000 requests a second. */
  private static final long LONGEST_LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  private static final long SWEEP_MILLIS = 60_000;
  private static final long CLOSE_MILLIS = 10_000;
  private static final int MOST_LEFT = 1 << 16;

  private final PartFolder folder;
  private final Path data;
  private final String instance;
  private final RecordRings rings;
  private final Names names;
  private final LongSupplier clock;
  private final Consumer<Event> events;
  private final RecordStats stats;
  private final Pace pace = Pace.gentle();
  private final @Nullable Rollups rollups;
  private final Recording recording;
  private final Thread thread;
  private volatile Retention keep;
  private volatile boolean closing;
  private final Map<Long, Long> leftEnds = new ConcurrentHashMap<>();
  private final CompletableFuture<LongUnaryOperator> left = new CompletableFuture<>();
  private final AtomicReference<@Nullable CompletableFuture<Boolean>> wanted =
      new AtomicReference<>();
  private boolean saved;
  private long nextSweep;
  private long untilLook = LOOK_NANOS;

  /** Rings that are read; more may come. */
  private int known;

  private Recorder(
      Path data,
      String instance,
      Retention keep,
      RecordRings rings,
      long ringBytes,
      List<RecordConsumer> consumers,
      @Nullable Rollups rollups,
      LongSupplier clock,
      Consumer<Event> events) {
    this.data = data;
    this.instance = instance;
    this.keep = keep;
    this.rings = rings;
    this.rollups = rollups;
    this.clock = clock;
    stats = new RecordStats(clock);
    this.events = events;
    folder = new PartFolder(data);
    names = Names.of(rings);
    List<RecordReader> readers = new ArrayList<>();
    for (; known < rings.count(); known++) {
      readers.add(rings.reader(known));
    }
    recording =
        new Recording(
            folder,
            instance,
            rings.boot(),
            readers,
            names,
            ringBytes,
            List.copyOf(consumers),
            rollups == null ? null : feed(rollups),
            stats,
            events,
            pace,
            clock.getAsLong(),
            _ -> {});
    thread = Thread.ofPlatform().name("recorder").daemon(true).unstarted(this::run);
  }

  private @Nullable RollupFeed feed(Rollups to) {
    try {
      return RollupFeed.of(to, rings.boot(), names, stats);
    } catch (IOException e) {
      LOG.log(Level.ERROR, "there are no rollups of these records", e);
      return null;
    }
  }

  /**
   * Starts it.
   *
   * @param data the instance's folder for state
   * @param instance what the records' column {@code instance} says
   * @param rings of this process, which it closes in the end
   * @param ringBytes of one of them
   * @param consumers get each record of this process, too
   * @param rollups count the records of this process and of those that were killed; null: nobody
   *     does
   * @param clock milliseconds since 1970
   * @param events hears when writing stops and goes on; called by the recorder's thread
   */
  public static Recorder start(
      Path data,
      String instance,
      Retention keep,
      RecordRings rings,
      long ringBytes,
      List<RecordConsumer> consumers,
      @Nullable Rollups rollups,
      LongSupplier clock,
      Consumer<Event> events) {
    Recorder recorder =
        new Recorder(data, instance, keep, rings, ringBytes, consumers, rollups, clock, events);
    recorder.thread.start();
    return recorder;
  }

  /** The same without rollups. */
  static Recorder start(
      Path data,
      String instance,
      Retention keep,
      RecordRings rings,
      long ringBytes,
      List<RecordConsumer> consumers,
      LongSupplier clock,
      Consumer<Event> events) {
    return start(data, instance, keep, rings, ringBytes, consumers, null, clock, events);
  }

  /** What it counts. */
  public RecordStats stats() {
    return stats;
  }

  /**
   * Once what killed processes had left has been read: where the last line ends that they had
   * recorded of a file, by its number; 0: there is none.
   */
  public CompletableFuture<LongUnaryOperator> left() {
    return left;
  }

  /** From the next look on, within a minute. */
  public void keep(Retention other) {
    keep = other;
  }

  /**
   * Has what was recorded up to now written before its time, and waits for it; whoever asks at the
   * same time shares one writing.
   *
   * @return whether it is in files
   */
  public boolean writeNow(Duration patience) {
    CompletableFuture<Boolean> writing = new CompletableFuture<>();
    CompletableFuture<Boolean> before =
        wanted.updateAndGet(present -> present == null ? writing : present);
    LockSupport.unpark(thread);
    try {
      return Objects.requireNonNull(before).get(patience.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException | TimeoutException e) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private void run() {
    while (true) {
      try {
        work();
        return;
      } catch (Throwable e) { // whatever it is: nobody else would go on recording
        stats.restarts.incrementAndGet();
        LOG.log(Level.ERROR, "the recorder failed and begins anew", e);
        if (closing) {
          return;
        }
        LockSupport.parkNanos(LOOK_NANOS);
      }
    }
  }

  private void work() {
    while (!closing) {
      long now = clock.getAsLong();
      if (now >= nextSweep || now < nextSweep - SWEEP_MILLIS) { // the clock may be set back
        nextSweep = now + SWEEP_MILLIS;
        recover(now);
        left.complete(file -> leftEnds.getOrDefault(file, 0L));
        recording.sweep(keep, now);
      }
      stats.droppedOrdinary = rings.dropped(RecordDrop.ORDINARY);
      stats.droppedValuable = rings.dropped(RecordDrop.VALUABLE);
      if (rollups != null) {
        rollups.tick(now);
      }
      follow();
      CompletableFuture<Boolean> writing = wanted.getAndSet(null);
      boolean found = recording.round(now);
      if (writing != null) {
        writing.complete(recording.isWriting() && recording.write(now, false));
      } else if (found) {
        untilLook = LOOK_NANOS;
      } else {
        LockSupport.parkNanos(this, untilLook);
        untilLook = Math.min(2 * untilLook, LONGEST_LOOK_NANOS);
      }
    }
    pace.hurry();
    follow();
    long now = clock.getAsLong();
    boolean more = true;
    while (more) {
      more = recording.round(now);
    }
    saved = recording.write(now, true);
  }

  /** Rings that threads have asked for since. */
  private void follow() {
    for (; known < rings.count(); known++) {
      recording.add(rings.reader(known));
    }
  }

  /** What others have left: at the start, and when one that had handed over is killed later. */
  private void recover(long now) {
    List<LeftRings> all;
    try {
      all = RecordRings.left(data);
    } catch (IOException e) {
      LOG.log(Level.WARNING, "records of earlier processes could not be read: {0}", e.toString());
      return;
    }
    for (LeftRings left : all) {
      try (left) {
        recover(left, now);
      } catch (IOException | RuntimeException e) {
        LOG.log(Level.WARNING, "records of an earlier process stay for now: {0}", e.toString());
      }
    }
  }

  private void found(RecordView record) {
    if (record.type() == RecordLayout.LINE
        && record.bytesIn() != 0
        && leftEnds.size() < MOST_LEFT) {
      leftEnds.merge(record.bytesIn(), record.bytesOut(), Math::max);
    }
  }

  private void recover(LeftRings left, long now) throws IOException {
    RecordStats own = new RecordStats(clock);
    Names of = Names.of(left);
    try (Recording old =
        new Recording(
            folder,
            instance,
            left.boot(),
            left.readers(),
            of,
            Long.MAX_VALUE,
            List.of(),
            rollups == null ? null : RollupFeed.resume(rollups, left.boot(), of, own),
            own,
            events,
            Pace.restless(),
            now,
            this::found)) {
      folder.removeHidden(left.boot());
      old.resume(left.boot());
      old.round(now);
      if (old.write(now, true)) {
        left.remove();
      }
    }
    long rows = own.written();
    if (rows > 0) {
      stats.recovered.addAndGet(rows);
      events.accept(new Event.RecordsRecovered(rows));
    }
  }

  /**
   * Writes what is there, after event loops have ended, and lets the rings go; those that could not
   * be written are left to the next process.
   */
  @Override
  public void close() {
    closing = true;
    LockSupport.unpark(thread);
    boolean interrupted = false;
    try {
      thread.join(CLOSE_MILLIS);
    } catch (InterruptedException e) {
      interrupted = true;
    }
    if (!thread.isAlive()) {
      recording.close();
    }
    if (!thread.isAlive() && saved) {
      rings.close();
    } else {
      LOG.log(Level.WARNING, "the last records are not on disk and left to the next process");
      rings.leave();
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
