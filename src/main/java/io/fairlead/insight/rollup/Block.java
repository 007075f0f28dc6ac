package io.fairlead.insight.rollup;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;
import org.jspecify.annotations.Nullable;

/**
 * What is added to a file of rollups at once: it counts as a whole or not at all, since its sum
 * must be right. Integers in front are big endian, all numbers behind as {@link Out} writes them.
 *
 * <table>
 * <caption>A block</caption>
 * <tr><th>bytes</th><th>what</th></tr>
 * <tr><td>4</td><td>{@code FLRB}</td></tr>
 * <tr><td>4 4 4</td><td>length of the head, of the body, of the body before it was deflated</td></tr>
 * <tr><td>4 4</td><td>CRC-32 of the head with what stands before it, and of the body</td></tr>
 * <tr><td></td><td>head: 1 if keys and reasons are numbered from 0 anew; first and last cell's
 *     time; times since and until when records were counted; records lost meanwhile; what it
 *     counts, see {@link Done}; keys and reasons that have no number in the file yet; cells</td></tr>
 * <tr><td></td><td>body: of each cell its time, behind the first in units of the level, its key, its
 *     counts, reasons, and the buckets of times that are not empty</td></tr>
 * </table>
 */
final class Block {
  /** What stands in front of a head. */
  static final int FIXED = 24;

  private static final int MAGIC = 0x464C5242;

  /** No head or body is longer: whatever says otherwise is broken. */
  private static final int MOST = 256 << 20;

  private static final int COMPRESSION = 3;

  /** Bytes that are deflated between two rests, some 50 µs. */
  private static final int PIECE = 4096;

  /** Cells that are written between two rests. */
  private static final int FEW = 16;

  /**
   * What a head says.
   *
   * @param first when the earliest cell begins
   * @param last when the latest begins
   * @param since when the block before had been written
   * @param until when this one was
   * @param lost records that were dropped meanwhile
   * @param origin from where times of cells are counted
   * @param done whose records it counts
   * @param keys all that cells may refer to, those of earlier blocks among them
   * @param reasons the same
   */
  @SuppressWarnings("ArrayRecordComponent") // written once, compared never
  record Head(
      long first,
      long last,
      long since,
      long until,
      long lost,
      long origin,
      List<Done> done,
      Key[] keys,
      int[] reasons,
      int cells,
      int headLength,
      int bodyLength,
      int rawLength,
      int bodyCrc) {
    long length() {
      return FIXED + headLength + (long) bodyLength;
    }
  }

  /** Gets each cell; both arguments are used again for the next. */
  interface Visitor {
    void cell(long time, int key, Seen cell);
  }

  private Block() {}

  /** Puts a block together; used again for the next one of the same file. */
  static final class Writer {
    private final Level level;
    private final Reasons known;
    private final Map<Key, Integer> keys = new HashMap<>();
    private final Map<Integer, Integer> reasons = new HashMap<>();
    private final List<Key> newKeys = new ArrayList<>();
    private final List<Integer> newReasons = new ArrayList<>();
    private final Out head = new Out();
    private final Out body = new Out();
    private Runnable between = () -> {};
    private boolean fresh = true;
    private int cells;
    private long origin;
    private long first = Long.MAX_VALUE;
    private long last = Long.MIN_VALUE;

    Writer(Level level, Reasons known) {
      this.level = level;
      this.known = known;
    }

    /** Called between pieces of work of some microseconds. */
    void rest(Runnable often) {
      between = often;
    }

    /** What has been added is not to be written, or another file begins: all is numbered anew. */
    void reset() {
      keys.clear();
      reasons.clear();
      fresh = true;
      clear();
    }

    private void clear() {
      newKeys.clear();
      newReasons.clear();
      body.clear();
      cells = 0;
      first = Long.MAX_VALUE;
      last = Long.MIN_VALUE;
    }

    int cells() {
      return cells;
    }

