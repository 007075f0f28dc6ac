package io.fairlead.insight.rollup;

import static java.nio.file.StandardCopyOption.ATOMIC_MOVE;
import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.TRUNCATE_EXISTING;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Makes minutes and hours of segments that are complete, and lets go what is too old or too much.
 *
 * <p>The next version of a file of minutes or hours is written beside it, with all that it had, and
 * put in its place; it says of which segments it is made. So it does not matter when that is broken
 * off, and if two processes do it at once the one that is later wins: a segment that is not counted
 * then is found the next time, since segments stay for two days.
 */
final class Tidying {
  /** All files together; what is finest goes first. */
  static final long MOST_BYTES = 1L << 30;

  /** Cells that are summed at once. */
  private static final int MOST_CELLS = 1 << 15;

  /** Another process writes its last block of an hour by then, or not at all. */
  private static final long GRACE_MILLIS = 300_000;

  private final RollupFolder folder;
  private final Reasons reasons;

  Tidying(RollupFolder folder, Reasons reasons) {
    this.folder = folder;
    this.reasons = reasons;
  }

  synchronized void tidy(List<RollupWriter> writers, long nowMillis) throws IOException {
    List<RollupFolder.Found> segments = folder.files(Level.TEN_SECONDS);
    for (Level level : List.of(Level.MINUTES, Level.HOURS)) {
      Set<String> counted = counted(level);
      Map<Path, List<RollupFolder.Found>> next = new TreeMap<>();
      for (RollupFolder.Found found : segments) {
        String name = found.file().name();
        if (!counted.contains(name) && isComplete(name, writers, nowMillis)) {
          next.computeIfAbsent(folder.of(level, name), _ -> new ArrayList<>()).add(found);
        }
      }
      for (Map.Entry<Path, List<RollupFolder.Found>> each : next.entrySet()) {
        make(level, each.getKey(), each.getValue());
      }
    }
    sweep(nowMillis);
  }

  private Set<String> counted(Level level) throws IOException {
    Set<String> counted = new HashSet<>();
    for (RollupFolder.Found found : folder.files(level)) {
      for (RollupFile.At at : found.blocks()) {
        at.head().done().forEach(done -> counted.add(done.segment()));
      }
    }
    return counted;
  }

  private static boolean isComplete(String name, List<RollupWriter> writers, long nowMillis) {
    for (RollupWriter writer : writers) {
      if (RollupFolder.process(name).equals(writer.process())) {
        return RollupFolder.number(name) < writer.shown().number();
      }
    }
    String hour = RollupFolder.hour(nowMillis - GRACE_MILLIS);
    return RollupFolder.number(name) > 0 && name.compareTo(hour) < 0;
  }

  /** A file with what it had and what is in those segments. */
  private void make(Level level, Path file, List<RollupFolder.Found> segments) throws IOException {
    folder.make(level);
    RollupFile present = null;
    for (RollupFolder.Found found : folder.files(level)) {
      if (found.file().path.equals(file)) {
        List<RollupFile.At> _ = found.blocks();
        present = found.file();
      }
    }
    Path hidden = RollupFolder.hidden(file);
    try {
      try (FileChannel out = FileChannel.open(hidden, CREATE, TRUNCATE_EXISTING, WRITE)) {
        if (present == null || !copy(present, out)) {
          write(out, RollupFile.MAGIC);
        }
        for (RollupFolder.Found segment : segments) {
          new Merge(level, out).add(segment);
        }
        out.force(true);
      }
      Files.move(hidden, file, ATOMIC_MOVE);
    } catch (IOException e) {
      Files.deleteIfExists(hidden);
      throw e;
    }
  }

  private static boolean copy(RollupFile file, FileChannel out) throws IOException {
    try (FileChannel in = FileChannel.open(file.path, READ)) {
      long at = 0;
      while (at < file.end()) {
        long copied = in.transferTo(at, file.end() - at, out);
        if (copied <= 0) {
          throw new IOException(file.path + " has become shorter");
        }
        at += copied;
      }
      return true;
    } catch (NoSuchFileException e) {
      return false;
    }
  }

