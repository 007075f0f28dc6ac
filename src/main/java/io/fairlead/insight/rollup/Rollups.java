package io.fairlead.insight.rollup;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import java.util.function.IntFunction;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Counts and times of all requests, by listener, route, service, node and status: of each ten
 * seconds for two days, of each minute for 30, of each hour for a year. They are read from where
 * they are kept each time; what is not there yet comes from memory and is a second old at most.
 *
 * <p>Any thread may ask. Nothing is on disk, and no thread runs, before something is counted.
 */
public final class Rollups {
  private static final System.Logger LOG = System.getLogger(Rollups.class.getName());
  private static final long TIDY_MILLIS = 60_000;

  private final Reasons reasons = new Reasons();
  private final RollupFolder folder;
  private final LongSupplier clock;
  private final long seed;
  private final List<RollupWriter> writers = new CopyOnWriteArrayList<>();
  private final Tidying tidying;
  private final AtomicBoolean tidies = new AtomicBoolean();
  private volatile @Nullable Tops tops;
  private long nextTidy;

  /**
   * @param data the instance's folder for state
   * @param clock milliseconds since 1970
   * @param seed that nobody outside knows
   */
  public Rollups(Path data, LongSupplier clock, long seed) {
    this.folder = new RollupFolder(data, reasons);
    this.clock = clock;
    this.seed = seed;
    tidying = new Tidying(folder, reasons);
  }

  /** That nobody outside knows. */
  public long seed() {
    return seed;
  }

  /**
   * What counts the records of a process.
   *
   * @param process tells it from all others; has no dash
   * @param names of listeners, routes, services and nodes, by their numbers in records
   * @param errors of reasons
   * @param addresses how a client's 16 bytes are written; null: they are records of a process that
   *     is gone, of which no top values are made
   */
  public RollupWriter writer(
      String process,
      IntFunction<@Nullable String> names,
      IntFunction<@Nullable String> errors,
      @Nullable Function<byte[], String> addresses)
      throws IOException {
    int number = 0;
    for (RollupFolder.Found found : folder.files(Level.TEN_SECONDS)) {
      String name = found.file().name();
      if (RollupFolder.process(name).equals(process)) {
        number = Math.max(number, RollupFolder.number(name));
      }
    }
    Tops top = null;
    if (addresses != null) {
      top = new Tops(seed, addresses::apply, clock.getAsLong());
      tops = top;
    }
    // What is there already is nobody's to write to: it counts as it is, at once.
    RollupWriter writer =
        new RollupWriter(
            folder, reasons, process, number + 1, names, errors, top, clock.getAsLong());
    writers.add(writer);
    return writer;
  }

  /** All it counted is on disk. */
  public void close(RollupWriter writer) {
    writers.remove(writer);
  }

  /** How far the rings of a process are counted on disk, by the number of the loop. */
  public long[] places(String process) throws IOException {
    long[] places = {};
    for (Level level : Level.values()) {
      for (RollupFolder.Found found : folder.files(level)) {
        for (RollupFile.At at : found.blocks()) {
          for (Done done : at.head().done()) {
            if (done.process().equals(process)) {
              places = furthest(places, done.places());
            }
          }
        }
      }
    }
    return places;
  }

  static long[] furthest(long[] one, long[] other) {
    long[] far = Arrays.copyOf(one, Math.max(one.length, other.length));
    for (int i = 0; i < other.length; i++) {
      far[i] = Math.max(far[i], other[i]);
    }
    return far;
  }

  /** Once a minute, on a thread of its own: makes minutes and hours, lets the oldest go. */
  public void tick(long nowMillis) {
    if (nowMillis >= nextTidy || nowMillis < nextTidy - TIDY_MILLIS) {
      nextTidy = nowMillis + TIDY_MILLIS;
      if (tidies.compareAndSet(false, true)) {
        Thread.ofVirtual()
            .name("rollups")
            .start(() -> {
              try {
                tidy(nowMillis);
              } finally {
                tidies.set(false);
              }
            });
      }
    }
  }

  void tidy(long nowMillis) {
    try {
      tidying.tidy(List.copyOf(writers), nowMillis);
    } catch (IOException | RuntimeException e) {
      LOG.log(System.Logger.Level.WARNING, "rollups could not be tidied up: {0}", e.toString());
    }
  }

  /** Milliseconds since 1970. */
  public long now() {
    return clock.getAsLong();
  }

  /** Figures step by step. */
  public Answer series(Question question) throws IOException {
    return new Asking(folder, writers, reasons, question, clock.getAsLong()).series();
  }

  /** How long requests took, step by step; nothing is told apart. */
  public Heatmap heatmap(Question question) throws IOException {
    return new Asking(folder, writers, reasons, question, clock.getAsLong()).heatmap();
  }

  /** The values that occur most, of the last hour. */
  public TopAnswer top(TopKind kind, long from, long to, int limit) {
    Tops present = tops;
    return present == null
        ? new TopAnswer(from, from, 0, 0, List.of())
        : present.top(kind, from, to, limit);
  }
}
