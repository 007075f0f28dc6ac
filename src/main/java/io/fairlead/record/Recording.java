package io.fairlead.record;

import io.fairlead.telemetry.Event;
import io.fairlead.telemetry.RecordKinds;
import io.fairlead.telemetry.RecordLayout;
import io.fairlead.telemetry.RecordReader;
import io.fairlead.telemetry.RecordView;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Turns the rings of one process into parts: reads records at once, keeps their rows in columns,
 * and writes them every ten seconds, when there are enough for a row group, or when a ring has
 * little room left. Only when rows are on disk do rings forget the records. Time is an argument;
 * one thread.
 *
 * <p>When a disk is full, or fails, rows stay in memory and writing is tried again after a second,
 * two, four, a minute at most. When there are too many they are given up and counted: consumers
 * have had them, requests never wait.
 */
final class Recording implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(Recording.class.getName());

  /** So old are the youngest rows that a query may miss. */
  static final long WRITE_EVERY_MILLIS = 10_000;

  private static final long FIRST_PAUSE_MILLIS = 1000;
  private static final long LONGEST_PAUSE_MILLIS = 60_000;

  /** What a ring has no room for ordinary records in. */
  private static final long RESERVED = 2 << 20;

  /** Room in a ring comes back in pieces of this; of one that is not whole yet, none. */
  private static final long PIECE = 1 << 20;

  /** A record may leave so much at the end of a piece, and more. */
  private static final long SLACK = 1 << 14;

  /** Records of one ring that are read before the next ring's turn. */
  private static final int TURN = 8192;

  /** And those after which it may be time for a rest. */
  private static final int SHORT = 32;

  /** A round that has read so many does not go on for what has come since it began. */
  static final int ENOUGH = 2 * TURN;

  private final PartFolder folder;
  private final Names names;
  private final RecordKinds kinds;
  private final List<RecordSource> sources = new ArrayList<>();
  private final List<OpenPart> parts = new ArrayList<>();

  /** By type: those whose table takes it. Asked for each record. */
  private final OpenPart[][] takers = new OpenPart[1 << Byte.SIZE][];

  private final RecordConsumer[] consumers;
  private final @Nullable RollupFeed rollups;
  private final Pace pace;
  private final Pages pages;
  private final RecordStats stats;
  private final Consumer<Event> events;
  private final Consumer<RecordView> seen;

  private final long ringBytes;
  private long nextWrite;
  private long pause;
  private long lostInPause;

  /**
   * @param process tells it from all others
   * @param ringBytes of one ring at most; {@link Long#MAX_VALUE}: nobody waits for room in them
   * @param consumers get each record, too
   * @param rollups counts each record; null: nobody does
   * @param pace of reading and writing
   * @param seen gets each record first, also one that is in a part already
   */
  Recording(
      PartFolder folder,
      String instance,
      String process,
      List<RecordReader> readers,
      Names names,
      long ringBytes,
      List<RecordConsumer> consumers,
      @Nullable RollupFeed rollups,
      RecordStats stats,
      Consumer<Event> events,
      Pace pace,
      long nowMillis,
      Consumer<RecordView> seen) {
    this.folder = folder;
    this.names = names;
    this.seen = seen;
    this.consumers = consumers.toArray(RecordConsumer[]::new);
    this.rollups = rollups;
    kinds = new RecordKinds(rollups == null ? 0 : rollups.seed());
    this.stats = stats;
    this.events = events;
    this.pace = pace;
    pages = new Pages(pace);
    pace.mind(this::restsToAfford);
    if (rollups != null) {
      rollups.pace(pace);
    }
    this.ringBytes = ringBytes;
    readers.forEach(this::add);
    Bytes encoded = new Bytes(1 << 16);
    for (Table table : Table.all(instance, names)) {
      parts.add(new OpenPart(table, folder, process, pages, encoded, nowMillis));
    }
    for (int i = 0; i < takers.length; i++) {
      int type = i;
      takers[i] = parts.stream().filter(part -> part.table().takes(type)).toArray(OpenPart[]::new);
    }
    nextWrite = nowMillis + WRITE_EVERY_MILLIS;
  }

  /** The same without rollups and looks. */
  Recording(
      PartFolder folder,
      String instance,
      String process,
      List<RecordReader> readers,
      Names names,
      long ringBytes,
      List<RecordConsumer> consumers,
      RecordStats stats,
      Consumer<Event> events,
      Pace pace,
      long nowMillis) {
    this(
        folder, instance, process, readers, names, ringBytes, consumers, null, stats, events, pace,
        nowMillis, _ -> {});
  }

  /** One more ring is read from now on. */
  void add(RecordReader reader) {
    long bytes = ringBytes == Long.MAX_VALUE ? ringBytes : Math.min(ringBytes, reader.bytes());
    long room = bytes - RESERVED;
    // The rest is left to what comes while it is written.
    sources.add(new RecordSource(reader, Math.min(room / 8 * 5, room - PIECE - SLACK)));
  }

  /**
   * Records up to those places are in parts already: those of a process that was killed before it
   * could tell its rings.
   */
  void resume(String process) throws IOException {
    for (OpenPart part : parts) {
      List<Path> found = folder.of(part.table().name, process);
      for (Path file : found.subList(0, Math.min(found.size(), 8))) {
        String words = Footer.words(file).get(Places.WORD);
        if (words != null) {
          part.places().reach(Places.parse(words));
        }
      }
    }
  }

  /**
   * Reads what there is, and writes if it is time. Loops may write as fast as is read, so that the
   * end of a ring is never reached: after {@link #ENOUGH} records the round goes as far only as
   * rings had been written when it began, which is what consumers count on.
   *
   * @return whether there was anything
   */
  boolean round(long nowMillis) {
    pace.begin();
    sources.forEach(RecordSource::begin);
    long all = 0;
    boolean more = true;
    while (more) {
      more = false;
      boolean enough = all >= ENOUGH;
      for (RecordSource source : sources) {
        int read = read(source, enough, nowMillis);
        all += read;
        more |= read == TURN;
      }
      if (isDue(nowMillis)) {
        write(nowMillis, false);
      }
    }
    stats.caughtUpMillis = nowMillis;
    Runnable rest = pace::breathe;
    for (RecordConsumer consumer : consumers) {
      consumer.caughtUp(nowMillis, rest);
      rest.run();
    }
    if (rollups != null) {
      rollups.caughtUp(nowMillis);
    }
    return all > 0;
  }

  /**
   * In spells of {@link Pace}: fewer the more there is to read, and none while a ring is nearly
   * full. So the work is spread over all of the time there is for it.
   */
  int restsToAfford() {
    int spells = Pace.CALM;
    for (RecordSource source : sources) {
      RecordReader reader = source.reader;
      int unread = Pace.CALM / (1 + reader.behind());
      int room = reader.room();
      int free = room == reader.mostRoom() ? Pace.CALM : Pace.CALM / 4 * (room - 1);
      spells = Math.min(spells, Math.max(0, Math.min(unread, free)));
    }
    return spells;
  }

  private int read(RecordSource source, boolean enough, long nowMillis) {
    int read = 0;
    RecordReader reader = source.reader;
    while (read < TURN && source.next(enough)) {
      take(reader.record(), reader.place(), reader.loop(), nowMillis);
      source.reached = reader.place();
      read++;
      if (read % SHORT == 0) {
        pace.breathe();
      }
    }
    return read;
  }

  private void take(RecordView record, long place, int loop, long nowMillis) {
    int type = record.type();
    if (type == RecordLayout.HTTP) {
      kinds.sort(record);
    }
    seen.accept(record);
    for (OpenPart part : takers[type]) {
      if (place > part.places().of(loop)) { // else it is written
        if (part.table().isFull()) {
          makeRoom(part, nowMillis);
        }
        try {
          part.table().add(record);
        } catch (RuntimeException e) {
          stats.failed.incrementAndGet();
          LOG.log(Level.ERROR, "a record could not be kept", e);
        }
      }
    }
    if (rollups != null && RecordLayout.isExchange(type)) {
      rollups.take(record, place, loop);
    }
    for (RecordConsumer consumer : consumers) {
      consumer.accept(record, names);
    }
  }

  private void makeRoom(OpenPart part, long nowMillis) {
    if (pause == 0 || isTime(nowMillis)) {
      write(nowMillis, false);
    }
    if (part.table().isFull()) {
      int lost = part.drop(nowMillis);
      stats.notWritten.addAndGet(lost);
      lostInPause += lost;
    }
  }

  private boolean isDue(long nowMillis) {
    if (isTime(nowMillis)) {
      return true;
    }
    if (pause > 0) {
      letGo();
      return false;
    }
    for (RecordSource source : sources) {
      if (source.holdsMuch()) {
        return true;
      }
    }
    return false;
  }

  /** Also if the clock has been set back: nothing waits for it to come there again. */
  private boolean isTime(long nowMillis) {
    return nowMillis >= nextWrite || nowMillis < nextWrite - LONGEST_PAUSE_MILLIS;
  }

  /** Nothing can be written: rows in memory must do, loops need the room. */
  private void letGo() {
    for (RecordSource source : sources) {
      if (source.holdsMuch()) {
        source.saved(source.reached);
      }
    }
  }

  /**
   * Writes what there is to disk.
   *
   * @return whether all of it is there
   */
  boolean write(long nowMillis, boolean last) {
    Places reached = new Places();
    sources.forEach(source -> reached.reach(source.reader.loop(), source.reached));
    Exception parted = writeParts(reached, last, nowMillis);
    Exception counted = writeRollups(reached, nowMillis);
    Exception why = parted == null ? counted : parted;
    if (why != null) {
      failed(why, nowMillis);
      return false;
    }
    sources.forEach(source -> source.saved(source.reached));
    nextWrite = nowMillis + WRITE_EVERY_MILLIS;
    if (pause > 0) {
      pause = 0;
      stats.writing = true;
      events.accept(new Event.RecordsResumed(lostInPause));
      lostInPause = 0;
    }
    return true;
  }

  /** Null: all of it is there. What is there is known by its places, and not written twice. */
  private @Nullable Exception writeParts(Places reached, boolean last, long nowMillis) {
    try {
      for (OpenPart part : parts) {
        int rows = part.unwritten();
        part.write(reached, !isTime(nowMillis), last, nowMillis);
        stats.written.addAndGet(rows);
      }
      return null;
    } catch (IOException | UncheckedIOException e) {
      return e;
    }
  }

  private @Nullable Exception writeRollups(Places reached, long nowMillis) {
    if (rollups != null) {
      try {
        rollups.keep(reached, nowMillis);
      } catch (IOException | UncheckedIOException e) {
        return e;
      }
    }
    return null;
  }

  /** Whether the disk took what was written last. */
  boolean isWriting() {
    return pause == 0;
  }

  private void failed(Exception why, long nowMillis) {
    if (pause == 0) {
      stats.writing = false;
      events.accept(new Event.RecordsStopped(String.valueOf(why.getMessage())));
    }
    pause = pause == 0 ? FIRST_PAUSE_MILLIS : Math.min(pause * 2, LONGEST_PAUSE_MILLIS);
    nextWrite = nowMillis + pause;
  }

  /** Lets the oldest parts go. */
  void sweep(Retention keep, long nowMillis) {
    try {
      List<PartFolder.Part> all = new ArrayList<>(folder.parts());
      for (PartFolder.Part old :
          keep.tooOld(all, PartFolder.day(Instant.ofEpochMilli(nowMillis)))) {
        if (parts.stream().noneMatch(part -> part.is(old.file()))) {
          PartFolder.remove(old.file());
          all.remove(old);
        }
      }
      stats.bytes = all.stream().mapToLong(PartFolder.Part::bytes).sum();
      stats.parts = all.size();
      Instant first = all.isEmpty() ? null : PartFolder.first(all.getFirst().file());
      stats.oldestMillis = first == null ? 0 : first.toEpochMilli();
    } catch (IOException | UncheckedIOException e) {
      LOG.log(Level.WARNING, "old records could not be removed: {0}", e.toString());
    }
  }

  @Override
  public void close() {
    if (rollups != null) {
      rollups.close();
    }
    pages.close();
  }
}
