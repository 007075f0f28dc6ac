package io.fairlead.record;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Texts, each kept once with a number. What is kept may be a key that is written as another text
 * (an address, the number of a name), so that this is worked out once for each that occurs and not
 * for each row. Where nearly all texts differ a dictionary would only add to them: they are then
 * written one behind the other.
 */
final class TextColumn extends Column {
  /** Texts of a row group take at most this; the group ends before. */
  static final int MOST_BYTES = 4 << 20;

  /** Longer ones are not said to be the smallest or largest: nobody looks for them by order. */
  private static final int MOST_ORDERED = 64;

  private static final int NULL = -1;

  /** Of a slot; the bits below have room for {@link Table#MOST_ROWS}. */
  private static final int TAG = -(Table.MOST_ROWS * 2);

  private static final long MIX = 0x9E37_79B9_7F4A_7C15L;
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  /** How a key is written. */
  interface Writing {
    /** Adds the text of the key in those bytes. */
    void write(byte[] from, int offset, int length, Bytes to);
  }

  /** Texts that are their own keys. */
  static final Writing AS_IS = (from, offset, length, to) -> to.put(from, offset, length);

  /** Names have numbers from 1 upwards. */
  private static final int MOST_DIRECT = 1 << 16;

  private final Writing writing;
  private final byte[] number = new byte[8];

  private int[] rowEntries = new int[256];
  private int rows;
  private int nulls;

  private byte[] texts = new byte[1024];
  private int[] ends = new int[64];
  private int entries;

  /** By key, where it is a small number: number of the entry plus one. */
  private int[] direct = {};

  private int[] hashes = new int[64];

  /**
   * Open addressing, at most half full: the entry plus one, and above it as many bits of its hash
   * as there is room for, so that it is looked up among few bytes and another's text is rarely
   * touched.
   */
  private int[] slots = new int[128];

  /** From so many entries on, slots and texts are no longer in the nearest cache. */
  private static final int MANY = 1024;

  private static final int BATCH = 32;

  // Texts that wait to be looked up together, see settle().
  private int waiting;
  private byte[] waitingTexts = {};
  private final int[] waitingEnds = new int[BATCH];
  private final int[] waitingRows = new int[BATCH];
  private final int[] waitingHashes = new int[BATCH];
  private final int[] candidates = new int[BATCH];

  /** Written only: what is read for nothing, and no more than that, is not read at all. */
  @SuppressWarnings("UnusedVariable") // as said
  private int touched;

  TextColumn(String name, boolean optional, Writing writing) {
    super(name, Type.BYTE_ARRAY, Meaning.TEXT, optional);
    this.writing = writing;
  }

  void add(byte[] from, int offset, int length) {
    if (entries < MANY) {
      row(entry(from, offset, length, hash(from, offset, length)));
      return;
    }
    int start = waiting == 0 ? 0 : waitingEnds[waiting - 1];
    if (waitingTexts.length - start < length) {
      waitingTexts = Arrays.copyOf(waitingTexts, Math.max(start + length, start * 2));
    }
    System.arraycopy(from, offset, waitingTexts, start, length);
    waitingEnds[waiting] = start + length;
    waitingRows[waiting] = rows;
    waitingHashes[waiting] = hash(from, offset, length);
    row(NULL); // until it is settled
    if (++waiting == BATCH) {
      settle();
    }
  }

  /**
   * Looks up the texts that wait. Of many, what a look-up needs is mostly in no cache: so it is
   * touched for all of them first, and the processor fetches it for all at the same time.
   */
  private void settle() {
    int mask = slots.length - 1;
    for (int i = 0; i < waiting; i++) {
      candidates[i] = slots[waitingHashes[i] & mask];
    }
    for (int i = 0; i < waiting; i++) {
      int entry = (candidates[i] & ~TAG) - 1;
      candidates[i] = entry < 0 ? 0 : start(entry);
    }
    int seen = 0;
    for (int i = 0; i < waiting; i++) {
      seen += texts[candidates[i]];
    }
    touched = seen;
    int start = 0;
    for (int i = 0; i < waiting; i++) {
      int end = waitingEnds[i];
      rowEntries[waitingRows[i]] = entry(waitingTexts, start, end - start, waitingHashes[i]);
      start = end;
    }
    waiting = 0;
  }

