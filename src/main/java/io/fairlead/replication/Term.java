package io.fairlead.replication;

/**
 * What must not be forgotten of a database: whoever claims less is of the past.
 *
 * @param system identifier of the data; empty: not known yet
 * @param number of PostgreSQL, the highest timeline on which a primary has been seen; 0: none yet
 * @param writer of Galera, the member that takes the writes; empty: none yet
 */
public record Term(String system, long number, String writer) {
  /** Nothing is known. */
  public static final Term NONE = new Term("", 0, "");
}
