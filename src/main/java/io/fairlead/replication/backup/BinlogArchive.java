package io.fairlead.replication.backup;

import io.fairlead.config.BackupConfig.Keep;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What is in the folder of backups of a MariaDB database, and what can be restored from it. Pure:
 * whoever reads the folder makes one.
 *
 * <p>A copy can be brought on by the files of its own part of the log that follow without a hole.
 * Parts are of one member each, and files and positions mean nothing to another member.
 *
 * @param backups oldest first
 * @param parts in their order; the last is the one that is written
 */
record BinlogArchive(List<MariadbBackup> backups, List<Part> parts) {
  BinlogArchive {
    backups =
        judged(
            backups.stream()
                .sorted(
                    Comparator.comparingLong(MariadbBackup::endMillis)
                        .thenComparing(MariadbBackup::id))
                .toList());
    parts = List.copyOf(parts);
  }

  /** Whatever is on top of one that is damaged or missing is of no use, either. */
  private static List<MariadbBackup> judged(List<MariadbBackup> sorted) {
    Map<String, MariadbBackup> older = new HashMap<>();
    List<MariadbBackup> judged = new ArrayList<>();
    for (MariadbBackup one : sorted) {
      String wrong = one.isFull() ? "" : wrong(older.get(one.pages().since()));
      MariadbBackup next =
          wrong.isEmpty() || !one.damaged().isEmpty()
              ? one
              : one.damagedBy("it is on top of " + one.pages().since() + ", which is " + wrong);
      older.put(one.id(), next);
      judged.add(next);
    }
    return List.copyOf(judged);
  }

  /** What is wrong with what a copy is on top of; empty: nothing is known. */
  private static String wrong(@Nullable MariadbBackup under) {
    return under == null ? "missing" : under.damaged().isEmpty() ? "" : "damaged";
  }

  /**
   * A copy and all that it is on top of: the full one first. One that is not there is left out, and
   * then the first is none.
   */
  List<MariadbBackup> chain(MariadbBackup last) {
    List<MariadbBackup> chain = new ArrayList<>(List.of(last));
    for (int i = backups.indexOf(last) - 1; i >= 0 && !chain.getFirst().isFull(); i--) {
      if (backups.get(i).id().equals(chain.getFirst().pages().since())) {
        chain.addFirst(backups.get(i));
      }
    }
    return List.copyOf(chain);
  }

  /**
   * The log of one member without a change of hands.
   *
   * @param number its folder's
   * @param member whose it is
   * @param server what that server said it is
   * @param first the file that it begins with
   * @param seenMillis at this moment all that had been committed was here, since 1970; 0: not known
   * @param seenPosition up to there
   * @param files in their order; where one is missing there is a hole
   */
  record Part(
      int number,
      Path folder,
      String member,
      String server,
      String first,
      long seenMillis,
      long seenPosition,
      List<BinlogFile> files) {
    Part {
      files = List.copyOf(files);
    }

    /** Where it ends; 0: nothing has come. */
    long end() {
      return files.isEmpty() ? 0 : files.getLast().end();
    }
  }

  /**
   * How far a copy can be brought.
   *
   * @param backup the copy
   * @param files of the log that it takes, in their order; empty: nothing follows
   * @param to position up to which
   * @param millis all that had been committed by then is there, since 1970
   * @param missing the name of the file that would be next, if there are later ones; empty: the log
   *     ends here
   */
  record Reach(
      MariadbBackup backup, List<BinlogFile> files, long to, long millis, String missing) {}

  /** Oldest first. */
  List<Reach> reaches() {
    Map<Integer, Part> byNumber = new HashMap<>();
    parts.forEach(part -> byNumber.put(part.number(), part));
    return backups.stream().map(one -> reach(one, byNumber.get(one.part()))).toList();
  }