  private static void write(FileChannel out, byte[] bytes) throws IOException {
    ByteBuffer from = ByteBuffer.wrap(bytes);
    while (from.hasRemaining()) {
      int _ = out.write(from);
    }
  }

  /** The cells of a segment, summed by longer spans. */
  private final class Merge {
    private final Level level;
    private final FileChannel out;
    private final Block.Writer writer;
    private final Map<Slot, Cell> cells = new HashMap<>();

    Merge(Level level, FileChannel out) {
      this.level = level;
      this.out = out;
      writer = new Block.Writer(level, reasons);
    }

    void add(RollupFolder.Found segment) throws IOException {
      long since = Long.MAX_VALUE;
      long until = 0;
      long lost = 0;
      long[] places = {};
      for (RollupFile.At at : segment.blocks()) {
        Block.Head head = at.head();
        since = Math.min(since, head.since());
        until = Math.max(until, head.until());
        lost += head.lost();
        for (Done done : head.done()) {
          places = Rollups.furthest(places, done.places());
        }
        segment.file().read(List.of(at), this::add);
        if (cells.size() > MOST_CELLS) {
          // Sums of sums are the same; that the segment is counted is said with the last of them.
          write(out, end(since, until, 0, List.of()));
        }
      }
      String name = segment.file().name();
      List<Done> done = List.of(new Done(name, RollupFolder.process(name), places));
      write(out, end(Math.min(since, until), until, lost, done));
    }

    private void add(Block.Head head, byte[] body, int from) {
      Block.cells(
          head,
          Level.TEN_SECONDS,
          body,
          from,
          (time, key, cell) ->
              cell.addTo(
                  cells.computeIfAbsent(
                      new Slot(level.floor(time), head.keys()[key]), _ -> new Cell())));
    }

    private byte[] end(long since, long until, long lost, List<Done> done) {
      cells.entrySet().stream()
          .sorted(Map.Entry.comparingByKey())
          .forEach(each -> writer.cell(each.getKey().time(), each.getKey().key(), each.getValue()));
      cells.clear();
      return writer.end(since, until, lost, done);
    }
  }

  /** Where a cell is. */
  private record Slot(long time, Key key) implements Comparable<Slot> {
    @Override
    public int compareTo(Slot other) {
      return Long.compare(time, other.time);
    }
  }

  private void sweep(long nowMillis) throws IOException {
    Set<String> counted = counted(Level.MINUTES);
    counted.retainAll(counted(Level.HOURS));
    List<RollupFolder.Found> all = new ArrayList<>();
    for (Level level : Level.values()) {
      String first = first(level, nowMillis);
      for (RollupFolder.Found found : folder.files(level)) {
        String name = found.file().name();
        if (level == Level.TEN_SECONDS && !counted.contains(name)) {
          continue; // nothing else has what is in there
        }
        if (name.compareTo(first) < 0) {
          Files.deleteIfExists(found.file().path);
        } else {
          all.add(found);
        }
      }
    }
    long bytes = all.stream().mapToLong(RollupFolder.Found::length).sum();
    for (RollupFolder.Found oldest : all) {
      if (bytes <= MOST_BYTES) {
        break;
      }
      Files.deleteIfExists(oldest.file().path);
      bytes -= oldest.length();
    }
  }

  /** A name that is in front of all those that are kept. */
  private static String first(Level level, long nowMillis) {
    long since = nowMillis - level.keptMillis();
    String hour = RollupFolder.hour(since);
    return switch (level) {
      case TEN_SECONDS -> hour;
      case MINUTES -> hour.substring(0, 8);
      case HOURS -> hour.substring(0, 6);
    };
  }
}
