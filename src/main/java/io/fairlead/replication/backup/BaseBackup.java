package io.fairlead.replication.backup;

/**
 * A copy of all data, whole: it can be restored to where it ended with what is in it, and beyond
 * with the log.
 *
 * @param id its folder, by when it began
 * @param timeline on which it ended
 * @param start position from which its log is needed
 * @param end position at which it is consistent; its own log reaches so far
 * @param startMillis when it began, since 1970
 * @param endMillis when it had ended; it can be restored to moments after this
 * @param bytes its size
 * @param version of PostgreSQL, such as 15
 * @param source the member that it was taken from
 * @param damaged what is wrong with it, as a drill or restore has found; empty: nothing is known
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
    String damaged) {
  BaseBackup withDamage(String what) {
    return new BaseBackup(
        id, timeline, start, end, startMillis, endMillis, bytes, version, source, what);
  }
}
