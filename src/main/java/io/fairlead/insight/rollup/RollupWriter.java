package io.fairlead.insight.rollup;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.WRITE;

import io.fairlead.telemetry.RecordKinds;
import io.fairlead.telemetry.RecordLayout;
import io.fairlead.telemetry.RecordView;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * Counts the records of one process. What has been counted since {@link #keep} was called last is
 * in memory, cell by cell; {@code keep} adds it to the process's segment on disk, with the places
 * up to which records are counted then, in one block. So after a kill the next process knows which
 * records are counted, and counts the others, each once. If that fails nothing is forgotten: the
 * cells stay and the next {@code keep} has them.
 *
 * <p>One thread counts and keeps; any may ask what is {@link #shown}, which is a second old at
 * most.
 */
public final class RollupWriter {
  /** Keys between two calls of keep; requests beyond them are counted under other names. */
  static final int MOST_KEYS = 4096;

  /** Cells that wait for the disk, some 50 MB. */
  static final int MOST_CELLS = 1 << 16;

  private static final int SPARE_CELLS = 1 << 12;
  private static final int SLOTS = 4 * MOST_KEYS;
  private static final long SHOW_MILLIS = 1000;
  private static final long CELL_MICROS = Level.TEN_SECONDS.millis * 1000;
  private static final int MOST_NUMBERS = 4096;

  private final RollupFolder folder;
  private final Reasons reasons;
  private final String process;
  private final IntFunction<@Nullable String> names;
  private final IntFunction<@Nullable String> errors;
  private final @Nullable Tops tops;
  private final Block.Writer toDisk;
  private final Block.Writer toShow;

  /** What a number of an error means, times 2, and 1 if it is the client's doing, plus 1. */
  private int[] meanings = new int[64];

  private final @Nullable Counted[] slots = new Counted[SLOTS];
  private final Counted[] others = new Counted[6];
  private final List<Counted> touched = new ArrayList<>();

  /** By the way that an exchange went; of this era. */
  private final @Nullable Counted[] ofWay = new Counted[RecordKinds.MOST + 1];

  private int era;
  private int keys;
  private int cells;
  private @Nullable Open pool;

  private String hour = "";
  private int number;
  private boolean begun;
  private @Nullable Path segment;
  private long length;
  private long since;
  private long lostBefore;
  private long lostNow;
  private long unplaced;
  private long nextShow;
  private boolean changed;
  private volatile Shown shown;

  /**
   * What others may read.
   *
   * @param number of the segment that is written to, or will be
   * @param length of it, as far as it counts
   * @param open what is not on disk yet, as a block; null: nothing
   * @param asOf when that was all
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared, and nobody changes them
  record Shown(int number, long length, byte @Nullable [] open, long asOf) {}

  /** A key as records say it, and its cells. */
  private static final class Counted {
    final int listener;
    final int route;
    final int service;
    final int node;
    final int status;
    final Key key;

    /** The one that was used last is in front. */
    @Nullable Open first;

    Counted(int listener, int route, int service, int node, int status, Key key) {
      this.listener = listener;
      this.route = route;
      this.service = service;
      this.node = node;
      this.status = status;
      this.key = key;
    }
  }

  /** A cell that is not on disk. */
  private static final class Open {
    final Cell cell = new Cell();
    long span;
    @Nullable Open next;
  }

  /**
   * @param number of its first segment: above those of all segments that the process has
   */
  RollupWriter(
      RollupFolder folder,
      Reasons reasons,
      String process,
      int number,
      IntFunction<@Nullable String> names,
      IntFunction<@Nullable String> errors,
      @Nullable Tops tops,
      long nowMillis) {
    this.folder = folder;
    this.reasons = reasons;
    this.process = process;
    this.number = number;
    this.names = names;
    this.errors = errors;
    this.tops = tops;
    since = nowMillis;
    toDisk = new Block.Writer(Level.TEN_SECONDS, reasons);
    toShow = new Block.Writer(Level.TEN_SECONDS, reasons);
    for (int status = 0; status < others.length; status++) {
      others[status] = new Counted(-1, -1, -1, -1, status, Key.other(status));
    }
    shown = new Shown(number, 0, null, nowMillis);
  }

  /** Called between pieces of work of some microseconds, where others may need the processor. */
  public void rest(Runnable often) {
    toDisk.rest(often);
    toShow.rest(often);
  }

  String process() {
    return process;
  }

  Shown shown() {
    return shown;
  }

  /** Counts a record. */
  public void accept(RecordView record) {
    int code = record.status();
    boolean failed = Failures.isOne(code);
    int error = record.error();
    int meaning = 0;
    if (error != 0) {
      meaning = error < meanings.length && meanings[error] != 0 ? meanings[error] : learn(error);
      failed |= (meaning & 1) == 0;
    }
    failed &= !RecordLayout.isMeant(record);
    int bucket = Buckets.of(record.totalMicros());
    Cell cell = cell(record, Key.statusClass(code));
    if (cell != null) {
      cell.requests++;
      cell.errors += failed ? 1 : 0;
      cell.bytesIn += record.bytesIn();
      cell.bytesOut += record.bytesOut();
      cell.moreTries += Math.max(0, record.tries() - 1);
      cell.times.add(bucket);
      if (meaning != 0) {
        cell.reason((meaning >> 1) - 1, 1);
      }
    }
    changed = true;
    if (tops != null) {
      tops.accept(record, failed, bucket);
    }
  }

  private int learn(int error) {
    String name = errors.apply(error);
    String known = name == null ? "#" + error : name;
    int meaning = ((reasons.number(known) + 1) << 1) | (Failures.isOne(known) ? 0 : 1);
    if (error < MOST_NUMBERS) {
      if (error >= meanings.length) {
        meanings = Arrays.copyOf(meanings, error + 16);
      }
      meanings[error] = meaning;
    }
    return meaning;
  }

  private @Nullable Cell cell(RecordView record, int status) {
    long span = Math.floorDiv(record.startMicros(), CELL_MICROS);
    Counted key = key(record, status);
    Open first = key.first;
    if (first != null && first.span == span) {
      return first.cell;
    }
    return cell(key, span);
  }

  private @Nullable Cell cell(Counted key, long span) {
    Open before = null;
    for (Open open = key.first; open != null; open = open.next) {
      if (open.span == span) {
        if (before != null) {
          before.next = open.next;
          open.next = key.first;
          key.first = open;
        }
        return open.cell;
      }
      before = open;
    }
    Counted other = others[key.status];
    if (cells >= MOST_CELLS && key != other) {
      return cell(other, span);
    }
    if (cells >= MOST_CELLS + SPARE_CELLS) {
      unplaced++;
      return null;
    }
    Open open = pool;
    if (open == null) {
      open = new Open();
    } else {
      pool = open.next;
    }
    if (key.first == null) {
      touched.add(key);
    }
    open.span = span;
    open.next = key.first;
    key.first = open;
    cells++;
    return open.cell;
  }

  private Counted key(RecordView record, int status) {
    int way = record.way();
    if (record.era() != era) {
      era = record.era();
      Arrays.fill(ofWay, null);
    }
    Counted known = ofWay[way];
    if (known == null) {
      known = key(record.listener(), record.route(), record.service(), record.node(), status);
      ofWay[way] = way == 0 ? null : known;
    }
    return known;
  }

  private Counted key(int listener, int route, int service, int node, int status) {
    int hash = ((listener * 31 + route) * 31 + service) * 31 + node;
    hash = (hash * 8 + status) * 0x9E3779B1;
    int slot = hash >>> 18; // as many bits as there are slots
    while (true) {
      Counted found = slots[slot];
      if (found == null) {
        return learn(slot, listener, route, service, node, status);
      }
      if (found.node == node
          && found.route == route
          && found.status == status
          && found.listener == listener
          && found.service == service) {
        return found;
      }
      slot = (slot + 1) & (SLOTS - 1);
    }
  }

  private Counted learn(int slot, int listener, int route, int service, int node, int status) {
    if (keys >= MOST_KEYS) {
      return others[status];
    }
    Key key = new Key(name(listener), name(route), name(service), name(node), status);
    Counted counted = new Counted(listener, route, service, node, status, key);
    slots[slot] = counted;
    keys++;
    return counted;
  }

  private String name(int number) {
    if (number == 0) {
      return "";
    }
    String name = names.apply(number);
    return name == null ? "#" + number : name;
  }

  /**
   * All records that there are have been counted.
   *
   * @param lost records that were dropped, ever
   */
  public void caughtUp(long nowMillis, long lost) {
    lostNow = lost + unplaced;
    if (nowMillis >= nextShow || nowMillis < nextShow - SHOW_MILLIS) {
      nextShow = nowMillis + SHOW_MILLIS;
      show(nowMillis);
    }
    if (tops != null) {
      tops.caughtUp(nowMillis);
    }
  }

  private void show(long nowMillis) {
    Shown before = shown;
    if (!changed) {
      shown = new Shown(before.number, before.length, before.open, nowMillis);
      return;
    }
    changed = false;
    toShow.reset();
    addTo(toShow);
    byte[] open = cells == 0 ? null : toShow.end(since, nowMillis, lostNow - lostBefore, List.of());
    shown = new Shown(number, length, open, nowMillis);
  }

  private void addTo(Block.Writer block) {
    for (Counted key : touched) {
      for (Open open = key.first; open != null; open = open.next) {
        block.cell(open.span * Level.TEN_SECONDS.millis, key.key, open.cell);
      }
    }
  }

  /**
   * Makes what has been counted safe.
   *
   * @param places how far each ring has been read
   * @param lost records that were dropped, ever
   * @throws IOException if it could not; nothing is forgotten then
   */
  public void keep(long[] places, long lost, long nowMillis) throws IOException {
    lostNow = lost + unplaced;
    if (cells == 0 && lostNow == lostBefore) {
      return;
    }
    Path to = segment(nowMillis);
    addTo(toDisk);
    byte[] block =
        toDisk.end(since, nowMillis, lostNow - lostBefore, List.of(new Done("", process, places)));
    try {
      append(to, block);
    } catch (IOException e) {
      toDisk.reset(); // the names that were new are so again
      throw e;
    }
    length += block.length;
    since = nowMillis;
    lostBefore = lostNow;
    forget();
    shown = new Shown(number, length, null, nowMillis);
    changed = false;
  }

  /** Each hour has its own, and each time that somebody took the last one away. */
  private Path segment(long nowMillis) throws IOException {
    String present = RollupFolder.hour(nowMillis);
    Path to = segment;
    if (to == null || !present.equals(hour) || !Files.exists(to) || Files.size(to) < length) {
      folder.make(Level.TEN_SECONDS);
      hour = present;
      number += begun ? 1 : 0;
      begun = true;
      length = 0;
      toDisk.reset();
      to = folder.segment(hour, process, number);
      segment = to;
    }
    return to;
  }

  private void append(Path to, byte[] block) throws IOException {
    try (FileChannel out = FileChannel.open(to, CREATE, WRITE)) {
      try {
        long at = length;
        if (length == 0) {
          at += write(out, RollupFile.MAGIC, 0);
        }
        write(out, block, at);
        out.force(false);
        length = at;
      } catch (IOException e) {
        try {
          out.truncate(length); // nobody goes on behind half a block
        } catch (IOException also) {
          segment = null; // but in another file
          e.addSuppressed(also);
        }
        throw e;
      }
    }
  }

  private static int write(FileChannel out, byte[] bytes, long at) throws IOException {
    ByteBuffer from = ByteBuffer.wrap(bytes);
    while (from.hasRemaining()) {
      int _ = out.write(from, at + from.position());
    }
    return bytes.length;
  }

  private void forget() {
    for (Counted key : touched) {
      Open open = key.first;
      key.first = null;
      while (open != null) {
        Open next = open.next;
        open.cell.clear();
        open.next = pool;
        pool = open;
        open = next;
      }
    }
    touched.clear();
    if (cells > MOST_KEYS) {
      pool = null; // there were many once: their room is for others
    }
    cells = 0;
    if (keys >= MOST_KEYS / 2) {
      Arrays.fill(slots, null); // names come and go
      Arrays.fill(ofWay, null);
      keys = 0;
    }
  }
}
