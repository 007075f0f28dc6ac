package io.fairlead.replication.backup;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What is in the folder of backups, and what can be restored from it. Pure: whoever reads the
 * folder makes one.
 *
 * <p>A copy of the data can be brought to each position of the log that follows without a hole, on
 * the timeline that was written last and its ancestors. Of each segment the file of the newest of
 * these timelines is read: it begins with a copy of what its ancestor had, and that one may have
 * gone on by itself afterwards.
 *
 * @param segmentSize bytes of a segment of the log
 * @param backups oldest first
 * @param files of the log; of one segment of a timeline there may be several
 * @param histories what the history file of each timeline says
 */
record Archive(
    long segmentSize,
    List<BaseBackup> backups,
    List<WalFile> files,
    Map<Integer, String> histories) {
  Archive {
    backups =
        chained(backups).stream()
            .sorted(Comparator.comparingLong(BaseBackup::endMillis).thenComparing(BaseBackup::id))
            .toList();
    files = List.copyOf(files);
    histories = Map.copyOf(histories);
  }

  /** What is wrong with a copy is wrong with all that are on top of it. */
  private static List<BaseBackup> chained(List<BaseBackup> backups) {
    Map<String, BaseBackup> all = new HashMap<>();
    backups.forEach(one -> all.put(one.id(), one));
    return backups.stream().map(one -> chained(one, all)).toList();
  }

  private static BaseBackup chained(BaseBackup one, Map<String, BaseBackup> all) {
    String below = one.since();
    for (int depth = 0; one.damaged().isEmpty() && !below.isEmpty(); depth++) {
      BaseBackup base = all.get(below);
      if (base == null || depth > all.size()) {
        return one.withDamage("it is on top of backup " + below + ", which is not there");
      }
      if (!base.damaged().isEmpty()) {
        return one.withDamage("it is on top of backup " + below + ", which is damaged");
      }
      below = base.since();
    }
    return one;
  }

  /**
   * How far a copy can be brought.
   *
   * @param backup the copy
   * @param to position up to which the log follows without a hole
   * @param millis when that had been received; all that was committed by then is in it
   * @param way the files of the log that it takes, in their order
   * @param missing the name of the file that would be next, if there are later ones; empty: the log
   *     ends here
   */
  record Reach(BaseBackup backup, long to, long millis, List<WalFile> way, String missing) {}

  /**
   * Positions of which the log is not there, between what is.
   *
   * @param from first position that is missing
   * @param to first position that is there again
   * @param fromMillis when what is before it had been received
   * @param toMillis when the first file behind it had been
   */
  record Gap(int timeline, long from, long to, long fromMillis, long toMillis) {}

  /** The timeline that was written last: of none before it anybody wants the end. */
  int timeline() {
    int last = 0;
    for (WalFile file : files) {
      last = Math.max(last, file.timeline());
    }
    for (BaseBackup backup : backups) {
      last = Math.max(last, backup.timeline());
    }
    return last;
  }

  /** The way to its end; null: a history file that it takes is missing. */
  @Nullable Timelines timelines() {
    return Timelines.to(Math.max(1, timeline()), histories);
  }

  /** The best file of each segment that is read, in their order. */
  private TreeMap<Long, WalFile> way(Timelines timelines) {
    TreeMap<Long, WalFile> way = new TreeMap<>();
    for (WalFile file : files) {
      if (timelines.at(file.segment(), segmentSize) == file.timeline()) {
        way.merge(file.segment(), file, Archive::better);
      }
    }
    return way;
  }

  private static WalFile better(WalFile one, WalFile other) {
    if (one.whole() != other.whole()) {
      return one.whole() ? one : other;
    }
    return other.end() >= one.end() ? other : one;
  }

  /**
   * How far each copy can be brought, oldest first; those of timelines that were left are not, nor
   * those that lack log up to their own end.
   */
  List<Reach> reaches() {
    Timelines timelines = timelines();
    if (timelines == null) {
      return List.of();
    }
    TreeMap<Long, WalFile> way = way(timelines);
    List<Reach> all = new ArrayList<>();
    for (BaseBackup backup : backups) {
      if (timelines.has(backup.timeline(), backup.end())) {
        Reach reach = reach(backup, timelines, way);
        if (reach.to() >= backup.end()) {
          all.add(reach);
        }
      }
    }
    return all;
  }

  private Reach reach(BaseBackup backup, Timelines timelines, TreeMap<Long, WalFile> way) {
    long to = backup.logFrom();
    long millis = backup.endMillis();
    List<WalFile> taken = new ArrayList<>();
    while (true) {
      long segment = to / segmentSize;
      WalFile file = way.get(segment);
      if (file == null || file.end() <= to) {
        boolean later = way.higherKey(segment) != null;
        return new Reach(
            backup,
            to,
            millis,
            taken,
            later ? WalFile.name(timelines.at(segment, segmentSize), segment, segmentSize) : "");
      }
      taken.add(file);
      to = file.end();
      millis = Math.max(millis, file.millis());
    }
  }

  /** The copy of that name; null: there is none. */
  @Nullable BaseBackup backup(String id) {
    return backups.stream().filter(one -> one.id().equals(id)).findFirst().orElse(null);
  }

  /** Why a copy is none of those that can be restored. */
  String whyNot(BaseBackup backup) {
    Timelines timelines = timelines();
    if (timelines == null || !timelines.has(backup.timeline(), backup.end())) {
      return "its timeline was left";
    }
    long next = reach(backup, timelines, way(timelines)).to() / segmentSize;
    return WalFile.name(timelines.at(next, segmentSize), next, segmentSize);
  }

  /** Holes in the log from the oldest copy on. */
  List<Gap> gaps() {
    Timelines timelines = timelines();
    List<Gap> gaps = new ArrayList<>();
    if (timelines == null || backups.isEmpty()) {
      return gaps;
    }
    long first = Long.MAX_VALUE;
    for (BaseBackup backup : backups) {
      first = Math.min(first, backup.logFrom());
    }
    long to = first;
    long millis = backups.getFirst().endMillis();
    for (WalFile file : way(timelines).tailMap(first / segmentSize, true).values()) {
      long begin = file.segment() * segmentSize;
      if (begin > to) {
        gaps.add(new Gap(file.timeline(), to, begin, millis, file.millis()));
      }
      to = Math.max(to, file.end());
      millis = Math.max(millis, file.millis());
    }
    return gaps;
  }

  /** The end of the log on the timeline that was written last; 0: there is none. */
  long end() {
    Timelines timelines = timelines();
    TreeMap<Long, WalFile> way = timelines == null ? new TreeMap<>() : way(timelines);
    return way.isEmpty() ? 0 : way.lastEntry().getValue().end();
  }

  /** The names of history files that are needed and not there. */
  List<String> missingHistories() {
    TreeSet<Integer> needed = new TreeSet<>();
    int last = timeline();
    if (last > 1) {
      needed.add(last);
    }
    needed.removeAll(histories.keySet());
    return needed.stream().map(WalFile::historyName).toList();
  }

  /** Without what a plan removes. */
  Archive without(Retention.Plan plan) {
    Map<String, BaseBackup> left = new HashMap<>();
    backups.forEach(one -> left.put(one.id(), one));
    plan.backups().forEach(one -> left.remove(one.id()));
    List<WalFile> kept = files.stream().filter(f -> !plan.files().contains(f)).toList();
    return new Archive(
        segmentSize,
        backups.stream().filter(one -> Objects.equals(left.get(one.id()), one)).toList(),
        kept,
        histories);
  }
}
