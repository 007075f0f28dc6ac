package io.fairlead.record;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.fairlead.insight.rollup.RollupWriter;
import io.fairlead.insight.rollup.Rollups;
import io.fairlead.telemetry.RecordView;
import java.io.IOException;
import java.lang.System.Logger.Level;

/**
 * Has the records of one process counted in rollups, each once: those that are counted on disk
 * already, since the process was killed later, are left out. What is counted gets to disk before
 * rings forget the records, and with it how far that is.
 */
final class RollupFeed implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(RollupFeed.class.getName());
  private static final int LONGEST_ADDRESS = 64;

  private final Rollups rollups;
  private final RollupWriter writer;
  private final RecordStats stats;
  private final Places counted = new Places();

  private RollupFeed(Rollups rollups, RollupWriter writer, RecordStats stats) {
    this.rollups = rollups;
    this.writer = writer;
    this.stats = stats;
  }

  /** Of the process that this is. */
  static RollupFeed of(Rollups rollups, String process, Names names, RecordStats stats)
      throws IOException {
    RollupWriter writer = rollups.writer(process, names::name, names::error, RollupFeed::address);
    return new RollupFeed(rollups, writer, stats);
  }

  /** Of one that was killed. */
  static RollupFeed resume(Rollups rollups, String process, Names names, RecordStats stats)
      throws IOException {
    long[] places = rollups.places(process);
    RollupFeed feed =
        new RollupFeed(rollups, rollups.writer(process, names::name, names::error, null), stats);
    for (int loop = 0; loop < places.length; loop++) {
      feed.counted.reach(loop, places[loop]);
    }
    return feed;
  }

  private static String address(byte[] sixteenBytes) {
    Bytes text = new Bytes(LONGEST_ADDRESS);
    Addresses.write(sixteenBytes, 0, text);
    return new String(text.array(), 0, text.size(), US_ASCII);
  }

  /**
   * Counts a record.
   *
   * @param place where it ends in the ring of that loop
   */
  void take(RecordView record, long place, int loop) {
    if (place <= counted.of(loop)) {
      return;
    }
    try {
      writer.accept(record);
    } catch (RuntimeException e) {
      stats.failed.incrementAndGet();
      LOG.log(Level.ERROR, "a record could not be counted", e);
    }
  }

  /** For hashes that nobody outside can foresee. */
  long seed() {
    return rollups.seed();
  }

  /** At what pace it works. */
  void pace(Pace pace) {
    writer.rest(pace::breathe);
  }

  void caughtUp(long nowMillis) {
    writer.caughtUp(nowMillis, lost());
  }

  /** Gets what is counted to disk; if that fails, it stays in memory. */
  void keep(Places reached, long nowMillis) throws IOException {
    writer.keep(reached.all(), lost(), nowMillis);
  }

  private long lost() {
    return stats.droppedOrdinary() + stats.droppedValuable();
  }

  @Override
  public void close() {
    rollups.close(writer);
  }
}
