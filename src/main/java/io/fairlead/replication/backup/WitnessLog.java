package io.fairlead.replication.backup;

import io.fairlead.replication.PostgresPrograms;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The log of a database without its data, in a folder: received as it is written and on disk before
 * the sender hears of it, and given to whoever lacks some of it. All of it waits.
 *
 * <p>In the folder it is kept as that of backups is ({@link ArchiveFolder}), so that a copy of the
 * data can be brought to its end, too.
 */
public final class WitnessLog {
  private static final int PAGE = 8192;

  /** What is of no use any more has another name, which nobody takes for a piece of the log. */
  private static final String STALE = ".stale";

  /** What a server says of log that it does not have any more. */
  private static final Pattern GONE = Pattern.compile("has already been removed");

  private final ArchiveFolder folder;

  public WitnessLog(Path folder) {
    this.folder = new ArchiveFolder(folder);
  }

  /**
   * Whose log is received.
   *
   * @param system identifier of its data
   * @param timeline that it is on
   * @param ends where each timeline before that was left
   * @param position up to which it has its log, on disk
   * @param segmentSize bytes of a segment of it
   */
  public record Source(
      String system, int timeline, Map<Integer, Long> ends, long position, long segmentSize) {
    Timelines way() {
      List<Timelines.Stretch> stretches = new ArrayList<>();
      long begin = 0;
      for (Map.Entry<Integer, Long> one : new TreeMap<>(ends).entrySet()) {
        stretches.add(new Timelines.Stretch(one.getKey(), begin, one.getValue()));
        begin = one.getValue();
      }
      stretches.add(new Timelines.Stretch(timeline, begin, Long.MAX_VALUE));
      return new Timelines(stretches);
    }
  }

  /**
   * A stretch of one file of the log, which begins with a page.
   *
   * @param name of the file
   * @param offset of the first byte
   */
  public record Piece(String name, long segmentSize, long offset, long length, Path file) {
    /** Some of it. */
    public byte[] bytes(long from, int most) throws IOException {
      ByteBuffer bytes = ByteBuffer.allocate((int) Math.min(most, offset + length - from));
      try (FileChannel in = FileChannel.open(file)) {
        while (bytes.hasRemaining()) {
          if (in.read(bytes, from + bytes.position()) < 0) {
            throw new IOException(file + " ends before its end");
          }
        }
      }
      return bytes.array();
    }
  }

  /**
   * What somebody lacks.
   *
   * @param histories texts of history files, by timeline
   * @param to where it ends
   */
  public record Lack(Map<Integer, String> histories, List<Piece> pieces, long to) {}

  /** What there is, as it was when it was looked at. */
  public static final class Content {
    private final Archive archive;
    private final int newest;

    /** To the last timeline of which there is something of its own; null: there is nothing. */
    private final @Nullable Timelines way;

    private final int timeline;
    private final long position;

    private Content(Archive archive) throws IOException {
      this.archive = archive;
      int highest = archive.timeline();
      for (int each : archive.histories().keySet()) {
        highest = Math.max(highest, each);
      }
      this.newest = highest;
      if (archive.timelines() == null) {
        throw new IOException("the history of timeline " + archive.timeline() + " is missing");
      }
      Timelines last = null;
      int its = 0;
      long end = 0;
      for (int each = archive.timeline(); each > 0 && end == 0; each--) {
        last = Timelines.to(each, archive.histories());
        long own = endOf(each);
        if (last != null && own > last.stretches().getLast().begin()) {
          its = each;
          end = own;
        } // else it has but a copy of what was before
      }
      this.way = end == 0 ? null : last;
      this.timeline = its;
      this.position = end;
    }

    /**
     * Where the last record ends that is all here. Of one that was just coming nobody can be told
     * to have it.
     */
    private long endOf(int of) throws IOException {
      TreeMap<Long, WalFile> files = new TreeMap<>();
      for (WalFile file : archive.files()) {
        if (file.timeline() == of) {
          files.merge(file.segment(), file, Content::longer);
        }
      }
      for (WalFile file : files.descendingMap().values()) {
        if (file.whole() && WalTail.used(file.file()) < archive.segmentSize()) {
          return file.end(); // the primary began the next one before this was full
        }
        long end = WalTail.complete(file.file());
        if (end > 0) {
          return file.segment() * archive.segmentSize() + end;
        }
      }
      return 0;
    }

    private static WalFile longer(WalFile one, WalFile other) {
      return other.end() >= one.end() ? other : one;
    }

    /** The highest timeline that it has anything of; 0: nothing. */
    public int newest() {
      return newest;
    }

    /** Where it ends; 0: there is nothing. */
    public long position() {
      return position;
    }

    /** Up to where it is of that timeline; 0: it is not on the way to its end. */
    public long upTo(int of) {
      Timelines present = way;
      if (present != null) {
        for (Timelines.Stretch each : present.stretches()) {
          if (each.timeline() == of) {
            return of == timeline ? position : position > each.begin() ? each.end() : 0;
          }
        }
      }
      return 0;
    }

