package io.fairlead.group.storelog;

import io.fairlead.group.storelog.Line.Change;
import io.fairlead.group.storelog.Line.Head;
import io.fairlead.group.storelog.Line.Mark;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Reads from the logs of one or more instances what the store was at a moment. */
public final class PastStore {
  /** Of a line: more than a transaction of the engine can have. */
  private static final int MAX_LINE = 16 << 20;

  /** Below the folder: of a group, of an instance. */
  private static final int DEPTH = 3;

  private PastStore() {}

  /** Which moment. */
  public sealed interface Moment {
    /**
     * Behind all that happened until then, by the clock of who led the group. Where that clock went
     * back, what happened behind its highest reading counts as of that reading.
     */
    record At(Instant time) implements Moment {}

    /** Right behind the change of that revision. */
    record Revision(long revision) implements Moment {}

    /** As late as is known. */
    record Latest() implements Moment {}
  }

  /**
   * The store as it was.
   *
   * @param keys all of them
   * @param revision of the last transaction that is in it
   * @param time of that transaction
   * @param missing why it may lack something of the moment that was asked for; empty: it is whole
   * @param remarks what was found wrong on the way, and did no harm
   * @param file of which it was read
   */
  public record Past(
      String group,
      SortedMap<String, Line.Key> keys,
      long revision,
      Instant time,
      String missing,
      List<String> remarks,
      Path file) {}

  /** The first line of a file. */
  record Beginning(Path file, Head head) {}

  /** A file as far as the moment that is asked for. */
  private static final class Read {
    final Beginning beginning;
    final Map<String, Line.Key> keys = new HashMap<>();
    long revision;
    long time;

    /** Whether there is something behind that moment, so that nothing before it is missing. */
    boolean beyond;

    String damage = "";

    Read(Beginning beginning) {
      this.beginning = beginning;
      revision = beginning.head().revision();
      time = beginning.head().time();
    }
  }

  /**
   * Finds what the store was.
   *
   * @param folder of a log, or of several
   * @throws IOException if there is nothing of that moment, with what there is; or if the latest is
   *     asked for of a group that was founded anew meanwhile
   */
  public static Past find(Path folder, Moment moment) throws IOException {
    List<String> remarks = new ArrayList<>();
    List<Beginning> files = beginnings(folder, remarks);
    TreeSet<String> groups = new TreeSet<>();
    files.forEach(each -> groups.add(each.head().group()));
    if (groups.size() > 1) {
      throw new IOException(
          folder + " has logs of several groups: name the folder of one of them, " + groups);
    }
    List<Beginning> before = files.stream().filter(each -> begins(each.head(), moment)).toList();
    if (before.isEmpty()) {
      throw new IOException(
          files.isEmpty()
              ? folder + " has no log of a store" + inParentheses(remarks)
              : "the log in "
                  + folder
                  + " begins later: at "
                  + at(files.getFirst().head())
                  + inParentheses(remarks));
    }
    String history = before.getLast().head().history();
    List<Beginning> same =
        before.stream().filter(each -> each.head().history().equals(history)).toList();
    if (moment instanceof Moment.Latest && same.size() < before.size()) {
      throw new IOException(foundedAnew(before, history, remarks));
    }
    Read best = best(same, moment, remarks);
    if (best == null) {
      throw new IOException(
          "no file in " + folder + " that is of that moment can be read" + inParentheses(remarks));
    }
    return new Past(
        groups.first(),
        new TreeMap<>(best.keys),
        best.revision,
        Instant.ofEpochMilli(best.time),
        missing(best, files, moment),
        remarks,
        best.beginning.file());
  }

  /** Whoever wants the last of a group that is lost does not want the first of the next. */
  private static String foundedAnew(List<Beginning> files, String history, List<String> remarks) {
    String last =
        files.stream()
            .map(each -> each.head().history())
            .filter(each -> !each.equals(history))
            .reduce((_, later) -> later)
            .orElseThrow();
    Beginning anew =
        files.stream()
            .filter(each -> each.head().history().equals(history))
            .findFirst()
            .orElseThrow();
    Read end =
        best(
            files.stream().filter(each -> each.head().history().equals(last)).toList(),
            new Moment.Latest(),
            remarks);
    return "group "
        + anew.head().group()
        + " was founded anew at "
        + Instant.ofEpochMilli(anew.head().time())
        + (end == null
            ? ", and no log of before can be read"
            : "; the log of before ends at " + Instant.ofEpochMilli(end.time))
        + ": say which moment by a time";
  }

  private static String inParentheses(List<String> remarks) {
    return remarks.isEmpty() ? "" : " (" + String.join("; ", remarks) + ")";
  }

  private static String at(Head head) {
    return Instant.ofEpochMilli(head.time()) + ", revision " + head.revision();
  }

  /** All files in the order of their beginnings. */
  private static List<Beginning> beginnings(Path folder, List<String> remarks) throws IOException {
    List<Path> files;
    try (Stream<Path> all = Files.walk(folder, DEPTH)) {
      files =
          all.filter(each -> each.getFileName().toString().endsWith(StoreLog.SUFFIX))
              .sorted()
              .toList();
    } catch (UncheckedIOException e) {
      throw new IOException("cannot read " + folder + ": " + e.getMessage(), e);
    }
    List<Beginning> beginnings = new ArrayList<>();
    for (Path file : files) {
      try {
        Beginning beginning = beginning(file);
        if (beginning == null) {
          remarks.add(file + " does not begin like a log");
        } else {
          beginnings.add(beginning);
        }
      } catch (IOException e) {
        remarks.add(file + " cannot be read: " + e.getMessage());
      }
    }
    beginnings.sort(
        Comparator.<Beginning>comparingLong(each -> each.head().time())
            .thenComparingLong(each -> each.head().revision()));
    return beginnings;
  }

