package io.fairlead.replication.backup;

/**
 * A copy of all data of a MariaDB server, prepared: a server starts on it as it is, and has what it
 * had at one position of its log.
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
 * @param damaged what is wrong with it, as a drill or restore has found; empty: nothing is known
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
    String damaged) {
  /** Where its log begins, in one number that grows with it. */
  long position() {
    return BinlogFile.position(BinlogFile.number(file), offset);
  }
}