  /** A key that is a number, in 8 bytes, little endian. Small ones are found without a search. */
  void add(long key) {
    if (key < 0 || key >= MOST_DIRECT) {
      row(numberEntry(key));
      return;
    }
    int at = (int) key;
    if (at >= direct.length) {
      direct = Arrays.copyOf(direct, Math.max(at + 1, direct.length * 2));
    }
    if (direct[at] == 0) {
      direct[at] = numberEntry(key) + 1;
    }
    row(direct[at] - 1);
  }

  /**
   * One of a few texts that have small numbers, each always the same: not searched for each time.
   *
   * @param known less than 256; other keys of this column are texts
   */
  void add(int known, byte[] text) {
    if (known >= direct.length) {
      direct = Arrays.copyOf(direct, 256);
    }
    if (direct[known] == 0) {
      direct[known] = entry(text, 0, text.length, hash(text, 0, text.length)) + 1;
    }
    row(direct[known] - 1);
  }

  private int numberEntry(long key) {
    LONG.set(number, 0, key);
    return entry(number, 0, 8, hash(number, 0, 8));
  }

  void addNull() {
    row(NULL);
    nulls++;
  }

  private void row(int entry) {
    if (rows == rowEntries.length) {
      rowEntries = Arrays.copyOf(rowEntries, rows * 2);
    }
    rowEntries[rows++] = entry;
  }

  private int entry(byte[] from, int offset, int length, int hash) {
    int mask = slots.length - 1;
    int slot = hash & mask;
    int tag = hash & TAG;
    int found = slots[slot];
    while (found != 0) {
      if ((found & TAG) == tag) {
        int entry = (found & ~TAG) - 1;
        if (Arrays.equals(texts, start(entry), ends[entry], from, offset, offset + length)) {
          return entry;
        }
      }
      slot = slot + 1 & mask;
      found = slots[slot];
    }
    slots[slot] = tag | (entries + 1);
    return added(from, offset, length, hash);
  }

  private int start(int entry) {
    return entry == 0 ? 0 : ends[entry - 1];
  }

  private int added(byte[] from, int offset, int length, int hash) {
    int end = start(entries);
    if (texts.length - end < length) {
      texts = Arrays.copyOf(texts, Math.max(end + length, texts.length * 2));
    }
    System.arraycopy(from, offset, texts, end, length);
    if (entries == ends.length) {
      ends = Arrays.copyOf(ends, entries * 2);
      hashes = Arrays.copyOf(hashes, entries * 2);
    }
    ends[entries] = end + length;
    hashes[entries] = hash;
    entries++;
    if (entries * 2 > slots.length) {
      grow();
    }
    return entries - 1;
  }

  private void grow() {
    int[] larger = new int[slots.length * 2];
    int mask = larger.length - 1;
    for (int entry = 0; entry < entries; entry++) {
      int slot = hashes[entry] & mask;
      while (larger[slot] != 0) {
        slot = slot + 1 & mask;
      }
      larger[slot] = (hashes[entry] & TAG) | (entry + 1);
    }
    slots = larger;
  }

  /** Two chains at a time: each step of one waits for the one before. */
  private static int hash(byte[] from, int offset, int length) {
    long hash = length * MIX;
    long other = MIX;
    int at = offset;
    int end = offset + length;
    for (; at + 16 <= end; at += 16) {
      hash = (hash ^ (long) LONG.get(from, at)) * MIX;
      other = (other ^ (long) LONG.get(from, at + 8)) * MIX;
      hash ^= hash >>> 32;
      other ^= other >>> 32;
    }
    if (at + 8 <= end) {
      hash = (hash ^ (long) LONG.get(from, at)) * MIX;
      hash ^= hash >>> 32;
      at += 8;
    }
    long rest = 0;
    if (length >= 8) {
      rest = (long) LONG.get(from, end - 8); // some bytes twice, which does no harm
    } else {
      for (; at < end; at++) {
        rest = (rest << 8) | (from[at] & 0xFF);
      }
    }
    hash = (hash ^ Long.rotateLeft(other, 23) ^ rest) * MIX;
    return (int) (hash ^ hash >>> 32);
  }