  /** Null: it begins otherwise than a log. */
  static @Nullable Beginning beginning(Path file) throws IOException {
    try (Lines lines = new Lines(file)) {
      byte[] first = lines.next();
      return first != null && LineCodec.of(first) instanceof Head head
          ? new Beginning(file, head)
          : null;
    } catch (LineCodec.UnknownFormat e) {
      throw new IOException(e.getMessage(), e);
    }
  }

  private static boolean begins(Head head, Moment moment) {
    return switch (moment) {
      case Moment.At(Instant time) -> head.time() <= time.toEpochMilli();
      case Moment.Revision(long revision) -> head.revision() <= revision;
      case Moment.Latest _ -> true;
    };
  }

  /** Which reaches furthest: of each folder the last that can be read. */
  private static @Nullable Read best(List<Beginning> files, Moment moment, List<String> remarks) {
    Map<Path, List<Beginning>> folders = new TreeMap<>();
    for (Beginning each : files) {
      folders
          .computeIfAbsent(each.file().toAbsolutePath().getParent(), _ -> new ArrayList<>())
          .add(each);
    }
    Read best = null;
    for (List<Beginning> folder : folders.values()) {
      Read read = null;
      for (int i = folder.size() - 1; i >= 0 && read == null; i--) {
        read = read(folder.get(i), moment, remarks);
      }
      if (read != null
          && (best == null
              || read.revision > best.revision
              || (read.revision == best.revision && read.beyond))) {
        best = read;
      }
    }
    return best;
  }

  /** Null: not all keys that it begins with are there. */
  private static @Nullable Read read(Beginning from, Moment moment, List<String> remarks) {
    Read read = new Read(from);
    try (Lines lines = new Lines(from.file())) {
      byte[] _ = lines.next();
      for (int i = 0; i < from.head().keys(); i++) {
        byte[] bytes = lines.next();
        if (bytes == null || !(LineCodec.of(bytes) instanceof Line.Key key)) {
          remarks.add(
              from.file() + ":" + lines.number() + " is damaged, among the keys it begins with");
          return null;
        }
        read.keys.put(key.key(), key);
      }
      follow(lines, read, moment);
    } catch (IOException | LineCodec.UnknownFormat e) {
      remarks.add(from.file() + " cannot be read: " + e.getMessage());
      return null;
    }
    if (!read.damage.isEmpty()) {
      remarks.add(from.file() + ":" + read.damage);
    }
    return read;
  }

  private static void follow(Lines lines, Read read, Moment moment)
      throws IOException, LineCodec.UnknownFormat {
    for (byte[] bytes = lines.next(); bytes != null; bytes = lines.next()) {
      Line line = LineCodec.of(bytes);
      long revision;
      long time;
      switch (line) {
        case Change change -> {
          revision = change.revision();
          time = change.time();
        }
        case Mark mark -> {
          revision = mark.revision();
          time = mark.time();
        }
        case null, default -> {
          if (lines.next() != null) { // else it was being written
            read.damage = lines.number() - 1 + " is damaged; what follows there is not used";
          }
          return;
        }
      }
      if (revision < read.revision) {
        read.damage = lines.number() + " is older than what stands before it";
        return;
      }
      time = Math.max(time, read.time);
      if (isBehind(moment, revision, time)) {
        read.beyond = true;
        return;
      }
      read.revision = revision;
      read.time = time;
      if (line instanceof Change change) {
        change.deletes().forEach(read.keys::remove);
        change.puts().forEach(key -> read.keys.put(key.key(), key));
      }
    }
  }

  private static boolean isBehind(Moment moment, long revision, long time) {
    return switch (moment) {
      case Moment.At(Instant wanted) -> time > wanted.toEpochMilli();
      case Moment.Revision(long wanted) -> revision > wanted;
      case Moment.Latest _ -> false;
    };
  }

  private static String missing(Read best, List<Beginning> files, Moment moment) {
    boolean whole =
        switch (moment) {
          case Moment.At _ -> best.beyond;
          case Moment.Revision(long revision) -> best.beyond || best.revision == revision;
          case Moment.Latest _ -> true;
        };
    if (whole) {
      return "";
    }
    String end = Instant.ofEpochMilli(best.time) + ", revision " + best.revision;
    return files.stream()
        .filter(each -> each.head().history().equals(best.beginning.head().history()))
        .filter(each -> each.head().revision() > best.revision)
        .min(Comparator.comparingLong(each -> each.head().revision()))
        .map(next -> "nothing is known of what changed between " + end + " and " + at(next.head()))
        .orElse("the log ends at " + end);
  }

  /** The lines of a file that were written to their end. */
  private static final class Lines implements AutoCloseable {
    private final InputStream in;
    private final ByteArrayOutputStream line = new ByteArrayOutputStream();
    private int number;

    Lines(Path file) throws IOException {
      in = new BufferedInputStream(Files.newInputStream(file), 64 * 1024);
    }

    /** Null: there is none. */
    byte @Nullable [] next() throws IOException {
      line.reset();
      for (int each = in.read(); each >= 0; each = in.read()) {
        if (each == '\n') {
          number++;
          return line.toByteArray();
        }
        if (line.size() == MAX_LINE) {
          throw new IOException("line " + (number + 1) + " is longer than any that was written");
        }
        line.write(each);
      }
      return null;
    }

    /** Of the line that was read last, from 1. */
    int number() {
      return number;
    }

    @Override
    public void close() throws IOException {
      in.close();
    }
  }
}