    /**
     * What somebody lacks who has it up to there.
     *
     * @throws IOException if what he has is no piece of this, or what comes next is not here
     */
    public Lack lackOf(int has, long upTo) throws IOException {
      Timelines present = way;
      if (present == null || !present.has(has, upTo)) {
        throw new IOException(
            "what is at " + Lsn.text(upTo) + " of timeline " + has + " is not of this log");
      }
      long size = archive.segmentSize();
      Map<Long, WalFile> files = new HashMap<>();
      for (WalFile file : archive.files()) {
        if (present.at(file.segment(), size) == file.timeline()) {
          files.merge(file.segment(), file, Content::longer);
        }
      }
      List<Piece> pieces = new ArrayList<>();
      for (long segment = upTo / size; segment * size < position; segment++) {
        long begin = segment * size;
        long end = Math.min(begin + size, position);
        WalFile file = files.get(segment);
        if (file == null || file.end() < end) {
          throw new IOException("the log from " + Lsn.text(Math.max(begin, upTo)) + " is not here");
        }
        long from = file.timeline() == has ? Math.max(0, upTo - begin) / PAGE * PAGE : 0;
        if (end > upTo) {
          pieces.add(new Piece(file.name(size), size, from, end - begin - from, file.file()));
        }
      }
      Map<Integer, String> histories = new TreeMap<>();
      for (Timelines.Stretch each : present.stretches()) {
        String history = archive.histories().get(each.timeline());
        if (each.timeline() > has && history != null) {
          histories.put(each.timeline(), history);
        }
      }
      return new Lack(histories, pieces, position);
    }
  }

  /** What the file is called that tells where a timeline comes from. */
  public static String historyName(int timeline) {
    return WalFile.historyName(timeline);
  }

  public Content content() throws IOException {
    return new Content(folder.read());
  }

  /** Whose log it is; empty: nobody's yet. */
  public String system() throws IOException {
    return folder.info().system();
  }

  /** Somebody who sends the log, being listened to. */
  public static final class Receiving {
    private final Child child;

    private Receiving(Child child) {
      this.child = child;
    }

    public boolean isAlive() {
      return child.isAlive();
    }

    /** Ends it at once; whether it has ended. */
    public boolean kill() {
      return child.kill();
    }

    /** What it complained of. */
    public String words() {
      return child.cause();
    }

    /** Whether what is wanted next is not there any more. */
    public boolean isGone() {
      return child.words().stream().anyMatch(word -> GONE.matcher(word).find());
    }
  }

  /**
   * Begins to receive, where what is here ends. By a platform thread that outlives that.
   *
   * @param anew whether it begins where the source is, whatever is missing between
   * @param connection how to get there, as libpq reads it
   * @throws IOException if it cannot, in words
   */
  public Receiving receive(
      PostgresPrograms programs,
      Source source,
      boolean anew,
      String connection,
      Map<String, String> environment)
      throws IOException {
    programs.makeFolder(folder.path());
    programs.makeFolder(folder.wals());
    ArchiveFolder.Info info = folder.info();
    if (info.system().isEmpty()) {
      folder.write(new ArchiveFolder.Info(source.system(), source.segmentSize(), "witness"));
    } else if (!info.system().equals(source.system())) {
      throw new IOException(
          "holds the log of other data (system identifier "
              + info.system()
              + ", not "
              + source.system()
              + ") in "
              + folder.path()
              + "; it is left as it is");
    }
    Path last = folder.lastPart();
    Path part = last == null || anew ? folder.newPart(programs) : last;
    makeFit(programs, part, source);
    return new Receiving(
        Child.start(
            programs,
            "pg_receivewal",
            List.of(
                "-D",
                part.toString(),
                "-d",
                connection,
                "--no-loop",
                "-w",
                "-s",
                "1",
                "--synchronous"),
            environment,
            _ -> {},
            _ -> {}));
  }

  /**
   * {@code pg_receivewal} goes on behind the highest segment [1], of whatever timeline that is. One
   * that begins where the source has left that timeline already is put aside.
   *
   * <p>[1] {@code FindStreamingStart} in pg_receivewal.c.
   */
  private static void makeFit(PostgresPrograms programs, Path part, Source source)
      throws IOException {
    long size = source.segmentSize();
    ArchiveFolder.dropUnfinished(part, size);
    List<WalFile> files = new ArrayList<>();
    ArchiveFolder.read(part, size, files, new HashMap<>());
    files.sort(Comparator.comparingLong(WalFile::segment).thenComparingInt(WalFile::timeline));
    Timelines way = source.way();
    while (!files.isEmpty()) {
      WalFile highest = files.removeLast();
      long next = highest.next(size);
      if (way.has(highest.timeline(), next)) {
        if (next > source.position()) {
          throw new IOException("has more of the log than the primary");
        }
        ArchiveFolder.stepOver(programs, part, way, highest, size);
        return;
      }
      Files.move(
          highest.file(), highest.file().resolveSibling(highest.file().getFileName() + STALE));
    }
  }

  /** Gives up the oldest, down to that many bytes. */
  public void prune(long keep) throws IOException {
    Archive archive = folder.read();
    long least = archive.end() - keep;
    for (WalFile file : archive.files()) {
      if (file.whole() && file.end() <= least) {
        Files.deleteIfExists(file.file());
      }
    }
    List<Path> parts = folder.parts();
    for (Path part : parts.subList(0, Math.max(0, parts.size() - 1))) {
      List<WalFile> left = new ArrayList<>();
      ArchiveFolder.read(part, archive.segmentSize(), left, new HashMap<>());
      if (left.stream().allMatch(file -> file.end() <= least)) {
        BackupFolder.delete(part);
      }
    }
  }
}