  @Override
  int rows() {
    return rows;
  }

  @Override
  boolean isFull() {
    settle();
    return start(entries) > MOST_BYTES;
  }

  /** Keeps its room, unless a single large group had made it large. */
  @Override
  void clear() {
    waiting = 0;
    rows = 0;
    nulls = 0;
    if (entries * 8 < slots.length && slots.length > 128) {
      slots = new int[slots.length / 2];
    } else {
      Arrays.fill(slots, 0);
    }
    Arrays.fill(direct, 0);
    entries = 0;
  }

  @Override
  void cut(int to) {
    settle();
    for (; rows > to; rows--) {
      nulls -= rowEntries[rows - 1] == NULL ? 1 : 0;
    }
  }

  /**
   * What is encoded: an entry for each row, or none.
   *
   * @param isOne whether all have the first
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Dealt(int[] entries, int rows, int nulls, boolean isOne) {
    int count() {
      return rows - nulls;
    }

    int[] present(int[] into) {
      for (int i = 0; i < rows; i++) {
        into[i] = entries[i] == NULL ? 0 : 1;
      }
      return into;
    }

    int[] compact(int[] into) {
      int count = 0;
      for (int i = 0; i < rows; i++) {
        int entry = entries[i];
        into[count] = entry;
        count += entry == NULL ? 0 : 1;
      }
      return into;
    }
  }

  private Dealt deal(Pages pages) {
    AlikeRows dealing = alike;
    if (dealing == null) {
      return new Dealt(rowEntries, rows, nulls, false);
    }
    int all = dealing.rows();
    if (dealing.isOne(rowEntries)) {
      return new Dealt(rowEntries, all, rowEntries[0] == NULL ? all : 0, true);
    }
    int[] entriesOfAll = dealing.deal(rowEntries, pages.moreInts(all));
    int none = 0;
    for (int i = 0; nulls > 0 && i < all; i++) {
      none += entriesOfAll[i] == NULL ? 1 : 0;
    }
    return new Dealt(entriesOfAll, all, none, false);
  }

  @Override
  Chunk encode(Bytes out, Pages pages) {
    settle();
    int begin = out.size();
    Dealt all = deal(pages);
    int[] dense = all.entries;
    Bytes levels = pages.scratch2;
    levels.clear();
    if (optional) {
      if (all.nulls > 0 && all.nulls < all.rows) {
        pages.levels(all.present(pages.ints(all.rows)), all.rows, all.nulls);
        dense = all.compact(pages.ints(all.rows));
      } else {
        pages.levels(dense, all.rows, all.nulls);
      }
    }
    pages.pace.breathe();
    Bytes plain = pages.scratch;
    plain.clear();
    if (all.count() == 0) {
      pages.data(out, all.rows, all.nulls, Encodings.PLAIN, levels, plain, false);
      int bytes = out.size() - begin;
      return new Chunk(
          Encodings.PLAIN, false, all.rows, all.nulls, -1, begin, bytes, bytes, null, null);
    }
    return entries > 64 && entries > all.count() / 2
        ? inRow(out, pages, begin, dense, all, levels)
        : byNumber(out, pages, begin, dense, all, levels);
  }

  /** Distinct texts, then a number for each row. */
  private Chunk byNumber(Bytes out, Pages pages, int begin, int[] dense, Dealt all, Bytes levels) {
    Bytes plain = pages.scratch;
    Range range = new Range();
    for (int entry = 0; entry < entries; entry++) {
      pages.breathe(entry);
      int at = plain.size();
      plain.int32(0);
      write(entry, plain);
      int length = plain.size() - at - 4;
      setInt32(plain, at, length);
      range.add(plain, at + 4, length);
    }
    range.keep(plain);
    int unpacked = plain.size();
    boolean compressed = pages.dictionary(out, plain, entries, true);
    int dictionary = out.size() - begin;
    int width = Encodings.width(entries - 1);
    plain.clear();
    plain.put(width);
    if (all.isOne) {
      Encodings.run(plain, dense[0], all.count(), width);
    } else {
      Encodings.hybrid(plain, dense, all.count(), width, pages);
    }
    int dataAt = out.size();
    pages.data(out, all.rows, all.nulls, Encodings.RLE_DICTIONARY, levels, plain, false);
    int bytes = out.size() - begin;
    int saved = compressed ? unpacked - dictionary : 0;
    return new Chunk(
        Encodings.RLE_DICTIONARY,
        compressed,
        all.rows,
        all.nulls,
        begin,
        dataAt,
        bytes,
        bytes + Math.max(0, saved),
        range.smallest,
        range.largest);
  }

