package io.fairlead.replication.backup;

import io.fairlead.config.BackupConfig;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Whether the next copy of a MariaDB server may be incremental. Pure.
 *
 * <p>An increment is the pages that are newer than a number (LSN) that the server counts by. Data
 * that it got from another member is counted by that one's numbers, and an increment would mix the
 * two without a word. A server gets it before it takes its first query, so one that has run since
 * the copy before has not.
 */
final class MariadbIncrements {
  /** More are not put on top of each other: each has to be there, and to be applied. */
  static final int LONGEST = 100;

  private MariadbIncrements() {}

  /**
   * What the next copy is.
   *
   * @param since the copy that it is on top of; null: it is full
   * @param note why it is full although it is not time for that, for people; empty: it is not so
   */
  record Choice(@Nullable MariadbBackup since, String note) {
    static Choice full(String note) {
      return new Choice(null, note);
    }
  }

  /**
   * @param part of the log that goes on from it
   * @param lsn where the server is
   */
  static Choice choose(
      BinlogArchive archive,
      MariadbMember member,
      int part,
      long lsn,
      BackupConfig config,
      long now) {
    List<MariadbBackup> all = archive.backups();
    long lastFull =
        all.stream()
            .filter(MariadbBackup::isFull)
            .mapToLong(MariadbBackup::startMillis)
            .max()
            .orElse(0);
    if (BackupSchedule.isFullDue(lastFull, config.fullEvery(), config.every(), now)) {
      return Choice.full("");
    }
    MariadbBackup before = all.getLast();
    String why = whyNot(before, archive.chain(before).size(), member, part, lsn);
    return why.isEmpty() ? new Choice(before, "") : Choice.full(why);
  }

  private static String whyNot(
      MariadbBackup before, int length, MariadbMember member, int part, long lsn) {
    if (!before.damaged().isEmpty()) {
      return "the copy before, " + before.id() + ", is damaged";
    }
    if (!before.source().equals(member.name())) {
      return "the copy before is of " + before.source() + ", not of " + member.name();
    }
    if (before.part() != part) {
      return "the log does not go on from the copy before";
    }
    if (before.pages().lsn() == 0 || before.pages().process().isEmpty()) {
      return "the copy before does not say up to where it goes";
    }
    if (!before.pages().process().equals(member.process())) {
      return member.name()
          + " was started since the copy before, and may have got its data from another member";
    }
    if (!before.version().equals(member.version()) || before.lowerCase() != member.lowerCase()) {
      return "the copy before is of another version";
    }
    if (lsn < before.pages().lsn()) {
      return member.name() + " is at LSN " + lsn + ", and the copy before goes beyond it";
    }
    return length < LONGEST ? "" : length + " copies are on top of each other";
  }
}
