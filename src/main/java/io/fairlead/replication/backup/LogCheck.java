package io.fairlead.replication.backup;

import io.fairlead.replication.PostgresPrograms;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Reads the log as recovery would, by {@code pg_waldump}, which knows each record's checksum: finds
 * what is damaged before anybody relies on it, and which transaction is the last before a moment.
 */
final class LogCheck {
  private static final Pattern ENDED =
      Pattern.compile(
          "lsn: ([0-9A-F]+/[0-9A-F]+), .*desc: (COMMIT|ABORT)[A-Z_]* .*?"
              + "([0-9]{4}-[0-9]{2}-[0-9]{2}) ([0-9:]{8})([.][0-9]+)? UTC.*");
  private static final Pattern DAMAGE =
      Pattern.compile(".*error in WAL record at ([0-9A-F]+/[0-9A-F]+): (.*)");

  private final PostgresPrograms programs;
  private final long segmentSize;

  LogCheck(PostgresPrograms programs, long segmentSize) {
    this.programs = programs;
    this.segmentSize = segmentSize;
  }

  /**
   * What was found.
   *
   * @param last when the last transaction before the target ended; null: there was none
   * @param beyond whether there is one after the target
   */
  record Found(@Nullable Instant last, boolean beyond) {}

  /** A stretch of the log that is in files of one timeline. */
  record Piece(int timeline, long from, long to) {}

  /**
   * The log is damaged.
   *
   * @see #getMessage() names the file
   */
  static final class Damaged extends IOException {
    private static final long serialVersionUID = 1;
    private final String backup;

    Damaged(String backup, String message) {
      super(message);
      this.backup = backup;
    }

    /** The copy that cannot be brought to the end for it. */
    String backup() {
      return backup;
    }
  }

  static List<Piece> pieces(Archive.Reach reach, long segmentSize) {
    List<Piece> pieces = new ArrayList<>();
    for (WalFile file : reach.way()) {
      long from = Math.max(reach.backup().logFrom(), file.segment() * segmentSize);
      long to = Math.min(reach.to(), file.end());
      Piece last = pieces.isEmpty() ? null : pieces.getLast();
      if (last != null && last.timeline() == file.timeline() && last.to() == from) {
        pieces.set(pieces.size() - 1, new Piece(file.timeline(), last.from(), to));
      } else if (to > from) {
        pieces.add(new Piece(file.timeline(), from, to));
      }
    }
    return pieces;
  }

  /**
   * Reads it up to the target.
   *
   * @param view folder with the files of the log, by their names
   * @param target null: to the end
   * @throws Damaged if a record is
   */
  Found read(Path view, Archive.Reach reach, @Nullable Instant target)
      throws IOException, InterruptedException {
    Instant last = null;
    for (Piece piece : pieces(reach, segmentSize)) {
      Reading reading = new Reading(target);
      Child child =
          Child.start(
              programs,
              "pg_waldump",
              List.of(
                  "-p", view.toString(),
                  "-t", String.valueOf(piece.timeline()),
                  "-s", Lsn.text(piece.from()),
                  "-e", Lsn.text(piece.to()),
                  "-r", "Transaction"),
              Map.of("TZ", "UTC"),
              reading::line,
              _ -> {});
      try {
        while (!child.await(50)) {
          if (reading.beyond) {
            break;
          }
        }
        if (!reading.beyond && child.result() != 0 && !reading.beyond) {
          judge(child, piece, reach, view);
        }
      } finally {
        child.stop();
      }
      if (reading.last != null) {
        last = reading.last;
      }
      if (reading.beyond) {
        return new Found(last, true);
      }
    }
    return new Found(last, false);
  }

  private static final class Reading {
    private final @Nullable Instant target;
    private volatile @Nullable Instant last;
    private volatile boolean beyond;

    Reading(@Nullable Instant target) {
      this.target = target;
    }

    void line(String text) {
      Matcher ended = ENDED.matcher(text);
      if (!beyond && ended.find()) {
        Instant at = instant(ended);
        if (target != null && at.isAfter(target)) {
          beyond = true;
        } else {
          last = at;
        }
      }
    }

    private static Instant instant(Matcher ended) {
      String fraction = ended.group(5);
      return Instant.parse(
          ended.group(3) + "T" + ended.group(4) + (fraction == null ? "" : fraction) + "Z");
    }
  }

  /** Where the log has not come further there is no record; everything else is damage. */
  private void judge(Child child, Piece piece, Archive.Reach reach, Path view) throws IOException {
    for (String line : child.words()) {
      if (line.contains("could not find a valid record after")
          && piece.to() - piece.from() < 2 * 8192) {
        return; // the beginning of a page and nothing in it yet
      }
      Matcher damage = DAMAGE.matcher(line);
      if (damage.matches()) {
        long at = Lsn.parse(damage.group(1));
        boolean ends = damage.group(2).startsWith("invalid record length");
        if (ends && at + 32 >= piece.to()) {
          return;
        }
        throw new Damaged(
            reach.backup().id(),
            file(at, piece, reach, view)
                + " is damaged at "
                + Lsn.text(at)
                + ": "
                + damage.group(2));
      }
    }
    throw new Damaged(
        reach.backup().id(),
        "the log of timeline "
            + piece.timeline()
            + " from "
            + Lsn.text(piece.from())
            + " to "
            + Lsn.text(piece.to())
            + " cannot be read: "
            + child.lastWords());
  }

  private String file(long at, Piece piece, Archive.Reach reach, Path view) {
    for (WalFile file : reach.way()) {
      if (file.segment() == at / segmentSize && file.timeline() == piece.timeline()) {
        return file.file().toString();
      }
    }
    return view + " (timeline " + piece.timeline() + ")";
  }

  /**
   * Has the files of the log under the names that recovery asks for. Of one that is being received
   * a copy is taken: it gets another name when it is whole, which may be at any moment.
   */
  static void show(PostgresPrograms programs, Path view, Archive archive, Archive.Reach reach)
      throws IOException {
    for (WalFile file : reach.way()) {
      Path shown = view.resolve(file.name(archive.segmentSize()));
      if (file.file().toString().endsWith(WalFile.PARTIAL)) {
        copy(file.file(), shown);
        programs.give(shown);
      } else {
        Files.createSymbolicLink(shown, file.file());
      }
    }
    for (Map.Entry<Integer, String> history : archive.histories().entrySet()) {
      Files.writeString(view.resolve(WalFile.historyName(history.getKey())), history.getValue());
    }
  }

  private static void copy(Path partial, Path to) throws IOException {
    try {
      Files.copy(partial, to);
    } catch (NoSuchFileException _) {
      String name = partial.getFileName().toString();
      Files.copy(
          partial.resolveSibling(name.substring(0, name.length() - WalFile.PARTIAL.length())), to);
    }
  }
}
