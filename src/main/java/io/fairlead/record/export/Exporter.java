package io.fairlead.record.export;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.WRITE;

import io.fairlead.config.ExportConfig;
import io.fairlead.record.PartFolder;
import io.fairlead.record.PartFolder.Part;
import io.fairlead.record.PartReader;
import io.fairlead.record.RowJson;
import io.fairlead.telemetry.Event;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Sends records to one place, on a thread of its own: looks once a second which parts have rows
 * that were not taken yet, the oldest part first, and sends them in batches. A batch that is not
 * taken is sent again, after 1, 2, 4 ... 60 s, for as long as its part is there. So each row gets
 * there once or, if it was not known whether it had arrived, more than once.
 */
final class Exporter implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(Exporter.class.getName());

  /** Of a batch; it ends sooner where its target takes no more bytes. */
  private static final int MOST_ROWS = 50_000;

  private static final long LOOK_NANOS = TimeUnit.SECONDS.toNanos(1);
  private static final long FIRST_PAUSE_MILLIS = 1000;
  private static final long LONGEST_PAUSE_MILLIS = 60_000;
  private static final long CLOSE_MILLIS = 2000;

  private final ExportConfig config;
  private final ExportTarget target;
  private final PartFolder folder;
  private final Path state;
  private final Consumer<Event> events;
  private final long pauseMillis;
  private final Thread thread;
  private final RowJson json = new RowJson();

  /** Parts as they were looked at last. */
  private final Map<String, Known> known = new HashMap<>();

  private final Set<String> complained = new HashSet<>();
  private final AtomicLong sent = new AtomicLong();
  private final AtomicLong lost = new AtomicLong();
  private final AtomicLong failures = new AtomicLong();
  private volatile long waiting;
  private volatile boolean closing;
  private long pause;

  /** Why nothing is taken, as it was told last. */
  private String told = "";

  /** A version of a part. */
  private record Known(long bytes, long written, long rows) {}

  Exporter(
      ExportConfig config,
      ExportTarget target,
      Path data,
      Consumer<Event> events,
      long pauseMillis) {
    this.config = config;
    this.target = target;
    this.events = events;
    this.pauseMillis = pauseMillis;
    folder = new PartFolder(data);
    state = data.resolve("export");
    thread = Thread.ofPlatform().name("export").daemon(true).unstarted(this::run);
  }

  static Exporter start(ExportConfig config, Path data, Consumer<Event> events) {
    ExportTarget target =
        switch (config.to()) {
          case ExportConfig.ClickHouse clickHouse -> new ClickHouseTarget(clickHouse);
          case ExportConfig.Kafka kafka -> new KafkaTarget(kafka);
        };
    Exporter exporter = new Exporter(config, target, data, events, FIRST_PAUSE_MILLIS);
    exporter.start();
    return exporter;
  }

  void start() {
    thread.start();
  }

  ExportConfig config() {
    return config;
  }

  CopyStats stats() {
    return new CopyStats(config.place(), sent.get(), waiting, lost.get(), failures.get());
  }

  private void run() {
    try {
      Files.createDirectories(state);
      String name = config.place().replaceAll("[^A-Za-z0-9.-]+", "_");
      try (FileChannel lock = FileChannel.open(state.resolve(name + ".lock"), CREATE, WRITE)) {
        if (waitForTurn(lock)) {
          try (ExportPositions positions = ExportPositions.open(state.resolve(name))) {
            work(positions);
          }
        }
      }
    } catch (InterruptedException e) {
      // Closed.
    } catch (Exception e) { // nobody else would say so
      LOG.log(Level.ERROR, "records are not sent to " + config.place() + " any more", e);
      events.accept(new Event.CopyStopped(config.place(), "a mistake of our own; see the log"));
    } finally {
      target.close();
    }
  }

  /** In a takeover the process that leaves goes on until it ends. */
  private boolean waitForTurn(FileChannel lock) throws IOException {
    while (!closing) {
      try {
        if (lock.tryLock() != null) {
          return true; // until the channel is closed, or the process ends
        }
      } catch (OverlappingFileLockException e) {
        // Another instance in this very process.
      }
      LockSupport.parkNanos(this, LOOK_NANOS / 4);
    }
    return false;
  }

  private void work(ExportPositions positions) throws InterruptedException {
    while (!closing) {
      boolean more;
      try {
        more = round(positions);
        resumed();
      } catch (Untaken e) {
        failed(String.valueOf(e.getMessage()));
        continue;
      } catch (IOException e) { // the folder, or the positions in it
        failed("the data folder: " + e.getMessage());
        continue;
      }
      if (!more) {
        LockSupport.parkNanos(this, LOOK_NANOS);
      }
    }
  }

  /** A batch was not taken. */
  private static final class Untaken extends Exception {
    private static final long serialVersionUID = 1;

    Untaken(String why) {
      super(why);
    }
  }

  /** Sends what the oldest part has; false: no part has anything. */
  private boolean round(ExportPositions positions)
      throws IOException, InterruptedException, Untaken {
    Part next = look(positions);
    if (next == null) {
      return false;
    }
    String key = key(next.file());
    try (PartReader reader = PartReader.open(next.file())) {
      long taken = positions.of(key);
      while (taken < reader.rows() && !closing) {
        json.clear();
        int rows = read(reader, taken, key);
        if (rows == 0) { // nobody will ever read them
          lost.addAndGet(reader.rows() - taken);
          positions.reach(key, reader.rows());
          break;
        }
        send(table(next.file()), json.bytes(), rows);
        taken += rows;
        positions.reach(key, taken);
        sent.addAndGet(rows);
        waiting = Math.max(0, waiting - rows);
      }
    } catch (NoSuchFileException e) {
      // It has just been removed; that is counted with the next look.
    }
    return true;
  }

  private int read(PartReader reader, long from, String key) {
    try {
      return reader.json(from, MOST_ROWS, target.most(), json);
    } catch (IOException e) {
      LOG.log(
          Level.ERROR,
          "{0} cannot be read from row {1} on, and is left out for {2}: {3}",
          key,
          from,
          config.place(),
          e.getMessage());
      return 0;
    }
  }

  private void send(String table, byte[] rows, int count) throws InterruptedException, Untaken {
    try {
      target.send(table, rows, count);
      resumed();
    } catch (IOException e) {
      throw new Untaken(String.valueOf(e.getMessage()));
    }
  }

  private @Nullable Part look(ExportPositions positions) throws IOException {
    Part next = null;
    long rows = 0;
    Set<String> present = new HashSet<>();
    for (Part part : folder.parts()) {
      String key = key(part.file());
      if (config.tables().contains(table(part.file()))) {
        present.add(key);
        long left = rows(part, key) - positions.of(key);
        if (left > 0) {
          rows += left;
          next = next == null ? part : next;
        }
      }
    }
    waiting = rows;
    for (String key : List.copyOf(known.keySet())) {
      if (!present.contains(key)) {
        Known gone = known.remove(key);
        lost.addAndGet(gone == null ? 0 : Math.max(0, gone.rows() - positions.of(key)));
      }
    }
    for (String key : positions.parts()) {
      if (!present.contains(key)) {
        positions.forget(key);
      }
    }
    return next;
  }

  private long rows(Part part, String key) {
    try {
      long written = Files.getLastModifiedTime(part.file()).to(TimeUnit.NANOSECONDS);
      Known before = known.get(key);
      if (before != null && before.bytes() == part.bytes() && before.written() == written) {
        return before.rows();
      }
      try (PartReader reader = PartReader.open(part.file())) {
        known.put(key, new Known(part.bytes(), written, reader.rows()));
        return reader.rows();
      }
    } catch (IOException e) {
      if (Files.exists(part.file()) && complained.add(key)) {
        LOG.log(Level.WARNING, "not sent to {0}: {1}", config.place(), e.getMessage());
      }
      return 0;
    }
  }

  /** Table, day and name. */
  private static String key(Path file) {
    return table(file) + "/" + file.getName(file.getNameCount() - 2) + "/" + file.getFileName();
  }

  private static String table(Path file) {
    return file.getName(file.getNameCount() - 3).toString();
  }

  private void failed(String why) throws InterruptedException {
    failures.incrementAndGet();
    if (!why.equals(told)) {
      told = why;
      events.accept(new Event.CopyStopped(config.place(), why));
    }
    pause = pause == 0 ? pauseMillis : Math.min(2 * pause, LONGEST_PAUSE_MILLIS);
    long until = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(pause);
    while (!closing && System.nanoTime() < until) {
      LockSupport.parkNanos(this, until - System.nanoTime());
      if (Thread.interrupted()) {
        throw new InterruptedException();
      }
    }
  }

  private void resumed() {
    if (pause > 0) {
      pause = 0;
      told = "";
      events.accept(new Event.CopyResumed(config.place()));
    }
  }

  /** What is being sent may still arrive; what has not been is sent by the next process. */
  @Override
  public void close() {
    closing = true;
    LockSupport.unpark(thread);
    boolean interrupted = false;
    try {
      thread.join(CLOSE_MILLIS);
      if (thread.isAlive()) {
        thread.interrupt();
        thread.join(CLOSE_MILLIS);
      }
    } catch (InterruptedException e) {
      interrupted = true;
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