    void cell(long time, Key key, Cell cell) {
      if (cells == 0) {
        origin = time;
      }
      cells++;
      first = Math.min(first, time);
      last = Math.max(last, time);
      long behind = (time - origin) / level.millis;
      body.number((behind << 1) ^ (behind >> 63)); // small either way
      body.number(number(key));
      body.number(cell.requests);
      body.number(cell.errors);
      body.number(cell.bytesIn);
      body.number(cell.bytesOut);
      body.number(cell.moreTries);
      reasons(cell.reasons);
      times(cell.times);
      if (cells % FEW == 0) {
        between.run();
      }
    }

    private int number(Key key) {
      Integer has = keys.get(key);
      if (has == null) {
        has = keys.size();
        keys.put(key, has);
        newKeys.add(key);
      }
      return has;
    }

    private void reasons(long[] counts) {
      int kinds = 0;
      for (long count : counts) {
        kinds += count == 0 ? 0 : 1;
      }
      body.number(kinds);
      for (int i = 0; i < counts.length; i++) {
        if (counts[i] != 0) {
          Integer has = reasons.get(i);
          if (has == null) {
            has = reasons.size();
            reasons.put(i, has);
            newReasons.add(i);
          }
          body.number(has);
          body.number(counts[i]);
        }
      }
    }

    private void times(Histogram times) {
      int kinds = 0;
      for (int i = times.low(); i < times.high(); i++) {
        kinds += times.count(i) == 0 ? 0 : 1;
      }
      body.number(kinds);
      int next = 0;
      for (int i = times.low(); i < times.high(); i++) {
        long count = times.count(i);
        if (count != 0) {
          body.number(i - next);
          body.number(count);
          next = i + 1;
        }
      }
    }

    /** The block with all cells that were added. */
    byte[] end(long since, long until, long lost, List<Done> done) {
      head.clear();
      head.put(fresh ? 1 : 0);
      head.number(cells == 0 ? 0 : first);
      head.number(cells == 0 ? 0 : last);
      head.number(since);
      head.number(until);
      head.number(lost);
      head.number(origin);
      head.number(done.size());
      for (Done each : done) {
        head.text(each.segment());
        head.text(each.process());
        head.number(each.places().length);
        for (long place : each.places()) {
          head.number(place);
        }
      }
      head.number(newKeys.size());
      for (Key key : newKeys) {
        head.text(key.listener());
        head.text(key.route());
        head.text(key.service());
        head.text(key.node());
        head.number(key.status());
      }
      head.number(newReasons.size());
      newReasons.forEach(reason -> head.text(known.name(reason)));
      head.number(cells);
      byte[] block = join();
      fresh = false;
      clear();
      return block;
    }

    private byte[] join() {
      between.run();
      byte[] small = new byte[body.size + 64 + body.size / 1000];
      int length = 0;
      try (Deflater deflater = new Deflater(COMPRESSION, true)) {
        for (int at = 0; at < body.size; at += PIECE) {
          deflater.setInput(body.bytes, at, Math.min(PIECE, body.size - at));
          while (!deflater.needsInput()) {
            length += deflater.deflate(small, length, small.length - length);
          }
          between.run();
        }
        deflater.finish();
        while (!deflater.finished()) {
          length += deflater.deflate(small, length, small.length - length);
        }
      }
      between.run();
      ByteBuffer block = ByteBuffer.allocate(FIXED + head.size + length);
      block.putInt(MAGIC).putInt(head.size).putInt(length).putInt(body.size);
      block.putInt(headCrc(block.array(), head.bytes, 0, head.size));
      block.putInt(crc(small, 0, length));
      block.put(head.bytes, 0, head.size).put(small, 0, length);
      return block.array();
    }
  }

  private static int headCrc(byte[] fixed, byte[] head, int from, int length) {
    CRC32 crc = new CRC32();
    crc.update(fixed, 0, 16);
    crc.update(head, from, length);
    return (int) crc.getValue();
  }

  private static int crc(byte[] bytes, int from, int length) {
    CRC32 crc = new CRC32();
    crc.update(bytes, from, length);
    return (int) crc.getValue();
  }

