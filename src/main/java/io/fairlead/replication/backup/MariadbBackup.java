package io.fairlead.replication.backup;

/**
 * A copy of a MariaDB server. A full one is all data, prepared: a server starts on it as it is, and
 * has what it had at one position of its log. An incremental one is what has changed since the copy
 * before, which has to be applied to that.
 *
 * @param id its folder, by when it began
 * @param part of the log that goes on from it
 * @param file of the log, such as {@code bin.000002}, in which it goes on
 * @param offset at which
 * @param gtid the last transactions that are in it, as the server writes them; empty: none are
 * @param startMillis when it began, since 1970
 * @param endMillis when it had ended; it can be restored to moments after this
 * @param bytes its size
 * @param version of MariaDB, such as 10.11
 * @param lowerCase the server's {@code lower_case_table_names}, by which files are named
 * @param source the member that it was taken from
 * @param manifest SHA-256 of the file that has those of all its files
 * @param damaged what is wrong with it, or with what it is on top of, as a drill or restore has
 *     found; empty: nothing is known
 * @param pages where its pages are from
 */
record MariadbBackup(
    String id,
    int part,
    String file,
    long offset,
    String gtid,
    long startMillis,
    long endMillis,
    long bytes,
    String version,
    int lowerCase,
    String source,
    String manifest,
    String damaged,
    Pages pages) {

  /**
   * Where the pages of a copy are from, by which the next one may be on top of it.
   *
   * @param since the copy that it is on top of: it is incremental; empty: it is full
   * @param lsn up to there all changes are in it, as InnoDB counts them; 0: not known
   * @param process which process of the server it was taken from; empty: not known
   * @param note why it is full although an incremental one was wanted, for people; empty: it is as
   *     it was wanted
   */
  record Pages(String since, long lsn, String process, String note) {}

  /** Where its log begins, in one number that grows with it. */
  long position() {
    return BinlogFile.position(BinlogFile.number(file), offset);
  }

  /** Whether all data is in it. */
  boolean isFull() {
    return pages.since().isEmpty();
  }

  /** The same, and that is wrong with it. */
  MariadbBackup damagedBy(String what) {
    return new MariadbBackup(
        id,
        part,
        file,
        offset,
        gtid,
        startMillis,
        endMillis,
        bytes,
        version,
        lowerCase,
        source,
        manifest,
        what,
        pages);
  }
}
