package io.fairlead.record.ingest;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.WRITE;

import io.fairlead.config.LogSource;
import io.fairlead.insight.pattern.LinePatterns;
import io.fairlead.telemetry.NodeLine;
import java.io.Closeable;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongUnaryOperator;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Runs the sources of the nodes' own logs, on a thread of its own, which begins when what a killed
 * process has recorded is known, and when no other process of this data folder reads: in a takeover
 * the one that leaves goes on until it ends.
 */
public final class Ingest implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(Ingest.class.getName());
  private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
  private static final long FORCE_MILLIS = 5000;
  private static final long CLOSE_MILLIS = 5000;

  private final Path folder;
  private final Future<LongUnaryOperator> left;
  private final IngestStats stats = new IngestStats();
  private final LinePatterns patterns;
  private final LineSink sink;
  private final Thread thread;
  private final Map<LogSource, Closeable> servers = new HashMap<>();
  private final Set<LogSource> complained = new HashSet<>();
  private volatile Map<LogSource, Integer> ports = Map.of();
  private volatile List<LogSource> sources;
  private volatile boolean closing;

  private Ingest(
      Path data,
      List<LogSource> sources,
      Predicate<NodeLine> records,
      LinePatterns patterns,
      Future<LongUnaryOperator> left) {
    folder = data.resolve("node-logs");
    this.sources = sources;
    this.left = left;
    this.patterns = patterns;
    sink = new LineSink(records, patterns, stats);
    thread = Thread.ofPlatform().name("node logs").daemon(true).unstarted(this::run);
  }

  /**
   * Starts it.
   *
   * @param data the instance's folder for state
   * @param records takes a line, unless there is no room for it now
   * @param patterns learn what lines have in common; what they know is kept in that folder
   * @param left tells where the last line of a file ends that a killed process had recorded
   */
  public static Ingest start(
      Path data,
      List<LogSource> sources,
      Predicate<NodeLine> records,
      LinePatterns patterns,
      Future<LongUnaryOperator> left) {
    Ingest ingest = new Ingest(data, sources, records, patterns, left);
    ingest.thread.start();
    return ingest;
  }

  /** From now on those; what stays goes on undisturbed. */
  public void follow(List<LogSource> others) {
    sources = others;
    LockSupport.unpark(thread);
  }

  /** What it counts. */
  public IngestStats stats() {
    return stats;
  }

  /** Where a source that was given port 0 listens; 0: it does not yet. */
  public int port(LogSource source) {
    return ports.getOrDefault(source, 0);
  }

  private void run() {
    try {
      LongUnaryOperator ends = left.get();
      Files.createDirectories(folder);
      try (FileChannel lock = FileChannel.open(folder.resolve("lock"), CREATE, WRITE)) {
        if (waitForTurn(lock)) {
          work(ends);
        }
      }
    } catch (InterruptedException e) {
      // Closed before it began.
    } catch (Exception e) { // nobody else would say so
      LOG.log(Level.ERROR, "the nodes' own logs are not read any more", e);
    } finally {
      servers.values().forEach(Ingest::close);
    }
  }

  private boolean waitForTurn(FileChannel lock) throws IOException {
    while (!closing) {
      try {
        FileLock got = lock.tryLock();
        if (got != null) {
          return true; // until the channel is closed, or the process ends
        }
      } catch (OverlappingFileLockException e) {
        // Another instance in this very process.
      }
      LockSupport.parkNanos(this, LOOK_NANOS);
    }
    return false;
  }

  private void work(LongUnaryOperator ends) throws IOException {
    long forced = System.currentTimeMillis();
    PatternFile known = new PatternFile(folder, patterns);
    known.read(forced);
    try (Positions positions = Positions.open(folder.resolve("positions"), ends);
        FileTails tails = new FileTails(positions, sink, () -> closing)) {
      while (!closing) {
        long now = System.currentTimeMillis();
        List<LogSource> wanted = sources;
        serve(wanted);
        boolean more = tails.round(files(wanted), now);
        patterns.tick(now);
        if (Math.abs(now - forced) > FORCE_MILLIS) {
          forced = now;
          positions.force();
          known.writeIfChanged();
        }
        if (!more) {
          LockSupport.parkNanos(this, LOOK_NANOS);
        }
      }
    } finally {
      known.write();
    }
  }

  private static List<LogSource.File> files(List<LogSource> sources) {
    return sources.stream()
        .filter(LogSource.File.class::isInstance)
        .map(LogSource.File.class::cast)
        .toList();
  }

  /** Opens what is not open yet, and closes what is no longer named. */
  private void serve(List<LogSource> wanted) {
    boolean changed = false;
    Iterator<Map.Entry<LogSource, Closeable>> open = servers.entrySet().iterator();
    while (open.hasNext()) {
      Map.Entry<LogSource, Closeable> entry = open.next();
      if (!wanted.contains(entry.getKey())) {
        close(entry.getValue());
        open.remove();
        changed = true;
      }
    }
    for (LogSource source : wanted) {
      if (!(source instanceof LogSource.File) && !servers.containsKey(source)) {
        Closeable opened = open(source);
        if (opened != null) {
          servers.put(source, opened);
          changed = true;
        }
      }
    }
    if (changed) {
      Map<LogSource, Integer> known = new HashMap<>();
      servers.forEach((source, server) -> known.put(source, port(server)));
      ports = Map.copyOf(known);
    }
  }

  private @Nullable Closeable open(LogSource source) {
    try {
      Closeable opened =
          switch (source) {
            case LogSource.Syslog syslog -> SyslogServer.open(syslog, sink);
            case LogSource.Otlp otlp -> OtlpDoor.open(otlp, sink);
            case LogSource.File _ -> throw new IllegalStateException("a file is not opened here");
          };
      complained.remove(source);
      return opened;
    } catch (IOException e) { // another process may have it a moment longer
      if (complained.add(source)) {
        LOG.log(Level.WARNING, "{0} is not open yet: {1}", source, e.getMessage());
      }
      return null;
    }
  }

  private static int port(Closeable server) {
    return server instanceof SyslogServer syslog
        ? syslog.port()
        : server instanceof OtlpDoor otlp ? otlp.port() : 0;
  }

  private static void close(Closeable server) {
    try {
      server.close();
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "a log source: {0}", e.toString());
    }
  }

  /** What has been read is recorded; what has not is read by the next process. */
  @Override
  public void close() {
    closing = true;
    LockSupport.unpark(thread);
    boolean interrupted = false;
    try {
      thread.join(CLOSE_MILLIS);
      if (thread.isAlive()) {
        thread.interrupt();
      }
    } catch (InterruptedException e) {
      interrupted = true;
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