  /**
   * How long the head is that begins with these bytes.
   *
   * @param room how many bytes there are from there on
   * @return -1: no whole block begins here
   */
  static int headLength(byte[] fixed, long room) {
    ByteBuffer in = ByteBuffer.wrap(fixed);
    int magic = in.getInt();
    int head = in.getInt();
    int body = in.getInt();
    int raw = in.getInt();
    boolean sound =
        magic == MAGIC
            && head > 0
            && head <= MOST
            && body >= 0
            && body <= MOST
            && raw >= 0
            && raw <= MOST
            && FIXED + head + (long) body <= room;
    return sound ? head : -1;
  }

  /**
   * Reads a head.
   *
   * @param fixed what stands in front of it
   * @param earlier the head before it in the file; null: it is the first
   * @return null: it is broken
   */
  static @Nullable Head head(byte[] fixed, byte[] head, @Nullable Head earlier, Reasons known) {
    int length = head.length;
    ByteBuffer front = ByteBuffer.wrap(fixed);
    if (headCrc(fixed, head, 0, length) != front.getInt(16)) {
      return null;
    }
    In in = new In(head, 0, length);
    boolean fresh = in.number() == 1;
    Key[] keys = fresh || earlier == null ? new Key[0] : earlier.keys;
    int[] reasons = fresh || earlier == null ? new int[0] : earlier.reasons;
    long first = in.number();
    long last = in.number();
    long since = in.number();
    long until = in.number();
    long lost = in.number();
    long origin = in.number();
    List<Done> done = new ArrayList<>();
    for (int i = in.count(); i > 0; i--) {
      String segment = in.text();
      String process = in.text();
      long[] places = new long[in.count()];
      for (int loop = 0; loop < places.length; loop++) {
        places[loop] = in.number();
      }
      done.add(new Done(segment, process, places));
    }
    int more = in.count();
    if (more > 0) {
      int next = keys.length;
      keys = Arrays.copyOf(keys, next + more);
      while (next < keys.length) {
        keys[next++] = new Key(in.text(), in.text(), in.text(), in.text(), (int) in.number());
      }
    }
    more = in.count();
    if (more > 0) {
      int next = reasons.length;
      reasons = Arrays.copyOf(reasons, next + more);
      while (next < reasons.length) {
        reasons[next++] = known.number(in.text());
      }
    }
    int cells = (int) in.number();
    return new Head(
        first,
        last,
        since,
        until,
        lost,
        origin,
        List.copyOf(done),
        keys,
        reasons,
        cells,
        length,
        front.getInt(8),
        front.getInt(12),
        front.getInt(20));
  }

  /** Whether a body is what was written. */
  static boolean isSound(Head head, byte[] block, int from) {
    return crc(block, from, head.bodyLength) == head.bodyCrc;
  }

  /**
   * Reads a body.
   *
   * @param block has it
   * @param from where it begins there
   * @throws IllegalArgumentException if it is broken
   */
  static void cells(Head head, Level level, byte[] block, int from, Visitor visitor) {
    byte[] raw = new byte[head.rawLength];
    try (Inflater inflater = new Inflater(true)) {
      inflater.setInput(block, from, head.bodyLength);
      if (inflater.inflate(raw) != raw.length) {
        throw new IllegalArgumentException("a body of rollups is too short");
      }
    } catch (DataFormatException e) {
      throw new IllegalArgumentException("a body of rollups is broken", e);
    }
    In in = new In(raw, 0, raw.length);
    Seen cell = new Seen();
    for (int i = 0; i < head.cells; i++) {
      long behind = in.number();
      long time = head.origin + ((behind >>> 1) ^ -(behind & 1)) * level.millis;
      int key = Objects.checkIndex((int) in.number(), head.keys.length);
      cell.requests = in.number();
      cell.errors = in.number();
      cell.bytesIn = in.number();
      cell.bytesOut = in.number();
      cell.moreTries = in.number();
      cell.kinds = 0;
      for (int kinds = in.count(); kinds > 0; kinds--) {
        int reason = Objects.checkIndex((int) in.number(), head.reasons.length);
        cell.reason(head.reasons[reason], in.number());
      }
      int bucket = 0;
      cell.times = 0;
      for (int kinds = in.count(); kinds > 0; kinds--) {
        bucket += (int) in.number();
        cell.time(Objects.checkIndex(bucket, Buckets.COUNT), in.number());
        bucket++;
      }
      visitor.cell(time, key, cell);
    }
  }
}