  /** All lengths, then all texts. */
  private Chunk inRow(Bytes out, Pages pages, int begin, int[] dense, Dealt all, Bytes levels) {
    Bytes texts = pages.texts;
    texts.clear();
    int count = all.count();
    long[] lengths = pages.longs(count);
    Range range = new Range();
    for (int i = 0; i < count; i++) {
      pages.breathe(i);
      int at = texts.size();
      write(dense[i], texts);
      int length = texts.size() - at;
      lengths[i] = length;
      range.add(texts, at, length);
    }
    range.keep(texts);
    Bytes plain = pages.scratch;
    Encodings.delta(plain, lengths, count, true, pages);
    plain.put(texts);
    boolean compressed =
        pages.data(
            out, all.rows, all.nulls, Encodings.DELTA_LENGTH_BYTE_ARRAY, levels, plain, true);
    int bytes = out.size() - begin;
    return new Chunk(
        Encodings.DELTA_LENGTH_BYTE_ARRAY,
        compressed,
        all.rows,
        all.nulls,
        -1,
        begin,
        bytes,
        Math.max(bytes, plain.size()),
        range.smallest,
        range.largest);
  }

  private void write(int entry, Bytes to) {
    int start = start(entry);
    writing.write(texts, start, ends[entry] - start, to);
  }

  private static void setInt32(Bytes bytes, int at, int value) {
    byte[] array = bytes.array();
    array[at] = (byte) value;
    array[at + 1] = (byte) (value >>> 8);
    array[at + 2] = (byte) (value >>> 16);
    array[at + 3] = (byte) (value >>> 24);
  }

  /** Smallest and largest of texts in one array, by place while it grows. */
  private static final class Range {
    private int smallestAt = -1;
    private int smallestEnd;
    private int largestAt;
    private int largestEnd;
    byte @org.jspecify.annotations.Nullable [] smallest;
    byte @org.jspecify.annotations.Nullable [] largest;

    void add(Bytes bytes, int at, int length) {
      byte[] array = bytes.array();
      int end = at + length;
      if (smallestAt < 0) {
        smallestAt = at;
        smallestEnd = end;
        largestAt = at;
        largestEnd = end;
      } else if (Pages.isBefore(array, at, end, array, smallestAt, smallestEnd)) {
        smallestAt = at;
        smallestEnd = end;
      } else if (Pages.isBefore(array, largestAt, largestEnd, array, at, end)) {
        largestAt = at;
        largestEnd = end;
      }
    }

    void keep(Bytes bytes) {
      if (smallestAt >= 0
          && smallestEnd - smallestAt <= MOST_ORDERED
          && largestEnd - largestAt <= MOST_ORDERED) {
        smallest = Arrays.copyOfRange(bytes.array(), smallestAt, smallestEnd);
        largest = Arrays.copyOfRange(bytes.array(), largestAt, largestEnd);
      }
    }
  }
}
