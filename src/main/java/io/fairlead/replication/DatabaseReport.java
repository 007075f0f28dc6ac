package io.fairlead.replication;

import io.fairlead.config.DatabaseConfig.Writers;
import java.util.List;

/**
 * A database for the doors.
 *
 * @param view as it was judged last
 * @param writers how many members take writes
 * @param keys of routes, where each key has one member, in their order; of others none
 * @param waiting clients that wait for a member
 * @param cut connections that were cut since the start, because their member lost its role, or
 *     their key has another
 * @param moved connections that went to another member because the first had not said a word
 * @param ended connections that ended between two transactions because their member drained, or
 *     their key has another
 */
public record DatabaseReport(
    DatabaseView view,
    Writers writers,
    List<Holder> keys,
    int waiting,
    long cut,
    long moved,
    long ended) {
  public DatabaseReport {
    keys = List.copyOf(keys);
  }

  /**
   * Where a key is written.
   *
   * @param member that takes its writes now; empty: none does
   */
  public record Holder(String key, String member) {}
}
