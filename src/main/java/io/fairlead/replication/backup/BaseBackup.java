package io.fairlead.replication.backup;

import org.jspecify.annotations.Nullable;

/**
 * A copy of all data, whole: it can be restored to where it ended, and beyond with the log.
 *
 * @param id its folder, by when it began
 * @param timeline on which it ended
 * @param start position from which its log is needed
 * @param end position at which it is consistent
 * @param startMillis when it began, since 1970
 * @param endMillis when it had ended; it can be restored to moments after this
 * @param bytes that it takes, beside those that it is on top of
 * @param version of PostgreSQL, such as 15
 * @param source the member that it was taken from
 * @param damaged what is wrong with it, as a drill or restore has found; empty: nothing is known
 * @param since the copy that it is on top of; empty: it is full
 * @param note why it is not as it was wanted, for people; empty: it is
 * @param inRepository where its data is, if pgBackRest made it; null: {@code pg_basebackup} did
 */
record BaseBackup(
    String id,
    int timeline,
    long start,
    long end,
    long startMillis,
    long endMillis,
    long bytes,
    int version,
    String source,
    String damaged,
    String since,
    String note,
    @Nullable InRepository inRepository) {
  /**
   * Data in the repository of pgBackRest.
   *
   * @param label its name there
   * @param manifest SHA-256 of what was written down of it
   * @param whole bytes that restoring it writes
   */
  record InRepository(String label, String manifest, long whole) {}

  /** A full one by {@code pg_basebackup}. */
  BaseBackup(
      String id,
      int timeline,
      long start,
      long end,
      long startMillis,
      long endMillis,
      long bytes,
      int version,
      String source,
      String damaged) {
    this(
        id,
        timeline,
        start,
        end,
        startMillis,
        endMillis,
        bytes,
        version,
        source,
        damaged,
        "",
        "",
        null);
  }

  BaseBackup withDamage(String what) {
    return new BaseBackup(
        id,
        timeline,
        start,
        end,
        startMillis,
        endMillis,
        bytes,
        version,
        source,
        what,
        since,
        note,
        inRepository);
  }

  /**
   * From where on it takes the log of the archive: {@code pg_basebackup} puts what is before the
   * end into the copy, pgBackRest does not.
   */
  long logFrom() {
    return inRepository == null ? end : start;
  }

  /** What restoring it writes. */
  long whole() {
    return inRepository == null ? bytes : inRepository.whole();
  }
}
