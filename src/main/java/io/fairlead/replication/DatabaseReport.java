package io.fairlead.replication;

/**
 * A database for the doors.
 *
 * @param view as it was judged last
 * @param waiting clients that wait for a member
 * @param cut connections that were cut since the start, because their member lost its role
 * @param moved connections that went to another member because the first had not said a word
 * @param ended connections that ended between two transactions because their member drained
 */
public record DatabaseReport(DatabaseView view, int waiting, long cut, long moved, long ended) {}