  private Reach reach(MariadbBackup backup, @Nullable Part part) {
    List<BinlogFile> way = new ArrayList<>();
    String missing = "";
    String wanted = backup.file();
    if (part != null) {
      for (BinlogFile file : part.files()) {
        if (missing.isEmpty() && file.number() >= BinlogFile.number(wanted)) {
          if (file.name().equals(wanted)) {
            way.add(file);
            wanted = BinlogFile.next(wanted);
          } else {
            missing = wanted;
          }
        }
      }
    }
    if (missing.isEmpty()) {
      missing =
          parts.stream()
              .filter(later -> later.number() > backup.part())
              .findFirst()
              .map(later -> "what is between part " + backup.part() + " and " + later.number())
              .orElse("");
    }
    long to = way.isEmpty() ? backup.position() : Math.max(backup.position(), way.getLast().end());
    long seen = part != null && part.seenPosition() <= to ? part.seenMillis() : 0;
    return new Reach(backup, way, to, Math.max(backup.endMillis(), seen), missing);
  }

  /** What is missing, for people. */
  List<String> gaps() {
    List<String> gaps = new ArrayList<>();
    for (int i = 0; i < parts.size(); i++) {
      Part part = parts.get(i);
      List<BinlogFile> files = part.files();
      for (int j = 1; j < files.size(); j++) {
        if (files.get(j).number() != files.get(j - 1).number() + 1) {
          gaps.add(
              "the file "
                  + BinlogFile.next(files.get(j - 1).name())
                  + " of part "
                  + part.number()
                  + " of the log (of "
                  + part.member()
                  + ") is missing: no older copy can be brought beyond "
                  + files.get(j - 1).name());
        }
      }
      Part before = i == 0 ? part : parts.get(i - 1);
      if (i > 0 && backups.stream().anyMatch(one -> one.part() == before.number())) {
        gaps.add(between(before, part));
      }
    }
    return gaps;
  }

  private String between(Part before, Part after) {
    Optional<MariadbBackup> next =
        backups.stream().filter(one -> one.part() == after.number()).findFirst();
    return "part "
        + before.number()
        + " of the log (of "
        + before.member()
        + ") was not gone on with: moments from "
        + (before.seenMillis() == 0 ? "its end" : Restore.instant(before.seenMillis()))
        + " to "
        + next.map(one -> Restore.instant(one.endMillis())).orElse("the next copy")
        + " cannot be restored, nor can an older copy be brought beyond";
  }

  /**
   * What may be removed.
   *
   * @param backups to be removed first
   * @param files of the log, to be removed then
   * @param parts of the log that nothing goes on from any more
   */
  record Plan(List<MariadbBackup> backups, List<BinlogFile> files, List<Part> parts) {
    boolean isEmpty() {
      return backups.isEmpty() && files.isEmpty() && parts.isEmpty();
    }
  }

  /**
   * A copy stays if it is one of the newest, or if moments within the span need it, which are those
   * since the last copy that had ended before the span began. What it is on top of stays with it.
   * Damaged ones count for nothing, and go when they are older than the span and than all good ones
   * that stay.
   */
  Plan plan(Keep keep, long now) {
    List<MariadbBackup> good = backups.stream().filter(one -> one.damaged().isEmpty()).toList();
    if (good.isEmpty()) {
      return new Plan(List.of(), List.of(), List.of());
    }
    long since = now - keep.span().toMillis();
    int anchor = 0;
    for (int i = 0; i < good.size(); i++) {
      if (good.get(i).endMillis() <= since) {
        anchor = i;
      }
    }
    MariadbBackup oldest = good.get(Math.max(0, Math.min(anchor, good.size() - keep.count())));
    Set<MariadbBackup> stay = new HashSet<>();
    for (MariadbBackup one : backups) {
      if (one.endMillis() >= oldest.endMillis()
          || (!one.damaged().isEmpty() && one.endMillis() > since)) {
        stay.addAll(chain(one));
      }
    }
    List<MariadbBackup> removed = new ArrayList<>();
    Map<Integer, Long> needed = new HashMap<>();
    for (MariadbBackup one : backups) {
      if (stay.contains(one)) {
        needed.merge(one.part(), BinlogFile.number(one.file()), Math::min);
      } else {
        removed.add(one);
      }
    }
    List<BinlogFile> files = new ArrayList<>();
    List<Part> left = new ArrayList<>();
    for (Part part : parts) {
      Long from = needed.get(part.number());
      if (from != null) {
        part.files().stream()
            .filter(file -> file.complete() && file.number() < from)
            .forEach(files::add);
      } else if (part.number() != parts.getLast().number()) {
        left.add(part);
      }
    }
    return new Plan(removed, files, left);
  }
}
