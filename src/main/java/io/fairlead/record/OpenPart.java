package io.fairlead.record;

import static java.nio.file.StandardCopyOption.ATOMIC_MOVE;
import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.TRUNCATE_EXISTING;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The part of a table that rows are still added to. It is in the folder as a whole file at any
 * time: {@link #write} makes its next version beside it, with what the last one had and what has
 * come since, and puts it in its place. So readers see each row once, in one file, without a moment
 * in which two files have it or none, and there is nothing to merge later.
 *
 * <p>Row groups that are complete are copied by the kernel and not held in memory. The rows of the
 * last one are encoded anew each time; as there are at most {@link Table#MOST_ROWS} of them, that
 * costs some two thousandths of a processor, whatever the rate.
 */
final class OpenPart {
  /** Rows of one part at least, if there are enough in time: 10 MB. */
  static final int MOST_ROWS = 3 * Table.MOST_ROWS;

  /** With so many a row group is large enough to end where writing it again would cost more. */
  static final int GOOD_ROWS = Table.MOST_ROWS / 4;

  /** A part that does not get so many ends after this. */
  static final long MOST_MILLIS = 600_000;

  /** The kernel copies so many bytes at a time: it takes some fifty microseconds. */
  private static final int PIECE = 1 << 15;

  private final Table table;
  private final PartFolder folder;
  private final String process;
  private final Pages pages;
  private final Bytes encoded;

  private @Nullable Path file;
  private final List<RowGroup> groups = new ArrayList<>();

  /** Rows of the table that are in the file. */
  private int written;

  /** Whether they are as small there as they can be. */
  private boolean packed;

  /** All its rows have come since then. */
  private long sinceMillis;

  /** How far the records of rows in the file reach. */
  private final Places places = new Places();

  /**
   * @param encoded work space
   */
  OpenPart(
      Table table, PartFolder folder, String process, Pages pages, Bytes encoded, long nowMillis) {
    this.table = table;
    this.folder = folder;
    this.process = process;
    this.pages = pages;
    this.encoded = encoded;
    sinceMillis = nowMillis;
  }

  Table table() {
    return table;
  }

  /** Rows that are in memory only. */
  int unwritten() {
    return table.rows() - written;
  }

  /** How far the records of rows in the file reach. */
  Places places() {
    return places;
  }

  boolean is(Path other) {
    return other.equals(file);
  }

  /** Whether no more rows should be added: another day has begun, or it took long. */
  private boolean isOver(long nowMillis) {
    return nowMillis - sinceMillis >= MOST_MILLIS
        || !PartFolder.day(Instant.ofEpochMilli(nowMillis))
            .equals(PartFolder.day(Instant.ofEpochMilli(sinceMillis)));
  }

  /**
   * Writes what has come.
   *
   * @param reached how far the records reach whose rows are in the table
   * @param often whether it is written sooner than time demands
   * @param close whether the part ends with these rows in any case
   * @throws IOException if it could not; nothing has changed then
   */
  void write(Places reached, boolean often, boolean close, long nowMillis) throws IOException {
    boolean last = close || isOver(nowMillis);
    boolean complete = last || table.isFull() || (often && table.rows() >= GOOD_ROWS);
    if (unwritten() == 0 && (!complete || packed || table.rows() == 0)) {
      if (last || file == null) {
        end(nowMillis);
      }
      return;
    }
    if (file != null && !Files.exists(file)) {
      forgetFile(); // somebody removed it, and meant it
    }
    pages.compresses = complete; // the others will be written again
    RowGroup group = RowGroup.encode(table.columns(), encoded, pages);
    List<RowGroup> all = new ArrayList<>(groups);
    all.add(group);
    Path to = file;
    if (to == null) {
      to = folder.name(table.name, table.firstMicros(), process);
    }
    Map<String, String> words = Map.of(Places.WORD, reached.toString());
    replace(to, Parquet.end(table.columns(), all, words, pages.pace));
    file = to;
    written = table.rows();
    packed = complete;
    places.reach(reached);
    if (complete) {
      groups.add(group);
      table.clear();
      written = 0;
    }
    if (last || groups.stream().mapToInt(RowGroup::rows).sum() >= MOST_ROWS) {
      end(nowMillis);
    }
  }

  private void replace(Path to, Bytes end) throws IOException {
    Path hidden = PartFolder.hidden(to);
    try {
      try (FileChannel out = FileChannel.open(hidden, CREATE, TRUNCATE_EXISTING, WRITE)) {
        pages.pace.breathe(); // each call of the file system takes as long as a spell
        all(out, ByteBuffer.wrap(Parquet.MAGIC));
        copyGroups(out);
        for (int at = 0; at < encoded.size(); at += PIECE) {
          pages.pace.breathe();
          all(out, ByteBuffer.wrap(encoded.array(), at, Math.min(PIECE, encoded.size() - at)));
        }
        all(out, ByteBuffer.wrap(end.array(), 0, end.size()));
        pages.pace.breathe();
        out.force(true);
      }
      pages.pace.breathe();
      Files.move(hidden, to, ATOMIC_MOVE);
      pages.pace.breathe();
    } catch (IOException e) {
      try {
        Files.deleteIfExists(hidden);
      } catch (IOException also) {
        e.addSuppressed(also);
      }
      throw e;
    }
  }

  private void copyGroups(FileChannel out) throws IOException {
    if (file == null || groups.isEmpty()) {
      return;
    }
    long left = groups.stream().mapToLong(RowGroup::bytes).sum();
    try (FileChannel in = FileChannel.open(file, READ)) {
      long at = Parquet.MAGIC.length;
      while (left > 0) {
        pages.pace.breathe();
        long copied = in.transferTo(at, Math.min(left, PIECE), out);
        if (copied <= 0) {
          throw new IOException(file + " has become shorter");
        }
        at += copied;
        left -= copied;
      }
    }
  }

  private static void all(FileChannel out, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      int _ = out.write(bytes);
    }
  }

  private void forgetFile() {
    file = null;
    groups.clear();
    written = 0;
  }

  /** What is in the file stays there; the next rows go to another. */
  private void end(long nowMillis) {
    forgetFile();
    table.clear();
    sinceMillis = nowMillis;
  }

  /**
   * Gives up the rows that are in memory only.
   *
   * @return how many
   */
  int drop(long nowMillis) {
    int lost = unwritten();
    end(nowMillis);
    return lost;
  }
}
