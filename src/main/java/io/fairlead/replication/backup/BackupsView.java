package io.fairlead.replication.backup;

import java.util.List;

/**
 * The backups of a database as they are known at this instance.
 *
 * @param database its name
 * @param folder where they are
 * @param seenMillis when all this was so, since 1970
 * @param acting whether this instance takes care of them
 * @param from the member whose log is received; empty: none is at this moment
 * @param position up to which the log is there
 * @param positionText the same for people, as the server writes it; empty: there is none
 * @param timeline of that position; of MariaDB, the part of the log
 * @param lagBytes what the primary has written beyond that
 * @param lagMillis how old the oldest is that is not there
 * @param completeMillis what had been committed by then is there, since 1970; 0: not known yet
 * @param trouble what keeps the log from coming, for people; empty: nothing
 * @param alarm what somebody has to look at, for people; empty: nothing
 * @param doing what is being made or tried, for people; empty: nothing
 * @param copies oldest first
 * @param gaps parts of the log that are missing, for people
 * @param earliestMillis the first moment that can be restored, since 1970; 0: none
 * @param latestMillis the last, as far as what is on disk tells
 * @param drills oldest first
 * @param nextBackupMillis when the next copy is due; 0: at once, or not here
 * @param nextDrillMillis when the next drill is due; 0: at once, or not here
 * @param failureMillis when the last copy failed, since 1970; 0: the last one did not
 * @param failure why
 */
public record BackupsView(
    String database,
    String folder,
    long seenMillis,
    boolean acting,
    String from,
    long position,
    String positionText,
    int timeline,
    long lagBytes,
    long lagMillis,
    long completeMillis,
    String trouble,
    String alarm,
    String doing,
    List<Copy> copies,
    List<String> gaps,
    long earliestMillis,
    long latestMillis,
    List<Trial> drills,
    long nextBackupMillis,
    long nextDrillMillis,
    long failureMillis,
    String failure) {
  public BackupsView {
    copies = List.copyOf(copies);
    gaps = List.copyOf(gaps);
    drills = List.copyOf(drills);
  }

  /**
   * A copy of all data.
   *
   * @param endMillis when it had ended; it can be restored to moments after that
   * @param since the copy that it is on top of: it is incremental; empty: it is full
   * @param note why it is full where it was to be incremental, for people; empty: it is as wanted
   * @param bytes that it takes
   * @param toMillis up to which moment
   * @param to the same as a position, as the server writes it
   * @param missing the file of the log without which it goes no further; empty: it goes to the end
   * @param damaged what is wrong with it; empty: nothing is known
   */
  public record Copy(
      String id,
      long startMillis,
      long endMillis,
      String since,
      String note,
      long bytes,
      String from,
      int timeline,
      long toMillis,
      String to,
      String missing,
      String damaged) {}

  /** What a drill has shown. */
  public record Trial(
      long startMillis,
      long millis,
      boolean passed,
      String backup,
      long position,
      int timeline,
      long pointMillis,
      String text) {}

  /** The last moment that has been proven to be restorable, since 1970; 0: none has been. */
  public long provenMillis() {
    return drills.stream().filter(Trial::passed).mapToLong(Trial::pointMillis).max().orElse(0);
  }

  /** When the last copy had ended, since 1970; 0: there is none. */
  public long lastCopyMillis() {
    return copies.isEmpty() ? 0 : copies.getLast().endMillis();
  }

  /** The log does not come in, the last copy failed, or the last drill. */
  public boolean isInTrouble() {
    return !alarm.isEmpty()
        || failureMillis > 0
        || (!drills.isEmpty() && !drills.getLast().passed());
  }

  public long bytes() {
    return copies.stream().mapToLong(Copy::bytes).sum();
  }
}
